// Afterwards the old tables are as they were, but refuse writes: an application that still writes there is noticed at
// its first attempt, not by the rows that are missing a week later. The trigger is also what says that they were adopted.

import type postgres from 'postgres';
import { type Source, TRIGGER } from './source.js';
import { literal } from './sql-text.js';
import { type Root, roots } from './tables.js';

const FUNCTION = 'refuse_write_after_adoption';

/** Told to whoever writes to an old table. */
const instead: Record<Root, string> = {
  items: 'Write items by functions of dpg, such as dpg.upsert_item',
  item_actions: 'Write actions by functions of dpg, such as dpg.perform_action and dpg.transition_action',
  action_events:
    'Functions of dpg that write an action write its event, and dpg.store_event stores one of another instance',
};

export async function refuseWrites(sql: postgres.ISql, source: Source): Promise<void> {
  const name = `${source.schema_name}.${FUNCTION}`;
  await sql.unsafe(`
    create or replace function ${name}()
    returns trigger
    language plpgsql
    volatile
    security invoker
    set search_path = pg_catalog, pg_temp
    as $body$
    begin
      raise exception using
        errcode = 'object_not_in_prerequisite_state',
        message = format('%s of %I.%I is refused: its rows live in schema dpg now', lower(tg_op), tg_table_schema, tg_table_name),
        hint = format('%s; what writes here was not moved over yet.', tg_argv[0]);
    end
    $body$;
    comment on function ${name}() is
      'Trigger: refuses writes to tables whose rows were moved to dpg by "dpg-database adopt". Drop it with them.'`);
  const [now] = await sql`
    select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as time`;
  for (const root of roots) {
    const table = source.tables[root];
    if (!table) continue;
    const tree = await sql<{ name: string; is_partition: boolean }[]>`
      with recursive tree as (
        select ${table.name}::regclass::oid as id
        union all
        select i.inhrelid from pg_inherits i join tree t on t.id = i.inhparent
      )
      select format('%I.%I', n.nspname, c.relname) as name,
        c.relispartition as is_partition
      from tree t
      join pg_class c on c.oid = t.id
      join pg_namespace n on n.oid = c.relnamespace`;
    for (const member of tree) {
      // Row triggers reach every partition, also those to come; truncate triggers do not.
      if (!member.is_partition) {
        await sql.unsafe(`
          create trigger ${TRIGGER}
          before insert or update or delete on ${member.name}
          for each row execute function ${name}(${literal(instead[root])})`);
      }
      await sql.unsafe(`
        create trigger ${TRIGGER}_truncate
        before truncate on ${member.name}
        for each statement execute function ${name}(${literal(instead[root])})`);
    }
    await sql.unsafe(
      `comment on trigger ${TRIGGER} on ${table.name} is ${literal([now?.time, source.time_zone, source.owner_of_none].filter(Boolean).join(' '))}`,
    );
  }
}

/** How to drop what is not needed any more. */
export function dropStatements(source: Source, isTriggerThere: boolean): string[] {
  const names = roots.flatMap((root) => source.tables[root]?.name ?? []).reverse();
  return [
    `drop table ${names.join(', ')};`,
    ...(isTriggerThere ? [`drop function ${source.schema_name}.${FUNCTION}();`] : []),
  ];
}
