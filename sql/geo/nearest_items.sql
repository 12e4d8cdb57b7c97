do $body$
begin
  if pg_catalog.to_regtype('dpg.nearest_item') is null then
    create type dpg.nearest_item as (
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
      distance_meters double precision,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.nearest_item is
  'A row of dpg.nearest_items: the columns of dpg.items, then distance_meters along the great circle and
next_page_token, which continues after this row.';

create or replace function dpg_private.page_of_nearest(binding bigint, row_limit integer, page_token text)
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
  chord_and_type text;
begin
  page.row_limit := row_limit;
  page.binding := binding;
  if page_token is not null then
    page_start := dpg_private.page_position(binding, page_token);
    separator := position(decode('00', 'hex') in substr(page_start, 17));
    page.after_id := encode(substr(page_start, 1, 16), 'hex')::uuid;
    chord_and_type := convert_from(
      case separator when 0 then substr(page_start, 17) else substr(page_start, 17, separator - 1) end, 'UTF8'
    );
    if chord_and_type like 'unplaced %' then
      page.after_time := dpg_private.page_time(decode(substr(chord_and_type, 10, 16), 'hex'));
      page.after_type := substr(chord_and_type, 27);
    else
      page.after_chord := split_part(chord_and_type, ' ', 1)::double precision;
      page.after_type := substr(chord_and_type, strpos(chord_and_type, ' ') + 1);
    end if;
    if separator > 0 then
      page.after_domain := convert_from(substr(page_start, 17 + separator), 'UTF8');
    end if;
  end if;
  return page;
end
$body$;

comment on function dpg_private.page_of_nearest(bigint, integer, text) is
  'The page that a token of nearest_items asks for; without a token the first one. A place in this order is item_id in
16 bytes, the chord and item_type with a space between, and in a search over several domains a zero byte and
item_domain. Among items without a place, "unplaced" and created_at in 16 hexadecimal digits stand for the chord.
Raises DP011.';

create or replace function dpg_private.nearest_by_slot(
  slot anyenum,
  search dpg_private.item_search,
  page dpg_private.item_page,
  center cube,
  box cube,
  domains text[] default null
)
returns table (
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
  chord double precision,
  distance_meters double precision,
  next_page_token text
)
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_sort = off
set jit = off
as $body$
#variable_conflict use_column
declare
  circle dpg_private.circle_bounds := search.circle;
begin
  -- Behind "offset 0" stands what would be prepared anew for each leaf of a network.
  if box is null then
    return query
      select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url,
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
        i.item_status, i.chord,
        2 * 6378168 * asin(least(i.chord / (2 * 6378168), 1)), -- dpg_private.great_circle_sql
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding,
            uuid_send(i.item_id) || convert_to(i.chord || ' ' || i.item_type, 'UTF8')
              || case when domains is null then '' else decode('00', 'hex') || convert_to(i.item_domain, 'UTF8') end
          )
        end
      from (
        select i.*
        from (
          select i.*, dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) as chord
          from dpg_private.item_rows(slot, domains) i
          where i.item_latitude is not null
            and dpg_private.is_found(i.item_domain, i.item_status, search.hidden_statuses)
          order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center)
          offset 0
        ) i
        where page.after_chord is null
          or i.chord > page.after_chord
          or (
            i.chord = page.after_chord
            and (i.item_domain, i.item_type, i.item_id)
              > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
          )
        order by i.chord
        fetch first (page.row_limit) rows with ties
      ) i
      order by i.chord, i.item_domain, i.item_type, i.item_id
      limit page.row_limit;
  else
    return query
      select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url,
        i.item_state, i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at,
        i.item_status, i.chord,
        2 * 6378168 * asin(least(i.chord / (2 * 6378168), 1)), -- dpg_private.great_circle_sql
        case when page.binding is not null then
          dpg_private.token_of_position(
            page.binding,
            uuid_send(i.item_id) || convert_to(i.chord || ' ' || i.item_type, 'UTF8')
              || case when domains is null then '' else decode('00', 'hex') || convert_to(i.item_domain, 'UTF8') end
          )
        end
      from (
        select i.*
        from (
          select i.*, dpg_private.chord_meters(i.item_latitude, i.item_longitude, center) as chord
          from dpg_private.item_rows(slot, domains) i
          where i.item_latitude is not null
            and dpg_private.is_in_box(i.item_latitude, i.item_longitude, box)
            and dpg_private.is_found(i.item_domain, i.item_status, search.hidden_statuses)
          order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center)
          offset 0
        ) i
        where dpg_private.is_within(i.item_latitude, i.item_longitude, search.latitude, search.longitude, circle.reach)
          and (
            page.after_chord is null
            or i.chord > page.after_chord
            or (
              i.chord = page.after_chord
              and (i.item_domain, i.item_type, i.item_id)
                > (coalesce(page.after_domain, i.item_domain), page.after_type, page.after_id)
            )
          )
        order by i.chord
        fetch first (page.row_limit) rows with ties
      ) i
      order by i.chord, i.item_domain, i.item_type, i.item_id
      limit page.row_limit;
  end if;
end
$body$;

comment on function dpg_private.nearest_by_slot(
  anyenum, dpg_private.item_search, dpg_private.item_page, cube, cube, text[]
) is
  'A page of the nearest items in the leaf of a slot, or in these domains of its network, by a plan that is kept. box:
of the circle of search, or null. See dpg_private.nearest_of_leaf_sql.';

create or replace function dpg_private.nearest_of_leaf_sql(
  leaf regclass,
  slot smallint,
  search dpg_private.item_search,
  page dpg_private.item_page
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  filters dpg_private.item_search := search;
begin
  if slot is not null and not dpg_private.has_filters(search) and (search.box).south is null then
    return format(
      'select %s, i.chord from dpg_private.nearest_by_slot(null::dpg_private.slot_%s, $1, $2, $3, $4) i',
      dpg_private.item_columns_sql('i.'), slot
    );
  end if;
  filters.circle := null;
  return format(
    'select %s, dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3) as chord
     from %s i
     where i.item_latitude is not null and %s %s %s
     order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3)
     fetch first (($2).row_limit) rows with ties',
    dpg_private.item_columns_sql('i.'),
    leaf,
    dpg_private.item_conditions_sql(filters, leaf),
    case when (search.circle).reach is not null then
      'and dpg_private.is_in_box(i.item_latitude, i.item_longitude, $4) and '
        || dpg_private.haversine_sql(search.latitude, search.longitude)
        || ' <= (($1).circle).reach'
    end,
    case when page.after_chord is not null then
      'and (
         dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3) > ($2).after_chord
         or (
           dpg_private.chord_meters(i.item_latitude, i.item_longitude, $3) = ($2).after_chord
           and (i.item_domain, i.item_type, i.item_id)
             > (coalesce(($2).after_domain, i.item_domain), ($2).after_type, ($2).after_id)
         )
       )'
    end
  );
end
$body$;

comment on function dpg_private.nearest_of_leaf_sql(
  regclass, smallint, dpg_private.item_search, dpg_private.item_page
) is
  'The statement that finds the nearest items of a leaf with their chord, ties of the last one included. Ordered by the
chord alone: before version 17 PostgreSQL reads the index in the order of the distance only where nothing else is in
the order. $1 is the dpg_private.item_search, $2 the dpg_private.item_page, $3 the dpg_private.place of the centre, $4
the dpg_private.circle_box: as expressions they take long to plan.';

create or replace function dpg_private.page_of_nearest_sql(searches text, "position" text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'select %s, %s, %s from (%s) i order by i.chord, i.item_domain, i.item_type, i.item_id limit ($2).row_limit',
    dpg_private.item_columns_sql('i.'),
    dpg_private.great_circle_sql('i.chord'),
    dpg_private.page_token_sql('($2).binding', "position"),
    searches
  );
end
$body$;

comment on function dpg_private.page_of_nearest_sql(text, text) is
  'The statement that takes one page from searches of dpg_private.nearest_of_leaf_sql. The distance is computed from the
chord by which rows are ordered, so that it never decreases. position: as in dpg_private.page_token_sql.';

create or replace function dpg_private.find_nearest(
  item_network text,
  item_domain text,
  item_domains text[],
  wanted dpg_private.item_search,
  page dpg_private.item_page,
  center cube,
  box cube
)
returns setof dpg.nearest_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  place_in_order constant text := 'uuid_send(i.item_id) || convert_to(i.chord || '' '' || i.item_type, ''UTF8'')';
  leaf regclass;
  slot smallint;
  batch record;
  statement text;
  of_batch dpg.nearest_item[];
  of_page dpg.nearest_item[];
begin
  if item_domain is not null then
    slot := dpg_private.slot_of('items', item_network, item_domain);
    leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
    if leaf is null then
      return;
    end if;
  end if;
  if item_domain is not null then
    return query execute dpg_private.page_of_nearest_sql(
      dpg_private.nearest_of_leaf_sql(leaf, slot, wanted, page), place_in_order
    )
    using wanted, page, center,
      box;
    return;
  end if;
  for batch in
    select n.batch, max(n.batch) over () as last_batch,
      string_agg('(' || dpg_private.nearest_of_leaf_sql(n.leaf, n.slot, wanted, page) || ')', ' union all ') as searches
    from (
      select (row_number() over () - 1) / 16 as batch, l.leaf, l.slot
      from dpg_private.look_up_item_leaves(item_network, item_domains) l
    ) n
    group by n.batch
    order by n.batch
  loop
    statement := dpg_private.page_of_nearest_sql(
      batch.searches, place_in_order || ' || decode(''00'', ''hex'') || convert_to(i.item_domain, ''UTF8'')'
    );
    if batch.last_batch = 0 then
      return query execute statement using wanted, page, center,
        box;
      return;
    end if;
    begin
      execute format('select array_agg(row(i.*)::dpg.nearest_item) from (%s) i', statement)
      into of_batch
      using wanted, page, center,
        box;
      raise exception using errcode = 'DP000';
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and of_batch has its value: see dpg_private.items_of_leaves
    end;
    of_page := array(
      select i
      from unnest(of_page || of_batch) i
      -- as each batch and the token: two chords may have one distance
      order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, center),
        i.item_domain, i.item_type, i.item_id
      limit page.row_limit
    );
  end loop;
  return query select * from unnest(of_page);
end
$body$;

comment on function dpg_private.find_nearest(
  text, text, text[], dpg_private.item_search, dpg_private.item_page, cube, cube
) is
  'A page of the nearest items of one domain, of several or of all, by statements that are planned each time. center:
the dpg_private.place that is searched from. box: the dpg_private.circle_box of the circle, or null.';

create or replace function dpg_private.find_unplaced(
  item_network text,
  item_domains text[],
  wanted dpg_private.item_search,
  page dpg_private.item_page
)
returns setof dpg.nearest_item
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  wanted.circle := null;
  wanted.box := null;
  wanted.is_unplaced := true;
  if page.after_time is null then -- they begin on this page
    page.after_id := null;
    page.after_type := null;
    page.after_domain := null;
  end if;
  return query
    select i.item_network, i.item_domain, i.item_type, i.item_id, i.item_instance_url, i.item_schema_url, i.item_state,
      i.item_latitude, i.item_longitude, i.created_by, i.created_at, i.updated_at, i.item_status,
      null::double precision,
      dpg_private.token_of_position(
        page.binding,
        uuid_send(i.item_id)
          || convert_to('unplaced ' || encode(timestamptz_send(i.created_at), 'hex') || ' ' || i.item_type, 'UTF8')
          || decode('00', 'hex') || convert_to(i.item_domain, 'UTF8')
      )
    from dpg_private.items_of_leaves(item_network, item_domains, wanted, page) i;
end
$body$;

comment on function dpg_private.find_unplaced(text, text[], dpg_private.item_search, dpg_private.item_page) is
  'A page of the items without a place that match a search but for its circle and its box, newest first, as
dpg.nearest_items has them last.';

create or replace function dpg.nearest_items(
  item_network text,
  item_domain text,
  latitude double precision,
  longitude double precision,
  radius_meters double precision default null,
  item_type text default null,
  item_state jsonb default null,
  page_size integer default 20,
  page_token text default null,
  item_domains text[] default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_statuses text[] default null,
  any_status boolean default false,
  facets jsonb default null,
  search text default null,
  south double precision default null,
  west double precision default null,
  north double precision default null,
  east double precision default null,
  include_unplaced boolean default false
)
returns setof dpg.nearest_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a distance must come back from the page token exactly as it went in
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  wanted dpg_private.item_search;
  has_more boolean; -- filters that few calls have
  page dpg_private.item_page;
  slot smallint;
  domains text[];
  rows_of_page integer := 0;
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
    dpg_private.check_present('latitude', latitude is not null),
    dpg_private.check_present('longitude', longitude is not null),
    dpg_private.check_circle_or_none(latitude, longitude, coalesce(radius_meters, 0)),
    dpg_private.check_page_size(page_size),
    dpg_private.check_here(item_network)
  );
  wanted := dpg_private.search_of(
    item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude, radius_meters
  );
  has_more := any_status
    or include_unplaced
    or num_nonnulls(
      created_by, item_instance_url, item_schema_url, item_statuses, facets, search, south, west, north, east
    ) > 0;
  if has_more then
    wanted := dpg_private.with_more_filters(
      wanted, item_network, item_domain, item_domains, item_statuses, any_status, facets, search,
      south, west, north, east
    );
  end if;
  if item_network = any (dpg_private.defined_networks()) and item_statuses is null and any_status is not true then
    wanted.hidden_statuses := dpg_private.find_hidden_statuses(item_network, item_domain, item_domains);
  end if;
  page := dpg_private.page_of_nearest(
    (
      select b.binding
      from dpg_private.page_binding('nearest_items', case
        when has_more then
          jsonb_build_array(
            item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state, item_domains,
            created_by, item_instance_url, item_schema_url, item_statuses, coalesce(any_status, false), facets,
            search, south, west, north, east, coalesce(include_unplaced, false)
          )
        else
          jsonb_build_array(
            item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state
          ) || coalesce(to_jsonb(item_domains), '[]')
      end) b
    ),
    page_size, page_token
  );
  if page.after_time is null then
    if (wanted.box).south is null and not dpg_private.has_filters(wanted) then
      if item_domain is not null then
        slot := dpg_private.slot_of('items', item_network, item_domain);
        if dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain) is null then
          return;
        end if;
      else
        select n.slot, n.domains
        into slot, domains
        from dpg_private.look_up_network_slot(item_network, item_domains) n;
      end if;
    end if;
    if slot is not null then
      return query execute format(
        'select %s, i.distance_meters, i.next_page_token
         from dpg_private.nearest_by_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5) i',
        dpg_private.item_columns_sql('i.'), slot
      )
      using wanted, page, dpg_private.place(latitude, longitude),
        case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end,
        domains;
    else
      return query
        select *
        from dpg_private.find_nearest(
          item_network, item_domain, item_domains, wanted, page, dpg_private.place(latitude, longitude),
          case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end
        );
    end if;
    get diagnostics rows_of_page = row_count;
  end if;
  if include_unplaced and rows_of_page < page_size then
    page.row_limit := page_size - rows_of_page;
    return query
      select *
      from dpg_private.find_unplaced(
        item_network, case when item_domain is null then item_domains else array[item_domain] end, wanted, page
      );
  end if;
end
$body$;

comment on function dpg.nearest_items(
  text, text, double precision, double precision, double precision, text, jsonb, integer, text, text[],
  text, text, text, text[], boolean, jsonb, text, double precision, double precision, double precision,
  double precision, boolean
) is
  'The items of a network that have a place, nearest to latitude and longitude (degrees) first, then by item_domain,
item_type and item_id. item_domain is one domain; null means those of item_domains (no element: no items), or every
domain. distance_meters is along the great circle of earthdistance''s sphere. radius_meters limits the search to a
circle. Other filters as in dpg.find_items. include_unplaced: after them come the items without a place, newest first,
whose distance_meters is null; circle and box do not limit those. Pages as in dpg.find_items. A later page passes over
the rows before it, so its cost grows with its number.
Raises DP001, DP011.
Example: select item_id, distance_meters
from dpg.nearest_items(''yellow_dot'', ''tutor'', 12.9716, 77.5946, page_size => 10)';
