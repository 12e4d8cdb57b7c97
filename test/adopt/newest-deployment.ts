// A deployment of the newest older form: owners may be missing, places are lists, there is a status, private state, who
// carried a change out, a score; and columns and indexes of its application's own, some of them hard to keep.

import type postgres from 'postgres';
import { createOldPartitions } from './old-deployment.js';

/** The tables, with partitions of yellow_dot and blue_dot; the table of users is there. */
export async function createNewestTables(sql: postgres.Sql): Promise<void> {
  const side = (name: string, more = '') => `
    ${name}_item_network text not null, ${name}_item_domain text not null, ${name}_item_type text not null,
    ${name}_item_id uuid not null, ${name}_item_instance_url text not null, ${name}_item_owner text, ${more}`;
  await sql.unsafe(`
    create type public.lifecycle as enum ('draft', 'live', 'closed');
    create type public.size as enum ('small', 'large');
    create domain public.percent as numeric(5, 2) not null check (value between 0 and 100);
    create table public.items (
      item_network text not null, item_domain text not null, item_type text not null,
      item_id uuid not null default gen_random_uuid(),
      item_instance_url text not null, item_schema_url text not null, item_state jsonb not null default '{}',
      item_latitude double precision, item_longitude double precision,
      item_locations jsonb default '[]', item_private_state jsonb, lifecycle_status public.lifecycle,
      created_by text references public."user" (id),
      created_at timestamp not null default now(), updated_at timestamp not null default now(),
      "Größe" public.size not null default 'small', completeness public.percent, tags text[], number bigserial,
      row_id json, rating integer not null, label text generated always as (item_locations ->> 0) stored,
      check (rating > 0),
      primary key (item_network, item_domain, item_type, item_id),
      unique (item_network, item_domain, number)
    ) partition by list (item_network);
    comment on column public.items.rating is 'It''s how others rate it.';
    create index items_locations_idx on public.items using gin (item_locations jsonb_path_ops);
    create index items_rating_idx on public.items (rating desc nulls last, created_at)
      include (tags) where lifecycle_status = 'live' and tags is not null;
    create index items_state_idx on public.items ((lower(item_private_state ->> 'lifecycle_status')));
    create index on public.items (lifecycle_status);

    create table public.item_actions (
      partition_network text not null, action_type text not null, action_id uuid not null default gen_random_uuid(),
      action_status text not null, update_count integer not null default 0,
      requirements_snapshot jsonb not null default '{}', remarks text, ${side('source')} ${side('target')}
      performed_by_org_id text, performed_by_service_user_id text, match_score real,
      created_at timestamp not null default now(), updated_at timestamp not null default now(),
      primary key (partition_network, action_type, action_id),
      foreign key (target_item_network, target_item_domain, target_item_type, target_item_id)
        references public.items on delete cascade
    ) partition by list (partition_network);
    create index on public.item_actions (match_score);

    create table public.action_events (
      partition_network text not null, action_type text not null, event_id uuid not null default gen_random_uuid(),
      origin_instance_domain text not null, action_id uuid not null, action_status text not null,
      update_count integer not null default 0,
      ${side('source', 'source_item_locations jsonb,')} source_item_latitude double precision, source_item_longitude double precision,
      ${side('target', 'target_item_locations jsonb,')} target_item_latitude double precision, target_item_longitude double precision,
      performed_by_org_id text, performed_by_service_user_id text,
      event_payload jsonb not null default '{}', remarks text, created_at timestamp not null default now(),
      primary key (partition_network, action_type, event_id),
      unique (partition_network, action_type, origin_instance_domain, action_id, update_count)
    ) partition by list (partition_network);`);
  for (const network of ['yellow_dot', 'blue_dot']) {
    await createOldPartitions(sql, 'items', network, ['student', 'tutor']);
    await createOldPartitions(sql, 'item_actions', network, ['connect']);
    await createOldPartitions(sql, 'action_events', network, ['connect']);
  }
  // an index that every partition has, and the root has not
  for (const leaf of ['i_p_yellowdot_student', 'i_p_yellowdot_tutor', 'i_p_bluedot_tutor'])
    await sql.unsafe(`create index ${leaf}_tags on public.${leaf} using gin (tags)`);
}
