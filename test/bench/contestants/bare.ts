// What an expert would write by hand for the same effect: prepared statements through postgres.js, one round trip each,
// in the same tables with the same indexes and triggers. Rows are read and locked in their leaves by name, so that these
// statements are as flat over thousands of leaves as ours; the price is a prepared statement for each leaf.

import postgres from 'postgres';
import { BARE, type Contestant } from './contestant.js';

export const leafOf = (prefix: 'i' | 'a' | 'e', ...keys: string[]) =>
  `dpg.${[`${prefix}_p`, ...keys.map((key) => key.toLowerCase().replace(/[^a-z0-9]/g, ''))].join('_')}`;

const ENDS = `source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
  source_item_owner, source_item_latitude, source_item_longitude,
  target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url,
  target_item_owner, target_item_latitude, target_item_longitude`;

export function bareContestant(url: string, connections = 1): Contestant & { sql: postgres.Sql } {
  const sql = postgres(url, { max: connections, onnotice: () => {} });
  return {
    name: BARE,
    sql,

    async upsertItem(actor, item) {
      const [row] = await sql`
        insert into dpg.items as i (
          item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
          item_latitude, item_longitude, created_by
        )
        values (
          ${item.item_network}, ${item.item_domain}, ${item.item_type}, ${crypto.randomUUID()},
          ${item.item_instance_url}, ${item.item_schema_url}, ${sql.json(item.item_state as postgres.JSONValue)},
          ${item.item_latitude}, ${item.item_longitude}, ${actor}
        )
        on conflict (item_network, item_domain, item_type, item_id) do update
        set item_instance_url = excluded.item_instance_url,
          item_schema_url = excluded.item_schema_url,
          item_state = excluded.item_state,
          item_latitude = excluded.item_latitude,
          item_longitude = excluded.item_longitude,
          updated_at = excluded.updated_at
        where i.created_by = excluded.created_by
        returning *`;
      if (!row) throw new Error('not the owner');
      return row.item_id;
    },

    async performAction(actor, action_type, source, target) {
      const network = target.item_network;
      const [row] = await sql`
        with source as materialized (
          select * from ${sql.unsafe(leafOf('i', source.item_network, source.item_domain))}
          where item_network = ${source.item_network} and item_domain = ${source.item_domain}
            and item_type = ${source.item_type} and item_id = ${source.item_id} and created_by = ${actor}
          for key share
        ),
        target as materialized (
          select * from ${sql.unsafe(leafOf('i', network, target.item_domain))}
          where item_network = ${network} and item_domain = ${target.item_domain}
            and item_type = ${target.item_type} and item_id = ${target.item_id}
          for key share
        ),
        action as (
          insert into ${sql.unsafe(leafOf('a', network, action_type))} (
            partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, ${sql.unsafe(ENDS)},
            source_local_item_id
          )
          select
            ${network}, ${action_type}, ${crypto.randomUUID()},
            coalesce(
              (
                select d.initial_status
                from dpg.action_definitions d
                where d.partition_network = ${network} and d.action_type = ${action_type}
              ),
              'created'
            ),
            0, ${sql.json({ subject: 'math' })},
            s.item_network, s.item_domain, s.item_type, s.item_id, s.item_instance_url, s.created_by, s.item_latitude,
            s.item_longitude,
            t.item_network, t.item_domain, t.item_type, t.item_id, t.item_instance_url, t.created_by, t.item_latitude,
            t.item_longitude,
            case when s.item_network = t.item_network then s.item_id end
          from source s
          cross join target t
          returning *
        ),
        event as (
          insert into ${sql.unsafe(leafOf('e', network, action_type))} (
            partition_network, action_type, origin_instance_domain, action_id, action_status, update_count, ${sql.unsafe(ENDS)},
            event_payload, created_at
          )
          select
            partition_network, action_type, target_item_instance_url, action_id, action_status, 0, ${sql.unsafe(ENDS)},
            jsonb_build_object('status', action_status), created_at
          from action
        )
        select * from action`;
      if (!row) throw new Error('no such items, or not the owner');
      return row.action_id;
    },

    async transitionAction(actor, { partition_network, action_type, action_id }, status) {
      const [row] = await sql`
        with before as materialized (
          select * from ${sql.unsafe(leafOf('a', partition_network, action_type))}
          where partition_network = ${partition_network} and action_type = ${action_type} and action_id = ${action_id}
            and ((source_item_owner = ${actor} and source_item_is_local) or target_item_owner = ${actor})
          for no key update
        ),
        allowed as materialized (
          select b.*
          from before b
          where not exists (
            select
            from dpg.action_definitions d
            where d.partition_network = b.partition_network
              and d.action_type = b.action_type
              and not exists (
                select
                from jsonb_array_elements(d.transitions) e(edge)
                where e.edge ->> 'from' = b.action_status
                  and e.edge ->> 'to' = ${status}
                  and (
                    e.edge ->> 'by' = 'either'
                    or (e.edge ->> 'by' = 'source' and b.source_item_owner = ${actor} and b.source_item_is_local)
                    or (e.edge ->> 'by' = 'target' and b.target_item_owner = ${actor})
                  )
              )
          )
        ),
        action as (
          update ${sql.unsafe(leafOf('a', partition_network, action_type))} a
          set action_status = ${status},
            update_count = a.update_count + 1,
            updated_at = greatest(clock_timestamp(), a.updated_at + interval '1 microsecond')
          from allowed b
          where a.partition_network = b.partition_network and a.action_type = b.action_type and a.action_id = b.action_id
          returning a.*
        ),
        event as (
          insert into ${sql.unsafe(leafOf('e', partition_network, action_type))} (
            partition_network, action_type, origin_instance_domain, action_id, action_status, update_count, ${sql.unsafe(ENDS)},
            event_payload, created_at
          )
          select
            partition_network, action_type, target_item_instance_url, action_id, action_status, update_count,
            ${sql.unsafe(ENDS)}, jsonb_build_object('status', action_status), updated_at
          from action
        )
        select * from action`;
      if (!row) throw new Error('no such action, no party, or no such transition');
    },

    async getItem({ item_network, item_domain, item_type, item_id }) {
      const [row] = await sql`
        select * from ${sql.unsafe(leafOf('i', item_network, item_domain))}
        where item_network = ${item_network} and item_domain = ${item_domain}
          and item_type = ${item_type} and item_id = ${item_id}`;
      if (!row) throw new Error('no such item');
    },

    end: () => sql.end(),
  };
}
