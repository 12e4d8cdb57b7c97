do $body$
begin
  if pg_catalog.to_regtype('dpg.facet_count') is null then
    create type dpg.facet_count as (
      field text,
      value jsonb,
      item_count bigint
    );
  end if;
end
$body$;

comment on type dpg.facet_count is
  'A row of dpg.count_facets: a field of item_state, one of its values, and how many items have it.';

create or replace function dpg_private.check_facet_fields(fields text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_present('fields', fields is not null);
  perform dpg_private.refuse_argument('fields', null, 'is missing', 'Pass names of fields.', f.number::integer - 1)
  from unnest(fields) with ordinality f(field, number)
  where f.field is null;
  if cardinality(fields) > 100 then
    perform dpg_private.refuse_argument('fields', null, 'has too many elements', 'Pass 100 fields at most.');
  end if;
end
$body$;

comment on function dpg_private.check_facet_fields(text[]) is
  'Raises DP001 unless fields are up to 100 names.';

create or replace function dpg_private.values_of_leaves(
  item_network text,
  item_domains text[],
  wanted dpg_private.item_search,
  fields text[]
)
returns setof dpg.facet_count
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  batch record;
  of_batch dpg.facet_count[];
  counted dpg.facet_count[];
begin
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg(
        format(
          '(select f.field, i.item_state -> f.field as value
            from %s i
            cross join unnest($2) f(field)
            where %s)',
          n.leaf, dpg_private.item_conditions_sql(wanted, n.leaf)
        ),
        ' union all '
      ) as searches
    from (
      select (row_number() over () - 1) / 16 as batch, l.*
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    begin
      -- whole values first: so arrays are taken apart once for each that there is, not for each item
      execute format(
        'select array_agg(row(v.field, v.value, v.item_count)::dpg.facet_count)
         from (
           select i.field, i.value, count(*) as item_count
           from (%s) i
           where i.value is not null
           group by i.field, i.value
         ) v',
        batch.searches
      )
      into of_batch
      using wanted, fields;
      counted := counted || of_batch;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and counted has its value: see dpg_private.items_of_leaves
    end;
  end loop;
  return query
    select c.field, e.value, sum(c.item_count)::bigint
    from unnest(counted) c
    cross join lateral (
      select c.value
      where jsonb_typeof(c.value) not in ('array', 'object')
      union all
      select distinct a.element
      from jsonb_array_elements(case jsonb_typeof(c.value) when 'array' then c.value else '[]' end) a(element)
      where jsonb_typeof(a.element) not in ('array', 'object')
    ) e(value)
    group by c.field, e.value;
end
$body$;

comment on function dpg_private.values_of_leaves(text, text[], dpg_private.item_search, text[]) is
  'How many of the items that match a search have which value in which of these fields.';

create or replace function dpg.count_facets(
  item_network text,
  item_domain text,
  fields text[],
  max_values integer default 20,
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
  search text default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null
)
returns setof dpg.facet_count
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted dpg_private.item_search;
  of_fields record;
  others jsonb; -- facets that count for these fields
  counted dpg.facet_count[] := '{}';
begin
  max_values := coalesce(max_values, 20);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_facet_fields(fields),
    case
      when (max_values between 1 and 1000) is not true then
        dpg_private.refuse_argument(
          'max_values', to_jsonb(max_values), 'is out of range', 'A field has 1 to 1,000 values.'
        )
    end,
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_here(item_network);
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  wanted := dpg_private.with_more_filters(
    wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search, south, west, north, east
  );
  perform dpg_private.check_public_fields(
    item_network, case when item_domain is not null then array[item_domain] else item_domains end, item_type, fields
  );
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;

  fields := array(select f from unnest(fields) f); -- whatever its dimensions
  -- The fields without a facet have one search in common; each of the others has all facets but its own.
  for of_fields in
    select case when facets ? f.field then f.field end as own, array_agg(distinct f.field) as fields
    from unnest(count_facets.fields) f(field)
    group by 1
  loop
    others := case when of_fields.own is null then facets else facets - of_fields.own end;
    wanted.facets := case when others <> '{}' then dpg_private.facets_path(others) end;
    counted := counted || array(
      select v
      from dpg_private.values_of_leaves(
        item_network, case when item_domain is not null then array[item_domain] else item_domains end, wanted,
        of_fields.fields
      ) v
    );
  end loop;
  return query
    select r.field, r.value, r.item_count
    from (
      select c.*, row_number() over (partition by c.field order by c.item_count desc, c.value) as place
      from unnest(counted) c
    ) r
    where r.place <= max_values
    order by array_position(count_facets.fields, r.field), r.place;
end
$body$;

comment on function dpg.count_facets(
  text, text, text[], integer, text, text, text, text, jsonb, double precision, double precision, double precision,
  text[], text[], boolean, jsonb, text, double precision, double precision, double precision, double precision
) is
  'How many items have which value of each of these fields of item_state, the most frequent first, those of one number
by value; at most max_values (1 to 1,000, default 20) of a field. Elements of an array count one by one, an item once
for each value; null is a value, objects and arrays in arrays are none. Filters as in dpg.find_items. For each field all
of them count but its own facet, so that a choice can be widened.
Raises DP001, DP014.
Example: select * from dpg.count_facets(
  ''yellow_dot'', ''tutor'', ''{subject,verified}'', facets => ''{"subject": ["math"]}''
)';
