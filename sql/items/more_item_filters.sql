-- The filters of searches for items that few calls have: a call without any of them does not come here.

create or replace function dpg_private.refuse_item_statuses(item_statuses text[], any_status boolean)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if any_status then
    perform dpg_private.refuse_argument(
      'any_status', to_jsonb(any_status), 'stands beside item_statuses',
      'Pass item_statuses for some statuses, any_status for all of them, or neither for those that are found.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'item_statuses', to_jsonb(s.status),
    case when s.status is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', s.number::integer - 1
  )
  from unnest(item_statuses) with ordinality s(status, number)
  where dpg_private.is_key(s.status) is not true;
end
$body$;

comment on function dpg_private.refuse_item_statuses(text[], boolean) is
  'Raises DP001 for statuses that are no keys, or that stand beside any_status.';

create or replace function dpg_private.check_item_statuses(item_statuses text[], any_status boolean)
returns void
language sql
stable
parallel safe
security invoker
return case when item_statuses is not null then dpg_private.refuse_item_statuses(item_statuses, any_status) end;

comment on function dpg_private.check_item_statuses(text[], boolean) is
  'Raises DP001 unless the statuses of a search are keys, and do not stand beside any_status.';

create or replace function dpg_private.with_more_filters(
  search dpg_private.item_search,
  item_network text,
  item_domain text,
  item_domains text[],
  item_statuses text[],
  any_status boolean,
  facets jsonb,
  words text,
  south double precision,
  west double precision,
  north double precision,
  east double precision
)
returns dpg_private.item_search
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
begin
  checked := num_nonnulls(
    dpg_private.check_item_statuses(item_statuses, any_status),
    dpg_private.check_facets(facets),
    dpg_private.check_box_or_none(south, west, north, east)
  );
  if facets is not null then
    perform dpg_private.check_public_fields(
      item_network, case when item_domain is not null then array[item_domain] else item_domains end, search.item_type,
      array(select jsonb_object_keys(facets))
    );
  end if;
  search.item_statuses := item_statuses;
  if facets <> '{}' then
    search.facets := dpg_private.facets_path(facets);
  end if;
  if south is not null then
    search.box := dpg_private.bounds_of_box(south, west, north, east);
  end if;
  if words is not null then
    search.words := dpg_private.find_leaf_words(item_network, item_domain, item_domains, search.item_type, words);
  end if;
  return search;
end
$body$;

comment on function dpg_private.with_more_filters(
  dpg_private.item_search, text, text, text[], text[], boolean, jsonb, text, double precision, double precision,
  double precision, double precision
) is
  'A search with the filters by status, facets, box and words. Raises DP001, and DP014 for facets.';
