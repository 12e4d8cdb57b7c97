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
  'A row of dpg.find_events: the columns of dpg.action_events, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

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
  checked integer; -- see sql/README.md, "Checks"
  binding bigint;
  page_start bytea;
  keys jsonb; -- update_count, partition_network and action_type of the row that the page starts after
  added_conditions text;
  searches text[];
begin
  -- check
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_key_or_none('action_status', action_status),
    dpg_private.check_page_size(page_size),
    dpg_private.check_count_or_none('update_count', update_count)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('find_events', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_id, action_status, update_count, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- search: one for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when action_id is not null then ' and e.action_id = $2' end,
    case when action_status is not null then ' and e.action_status = $3' end,
    case when update_count is not null then ' and e.update_count = $4' end,
    case when page_start is not null then
      ' and e.created_at <= $8
        and (
          e.created_at < $8
          or e.update_count < $9
          or (e.update_count = $9 and (e.partition_network, e.action_type, e.event_id) > ($10, $11, $12))
        )'
    end
  );
  searches := array(
    select format(
      'select %s from %s e where %s%s', dpg_private.event_columns_sql('e.'), l.leaf, c.condition, added_conditions
    )
    from unnest(dpg_private.find_party_leaves('action_events', actor, partition_network, action_type)) l(leaf)
    cross join unnest(
      dpg_private.party_conditions_sql(
        ownership_role,
        concat(
          'e.source_item_owner = $1 and e.source_item_is_local',
          case when item_id is not null then ' and e.source_item_id = $5' end
        ),
        concat(
          'e.target_item_owner = $1 and e.target_item_is_local',
          case when item_id is not null then ' and e.target_item_id = $5' end
        )
      )
    ) c(condition)
  );
  if searches = '{}' then
    return;
  end if;

  -- page
  return query execute dpg_private.page_of_searches_sql(
    searches, 'e', 'e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id', '$7',
    concat(
      'dpg_private.ownership_roles(
         $1, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
       ), ',
      dpg_private.page_token_sql(
        '$6',
        'timestamptz_send(e.created_at) || uuid_send(e.event_id)
         || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, ''UTF8'')'
      )
    )
  )
  using actor, action_id, action_status, update_count, item_id, binding, page_size,
    dpg_private.page_time(page_start), (keys ->> 0)::integer, keys ->> 1, keys ->> 2, dpg_private.page_id(page_start);
end
$body$;

comment on function dpg.find_events(text, text, text, text, uuid, text, integer, uuid, integer, text) is
  'The events of which the actor is a party, also mirrored ones, newest first (created_at and update_count
descending, then partition_network, action_type, event_id). ownership_role is initiated (the actor owned the
source), received (the target) or all. item_id means the item on that side. Pages as in dpg.find_actions.
Raises DP001, DP011.
Example: select * from dpg.find_events(
  ''asha'',
  partition_network => ''yellow_dot'', action_type => ''connect'', action_id => ''33333333-3333-4333-8333-333333333333''
)';
