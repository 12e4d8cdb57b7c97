do $body$
begin
  if pg_catalog.to_regtype('dpg.found_action') is null then
    create type dpg.found_action as (
      partition_network text,
      action_type text,
      action_id uuid,
      action_status text,
      update_count integer,
      requirements_snapshot jsonb,
      remarks text,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      created_at timestamptz,
      updated_at timestamptz,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_latitude double precision,
      target_item_longitude double precision,
      source_item_is_local boolean,
      source_local_item_id uuid,
      performed_by text,
      ownership_roles text[],
      source_item_state jsonb,
      source_item_status text,
      target_item_state jsonb,
      target_item_status text,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_action is
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both:
the part of the actor in it), state and status of both items where they were asked for and are items of this instance,
and next_page_token, which continues after this row.';

create or replace function dpg_private.order_of_actions_sql(oldest_first boolean)
returns text
language sql
immutable
parallel safe
security invoker
return concat(
  'a.updated_at', case when not oldest_first then ' desc' end,
  ', a.partition_network, a.action_type, a.action_id, a.target_item_instance_url'
);

comment on function dpg_private.order_of_actions_sql(boolean) is
  'The order of a page of actions, which are named a.';

create or replace function dpg_private.status_searches_sql(
  search text,
  ownership_role text,
  initiated text,
  received text,
  order_by text
)
returns text[]
language sql
immutable
parallel safe
security invoker
return (
  select case ownership_role
    when 'initiated' then array[format(s.of_each, initiated)]
    when 'received' then array[format(s.of_each, received)]
    else array[
      format(s.of_each, initiated),
      format('select a.* from (%s) a where not (%s)', format(s.of_each, received), initiated)
    ]
  end
  from (
    select format(
      'select a.*
       from unnest(($1).action_statuses) s(action_status)
       cross join lateral (%s and a.action_status = s.action_status and %%s order by %s limit ($2).row_limit) a',
      search, order_by
    ) as of_each
  ) s
);

comment on function dpg_private.status_searches_sql(text, text, text, text, text) is
  'What dpg_private.party_searches_sql does, for actions of some statuses: a page of each, by the index that has the
status before the time. search has no percent sign.';

create or replace function dpg_private.actions_of_leaves_sql(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  conditions text;
  order_by constant text := dpg_private.order_of_actions_sql(search.oldest_first);
  -- an item or an id leaves few rows, whatever their statuses are
  is_by_status constant boolean :=
    search.action_statuses is not null and search.item_id is null and search.action_id is null;
  initiated text := 'a.source_item_owner = ($1).actor and a.source_item_is_local';
  received text := 'a.target_item_owner = ($1).actor';
  elsewhere text := 'a.source_item_owner = ($1).actor';
  searches text[] := '{}';
  of_leaf text;
  leaf dpg_private.party_leaf;
begin
  -- one search for each leaf and role, each answered by an index in the order of the page
  conditions := concat(
    case when search.action_id is not null then ' and a.action_id = ($1).action_id' end,
    case when search.action_statuses is not null and not is_by_status then
      ' and a.action_status = any (($1).action_statuses)'
    end,
    case when page.after_time is not null then
      format(
        ' and a.updated_at %1$s= ($2).after_time
          and (
            a.updated_at %1$s ($2).after_time
            or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
              > (($2).after_network, ($2).after_type, ($2).after_id, ($2).after_url)
          )',
        case when search.oldest_first then '>' else '<' end
      )
    end
  );
  if search.item_id is not null then
    initiated := initiated || ' and a.source_item_id = ($1).item_id';
    received := received || ' and a.target_item_id = ($1).item_id';
    elsewhere := elsewhere || ' and a.source_item_id = ($1).item_id';
  end if;
  foreach leaf in array leaves loop
    of_leaf := format(
      'select %s,
         dpg_private.ownership_roles(
           ($1).actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
         ) as ownership_roles,
         null::jsonb as source_item_state,
         case when ($1).with_items and a.source_item_is_local then '''' end as source_item_status,
         null::jsonb as target_item_state,
         case when ($1).with_items then '''' end as target_item_status
       from %s a
       where true%s%s',
      dpg_private.action_columns_sql('a.'), leaf.leaf, conditions,
      case when search.action_id is not null then
        format(' and a.partition_network = %L and a.action_type = %L', leaf.partition_network, leaf.action_type)
      end
    );
    searches := searches || case
      when is_by_status then
        dpg_private.status_searches_sql(
          replace(of_leaf, '%', '%%'), search.ownership_role, initiated, received, order_by
        )
      else dpg_private.party_searches_sql(of_leaf, search.ownership_role, initiated, received, 'a', order_by)
    end;
  end loop;
  -- Actions that live on other instances are in one table. The owners of their targets are users there, nobody here.
  if search.ownership_role <> 'received' or searches = '{}' then
    of_leaf := format(
      'select %s, array[''initiated''] as ownership_roles, null::jsonb as source_item_state,
         case when ($1).with_items then '''' end as source_item_status, null::jsonb as target_item_state,
         null::text as target_item_status
       from dpg_private.mirrored_actions a
       where a.partition_network <> all (dpg_private.moved_networks()) and %s%s%s%s',
      dpg_private.action_columns_sql('a.'),
      case when search.ownership_role = 'received' then 'false' else 'true' end,
      case when search.partition_network is not null then ' and a.partition_network = ($1).partition_network' end,
      case when search.action_types is not null then ' and a.action_type = any (($1).action_types)' end,
      conditions
    );
    searches := searches || case
      when is_by_status then dpg_private.status_searches_sql(of_leaf, 'initiated', elsewhere, elsewhere, order_by)
      else dpg_private.party_searches_sql(of_leaf, 'initiated', elsewhere, elsewhere, 'a', order_by)
    end;
  end if;
  return dpg_private.page_of_searches_sql(
    searches, 'a', order_by, '($2).row_limit',
    dpg_private.page_token_sql(
      '($2).binding',
      'timestamptz_send(a.updated_at) || uuid_send(a.action_id)
       || convert_to(jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, ''UTF8'')'
    )
  );
end
$body$;

comment on function dpg_private.actions_of_leaves_sql(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'The statement that finds a page of the actions of a party, in these leaves and among those that live on other
instances. $1 is the dpg_private.action_search, $2 the dpg_private.action_page.';

create or replace function dpg_private.actions_of_slot_sql(search dpg_private.action_search, slot smallint)
returns text
language sql
stable
security invoker
return format(
  case
    when search.action_statuses is null then
      'select * from dpg_private.actions_of_slot(null::dpg_private.slot_%s, $1, $2)'
    else 'select * from dpg_private.actions_with_status_of_slot(null::dpg_private.slot_%s, $1, $2)'
  end,
  slot
);

comment on function dpg_private.actions_of_slot_sql(dpg_private.action_search, smallint) is
  'The statement that finds a page in the leaf of a slot by a kept plan. $1 is the search, $2 the page.';

create or replace function dpg_private.actions_of_slots(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  for number in 1 .. cardinality(leaves) loop
    return query execute dpg_private.actions_of_slot_sql(search, leaves[number].slot) using search, page;
  end loop;
  if search.ownership_role <> 'received' and dpg_private.has_actions_elsewhere(search.actor) then
    return query select * from dpg_private.actions_elsewhere(search, page);
  end if;
end
$body$;

comment on function dpg_private.actions_of_slots(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'A page of each of these leaves by kept plans, and of the actions that live on other instances, in no order.';

create or replace function dpg_private.page_of_slots(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns setof dpg.found_action
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
as $body$
declare
  without_tokens dpg_private.action_page := page;
begin
  without_tokens.binding := null;
  return query
    select a.partition_network, a.action_type, a.action_id, a.action_status, a.update_count, a.requirements_snapshot,
      a.remarks,
      a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id, a.source_item_instance_url,
      a.source_item_owner, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
      a.target_item_instance_url, a.target_item_owner, a.created_at, a.updated_at, a.source_item_latitude,
      a.source_item_longitude, a.target_item_latitude, a.target_item_longitude, a.source_item_is_local,
      a.source_local_item_id, a.performed_by, a.ownership_roles, a.source_item_state, a.source_item_status,
      a.target_item_state, a.target_item_status,
      dpg_private.token_of_action(
        page.binding, a.updated_at, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
      )
    from dpg_private.actions_of_slots(leaves, search, without_tokens) a
    order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
    limit page.row_limit;
end
$body$;

comment on function dpg_private.page_of_slots(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'A page of several leaves by kept plans. Tokens are made for the rows of the page, when it is cut.';

create or replace function dpg_private.has_actions_elsewhere(actor text)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
begin
  return exists (select from dpg_private.mirrored_actions m where m.source_item_owner = actor);
end
$body$;

comment on function dpg_private.has_actions_elsewhere(text) is
  'Whether the actor has an action that lives on another instance.';

create or replace function dpg.find_actions(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_status text default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null,
  action_types text[] default null,
  action_statuses text[] default null,
  action_id uuid default null,
  oldest_first boolean default false,
  with_items boolean default false
)
returns setof dpg.found_action
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  search dpg_private.action_search;
  page dpg_private.action_page;
  leaves dpg_private.party_leaf[];
  statement text;
  found_actions dpg.found_action[];
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  oldest_first := coalesce(oldest_first, false);
  with_items := coalesce(with_items, false);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_one_or_several('action_type', action_type, 'action_types', action_types),
    dpg_private.check_one_or_several('action_status', action_status, 'action_statuses', action_statuses),
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(partition_network)
  );
  if action_type is not null then
    action_types := array[action_type];
  end if;
  if action_status is not null then
    action_statuses := array[action_status];
  elsif cardinality(action_statuses) > 1 then
    action_statuses := array(select distinct s.status from unnest(action_statuses) s(status) order by s.status);
  end if;
  search := row(
    actor, ownership_role, partition_network, item_id, action_types, action_statuses, action_id, oldest_first,
    with_items
  );
  page := dpg_private.page_of_actions(
    (
      select b.binding
      from dpg_private.page_binding('find_actions', jsonb_build_array(
        actor, ownership_role, partition_network, action_types, action_statuses, item_id, action_id, oldest_first
      )) b
    ),
    page_size, page_token
  );
  leaves := dpg_private.find_leaves_of_party('item_actions', actor, partition_network, action_type, action_types);

  if item_id is not null
    or action_id is not null
    or oldest_first
    or not dpg_private.is_kept_for_leaves(leaves, page_size)
  then
    statement := dpg_private.actions_of_leaves_sql(leaves, search, page);
    if not with_items then
      return query execute statement using search, page;
      return;
    end if;
    execute format('select array_agg(row(a.*)::dpg.found_action) from (%s) a', statement)
    into found_actions
    using search, page;
  elsif with_items then
    found_actions := array(select a from dpg_private.page_of_slots(leaves, search, page) a);
  elsif cardinality(leaves) = 1 and (ownership_role = 'received' or not dpg_private.has_actions_elsewhere(actor)) then
    return query execute dpg_private.actions_of_slot_sql(search, leaves[1].slot) using search, page;
    return;
  elsif cardinality(leaves) > 0 then
    return query select * from dpg_private.page_of_slots(leaves, search, page);
    return;
  else
    if ownership_role <> 'received' and dpg_private.has_actions_elsewhere(actor) then
      return query select * from dpg_private.actions_elsewhere(search, page);
    end if;
    return;
  end if;
  return query select * from dpg_private.actions_with_items(found_actions);
end
$body$;

comment on function dpg.find_actions(
  text, text, text, text, text, uuid, integer, text, text[], text[], uuid, boolean, boolean
) is
  'The actions of which the actor is a party, latest change first (updated_at descending, then partition_network,
action_type, action_id); with oldest_first updated_at ascending, then the same. Also those that live on other instances,
as far as their events were mirrored: target_item_instance_url says where, requirements_snapshot is {}. ownership_role
is initiated (the actor owned the source), received (the target) or all. item_id means the item on that side. One
action_type or several action_types, one action_status or several action_statuses; an empty array finds nothing.
with_items: state and status of both items as they are now, null where the item lives on another instance or is gone.
A page has page_size rows (1 to 1,000, default 20). To continue after a row, pass its next_page_token as page_token with
the same filters and order. Fewer rows than page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_actions(
  ''ravi'', ''received'', ''yellow_dot'', action_statuses => ''{created,accepted}'', with_items => true
)';
