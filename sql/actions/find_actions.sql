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
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both: the actor''s part in it) and next_page_token, which continues after this row.';

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
  binding bigint;
  page_start bytea;
  keys jsonb; -- partition_network, action_type and target_item_instance_url of the row that the page starts after
  searches text;
begin
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_party_filters(actor, ownership_role, partition_network, action_type, action_status),
    dpg_private.check_page_size(page_size);
  select b.binding
  into binding
  from dpg_private.page_binding('find_actions', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_status, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- One search for each leaf and role, each answered by an index in the order of the page. What lives on other instances
  -- is in one table; its targets' owners are users of those, nobody here.
  select string_agg(
    format(
      '(select %s
        from %s a
        where %s %s %s
        order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
        limit $5)',
      w.columns,
      w.relation,
      w.condition,
      case when action_status is not null then 'and a.action_status = $2' end,
      case when page_start is not null then
        'and a.updated_at <= $6
         and (
           a.updated_at < $6
           or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url) > ($7, $8, $9, $10)
         )'
      end
    ),
    ' union all '
  )
  into searches
  from (
    select
      dpg_private.action_columns_sql()
        || ', dpg_private.ownership_roles($1, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true) as ownership_roles' as columns,
      l.leaf::text as relation,
      c.condition
    from unnest(dpg_private.find_party_leaves('item_actions', actor, partition_network, action_type)) l(leaf)
    cross join unnest(
      dpg_private.party_conditions_sql(
        ownership_role,
        'a.source_item_owner = $1 and a.source_item_is_local' || case when item_id is null then '' else ' and a.source_item_id = $3' end,
        'a.target_item_owner = $1' || case when item_id is null then '' else ' and a.target_item_id = $3' end
      )
    ) c(condition)
    union all
    select
      dpg_private.action_columns_sql() || ', array[''initiated''] as ownership_roles',
      'dpg_private.mirrored_actions',
      concat_ws(
        ' and ', 'a.source_item_owner = $1',
        case when item_id is not null then 'a.source_item_id = $3' end,
        case when partition_network is not null then 'a.partition_network = $11' end,
        case when action_type is not null then 'a.action_type = $12' end
      )
    where ownership_role <> 'received'
  ) w;
  if searches is null then
    return;
  end if;

  return query execute format(
    'select p.*, %s
     from (
       select * from (%s) a
       order by a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url
       limit $5
     ) p
     order by p.updated_at desc, p.partition_network, p.action_type, p.action_id, p.target_item_instance_url',
    dpg_private.page_token_sql(
      '$4',
      'timestamptz_send(p.updated_at) || uuid_send(p.action_id)
       || convert_to(jsonb_build_array(p.partition_network, p.action_type, p.target_item_instance_url)::text, ''UTF8'')'
    ),
    searches
  )
  using actor, action_status, item_id, binding, page_size,
    dpg_private.page_time(page_start), keys ->> 0, keys ->> 1, dpg_private.page_id(page_start), keys ->> 2,
    partition_network, action_type;
end
$body$;

comment on function dpg.find_actions(text, text, text, text, text, uuid, integer, text) is
  'The actions of which the actor is a party, also those that live on other instances as far as their events were mirrored (target_item_instance_url says where; requirements_snapshot is {}), latest change first (updated_at descending, then partition_network, action_type and action_id). ownership_role is initiated (the actor owned the source), received (the target) or all; item_id means the item on that side. A page has page_size rows (1 to 1,000, 20 unless told); next_page_token of a row, passed as page_token with the same filters, continues after it; fewer rows than page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_actions(''ravi'', ''received'', ''yellow_dot'', ''connect'', ''created'')';
