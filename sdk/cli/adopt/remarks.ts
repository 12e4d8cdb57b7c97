import type postgres from 'postgres';
import { renamed, type Source } from './source.js';
import { isMoved, notes, urls } from './stages.js';
import { roots } from './tables.js';

/** What a reader of the report should know besides. */
export async function remarks(tx: postgres.ISql, source: Source): Promise<string[]> {
  const [counts] = await tx.unsafe<Record<'strange' | 'mirrored' | 'absent' | 'received', number>[]>(`
    select
      (
        select count(*)::double precision
        from ${notes.action_events} n
        where ${isMoved('n')} and n.target_item_is_local
          and not exists (select from ${urls} u where u.instance_url = n.origin_instance_domain)
      ) as strange,
      (
        select count(*)::double precision
        from ${notes.action_events} n
        where ${isMoved('n')} and not n.target_item_is_local
      ) as mirrored,
      (
        select count(*)::double precision
        from ${notes.item_actions} n
        where ${isMoved('n')} and not n.source_item_is_local
      ) as received,
      (
        select count(distinct p.id)::double precision
        from (
          select n.target_item_owner as id from ${notes.item_actions} n where ${isMoved('n')}
          union all
          select n.source_item_owner from ${notes.item_actions} n where ${isMoved('n')} and n.source_item_is_local
        ) p
        where not exists (select from public."user" u where u.id = p.id)
      ) as absent`);
  const rows = (quantity: number | undefined, what: string) =>
    `${quantity} ${what}${quantity === 1 ? '' : 's'}`;
  const said = [
    counts?.mirrored && `mirrored from other instances: ${rows(counts.mirrored, 'event')}`,
    counts?.received && `with their source on another instance: ${rows(counts.received, 'action')}`,
    counts?.strange &&
      `of actions of this instance, but with an origin that is none of its URLs: ${rows(counts.strange, 'event')}, moved as they are`,
    counts?.absent &&
      `parties of actions that are no users in public."user" any more: ${counts.absent}; their actions are moved as they are`,
    roots.some((root) =>
      [...(source.tables[root]?.types.values() ?? [])].some((type) => type.endsWith('without time zone')),
    ) && `times without a time zone are taken as ${source.time_zone}`,
    ...renamed(source),
  ];
  return said.filter((line): line is string => typeof line === 'string');
}
