do $body$
begin
  if pg_catalog.to_regtype('dpg.found_event') is null then
    create type dpg.found_event as (
      partition_network text,
      action_type text,
      event_id uuid,
      origin_instance_domain text,
      action_id uuid,
      action_status text,
      update_count integer,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      target_item_latitude double precision,
      target_item_longitude double precision,
      event_payload jsonb,
      remarks text,
      created_at timestamptz,
      source_item_is_local boolean,
      target_item_is_local boolean,
      ownership_roles text[],
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_event is
  'A row of dpg.find_events: the columns of dpg.action_events, then ownership_roles (initiated, received or both: the actor''s part in it) and next_page_token, which continues after this row.';

create or replace function dpg.find_events(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_id uuid default null,
  action_status text default null,
  update_count integer default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_event
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  binding bigint;
  page_start bytea;
  keys jsonb; -- update_count, partition_network and action_type of the row that the page starts after
  searches text;
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_party_filters(actor, ownership_role, partition_network, action_type, action_status),
    dpg_private.check_page_size(page_size);
  if update_count < 0 then
    perform dpg_private.refuse_argument('update_count', to_jsonb(update_count), 'is negative', 'update_count starts at 0.');
  end if;
  select b.binding
  into binding
  from dpg_private.page_binding('find_events', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_id, action_status, update_count, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- one search for each leaf and role, each answered by an index in the order of the page
  select string_agg(
    format(
      '(select %s
        from %s e
        where %s %s %s %s %s
        order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
        limit $7)',
      dpg_private.event_columns_sql(),
      l.leaf,
      c.condition,
      case when action_id is not null then 'and e.action_id = $2' end,
      case when action_status is not null then 'and e.action_status = $3' end,
      case when update_count is not null then 'and e.update_count = $4' end,
      case when page_start is not null then
        'and e.created_at <= $8
         and (
           e.created_at < $8
           or e.update_count < $9
           or (e.update_count = $9 and (e.partition_network, e.action_type, e.event_id) > ($10, $11, $12))
         )'
      end
    ),
    ' union all '
  )
  into searches
  from unnest(dpg_private.find_party_leaves('action_events', actor, partition_network, action_type)) l(leaf)
  cross join unnest(
    dpg_private.party_conditions_sql(
      ownership_role,
      'e.source_item_owner = $1 and e.source_item_is_local' || case when item_id is null then '' else ' and e.source_item_id = $5' end,
      'e.target_item_owner = $1 and e.target_item_is_local' || case when item_id is null then '' else ' and e.target_item_id = $5' end
    )
  ) c(condition);
  if searches is null then
    return;
  end if;

  return query execute format(
    'select p.*,
       dpg_private.ownership_roles($1, p.source_item_owner, p.source_item_is_local, p.target_item_owner, p.target_item_is_local),
       %s
     from (
       select * from (%s) e
       order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
       limit $7
     ) p
     order by p.created_at desc, p.update_count desc, p.partition_network, p.action_type, p.event_id',
    dpg_private.page_token_sql(
      '$6',
      'timestamptz_send(p.created_at) || uuid_send(p.event_id)
       || convert_to(jsonb_build_array(p.update_count, p.partition_network, p.action_type)::text, ''UTF8'')'
    ),
    searches
  )
  using actor, action_id, action_status, update_count, item_id, binding, page_size,
    dpg_private.page_time(page_start), (keys ->> 0)::integer, keys ->> 1, keys ->> 2, dpg_private.page_id(page_start);
end
$body$;

comment on function dpg.find_events(text, text, text, text, uuid, text, integer, uuid, integer, text) is
  'The events, also mirrored ones, of which the actor is a party, newest first (created_at and update_count descending, then partition_network, action_type and event_id). ownership_role is initiated (the actor owned the source), received (the target) or all; item_id means the item on that side. Pages as in dpg.find_actions.
Raises DP001, DP011.
Example: select * from dpg.find_events(
  ''asha'',
  partition_network => ''yellow_dot'', action_type => ''connect'', action_id => ''33333333-3333-4333-8333-333333333333''
)';
