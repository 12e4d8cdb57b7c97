import type { Check, Finding } from './check.js';

/** Networks with rules stand in a function, and final statuses beside what they follow from: sql/README.md, "Rules". */
export const rules: Check = {
  name: 'rules',
  async find(sql, { declarations }) {
    if (!declarations.functions.some(({ name }) => name === 'dpg_private.note_changed_rules')) return [];
    const [there] = await sql`
      select to_regprocedure('dpg_private.ruled_networks()') is not null
        and to_regprocedure('dpg_private.final_statuses_of(text, jsonb, jsonb, jsonb)') is not null
        and to_regclass('dpg.network_rules') is not null
        and to_regclass('dpg.action_definitions') is not null as is_there`;
    if (!there?.is_there) return []; // objects.ts says so
    const unnoted = await sql<{ network: string; mend: string }[]>`
      select r.network, format('select dpg_private.note_changed_rules(%L);', r.network) as mend
      from (
        select network from dpg.network_rules
        union
        select d.partition_network from dpg.action_definitions d where num_nonnulls(d.rules, d.registered_rules) > 0
      ) r
      where r.network <> all (dpg_private.ruled_networks())
      order by r.network`;
    const stale = await sql<{ network: string; type: string; mend: string }[]>`
      select d.partition_network as network, d.action_type as type,
        format(
          'update dpg.action_definitions d set final_statuses = dpg_private.final_statuses_of(d.initial_status, d.transitions, d.rules, d.registered_rules) where d.partition_network = %L and d.action_type = %L;',
          d.partition_network, d.action_type
        ) as mend
      from dpg.action_definitions d
      where d.final_statuses
        is distinct from dpg_private.final_statuses_of(d.initial_status, d.transitions, d.rules, d.registered_rules)
      order by 1, 2`;
    return [
      ...unnoted.map(
        ({ network, mend }): Finding => ({
          severity: 'error',
          object: 'function dpg_private.ruled_networks()',
          problem: `It does not name the network '${network}', so its rules do not count.`,
          mend: [mend],
          mend_with: 'sql',
        }),
      ),
      ...stale.map(
        ({ network, type, mend }): Finding => ({
          severity: 'error',
          object: 'table dpg.action_definitions',
          problem: `The final statuses of '${network}'/'${type}' are not those that its graph and its rules say.`,
          mend: [mend],
          mend_with: 'sql',
        }),
      ),
    ];
  },
};
