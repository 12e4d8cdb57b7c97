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
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_action is
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

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
  added_conditions text;
  order_by constant text :=
    'a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url';
  searches text[];
begin
  -- one search for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when search.action_status is not null then ' and a.action_status = ($1).action_status' end,
    case when page.after_time is not null then
      ' and a.updated_at <= ($2).after_time
        and (
          a.updated_at < ($2).after_time
          or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url)
            > (($2).after_network, ($2).after_type, ($2).after_id, ($2).after_url)
        )'
    end
  );
  searches := array(
    select s.search
    from unnest(leaves) l
    cross join unnest(
      dpg_private.party_searches_sql(
        format(
          'select %s, dpg_private.ownership_roles(
             ($1).actor, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
           ) as ownership_roles
           from %s a
           where true%s',
          dpg_private.action_columns_sql('a.'), l.leaf, added_conditions
        ),
        search.ownership_role,
        concat(
          'a.source_item_owner = ($1).actor and a.source_item_is_local',
          case when search.item_id is not null then ' and a.source_item_id = ($1).item_id' end
        ),
        concat(
          'a.target_item_owner = ($1).actor',
          case when search.item_id is not null then ' and a.target_item_id = ($1).item_id' end
        ),
        'a', order_by
      )
    ) s(search)
  );
  -- Actions that live on other instances are in one table. The owners of their targets are users there, nobody here.
  if search.ownership_role <> 'received' or searches = '{}' then
    searches := searches || format(
      'select %s, array[''initiated''] as ownership_roles
       from dpg_private.mirrored_actions a
       where a.source_item_owner = ($1).actor%s%s%s%s%s',
      dpg_private.action_columns_sql('a.'),
      case when search.ownership_role = 'received' then ' and false' end,
      case when search.item_id is not null then ' and a.source_item_id = ($1).item_id' end,
      case when search.partition_network is not null then ' and a.partition_network = ($1).partition_network' end,
      case when search.action_type is not null then ' and a.action_type = ($1).action_type' end,
      added_conditions
    );
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

create or replace function dpg_private.is_kept_for_status(
  leaves dpg_private.party_leaf[],
  search dpg_private.action_search,
  page dpg_private.action_page
)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf dpg_private.party_leaf;
  is_near boolean;
begin
  if search.action_status is not null then
    if page.row_limit > 100 then
      return false; -- to plan is a small part of it
    end if;
    foreach leaf in array leaves loop
      execute format('select dpg_private.has_near_page_of_slot(null::dpg_private.slot_%s, $1, $2)', leaf.slot)
      into is_near
      using search, page;
      if not is_near then
        return false;
      end if;
    end loop;
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_kept_for_status(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'Whether the kept plan is good for the status of a search: it does not read thousands of actions that have another
one. Also for no status.';

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
    return query execute format(
      'select * from dpg_private.actions_of_slot(null::dpg_private.slot_%s, $1, $2, $3)', leaves[number].slot
    )
    using search, page, number = 1;
  end loop;
end
$body$;

comment on function dpg_private.actions_of_slots(
  dpg_private.party_leaf[], dpg_private.action_search, dpg_private.action_page
) is
  'A page of each of these leaves by kept plans, and of the actions that live on other instances, in no order.';

create or replace function dpg.find_actions(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_status text default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null
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
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_key_or_none('action_status', action_status),
    dpg_private.check_page_size(page_size)
  );
  search := row(actor, ownership_role, partition_network, action_type, action_status, item_id);
  page := dpg_private.page_of_actions(
    (
      select b.binding
      from dpg_private.page_binding('find_actions', jsonb_build_array(
        actor, ownership_role, partition_network, action_type, action_status, item_id
      )) b
    ),
    page_size, page_token
  );
  leaves := dpg_private.find_leaves_of_party('item_actions', actor, partition_network, action_type);

  if item_id is not null
    or not dpg_private.is_kept_for_leaves(leaves, page_size)
    or not dpg_private.is_kept_for_status(leaves, search, page)
  then
    return query execute dpg_private.actions_of_leaves_sql(leaves, search, page) using search, page;
  elsif cardinality(leaves) = 0 then
    if ownership_role <> 'received' then
      return query select * from dpg_private.actions_elsewhere(search, page);
    end if;
  elsif cardinality(leaves) = 1 then
    return query execute format(
      'select * from dpg_private.actions_of_slot(null::dpg_private.slot_%s, $1, $2, true)', leaves[1].slot
    )
    using search, page;
  else
    return query
      select *
      from dpg_private.actions_of_slots(leaves, search, page) a
      order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
      limit page.row_limit;
  end if;
end
$body$;

comment on function dpg.find_actions(text, text, text, text, text, uuid, integer, text) is
  'The actions of which the actor is a party, latest change first (updated_at descending, then partition_network,
action_type, action_id). Also those that live on other instances, as far as their events were mirrored:
target_item_instance_url says where, requirements_snapshot is {}. ownership_role is initiated (the actor owned the
source), received (the target) or all. item_id means the item on that side. A page has page_size rows (1 to 1,000,
default 20). To continue after a row, pass its next_page_token as page_token with the same filters. Fewer rows than
page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_actions(''ravi'', ''received'', ''yellow_dot'', ''connect'', ''created'')';
