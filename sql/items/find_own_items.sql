create or replace function dpg.find_own_items(
  actor text,
  item_network text default null,
  item_domain text default null,
  item_type text default null,
  item_statuses text[] default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  search dpg_private.item_search;
  page dpg_private.item_page;
  searches text[];
begin
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key_or_none('item_network', item_network),
    dpg_private.check_key_or_none('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_item_statuses(item_statuses, false),
    dpg_private.check_page_size(page_size);
  search.item_type := item_type;
  search.created_by := actor;
  search.item_statuses := item_statuses;
  page := dpg_private.page_of_own_items(
    (
      select b.binding
      from dpg_private.page_binding('find_own_items', jsonb_build_array(
        actor, item_network, item_domain, item_type, item_statuses
      )) b
    ),
    page_size, page_token
  );
  searches := array(
    select dpg_private.items_of_leaf_sql(l.leaf, search, page)
    from (
      select distinct o.item_network, o.item_domain
      from dpg_private.owner_leaves o
      where o.owner = find_own_items.actor
        and (find_own_items.item_network is null or o.item_network = find_own_items.item_network)
        and (find_own_items.item_domain is null or o.item_domain = find_own_items.item_domain)
    ) o
    cross join lateral (select dpg_private.find_leaf('items', o.item_network, o.item_domain) as leaf) l
    where l.leaf is not null
  );
  if searches = '{}' then
    return;
  end if;
  return query execute dpg_private.page_of_searches_sql(
    searches, 'i', 'i.created_at desc, i.item_network, i.item_domain, i.item_type, i.item_id', '($2).row_limit',
    dpg_private.page_token_sql(
      '($2).binding',
      'timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, ''UTF8'')
         || decode(''00'', ''hex'') || convert_to(i.item_domain, ''UTF8'')
         || decode(''00'', ''hex'') || convert_to(i.item_network, ''UTF8'')'
    )
  )
  using search, page;
end
$body$;

comment on function dpg.find_own_items(text, text, text, text, text[], integer, text) is
  'The items of the actor in every status, newest first (created_at descending, then item_network, item_domain, item_type,
item_id), of all networks and domains or of those that are given. Leaves without items of the actor cost nothing. Pages
as in dpg.find_items.
Raises DP001, DP009, DP011.
Example: select * from dpg.find_own_items(''asha'', item_statuses => ''{draft,paused}'')';
