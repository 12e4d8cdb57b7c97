create or replace function dpg.upsert_items(actor text, items jsonb)
returns setof dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  started_at timestamptz;
  rows dpg_private.sent_item[];
  suspect integer;
  ids_given boolean;
  known_fields constant text[] := dpg_private.item_fields();
  json_bytes constant bigint := coalesce(dpg_private.limit_of('json_bytes_per_document'), 268435455);
  json_depth constant bigint := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  targets dpg.item_ref[]; -- the leaves
  target dpg.item_ref;
  undeclared uuid[]; -- ids of items that are there although their networks do not declare them
  leaf regclass;
  leaves regclass[] := array[]::regclass[];
  has_additions boolean := false; -- columns or triggers of the application: what is stored has to be read again
  asks_for_ids boolean;
  inserted uuid[]; -- null where nobody asks for ids: all items are new, and stored as they are
  deleted record;
begin
  -- check
  perform dpg_private.check_actor(actor);
  if items is null or jsonb_typeof(items) <> 'array' then
    perform dpg_private.refuse_argument('items', items, 'is not a JSON array', 'Pass a JSON array of objects.');
  end if;

  -- One pass turns the elements into rows and finds the first element that is not right. created_at rises by a
  -- microsecond from element to element, so that the order of the input is an order of time.
  started_at := clock_timestamp();
  begin
    select
      array_agg(
        row(
          e.position - 1,
          e.item_network, e.item_domain, e.item_type, coalesce(e.item_id, gen_random_uuid()),
          e.item_instance_url, e.item_schema_url, coalesce(e.item_state, '{}'), e.item_latitude, e.item_longitude,
          actor,
          started_at + (e.position - 1) * interval '1 microsecond',
          e.item_status, coalesce(e.item_status, d.initial_status, 'live')
        )::dpg_private.sent_item
        order by e.position
      ),
      (min(e.position) filter (
        where (
          jsonb_typeof(e.element -> 'item_network') = 'string' and dpg_private.is_key(e.item_network)
          and jsonb_typeof(e.element -> 'item_domain') = 'string' and dpg_private.is_key(e.item_domain)
          and jsonb_typeof(e.element -> 'item_type') = 'string' and dpg_private.is_key(e.item_type)
          and jsonb_typeof(e.element -> 'item_instance_url') = 'string' and dpg_private.is_url(e.item_instance_url)
          and jsonb_typeof(e.element -> 'item_schema_url') = 'string' and dpg_private.is_url(e.item_schema_url)
          and (e.item_id is null or jsonb_typeof(e.element -> 'item_id') = 'string')
          and coalesce(jsonb_typeof(e.element -> 'item_state') = 'object', not e.element ? 'item_state')
          and (
            e.item_status is null
            or (jsonb_typeof(e.element -> 'item_status') = 'string' and dpg_private.is_key(e.item_status))
          )
          and case
            when coalesce(octet_length(e.item_state::text), 2) > 1024 then -- see dpg_private.is_short_document
              octet_length(e.item_state::text) <= json_bytes and not dpg_private.is_too_deep(e.item_state, json_depth)
            else true
          end
          and (e.item_latitude is null) = (e.item_longitude is null)
          and (
            e.item_latitude is null
            or (
              jsonb_typeof(e.element -> 'item_latitude') = 'number' and e.item_latitude between -90 and 90
              and jsonb_typeof(e.element -> 'item_longitude') = 'number' and e.item_longitude between -180 and 180
            )
          )
          and e.element - known_fields = '{}'
        ) is not true
      ) - 1)::integer,
      coalesce(bool_or(e.item_id is not null), false)
    into rows, suspect, ids_given
    from rows from (
      jsonb_array_elements(items),
      jsonb_to_recordset(items) as (
        item_network text, item_domain text, item_type text, item_instance_url text, item_schema_url text,
        item_state jsonb, item_latitude double precision, item_longitude double precision, item_id uuid,
        item_status text
      )
    ) with ordinality e(
      element, item_network, item_domain, item_type, item_instance_url, item_schema_url,
      item_state, item_latitude, item_longitude, item_id, item_status, position
    )
    left join dpg.item_definitions d on d.item_network = e.item_network and d.item_domain = e.item_domain;
  exception
    when data_exception then
      -- a value that is not of the type of its column: these checks say which one
      perform dpg_private.check_item_object(e.item, (e.position - 1)::integer)
      from jsonb_array_elements(items) with ordinality e(item, position)
      order by e.position;
      raise;
  end;
  if suspect is not null then
    perform dpg_private.check_item_object(items -> suspect, suspect);
    perform dpg_private.refuse_argument(
      'items', items -> suspect, 'is malformed', 'Pass an object as upsert_item takes it.', suspect
    );
  end if;
  if ids_given then
    perform dpg_private.check_ids_differ(rows);
  end if;
  perform dpg_private.check_instance_url('item_instance_url', u.item_instance_url, u.index)
  from (
    select r.item_instance_url, min(r.index) as index
    from unnest(rows) r
    group by r.item_instance_url
  ) u
  where not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = u.item_instance_url
  );
  perform dpg_private.check_here(r.item_network) from (select distinct u.item_network from unnest(rows) u) r;
  perform dpg_private.check_user(actor);
  if rows is null then
    return; -- an empty array
  end if;

  -- leaves, before any row is locked
  targets := array(
    select row(t.item_network, t.item_domain, null, null)::dpg.item_ref
    from (select distinct r.item_network, r.item_domain from unnest(rows) r) t
    order by t.item_network, t.item_domain
  );
  if exists (select from dpg.networks n join unnest(targets) t on n.network = t.item_network) then
    undeclared := dpg_private.refuse_new_undeclared_items(rows);
  end if;
  foreach target in array targets loop
    leaf := dpg_private.find_or_create_leaf('items', target.item_network, target.item_domain);
    leaves := leaves || leaf;
  end loop;
  foreach leaf in array leaves loop
    execute format('lock table only dpg.items, only %s in row exclusive mode', leaf); -- keeps new triggers out
    has_additions := has_additions
      or (select a.has_additions from dpg_private.additions_to_items(leaf) a);
  end loop;
  perform dpg_private.register_instance_url(u.item_instance_url)
  from (select distinct r.item_instance_url from unnest(rows) r) u;

  -- insert: through the root in one statement, in the order of the keys, so that two calls with the same ids lock
  -- in one order
  asks_for_ids := ids_given or has_additions;
  with inserted_rows as (
    insert into dpg.items as i (
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, item_status
    )
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at, r.new_status
    from unnest(rows) r
    order by r.item_network collate "C", r.item_domain collate "C", r.item_type collate "C", r.item_id
    on conflict on constraint items_pkey do nothing
    returning case when asks_for_ids then i.item_id end as item_id
  )
  select case when asks_for_ids then array_agg(n.item_id) end
  into inserted
  from inserted_rows n;

  -- An undeclared item that was there and was deleted since has just been created anew: refused. It cannot be
  -- locked earlier: leaves are created before any row is locked, and rows are locked in the order of their keys.
  if undeclared && inserted then
    select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item, r.index
    into deleted
    from unnest(rows) r
    where r.item_id = any (undeclared)
      and r.item_id = any (inserted)
    order by r.index
    limit 1;
    perform dpg_private.refuse_undeclared_item(deleted.item, deleted.index);
  end if;

  -- replace, and return
  if has_additions or (ids_given and coalesce(cardinality(inserted), 0) < cardinality(rows)) then
    -- dynamic: a kept plan would return the columns that the table had when it was planned
    return query execute 'select s.* from dpg_private.replace_items($1, $2, $3, $4) s'
    using actor, rows, inserted, has_additions;
  else
    return query
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at, r.new_status
    from unnest(rows) r;
  end if;

  -- After the owners of those that were there are known to be the actor (DP003). New items only: one that is there may
  -- keep a status that the definition does not know any more.
  perform dpg_private.check_item_status(
    row(r.item_network, r.item_domain, r.item_type, r.item_id), null, r.item_status, d, r.index
  )
  from unnest(rows) r
  join dpg.item_definitions d on d.item_network = r.item_network and d.item_domain = r.item_domain
  where r.item_status is not null
    and (not asks_for_ids or r.item_id = any (inserted))
  order by r.index;

  -- new items only, too
  if array(select t.item_network from unnest(targets) t) && dpg_private.ruled_networks() then
    perform dpg_private.check_item_limits(
      actor,
      array(
        select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref
        from unnest(rows) r
        where not asks_for_ids
          or r.item_id = any (inserted)
        order by r.index
      )
    );
  end if;
end
$body$;

comment on function dpg.upsert_items(text, jsonb) is
  'upsert_item for a JSON array of objects: all or nothing. The rows come in the order of the input. Fields of an
object: item_network, item_domain, item_type, item_instance_url, item_schema_url, and optionally item_state,
item_latitude, item_longitude, item_id, item_status. The same item_id twice is DP001. DETAIL has the index, counted from
0.
Raises DP001, DP003, DP006, DP009, DP010, DP014, DP016, DP018.
Example: select item_id from dpg.upsert_items(''asha'', ''[{
  "item_network": "yellow_dot", "item_domain": "student", "item_type": "profile_1.0",
  "item_instance_url": "https://yellowdot.example.com",
  "item_schema_url": "https://schemas.example.com/student_v1.json",
  "item_state": {"name": "Asha", "goal": "physics"},
  "item_id": "55555555-5555-4555-8555-555555555555"
}]'')';
