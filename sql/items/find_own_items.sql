create or replace function dpg_private.page_of_own_items(binding bigint, row_limit integer, page_token text)
returns dpg_private.item_page
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page dpg_private.item_page;
  page_start bytea;
  keys jsonb;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_network := keys ->> 0;
    page.after_domain := keys ->> 1;
    page.after_type := keys ->> 2;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_own_items(bigint, integer, text) is
  'The page that a token of find_own_items asks for; without a token the first one. A place in this order is created_at
in 8 bytes, item_id in 16, and the other keys as a JSON array.
Raises DP011.';

create or replace function dpg_private.find_leaves_of_owner(actor text, item_network text, item_domain text)
returns setof regclass
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in dpg_private.find_leaf
as $body$
begin
  return query
    select l.leaf
    from (
      select distinct o.item_network, o.item_domain
      from dpg_private.owner_leaves o
      where o.owner = find_leaves_of_owner.actor
        and (find_leaves_of_owner.item_network is null or o.item_network = find_leaves_of_owner.item_network)
        and (find_leaves_of_owner.item_domain is null or o.item_domain = find_leaves_of_owner.item_domain)
    ) o
    cross join lateral (select dpg_private.find_open_leaf('items', o.item_network, o.item_domain) as leaf) l
    where l.leaf is not null;
end
$body$;

comment on function dpg_private.find_leaves_of_owner(text, text, text) is
  'The leaves in which a user has, or has had, items: of a network, of a domain, or all.';

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
  at_once constant integer := 16;
  search dpg_private.item_search;
  page dpg_private.item_page;
  leaves regclass[];
  statement text;
  of_batch dpg.found_item[];
  of_page dpg.found_item[] := '{}';
begin
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key_or_none('item_network', item_network),
    dpg_private.check_key_or_none('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_item_statuses(item_statuses, false),
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network);
  search.item_type := item_type;
  search.created_by := actor;
  search.item_statuses := item_statuses;
  page := dpg_private.page_of_own_items(
    (
      select b.binding
      from dpg_private.page_binding(
        'find_own_items', jsonb_build_array(actor, item_network, item_domain, item_type, item_statuses)
      ) b
    ),
    page_size, page_token
  );
  leaves := array(select l from dpg_private.find_leaves_of_owner(actor, item_network, item_domain) l);
  -- as in dpg_private.items_of_leaves: some leaves at a time, and their locks are given back
  for number in 1 .. cardinality(leaves) by at_once loop
    statement := dpg_private.page_of_searches_sql(
      array(
        select dpg_private.items_of_leaf_sql(l.leaf, search, page)
        from unnest(leaves[number : number + at_once - 1]) l(leaf)
      ),
      'i', 'i.created_at desc, i.item_network, i.item_domain, i.item_type, i.item_id', '($2).row_limit',
      dpg_private.page_token_sql(
        '($2).binding',
        'timestamptz_send(i.created_at) || uuid_send(i.item_id)
         || convert_to(jsonb_build_array(i.item_network, i.item_domain, i.item_type)::text, ''UTF8'')'
      )
    );
    if cardinality(leaves) <= at_once then
      return query execute statement using search, page;
      return;
    end if;
    begin
      execute format('select array_agg(row(i.*)::dpg.found_item) from (%s) i', statement)
      into of_batch
      using search, page;
      raise exception using errcode = 'DP000';
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and of_batch has its value
    end;
    of_page := array(
      select i
      from unnest(of_page || of_batch) i
      order by i.created_at desc, i.item_network, i.item_domain, i.item_type, i.item_id
      limit page_size
    );
    if cardinality(of_page) = page_size then
      page.oldest := of_page[page_size].created_at;
    end if;
  end loop;
  return query select * from unnest(of_page);
end
$body$;

comment on function dpg.find_own_items(text, text, text, text, text[], integer, text) is
  'The items of the actor in every status, newest first (created_at descending, then item_network, item_domain,
item_type, item_id), of all networks and domains or of those that are given. Leaves without items of the actor cost
nothing. Pages as in dpg.find_items.
Raises DP001, DP011.
Example: select * from dpg.find_own_items(''asha'', item_statuses => ''{draft,paused}'')';
