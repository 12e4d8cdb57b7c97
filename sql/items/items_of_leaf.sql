create or replace function dpg_private.page_of_items(binding bigint, row_limit integer, page_token text)
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
  separator integer;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    separator := position(decode('00', 'hex') in substr(page_start, 25));
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    page.after_type := convert_from(
      case separator when 0 then substr(page_start, 25) else substr(page_start, 25, separator - 1) end, 'UTF8'
    );
    if separator > 0 then
      page.after_domain := convert_from(substr(page_start, 25 + separator), 'UTF8');
    end if;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_items(bigint, integer, text) is
  'The page that a token of find_items asks for; without a token the first one. A place in the order of items is
created_at in 8 bytes, item_id in 16, item_type, and in a search over several domains a zero byte and item_domain.
Raises DP011.';

create or replace function dpg_private.items_of_leaf_sql(
  leaf regclass,
  search dpg_private.item_search,
  page dpg_private.item_page,
  added_columns text default null
)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'select %s from %s i where %s%s%s',
    concat_ws(', ', dpg_private.item_columns_sql('i.'), added_columns),
    leaf,
    dpg_private.item_conditions_sql(search, leaf),
    case when page.oldest is not null then ' and i.created_at >= ($2).oldest' end,
    case
      when page.after_network is not null then
        ' and i.created_at <= ($2).after_time
          and (
            i.created_at < ($2).after_time
            or (i.item_network, i.item_domain, i.item_type, i.item_id)
              > (($2).after_network, ($2).after_domain, ($2).after_type, ($2).after_id)
          )'
      when page.after_domain is not null then
        ' and i.created_at <= ($2).after_time
          and (
            i.created_at < ($2).after_time
            or (i.item_domain, i.item_type, i.item_id) > (($2).after_domain, ($2).after_type, ($2).after_id)
          )'
      when page.after_time is not null then
        ' and i.created_at <= ($2).after_time
          and (i.created_at < ($2).after_time or (i.item_type, i.item_id) > (($2).after_type, ($2).after_id))'
    end
  );
end
$body$;

comment on function dpg_private.items_of_leaf_sql(regclass, dpg_private.item_search, dpg_private.item_page, text) is
  'The statement, without order and limit, that searches a leaf for the items of a page. The leaf is named i. $1 is the
dpg_private.item_search, $2 the dpg_private.item_page.';

create or replace function dpg_private.find_oldest_of_page(
  leaf regclass,
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns timestamptz
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  oldest timestamptz;
begin
  if (select c.reltuples > 200000 from pg_class c where c.oid = leaf)
  then
    execute format(
      'select min(n.created_at)
       from (
         select i.created_at from %s i where %s %s order by i.created_at desc limit ($2).row_limit
       ) n',
      leaf,
      dpg_private.item_conditions_sql(search, leaf),
      case when page.after_time is not null then 'and i.created_at < ($2).after_time' end
    )
    into oldest
    using search, page;
  end if;
  return oldest;
end
$body$;

comment on function dpg_private.find_oldest_of_page(regclass, dpg_private.item_search, dpg_private.item_page) is
  'When the last row of the page was created, for a search with a circle and no other filter, where it pays to ask
first, else null. In a large leaf a circle may hold many items; the index alone says it, and older rows need not be
read. In a small leaf that takes longer to plan than to read.';

create or replace function dpg_private.find_few_in_circle(
  slot smallint,
  search dpg_private.item_search,
  page dpg_private.item_page,
  domains text[] default null
)
returns dpg.found_item[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- From so many items in a circle or box on, it pays to plan with the values, unless they are on the page anyway. To
  -- plan the leaves of a network takes longer.
  many constant integer := greatest(case when domains is null then 200 else 1000 end, 2 * page.row_limit);
  bounds constant dpg_private.circle_bounds := dpg_private.kept_bounds(search);
  found_items dpg.found_item[];
  counted bigint;
begin
  if slot is not null and bounds.bands is not null and not dpg_private.has_filters(search) then
    execute format(
      'select coalesce(array_agg(c.found), ''{}''), coalesce(max(c.counted), 0)
       from dpg_private.circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5) c',
      slot
    )
    into found_items, counted
    using search, bounds, page, many, domains;
    if counted < many then
      return found_items;
    end if;
  end if;
  return null;
end
$body$;

comment on function dpg_private.find_few_in_circle(
  smallint, dpg_private.item_search, dpg_private.item_page, text[]
) is
  'A page of the items in a circle or a box, by a kept plan, of a leaf or of these domains of its network. Null where
there is none for this search, or where the bounds hold many.';
