do $body$
begin
  if pg_catalog.to_regtype('dpg.found_item') is null then
    create type dpg.found_item as (
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
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_item is
  'A row of dpg.find_items: the columns of dpg.items, then next_page_token, which continues after this row.';

create or replace function dpg.find_items(
  item_network text,
  item_domain text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a circle must have the same token in every session
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  binding bigint;
  page_start bytea;
  circle dpg_private.circle_bounds;
  conditions text;
  oldest timestamptz;
begin
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_page_size(page_size)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('find_items', jsonb_build_array(
    item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
    latitude, longitude, radius_meters
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return;
  end if;
  circle := dpg_private.bounds_of_circle(latitude, longitude, radius_meters);

  conditions := dpg_private.item_conditions_sql(
    item_type, created_by, item_instance_url, item_schema_url, item_state, circle
  );
  if circle.reach is not null
    and coalesce(item_type, created_by, item_instance_url, item_schema_url, item_state::text) is null
    and (select c.reltuples > 200000 from pg_class c where c.oid = leaf)
  then
    -- In a large leaf a circle may hold many items. Where the circle is the only filter, the index alone says how
    -- old the last row of the page is, and older rows need not be read. In a small leaf that takes longer to plan
    -- than to read.
    execute format(
      'select min(n.created_at)
       from (select i.created_at from %s i where %s %s order by i.created_at desc limit $15) n',
      leaf, conditions, case when page_start is not null then 'and i.created_at < $16' end
    )
    into oldest
    using null::text, null::text, null::text, null::text, null::jsonb, latitude, longitude,
      circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach,
      null::bigint, page_size, dpg_private.page_time(page_start);
  end if;

  return query execute format(
    'select %s, %s
     from %s i
     where %s %s %s
     order by i.created_at desc, i.item_type, i.item_id
     limit $15',
    dpg_private.item_columns_sql('i.'),
    dpg_private.page_token_sql(
      '$14', 'timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, ''UTF8'')'
    ),
    leaf,
    conditions,
    case when oldest is not null then 'and i.created_at >= $19' end,
    case when page_start is not null then
      'and i.created_at <= $16 and (i.created_at < $16 or (i.item_type, i.item_id) > ($17, $18))'
    end
  )
  using item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach,
    binding, page_size, dpg_private.page_time(page_start), convert_from(substr(page_start, 25), 'UTF8'),
    dpg_private.page_id(page_start), oldest;
end
$body$;

comment on function dpg.find_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text
) is
  'The items of a network and domain that match all filters, newest first (created_at descending, then item_type,
item_id). item_state means containment (@>). latitude and longitude (degrees) with radius_meters are a circle. A
page has page_size rows (1 to 1,000, default 20). To continue after a row, pass its next_page_token as page_token
with the same filters. Fewer rows than page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_items(
  ''yellow_dot'', ''tutor'',
  item_state => ''{"subject": "math"}'', latitude => 12.97, longitude => 77.59, radius_meters => 5000
)';
