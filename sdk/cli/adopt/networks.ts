// What registered networks do not declare. The rows are written past the functions that would refuse them one by one, so
// it is said beforehand, and of all: dpg.register_network and what it enforces are in sql/networks.

import type postgres from 'postgres';
import type { Obstacle } from './obstacle.js';
import { oldRows, type Source } from './source.js';
import { literal } from './sql-text.js';
import { isMoved, isUnnoted, notes } from './stages.js';

const SHOWN = 5;

/** An obstacle for each registered network that rows to move are not in keeping with. */
export async function undeclared(sql: postgres.ISql, source: Source): Promise<Obstacle[]> {
  const [registered] = await sql`select from dpg.networks limit 1`;
  if (!registered) return [];
  const found = await sql.unsafe<{ network: string; what: string; rows: number }[]>(`
    select u.network, u.what, u.rows
    from (${undeclaredItems(source)} union all ${undeclaredActions(source)}) u
    order by u.network collate "C", u.rows desc, u.what collate "C"`);
  return [...new Set(found.map(({ network }) => network))].map((network) => {
    const kinds = found.filter((kind) => kind.network === network);
    const shown = kinds
      .slice(0, SHOWN)
      .map(({ what, rows }) => `${what} (${rows} ${rows === 1 ? 'row' : 'rows'})`);
    const more = kinds.length - shown.length;
    const name = literal(network);
    return {
      message: `network ${name} is registered and does not declare ${shown.join('; ')}${more > 0 ? `; and ${more} more` : ''}`,
      hint: `Unregister it, adopt, register it again: what is there stays. In one session of psql, as dpg_admin: select document from dpg.networks where network = ${name} \\gset then select dpg.unregister_network(${name}); and after the adoption select dpg.register_network(:'document');`,
      may_stay: false,
    };
  });
}

function undeclaredItems(source: Source): string {
  return `
    select n.network,
      case
        when n.item_types ? k.item_domain then format('item type %L in domain %L', k.item_type, k.item_domain)
        else format('domain %L', k.item_domain)
      end as what,
      sum(k.rows)::double precision as rows
    from (
      select o.item_network, o.item_domain, o.item_type, count(*) as rows
      from ${oldRows(source, 'items')} o
      where ${isUnnoted('items')}
      group by 1, 2, 3
    ) k
    join dpg.networks n on n.network = k.item_network
    where (n.item_types -> k.item_domain ? k.item_type) is not true
    group by 1, 2`;
}

/** By the rule of dpg_private.check_interaction, of kinds of actions and events instead of single ones. */
function undeclaredActions(source: Source): string {
  const kinds = (['item_actions', 'action_events'] as const).map(
    (root) => `
      select o.action_type,
        row(o.source_item_network, o.source_item_domain, o.source_item_type, null)::dpg.item_ref as source,
        row(o.target_item_network, o.target_item_domain, o.target_item_type, null)::dpg.item_ref as target
      from ${oldRows(source, root)} o
      join ${notes[root]} n on n.leaf_id = o.leaf_id and n.row_id = o.row_id
      where ${isMoved('n')}`,
  );
  return `
    select n.network,
      case
        when n.network = (k.target).item_network and not n.interactions ? k.action_type then format('action %L', k.action_type)
        else format(
          'action %L from %L/%L/%L to %L/%L/%L', k.action_type,
          (k.source).item_network, (k.source).item_domain, (k.source).item_type,
          (k.target).item_network, (k.target).item_domain, (k.target).item_type
        )
      end as what,
      sum(k.rows)::double precision as rows
    from (
      select r.action_type, r.source, r.target, count(*) as rows
      from (${kinds.join(' union all ')}) r
      group by 1, 2, 3
    ) k
    join dpg.networks n on n.network in ((k.source).item_network, (k.target).item_network)
    where case
      when n.network <> (k.target).item_network
        and (n.item_types -> (k.source).item_domain ? (k.source).item_type) is not true
      then true
      when n.network = (k.target).item_network
        or exists (
          select from jsonb_array_elements(n.interactions -> k.action_type) i
          where i ->> 'to_network' = (k.target).item_network
        )
      then not exists (
        select from jsonb_array_elements(n.interactions -> k.action_type) i
        where dpg_private.interaction_permits(i, k.source, k.target)
      )
    end
    group by 1, 2`;
}
