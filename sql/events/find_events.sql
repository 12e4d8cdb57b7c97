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
      performed_by text,
      acting_side text,
      ownership_roles text[],
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_event is
  'A row of dpg.find_events: the columns of dpg.action_events, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

create or replace function dpg_private.events_of_leaves_sql(
  leaves dpg_private.party_leaf[],
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  added_conditions text;
  order_by constant text := 'e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id';
begin
  -- one search for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when search.action_id is not null then ' and e.action_id = ($1).action_id' end,
    case when search.action_status is not null then ' and e.action_status = ($1).action_status' end,
    case when search.update_count is not null then ' and e.update_count = ($1).update_count' end,
    case when page.after_time is not null then
      ' and e.created_at <= ($2).after_time
        and (
          e.created_at < ($2).after_time
          or e.update_count < ($2).after_update_count
          or (
            e.update_count = ($2).after_update_count
            and (e.partition_network, e.action_type, e.event_id)
              > (($2).after_network, ($2).after_type, ($2).after_id)
          )
        )'
    end
  );
  return dpg_private.page_of_searches_sql(
    array(
      select s.search
      from unnest(leaves) l
      cross join unnest(
        dpg_private.party_searches_sql(
          format('select %s from %s e where true%s', dpg_private.event_columns_sql('e.'), l.leaf, added_conditions),
          search.ownership_role,
          concat(
            'e.source_item_owner = ($1).actor and e.source_item_is_local',
            case when search.item_id is not null then ' and e.source_item_id = ($1).item_id' end
          ),
          concat(
            'e.target_item_owner = ($1).actor and e.target_item_is_local',
            case when search.item_id is not null then ' and e.target_item_id = ($1).item_id' end
          ),
          'e', order_by
        )
      ) s(search)
    ),
    'e', order_by, '($2).row_limit',
    concat(
      'dpg_private.ownership_roles(
         ($1).actor, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
       ), ',
      dpg_private.page_token_sql(
        '($2).binding',
        'timestamptz_send(e.created_at) || uuid_send(e.event_id)
         || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, ''UTF8'')'
      )
    )
  );
end
$body$;

comment on function dpg_private.events_of_leaves_sql(
  dpg_private.party_leaf[], dpg_private.event_search, dpg_private.event_page
) is
  'The statement that finds a page of the events of a party in these leaves. $1 is the dpg_private.event_search, $2 the
dpg_private.event_page.';

create or replace function dpg_private.is_kept_for_action(leaves dpg_private.party_leaf[], action_id uuid)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  many constant integer := 300; -- from so many events of one action on, it pays to plan with the values
  leaf dpg_private.party_leaf;
  counted integer;
begin
  if action_id is not null then
    foreach leaf in array leaves loop
      execute format('select dpg_private.count_events_of_slot(null::dpg_private.slot_%s, $1, $2)', leaf.slot)
      into counted
      using action_id, many;
      if counted = many then
        return false;
      end if;
    end loop;
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_kept_for_action(dpg_private.party_leaf[], uuid) is
  'Whether the kept plan for the events of an action is good for it: it has no more than a few hundred. Also for no
action.';

create or replace function dpg_private.events_of_slot_sql(slot smallint, search dpg_private.event_search)
returns text
language sql
immutable
parallel safe
security invoker
return format(
  'select * from dpg_private.%s(null::dpg_private.slot_%s, $1, $2)',
  case when (search).action_id is null then 'events_of_slot' else 'events_of_action_of_slot' end,
  slot
);

comment on function dpg_private.events_of_slot_sql(smallint, dpg_private.event_search) is
  'The call that finds a page of this search in the leaf of a slot by a kept plan. $1 is the dpg_private.event_search,
$2 the dpg_private.event_page.';

create or replace function dpg_private.events_of_slots(
  leaves dpg_private.party_leaf[],
  search dpg_private.event_search,
  page dpg_private.event_page
)
returns setof dpg.found_event
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf dpg_private.party_leaf;
begin
  foreach leaf in array leaves loop
    return query execute dpg_private.events_of_slot_sql(leaf.slot, search) using search, page;
  end loop;
end
$body$;

comment on function dpg_private.events_of_slots(
  dpg_private.party_leaf[], dpg_private.event_search, dpg_private.event_page
) is
  'A page of each of these leaves by kept plans, in no order.';

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
  search dpg_private.event_search;
  page dpg_private.event_page;
  leaves dpg_private.party_leaf[];
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_key_or_none('action_status', action_status),
    dpg_private.check_page_size(page_size),
    dpg_private.check_count_or_none('update_count', update_count),
    dpg_private.check_here(partition_network)
  );
  search := row(actor, ownership_role, action_id, action_status, update_count, item_id);
  page := dpg_private.page_of_events(
    (
      select b.binding
      from dpg_private.page_binding('find_events', jsonb_build_array(
        actor, ownership_role, partition_network, action_type, action_id, action_status, update_count, item_id
      )) b
    ),
    page_size, page_token
  );
  leaves := dpg_private.find_leaves_of_party('action_events', actor, partition_network, action_type);
  if cardinality(leaves) = 0 then
    return;
  elsif not dpg_private.is_kept_for_leaves(leaves, page_size)
    or not dpg_private.is_kept_for_action(leaves, action_id)
  then
    return query execute dpg_private.events_of_leaves_sql(leaves, search, page) using search, page;
  elsif cardinality(leaves) = 1 then
    return query execute dpg_private.events_of_slot_sql(leaves[1].slot, search) using search, page;
  else
    return query
      select *
      from dpg_private.events_of_slots(leaves, search, page) e
      order by e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id
      limit page.row_limit;
  end if;
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
