import type { Check, Finding } from './check.js';

/** Networks with statuses of items stand in a function, so that calls in others look up nothing: sql/README.md, "Statuses of items". */
export const statuses: Check = {
  name: 'statuses',
  async find(sql, { declarations }) {
    if (!declarations.functions.some(({ name }) => name === 'dpg_private.note_defined_network')) return [];
    const [there] = await sql`
      select to_regprocedure('dpg_private.defined_networks()') is not null
        and to_regclass('dpg.item_definitions') is not null as is_there`;
    if (!there?.is_there) return []; // objects.ts says so
    const unnoted = await sql<{ network: string; mend: string }[]>`
      select d.item_network as network,
        format('select dpg_private.note_defined_network(%L);', d.item_network) as mend
      from dpg.item_definitions d
      where d.item_network <> all (dpg_private.defined_networks())
      group by d.item_network
      order by d.item_network`;
    return unnoted.map(
      ({ network, mend }): Finding => ({
        severity: 'error',
        object: 'function dpg_private.defined_networks()',
        problem: `It does not name the network '${network}', so the statuses that are declared for its items do not count.`,
        mend: [mend],
        mend_with: 'sql',
      }),
    );
  },
};
