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
      ownership_roles text[],
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_action is
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

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
  binding bigint;
  page_start bytea;
  keys jsonb; -- partition_network, action_type and target_item_instance_url of the row that the page starts after
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
    dpg_private.check_page_size(page_size)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('find_actions', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_status, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- search: one for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when action_status is not null then ' and a.action_status = $2' end,
    case when page_start is not null then
      ' and a.updated_at <= $6
        and (
          a.updated_at < $6
          or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url) > ($7, $8, $9, $10)
        )'
    end
  );
  searches := array(
    select format(
      'select %s, dpg_private.ownership_roles(
         $1, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
       ) as ownership_roles
       from %s a
       where %s%s',
      dpg_private.action_columns_sql('a.'), l.leaf, c.condition, added_conditions
    )
    from unnest(dpg_private.find_party_leaves('item_actions', actor, partition_network, action_type)) l(leaf)
    cross join unnest(
      dpg_private.party_conditions_sql(
        ownership_role,
        concat(
          'a.source_item_owner = $1 and a.source_item_is_local',
          case when item_id is not null then ' and a.source_item_id = $3' end
        ),
        concat('a.target_item_owner = $1', case when item_id is not null then ' and a.target_item_id = $3' end)
      )
    ) c(condition)
  );
  -- Actions that live on other instances are in one table. The owners of their targets are users there, nobody here.
  if ownership_role <> 'received' then
    searches := searches || format(
      'select %s, array[''initiated''] as ownership_roles
       from dpg_private.mirrored_actions a
       where a.source_item_owner = $1%s%s%s%s',
      dpg_private.action_columns_sql('a.'),
      case when item_id is not null then ' and a.source_item_id = $3' end,
      case when partition_network is not null then ' and a.partition_network = $11' end,
      case when action_type is not null then ' and a.action_type = $12' end,
      added_conditions
    );
  end if;
  if searches = '{}' then
    return;
  end if;

  -- page
  return query execute dpg_private.page_of_searches_sql(
    searches, 'a',
    'a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url', '$5',
    dpg_private.page_token_sql(
      '$4',
      'timestamptz_send(a.updated_at) || uuid_send(a.action_id)
       || convert_to(jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, ''UTF8'')'
    )
  )
  using actor, action_status, item_id, binding, page_size,
    dpg_private.page_time(page_start), keys ->> 0, keys ->> 1, dpg_private.page_id(page_start), keys ->> 2,
    partition_network, action_type;
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
