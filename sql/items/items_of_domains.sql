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
    elsif slots[number] is not null and not dpg_private.is_bounded(search) and not dpg_private.has_filters(search) then
      searches := searches || format(
        'select %s from dpg_private.newest_of_slot(null::dpg_private.slot_%s, $2, ($1).hidden_statuses) i',
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
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
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
  if slot is not null and not dpg_private.is_bounded(search) then
    return query execute format(
      'select * from dpg_private.newest_of_network(null::dpg_private.slot_%s, $1, $2, $3, $4)', slot
    )
    using page, domains, added_rows, search.hidden_statuses;
    get diagnostics rows_of_page = row_count;
    if rows_of_page = page.row_limit then
      return;
    end if;
    execute format('select dpg_private.has_more_of_network(null::dpg_private.slot_%s, $1, $2, $3, $4)', slot)
    into has_more
    using page, domains, added_rows, search.hidden_statuses;
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
  'A page of the items of several domains, or of all, newest first, with next_page_token: by the plan that is kept for
the network, or else leaf by leaf.';
