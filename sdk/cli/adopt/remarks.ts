import type postgres from 'postgres';
import { isNoPlace } from './places.js';
import { hasNoPlace, isOfSource, locationsOf, oldRows, renamed, type Source, TRIGGER } from './source.js';
import { isMoved, isUnnoted, notes, urls } from './stages.js';
import { places, type Root, roots, tables } from './tables.js';

/** What a reader of the report should know besides. */
export async function remarks(tx: postgres.ISql, source: Source): Promise<string[]> {
  const [counts] = await tx.unsafe<
    Record<'strange' | 'mirrored' | 'absent' | 'received' | 'gone', number>[]
  >(`
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
        select count(*)::double precision
        from ${notes.item_actions} n
        where ${isMoved('n')} and n.is_source_gone
      ) as gone,
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
    counts?.gone &&
      `with a source of this instance that is gone: ${rows(counts.gone, 'action')}, moved as they are`,
    counts?.strange &&
      `of actions of this instance, but with an origin that is none of its URLs: ${rows(counts.strange, 'event')}, moved as they are`,
    counts?.absent &&
      `parties of actions that are no users in public."user" any more: ${counts.absent}; their actions are moved as they are`,
    roots.some((root) =>
      [...(source.tables[root]?.types.values() ?? [])].some((type) => type.endsWith('without time zone')),
    ) && `times without a time zone are taken as ${source.time_zone}`,
    ...renamed(source),
    await statuses(tx, source),
    ...(await odd(
      tx,
      source,
      'action_events',
      isOfSource,
      'in the network of the source',
      'filed under that of the target',
    )),
    ...(await lists(tx, source)),
    ...(await dependents(tx, source)),
  ];
  return said.filter((line): line is string => typeof line === 'string');
}

/** What is tied to the old tables: it stays with them, and keeps them from being dropped or ends with them. */
async function dependents(tx: postgres.ISql, source: Source): Promise<string[]> {
  const names = roots.flatMap((root) => source.tables[root]?.name ?? []);
  const found = await tx<{ kind: 'key' | 'view' | 'trigger' | 'policy'; name: string; table: string }[]>`
    with recursive tree as (
      select t.name::regclass::oid as id, t.name as root
      from unnest(${names}::text[]) t(name)
      union all
      select i.inhrelid, t.root
      from pg_inherits i
      join tree t on t.id = i.inhparent
    )
    select d.kind, d.name, d.root as table
    from (
      select 'key' as kind, format('%s of %I.%I', quote_ident(k.conname), n.nspname, c.relname) as name, t.root
      from pg_constraint k
      join tree t on t.id = k.confrelid
      join pg_class c on c.oid = k.conrelid
      join pg_namespace n on n.oid = c.relnamespace
      where k.contype = 'f' and k.conparentid = 0 and k.conrelid not in (select o.id from tree o)
      union
      select 'view', format('%I.%I', n.nspname, c.relname), t.root
      from pg_depend p
      join tree t on t.id = p.refobjid
      join pg_rewrite w on w.oid = p.objid
      join pg_class c on c.oid = w.ev_class
      join pg_namespace n on n.oid = c.relnamespace
      where p.classid = 'pg_rewrite'::regclass and p.refclassid = 'pg_class'::regclass and c.relkind in ('v', 'm')
      union
      select 'trigger', quote_ident(g.tgname), t.root
      from pg_trigger g
      join tree t on t.id = g.tgrelid
      where not g.tgisinternal and g.tgparentid = 0 and g.tgname not in (${TRIGGER}, ${`${TRIGGER}_truncate`})
      union
      select 'policy', quote_ident(y.polname), t.root
      from pg_policy y
      join tree t on t.id = y.polrelid
    ) d
    order by d.kind, d.root, d.name`;
  const of = (kind: (typeof found)[number]['kind']) => found.filter((one) => one.kind === kind);
  const named = (kind: 'trigger' | 'policy') => of(kind).map(({ name, table }) => `${name} of ${table}`);
  const keys = of('key').map(({ name, table }) => `${name} to ${table}`);
  const views = [...new Set(of('view').map(({ name }) => name))];
  return [
    keys.length > 0 &&
      `foreign keys of other tables: ${keys.join(', ')}; let them refer to dpg before you drop the old tables`,
    views.length > 0 &&
      `views on the old tables: ${views.join(', ')}; create them anew on dpg before you drop the old tables`,
    of('trigger').length > 0 && `triggers that do not come along: ${named('trigger').join(', ')}`,
    of('policy').length > 0 && `policies that do not come along: ${named('policy').join(', ')}`,
  ].filter((line): line is string => typeof line === 'string');
}

const SHOWN = 10;

/** Those of rows to move: what no definition knows is found, and may act. */
async function statuses(tx: postgres.ISql, source: Source): Promise<string | undefined> {
  if (!source.tables.items?.renamed.has('lifecycle_status')) return undefined;
  const found = await tx.unsafe<{ status: string; items: number }[]>(`
    select o.item_status as status, count(*)::double precision as items
    from ${oldRows(source, 'items')} o
    where ${isUnnoted('items')}
    group by 1
    order by 2 desc, 1
    limit ${SHOWN + 1}`);
  if (found.length === 0) return undefined;
  const shown = found.slice(0, SHOWN).map(({ status, items }) => `${status} (${items})`);
  return `statuses of items: ${shown.join(', ')}${found.length > SHOWN ? ', …' : ''}; until dpg.define_item says otherwise items are found in all of them, and may act`;
}

/** Lists of locations whose first entry is no place, of rows that have no coordinates either. */
async function lists(tx: postgres.ISql, source: Source): Promise<string[]> {
  const said: string[] = [];
  for (const root of roots) {
    const table = source.tables[root];
    for (const place of places[root]) {
      const locations = locationsOf(table, place);
      if (!table || !locations) continue;
      const condition = `${hasNoPlace(table, place)} and ${isNoPlace(locations)}`;
      said.push(
        ...(await odd(
          tx,
          source,
          root,
          condition,
          `with ${place}_locations that do not begin with a place`,
          'moved without one',
        )),
      );
    }
  }
  return said;
}

/** How many rows of an old table are so, with some of their ids. */
async function odd(
  tx: postgres.ISql,
  source: Source,
  root: Root,
  condition: string,
  how: string,
  outcome: string,
): Promise<string[]> {
  const table = source.tables[root];
  if (!table) return [];
  const id = tables[root].key[2] === 'item_type' ? 'item_id' : tables[root].key[2];
  const [row] = await tx.unsafe<{ rows: number; ids: string[] }[]>(`
    select count(*)::double precision as rows, (array_agg(o.${id}::text order by o.${id}))[1:3] as ids
    from ${table.name} o
    where ${condition}`);
  if (!row?.rows) return [];
  return [`${root} ${how}: ${row.rows}, ${outcome} (such as ${row.ids.join(', ')})`];
}
