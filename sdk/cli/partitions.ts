import { type Partition, partitionsOf } from '../partitions.js';
import { type Command, exitCodes, UsageError } from './command.js';
import { count, size, table } from './text.js';

const ROOTS = ['items', 'item_actions', 'action_events'] as const;
const ORDERS: Record<string, (left: Partition, right: Partition) => number> = {
  name: (left, right) => compare([left.root, left.network, left.key], [right.root, right.network, right.key]),
  rows: (left, right) => Number(right.estimated_rows - left.estimated_rows),
  size: (left, right) => Number(right.bytes - left.bytes),
};

export const partitionsCommand: Command = {
  name: 'partitions',
  summary: 'the leaves, with their keys, rows and sizes',
  help: `
Lists dpg.partitions: every leaf, a table that holds rows, with the keys that it is for, its rows as last estimated, and
its size on disk with indexes. Changes nothing.

With --json: partitions (root, network, key, leaf, estimated_rows, bytes).

Exit codes: 0 listed, 2 wrong usage, 3 no connection, 4 refused.`,
  options: {
    root: { type: 'string', value: '<root>', description: `only those of ${ROOTS.join(', ')}` },
    network: { type: 'string', value: '<network>', description: 'only those of this network' },
    sort: {
      type: 'string',
      value: '<order>',
      description: 'by name (unless told), rows or size, the largest first',
    },
  },

  async run({ sql, json, values, write, writeJson }) {
    const order = ORDERS[String(values.sort ?? 'name')];
    if (!order) throw new UsageError(`--sort is ${Object.keys(ORDERS).join(', ')}, not '${values.sort}'`);
    const root = ROOTS.find((name) => name === values.root);
    if (values.root !== undefined && !root)
      throw new UsageError(`--root is ${ROOTS.join(', ')}, not '${values.root}'`);
    const network = values.network === undefined ? null : String(values.network);
    const partitions = (await partitionsOf(sql).list({ root, network })).sort(order);

    if (json) {
      writeJson({ partitions });
      return exitCodes.fine;
    }
    if (partitions.length > 0) {
      const rows = partitions.map(({ root, network, key, leaf, estimated_rows, bytes }) => [
        root,
        network,
        key,
        leaf,
        estimated_rows,
        size(bytes),
      ]);
      write(table(['root', 'network', 'key', 'leaf', 'rows', 'size'], rows));
      write();
    }
    const bytes = partitions.reduce((sum, partition) => sum + partition.bytes, 0n);
    write(`${count(partitions.length, 'partition')}, ${size(bytes)}`);
    return exitCodes.fine;
  },
};

/** By code points, so that the order is the same everywhere. */
function compare(left: string[], right: string[]): number {
  const i = left.findIndex((part, place) => part !== right[place]);
  if (i < 0) return 0;
  return (left[i] ?? '') < (right[i] ?? '') ? -1 : 1;
}
