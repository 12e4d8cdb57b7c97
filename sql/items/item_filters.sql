do $body$
begin
  if pg_catalog.to_regtype('dpg_private.leaf_words') is null then
    create type dpg_private.leaf_words as (
      leaf regclass,
      item_domain text,
      condition text,
      words text,
      key_of_words text,
      of_words text,
      relevance text
    );
  end if;
  if pg_catalog.to_regtype('dpg_private.item_search') is null then
    create type dpg_private.item_search as (
      item_type text,
      created_by text,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      latitude double precision,
      longitude double precision,
      circle dpg_private.circle_bounds,
      item_statuses text[],
      hidden_statuses text[],
      facets jsonpath,
      box dpg_private.circle_bounds,
      is_unplaced boolean,
      words dpg_private.leaf_words[]
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.item_search')
      and a.attname = 'words'
  ) then
    alter type dpg_private.item_search
      add attribute item_statuses text[],
      add attribute hidden_statuses text[],
      add attribute facets jsonpath,
      add attribute box dpg_private.circle_bounds,
      add attribute is_unplaced boolean,
      add attribute words dpg_private.leaf_words[];
  end if;
  if pg_catalog.to_regtype('dpg_private.item_page') is null then
    create type dpg_private.item_page as (
      row_limit integer,
      binding bigint,
      after_time timestamptz,
      after_chord double precision,
      after_domain text,
      after_type text,
      after_id uuid,
      oldest timestamptz,
      after_network text,
      after_relevance real
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.item_page')
      and a.attname = 'after_relevance'
  ) then
    alter type dpg_private.item_page
      add attribute after_network text,
      add attribute after_relevance real;
  end if;
end
$body$;

comment on type dpg_private.leaf_words is
  'How a leaf is searched for words. condition: over the leaf, named i. Where every item has words: their table (words),
named w, the condition on it (of_words), and the one that joins it (key_of_words); null where words of some items are
missing. relevance: the expression to order by.';

comment on type dpg_private.item_search is
  'The filters of a search for items, null where one is not given; the centre of a circle, or of nearest_items, and
the bounds of the circle. hidden_statuses: what a search that is told no statuses does not find, as
dpg_private.find_hidden_statuses says. is_unplaced: only what has no place. words: how each leaf is searched for words.
It is $1 of every statement that is put together for a search.';
comment on type dpg_private.item_page is
  'The page of a search for items: how many rows, what its tokens are bound to (null: rows without a token), and the
row that it starts after: its created_at, its chord or its relevance, then its key; null on the first page. oldest: rows
that were created before cannot be on the page. It is $2 of every statement that is put together for a search.';

create or replace function dpg_private.search_of(
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns dpg_private.item_search
language sql
immutable
parallel safe
security invoker
return row(
  item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
  dpg_private.bounds_of_circle(latitude, longitude, radius_meters), null::text[], null::text[], null::jsonpath,
  null::dpg_private.circle_bounds, null::boolean, null::dpg_private.leaf_words[]
)::dpg_private.item_search;

comment on function dpg_private.search_of(
  text, text, text, text, jsonb, double precision, double precision, double precision
) is
  'A search with the filters that most calls have; dpg_private.with_more_filters adds the others. Inlined.';

create or replace function dpg_private.is_found(item_domain text, item_status text, hidden_statuses text[])
returns boolean
language sql
immutable
parallel safe
security invoker
return hidden_statuses is null or dpg_private.slot_key(item_domain, item_status) <> all (hidden_statuses);

comment on function dpg_private.is_found(text, text, text[]) is
  'Whether an item of this status is found by a search that is told no statuses. hidden_statuses: as
dpg_private.find_hidden_statuses says. Inlined.';

create or replace function dpg_private.item_conditions_sql(search dpg_private.item_search, leaf regclass)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat(
    'true',
    case when search.item_type is not null then ' and i.item_type = ($1).item_type' end,
    case when search.created_by is not null then ' and i.created_by = ($1).created_by' end,
    case when search.item_instance_url is not null then ' and i.item_instance_url = ($1).item_instance_url' end,
    case when search.item_schema_url is not null then ' and i.item_schema_url = ($1).item_schema_url' end,
    case when search.item_state is not null then ' and i.item_state @> ($1).item_state' end,
    case when search.item_statuses is not null then ' and i.item_status = any (($1).item_statuses)' end,
    case
      when search.hidden_statuses is not null then
        ' and dpg_private.slot_key(i.item_domain, i.item_status) <> all (($1).hidden_statuses)'
    end,
    case when search.facets is not null then ' and i.item_state @@ ($1).facets' end,
    case
      when (search.circle).reach is not null then
        ' and ' || dpg_private.circle_condition_sql(search.latitude, search.longitude, search.circle)
    end,
    case when (search.box).south is not null then ' and ' || dpg_private.box_condition_sql(search.box) end,
    -- as the index on the bands has them
    case when search.is_unplaced then
      ' and dpg_private.latitude_band(i.item_latitude) is null and i.item_longitude is null'
    end,
    case when search.words is not null then ' and ' || dpg_private.words_condition_sql(search.words, leaf) end
  );
end
$body$;

comment on function dpg_private.item_conditions_sql(dpg_private.item_search, regclass) is
  'The where clause for the filters that are given, over this leaf, named i. $1 is the dpg_private.item_search.';

create or replace function dpg_private.has_filters(search dpg_private.item_search)
returns boolean
language sql
immutable
parallel safe
security invoker
return num_nonnulls(
  (search).item_type, (search).created_by, (search).item_instance_url, (search).item_schema_url, (search).item_state,
  (search).item_statuses, (search).facets, (search).is_unplaced, (search).words
) > 0;

comment on function dpg_private.has_filters(dpg_private.item_search) is
  'Whether a search asks for more than a place and for what is found. How many items have what it asks for is known only
when its statement is planned with the values, so such a statement is planned each time.';

create or replace function dpg_private.is_bounded(search dpg_private.item_search)
returns boolean
language sql
immutable
parallel safe
security invoker
return ((search).circle).reach is not null or ((search).box).south is not null;

comment on function dpg_private.is_bounded(dpg_private.item_search) is
  'Whether a search has a circle or a box.';

create or replace function dpg_private.refuse_item_domains(item_domain text, item_domains text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if item_domain is not null then
    perform dpg_private.refuse_argument(
      'item_domains', to_jsonb(item_domains), 'stands beside item_domain',
      'Pass item_domain for one domain, item_domains for several, or neither for all domains of the network.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'item_domains', to_jsonb(d.domain),
    case when d.domain is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', d.number::integer - 1
  )
  from unnest(item_domains) with ordinality d(domain, number)
  where dpg_private.is_key(d.domain) is not true;
end
$body$;

comment on function dpg_private.refuse_item_domains(text, text[]) is
  'Raises DP001 for domains that are no keys, or that stand beside a single domain.';

create or replace function dpg_private.check_item_domains(item_domain text, item_domains text[])
returns void
language sql
stable
parallel safe
security invoker
return case
  when item_domains is null then dpg_private.check_key_or_none('item_domain', item_domain)
  else dpg_private.refuse_item_domains(item_domain, item_domains)
end;

comment on function dpg_private.check_item_domains(text, text[]) is
  'Raises DP001 unless the domains of a search are one key, several, or not given at all.';
