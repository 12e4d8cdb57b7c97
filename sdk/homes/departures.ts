// What a server says of networks whose home is another one: rows of its table dpg.homes.

import { type Queryable, view } from '../client.js';
import { row, textOf } from '../columns.js';

/** A network that lives elsewhere, as one server has it. */
export interface Departure {
  network: string;
  /** Where it lives. */
  server: string;
  /** ISO 8601 in UTC with microseconds, by the clock of the server that says so. */
  since: string;
  /** How long ago that was when it was read. */
  seconds: number;
}

const columns = row<Omit<Departure, 'seconds'>>({ network: 'text', server: 'text', since: 'time' });
const homes = view(
  'homes',
  { network: 'text' },
  {
    select: [...columns.select, 'extract(epoch from clock_timestamp() - result.since)::text'],
    read: (cells, parseJson): Departure => ({
      ...columns.read(cells, parseJson),
      seconds: Number(textOf(cells[columns.select.length])),
    }),
  },
);

/** The networks that live elsewhere, in the words of this server. */
export async function departuresOf(sql: Queryable): Promise<Map<string, Departure>> {
  const rows = await homes(sql, {});
  return new Map(rows.map((departure) => [departure.network, departure]));
}
