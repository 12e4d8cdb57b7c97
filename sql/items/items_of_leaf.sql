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
    dpg_private.item_conditions_sql(search),
    case when page.oldest is not null then ' and i.created_at >= ($2).oldest' end,
    case
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
      dpg_private.item_conditions_sql(search),
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
  -- From so many items in a circle on, it pays to plan with the values, unless they are on the page anyway. To plan the
  -- leaves of a network takes longer.
  many constant integer := greatest(case when domains is null then 200 else 1000 end, 2 * page.row_limit);
  found_items dpg.found_item[];
  counted bigint;
begin
  if slot is not null and dpg_private.is_kept_circle(search.circle) and not dpg_private.has_filters(search) then
    execute format(
      'select coalesce(array_agg(c.found), ''{}''), coalesce(max(c.counted), 0)
       from dpg_private.circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4) c',
      slot
    )
    into found_items, counted
    using search, page, many, domains;
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
  'A page of the items in a circle, by a kept plan, of a leaf or of these domains of its network. Null where there is
none for this search, or where the circle holds many.';

create or replace function dpg_private.items_of_batch(
  leaves regclass[],
  slots smallint[],
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns dpg.found_item[]
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  found_items dpg.found_item[] := '{}';
  few dpg.found_item[];
  searches text[] := '{}';
  planned dpg.found_item[];
begin
  for number in 1 .. cardinality(leaves) loop
    few := dpg_private.find_few_in_circle(slots[number], search, page);
    if few is not null then
      found_items := found_items || few;
    elsif slots[number] is not null and (search.circle).reach is null and not dpg_private.has_filters(search) then
      searches := searches || format(
        'select %s from dpg_private.newest_of_slot(null::dpg_private.slot_%s, $2) i',
        dpg_private.item_columns_sql('i.'), slots[number]
      );
    else
      searches := searches || dpg_private.items_of_leaf_sql(leaves[number], search, page);
    end if;
  end loop;
  if searches <> '{}' then
    execute format(
      'select array_agg(row(i.*)::dpg.found_item) from (%s) i',
      dpg_private.page_of_searches_sql(
        searches, 'i', 'i.created_at desc, i.item_domain, i.item_type, i.item_id', '($2).row_limit', 'null::text'
      )
    )
    into planned
    using search, page;
  end if;
  return found_items || planned;
end
$body$;

comment on function dpg_private.items_of_batch(
  regclass[], smallint[], dpg_private.item_search, dpg_private.item_page
) is
  'The items of these leaves that may be on the page, in no order and without tokens.';

create or replace function dpg_private.items_of_leaves(
  item_network text,
  item_domains text[],
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns setof dpg.found_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_batch dpg_private.item_page := page;
  batch record;
  found_items dpg.found_item[];
begin
  of_batch.binding := null;
  for batch in
    select n.batch, max(n.batch) over () as last_batch, array_agg(n.leaf) as leaves, array_agg(n.slot) as slots
    from (
      select (row_number() over () - 1) / 16 as batch, l.leaf, l.slot
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      found_items := array(
        select i
        from unnest(found_items || dpg_private.items_of_batch(batch.leaves, batch.slots, search, of_batch)) i
        order by i.created_at desc, i.item_domain, i.item_type, i.item_id
        limit page.row_limit
      );
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and found_items has its value
    end;
    -- later leaves need not be read beyond the last row of a full page
    if cardinality(found_items) = page.row_limit then
      of_batch.oldest := found_items[page.row_limit].created_at;
    end if;
  end loop;
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
      dpg_private.token_of_position(
        page.binding,
        timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, 'UTF8')
          || decode('00', 'hex') || convert_to(i.item_domain, 'UTF8')
      )
    from unnest(found_items) i;
end
$body$;

comment on function dpg_private.items_of_leaves(
  text, text[], dpg_private.item_search, dpg_private.item_page
) is
  'A page of the items of several domains, or of all, newest first, with next_page_token. It searches 16 leaves at a
time. Where there are more, each batch is searched in a subtransaction that is rolled back, which gives back its locks:
a statement over 256 leaves locks 1,800 tables and indexes, and eight such calls at once would need more than the
server has room for (53200).';

create or replace function dpg_private.items_of_domains(
  item_network text,
  item_domains text[],
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns setof dpg.found_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  added_rows constant integer := 100;
  slot smallint;
  domains text[];
  few dpg.found_item[];
  rows_of_page integer := 0;
  has_more boolean;
begin
  if not dpg_private.has_filters(search) then
    select n.slot, n.domains
    into slot, domains
    from dpg_private.look_up_network_slot(item_network, item_domains) n;
  end if;
  if slot is not null and (search.circle).reach is null then
    return query execute format(
      'select * from dpg_private.newest_of_network(null::dpg_private.slot_%s, $1, $2, $3)', slot
    )
    using page, domains, added_rows;
    get diagnostics rows_of_page = row_count;
    if rows_of_page = page.row_limit then
      return;
    end if;
    execute format('select dpg_private.has_more_of_network(null::dpg_private.slot_%s, $1, $2, $3)', slot)
    into has_more
    using page, domains, added_rows;
    if not has_more then
      return;
    end if;
  elsif slot is not null then
    few := dpg_private.find_few_in_circle(slot, search, page, domains);
    if few is not null then
      return query select * from unnest(few);
      return;
    end if;
  end if;
  return query select * from dpg_private.items_of_leaves(item_network, item_domains, search, page) offset rows_of_page;
end
$body$;

comment on function dpg_private.items_of_domains(
  text, text[], dpg_private.item_search, dpg_private.item_page
) is
  'A page of the items of several domains, or of all, newest first, with next_page_token: by the plan that is kept for the
network, or else leaf by leaf.';
