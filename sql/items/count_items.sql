create or replace function dpg_private.count_leaf(leaf regclass, slot smallint, search dpg_private.item_search)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  many constant integer := 1000; -- from so many items in a circle or box on, it pays to plan with the values
  bounds constant dpg_private.circle_bounds := dpg_private.kept_bounds(search);
  words constant dpg_private.leaf_words := dpg_private.only_words(search, leaf);
  matches bigint;
begin
  if slot is not null and bounds.bands is not null and search.hidden_statuses is null
    and not dpg_private.has_filters(search)
  then
    execute format('select dpg_private.count_circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3)', slot)
    into matches
    using search, bounds, many;
    if matches < many then
      return matches;
    end if;
  end if;
  execute case
    when words.leaf is not null then format('select count(*) from %s w where %s', words.words, words.of_words)
    else format('select count(*) from %s i where %s', leaf, dpg_private.item_conditions_sql(search, leaf))
  end
  into matches
  using search;
  return matches;
end
$body$;

comment on function dpg_private.count_leaf(regclass, smallint, dpg_private.item_search) is
  'How many items of a leaf match a search.';

create or replace function dpg_private.count_leaves(
  item_network text,
  item_domains text[],
  search dpg_private.item_search
)
returns bigint
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- from so many items in a circle on, in all leaves or in one, it pays to plan with the values
  many constant integer := 5000;
  many_of_leaf constant integer := 1000;
  bounds constant dpg_private.circle_bounds := dpg_private.kept_bounds(search);
  -- to count reads the index alone, which does not know the status
  is_kept constant boolean :=
    bounds.bands is not null and search.hidden_statuses is null and not dpg_private.has_filters(search);
  slot smallint;
  domains text[];
  batch record;
  counts integer[];
  matches bigint := 0;
begin
  if is_kept then
    select n.slot, n.domains
    into slot, domains
    from dpg_private.look_up_network_slot(item_network, item_domains) n;
    -- some domains only: the index on the bands does not know them, so that each row would be read
    if slot <= 48 then
      execute format('select dpg_private.count_circle_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4)', slot)
      into matches
      using search, bounds, many, domains;
      if matches < many then
        return matches;
      end if;
      matches := 0;
    end if;
  end if;
  for batch in
    select n.batch, max(n.batch) over () as last_batch, array_agg(n.leaf) as leaves, array_agg(n.slot) as slots
    from (
      select (row_number() over () - 1) / 16 as batch, l.leaf, l.slot
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
  loop
    begin
      if is_kept then
        execute 'select array[' || (
          select string_agg(
            coalesce('dpg_private.count_circle_of_slot(null::dpg_private.slot_' || s.slot || ', $1, $2, $3)', 'null'),
            ', ' order by s.number
          )
          from unnest(batch.slots) with ordinality s(slot, number)
        ) || ']::integer[]'
        into counts
        using search, bounds, many_of_leaf;
      end if;
      for number in 1 .. cardinality(batch.leaves) loop
        matches := matches + case
          when counts[number] < many_of_leaf then counts[number]
          else dpg_private.count_leaf(batch.leaves[number], null, search)
        end;
      end loop;
      if batch.last_batch > 0 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and matches has its value: see dpg_private.items_of_leaves
    end;
  end loop;
  return matches;
end
$body$;

comment on function dpg_private.count_leaves(text, text[], dpg_private.item_search) is
  'How many items of several domains, or of all, match a search.';

create or replace function dpg.count_items(
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
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  wanted dpg_private.item_search;
  leaf regclass;
  slot smallint;
  matches bigint;
begin
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_item_domains(item_domain, item_domains),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_here(item_network)
  );
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  if any_status or num_nonnulls(item_statuses, facets, search, south, west, north, east) > 0 then
    wanted := dpg_private.with_more_filters(
      wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
      south, west, north, east
    );
  end if;
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  if item_domain is null then
    return dpg_private.count_leaves(item_network, item_domains, wanted);
  end if;
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if leaf is null then
    return 0::bigint;
  end if;
  return dpg_private.count_leaf(leaf, slot, wanted);
end
$body$;

comment on function dpg.count_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, text[],
  text[], boolean, jsonb, text, double precision, double precision, double precision, double precision
) is
  'How many items match the filters of dpg.find_items. Counts them one by one: the cost grows with the number of
matches.
Raises DP001.
Example: select dpg.count_items(''yellow_dot'', ''tutor'', item_state => ''{"subject": "math"}'')';
