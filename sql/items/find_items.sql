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
      item_status text,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_item is
  'A row of dpg.find_items: the columns of dpg.items, then next_page_token, which continues after this row.';

create or replace function dpg.find_items(
  item_network text,
  item_domain text default null,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  page_size integer default 20,
  page_token text default null,
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
returns setof dpg.found_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a circle must have the same token in every session
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  wanted dpg_private.item_search;
  has_more boolean; -- filters that few calls have
  page dpg_private.item_page;
  leaf regclass;
  slot smallint;
  few dpg.found_item[];
begin
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network)
  );
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  has_more := any_status or num_nonnulls(item_statuses, facets, search, south, west, north, east) > 0;
  if has_more then
    wanted := dpg_private.with_more_filters(
      wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
      south, west, north, east
    );
  end if;
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  page := dpg_private.page_of_items(
    (
      select b.binding
      from dpg_private.page_binding('find_items', case
        when has_more then
          jsonb_build_array(
            item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
            latitude, longitude, radius_meters, item_domains, item_statuses, coalesce(any_status, false), facets,
            search, south, west, north, east
          )
        else
          jsonb_build_array(
            item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
            latitude, longitude, radius_meters
          ) || coalesce(to_jsonb(item_domains), '[]')
      end) b
    ),
    page_size, page_token
  );
  if item_domain is null then
    return query select * from dpg_private.items_of_domains(item_network, item_domains, wanted, page);
    return;
  end if;

  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if leaf is null then
    return;
  end if;
  if not dpg_private.has_filters(wanted) then
    if slot is not null and not dpg_private.is_bounded(wanted) then
      return query execute format('select * from dpg_private.newest_of_slot(null::dpg_private.slot_%s, $1, $2)', slot)
      using page, wanted.hidden_statuses;
      return;
    elsif dpg_private.is_bounded(wanted) then
      few := dpg_private.find_few_in_circle(slot, wanted, page);
      if few is not null then
        return query select * from unnest(few);
        return;
      end if;
      if wanted.hidden_statuses is null then
        page.oldest := dpg_private.find_oldest_of_page(leaf, wanted, page);
      end if;
    end if;
  end if;
  return query execute dpg_private.items_of_leaf_sql(
    leaf, wanted, page,
    dpg_private.page_token_sql(
      '($2).binding', 'timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, ''UTF8'')'
    )
  ) || ' order by i.created_at desc, i.item_type, i.item_id limit ($2).row_limit'
  using wanted, page;
end
$body$;

comment on function dpg.find_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text,
  text[], text[], boolean, jsonb, text, double precision, double precision, double precision, double precision
) is
  'The items of a network that match all filters, newest first (created_at descending, then item_domain, item_type,
item_id). item_domain is one domain; without it those of item_domains (no element: no items), or every domain.
item_state means containment (@>). latitude and longitude (degrees) with radius_meters are a circle. A page has
page_size rows (1 to 1,000, default 20). To continue after a row, pass its next_page_token as page_token with the same
filters. Fewer rows than page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_items(
  ''yellow_dot'', ''tutor'',
  item_state => ''{"subject": "math"}'', latitude => 12.97, longitude => 77.59, radius_meters => 5000
)';
