do $body$
begin
  if pg_catalog.to_regtype('dpg.searched_item') is null then
    create type dpg.searched_item as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      item_latitude double precision,
      item_longitude double precision,
      created_by text,
      created_at timestamptz,
      updated_at timestamptz,
      item_status text,
      relevance real,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.searched_item is
  'A row of dpg.search_items: the columns of dpg.items, then relevance, by which rows are ordered, and next_page_token,
which continues after this row.';

create or replace function dpg_private.page_of_searched(binding bigint, row_limit integer, page_token text)
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
  relevance_and_type text;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    page.after_time := dpg_private.page_time(page_start);
    page.after_id := dpg_private.page_id(page_start);
    separator := position(decode('00', 'hex') in substr(page_start, 25)); -- no text has a zero byte
    relevance_and_type := convert_from(substr(page_start, 25, separator - 1), 'UTF8');
    page.after_relevance := split_part(relevance_and_type, ' ', 1)::real;
    page.after_type := substr(relevance_and_type, strpos(relevance_and_type, ' ') + 1);
    page.after_domain := convert_from(substr(page_start, 25 + separator), 'UTF8');
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_searched(bigint, integer, text) is
  'The page that a token of search_items asks for; without a token the first one. A place in this order is created_at
in 8 bytes, item_id in 16, relevance and item_type with a space between, a zero byte, and item_domain.
Raises DP011.';

create or replace function dpg_private.searched_of_leaf_sql(
  words dpg_private.leaf_words,
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  filters dpg_private.item_search := search;
  of_page constant text := concat(
    'true',
    case when page.after_time is not null then
      format(
        ' and (f.relevance, f.created_at) <= (($2).after_relevance, ($2).after_time)
          and (
            (f.relevance, f.created_at) < (($2).after_relevance, ($2).after_time)
            or (%L, f.item_type, f.item_id) > (($2).after_domain, ($2).after_type, ($2).after_id)
          )',
        words.item_domain
      )
    end,
    ' order by f.relevance desc, f.created_at desc, f.item_type, f.item_id limit ($2).row_limit'
  );
begin
  if (dpg_private.only_words(search, words.leaf)).leaf is not null then
    return format(
      'select %s, w.relevance
       from (
         select *
         from (select w.item_type, w.item_id, w.created_at, %s as relevance from %s w where %s) f
         where %s
       ) w
       join %s i on %s',
      dpg_private.item_columns_sql('i.'), words.relevance, words.words, words.of_words, of_page, words.leaf,
      words.key_of_words
    );
  end if;
  filters.words := null;
  if words.words is not null then
    filters.item_type := null; -- of_words asks for it
  end if;
  return format(
    'select * from (select %s, %s as relevance from %s and %s) f where %s',
    dpg_private.item_columns_sql('i.'), words.relevance,
    case
      when words.words is null then format('%s i where %s', words.leaf, words.condition)
      else format('%s w join %s i on %s where %s', words.words, words.leaf, words.key_of_words, words.of_words)
    end,
    dpg_private.item_conditions_sql(filters, words.leaf), of_page
  );
end
$body$;

comment on function dpg_private.searched_of_leaf_sql(
  dpg_private.leaf_words, dpg_private.item_search, dpg_private.item_page
) is
  'The statement that finds the best items of a leaf with their relevance, a page at most. $1 is the
dpg_private.item_search, $2 the dpg_private.item_page.';

create or replace function dpg.search_items(
  item_network text,
  item_domain text,
  search text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  item_domains text[] default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.searched_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a relevance must come back from the page token exactly as it went in
as $body$
declare
  wanted dpg_private.item_search;
  page dpg_private.item_page;
  batch record;
  statement text;
  of_batch dpg.searched_item[];
  of_page dpg.searched_item[];
begin
  page_size := coalesce(page_size, 20);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_present('search', search is not null),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network);
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  wanted := dpg_private.with_more_filters(
    wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
    south, west, north, east
  );
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  page := dpg_private.page_of_searched(
    (
      select b.binding
      from dpg_private.page_binding('search_items', jsonb_build_array(
        item_network, item_domain, search, item_type, created_by, item_instance_url, item_schema_url, item_state,
        latitude, longitude, radius_meters, item_domains, item_statuses, coalesce(any_status, false), facets,
        south, west, north, east
      )) b
    ),
    page_size, page_token
  );

  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.searched_of_leaf_sql(n.words, wanted, page) || ')', ' union all ') as searches
    from (
      select (row_number() over () - 1) / 16 as batch, w as words
      from unnest(wanted.words) w
      where w.relevance is not null
    ) n
    group by n.batch
    order by n.batch
  loop
    statement := format(
      'select i.*, %s
       from (
         select *
         from (%s) i
         order by i.relevance desc, i.created_at desc, i.item_domain, i.item_type, i.item_id
         limit ($2).row_limit
       ) i
       order by i.relevance desc, i.created_at desc, i.item_domain, i.item_type, i.item_id',
      dpg_private.page_token_sql(
        '($2).binding',
        'timestamptz_send(i.created_at) || uuid_send(i.item_id)
           || convert_to(i.relevance || '' '' || i.item_type, ''UTF8'') || decode(''00'', ''hex'')
           || convert_to(i.item_domain, ''UTF8'')'
      ),
      batch.searches
    );
    if batch.last_batch = 0 then
      return query execute statement using wanted, page;
      return;
    end if;
    begin
      execute format('select array_agg(row(i.*)::dpg.searched_item) from (%s) i', statement)
      into of_batch
      using wanted, page;
      raise exception using errcode = 'DP000';
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and of_batch has its value: see dpg_private.items_of_leaves
    end;
    of_page := array(
      select i
      from unnest(of_page || of_batch) i
      order by i.relevance desc, i.created_at desc, i.item_domain, i.item_type, i.item_id
      limit page_size
    );
  end loop;
  return query select * from unnest(of_page);
end
$body$;

comment on function dpg.search_items(
  text, text, text, text, text, text, text, jsonb, double precision, double precision, double precision, text[],
  text[], boolean, jsonb, double precision, double precision, double precision, double precision, integer, text
) is
  'The items of a network that have all words of search, the best first (relevance descending, then as dpg.find_items).
The last word is the beginning of one, unless white space follows. "quotes": these words one after another; a dash
before a word: items without it; or: either. Which fields are searched says dpg.define_search; domains without a
definition match nothing. item_domain is one domain; null means those of item_domains (no element: no items), or every
domain. Filters and pages as in dpg.find_items, which takes the same search and has the newest first. A later page
computes the relevance of every match again.
Raises DP001, DP011, DP014.
Example: select item_id, relevance from dpg.search_items(''yellow_dot'', ''tutor'', ''ravi mat'')';
