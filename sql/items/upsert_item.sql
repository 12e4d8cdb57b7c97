create or replace function dpg.upsert_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb default '{}',
  item_latitude double precision default null,
  item_longitude double precision default null,
  item_id uuid default null,
  item_status text default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  slot smallint;
  is_user boolean;
  is_undeclared boolean;
  is_known_url boolean;
  is_new boolean;
  has_additions boolean; -- columns or triggers of the application: what is stored has to be read again
  definition dpg.item_definitions;
  sent dpg.items;
  changed dpg.items;
  stored dpg.items;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('item_type', item_type),
    dpg_private.check_url('item_instance_url', item_instance_url),
    dpg_private.check_url('item_schema_url', item_schema_url),
    dpg_private.check_document('item_state', item_state),
    dpg_private.check_coordinates_or_none('item_latitude', item_latitude, 'item_longitude', item_longitude),
    dpg_private.check_key_or_none('item_status', item_status),
    dpg_private.check_here(item_network)
  );

  -- look: one statement instead of three. Its answers hold for this moment. After any wait for a lock they are asked
  -- for again.
  select
    exists (select from public."user" u where u.id = upsert_item.actor),
    exists (
      select
      from dpg.networks n
      where n.network = upsert_item.item_network
        and (n.item_types -> upsert_item.item_domain ? upsert_item.item_type) is not true
    ),
    exists (
      select
      from dpg_private.instance_url_sightings s
      where s.instance_url = upsert_item.item_instance_url
    )
  into is_user, is_undeclared, is_known_url;
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  if not is_known_url then
    perform dpg_private.check_instance_url('item_instance_url', item_instance_url);
  end if;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_undeclared then
    perform dpg_private.refuse_new_undeclared_item(row(item_network, item_domain, item_type, item_id));
  end if;
  if is_undeclared or leaf is null then
    leaf := dpg_private.find_or_create_leaf('items', item_network, item_domain);
    slot := dpg_private.slot_of('items', item_network, item_domain);
    is_known_url := false;
  end if;
  if not is_known_url then
    perform dpg_private.register_instance_url(item_instance_url); -- unless it is known by now
  end if;
  if item_network = any (dpg_private.defined_networks()) then
    definition := dpg_private.find_item_definition(item_network, item_domain);
  end if;
  -- Only our columns, each by its name: an application may have added others, which stand anywhere, with defaults. So
  -- every insert names the columns, too.
  sent.item_network := item_network;
  sent.item_domain := item_domain;
  sent.item_type := item_type;
  sent.item_id := coalesce(item_id, gen_random_uuid());
  sent.item_instance_url := item_instance_url;
  sent.item_schema_url := item_schema_url;
  sent.item_state := item_state;
  sent.item_latitude := item_latitude;
  sent.item_longitude := item_longitude;
  sent.created_by := actor;
  sent.created_at := clock_timestamp();
  sent.updated_at := sent.created_at;
  sent.item_status := coalesce(item_status, definition.initial_status, 'live');

  -- insert: most upserts are new items. An insert through the root has a plan that is kept and knows no leaves. It
  -- names no constraint: PostgreSQL would search the index of the leaf for it at each call.
  insert into dpg.items (
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at, item_status
  )
  values (
    item_network, item_domain, item_type, sent.item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, actor, sent.created_at, sent.created_at, sent.item_status
  )
  on conflict do nothing;
  is_new := found;
  -- only here: an item that is there may keep a status that the definition does not know any more
  if is_new and item_status is not null and definition.statuses is not null then
    perform dpg_private.check_item_status(dpg_private.ref_of_item(sent), null, item_status, definition);
  end if;
  if is_new and item_network = any (dpg_private.ruled_networks()) then
    perform dpg_private.check_item_limits(actor, array[dpg_private.ref_of_item(sent)]);
  end if;
  -- after the insert: its lock keeps new triggers out
  has_additions := dpg_private.has_additions_to_item(leaf, slot);
  if is_new then
    if has_additions then
      return dpg_private.read_written_item(leaf, sent, 'insert');
    end if;
    return sent;
  end if;

  -- replace
  for attempt in 1 .. 100 loop
    -- From the second attempt on the row is locked: then an insert or update that changes nothing was suppressed. With
    -- a status from the first, since which one may come next depends on the present one.
    stored := case
      when attempt = 1 and item_status is null then
        dpg_private.read_item(leaf, slot, dpg_private.ref_of_item(sent))
      else dpg_private.lock_item(leaf, dpg_private.ref_of_item(sent), 'no key update', slot)
    end;
    if stored.item_id is null then
      -- The item was deleted since the insert met it. Or the insert met a unique index of the application; that
      -- raises here. Or a trigger of the application suppresses the row each time.
      sent.created_at := clock_timestamp();
      sent.updated_at := sent.created_at;
      if dpg_private.insert_again('items', dpg_private.item_columns_sql(''), sent) then
        if item_status is not null then
          perform dpg_private.check_item_status(dpg_private.ref_of_item(sent), null, item_status, definition);
        end if;
        if item_network = any (dpg_private.ruled_networks()) then
          perform dpg_private.check_item_limits(actor, array[dpg_private.ref_of_item(sent)]);
        end if;
        if has_additions then
          return dpg_private.read_written_item(leaf, sent, 'insert');
        end if;
        return sent;
      end if;
      if has_additions and attempt > 2 then
        perform dpg_private.refuse_suppressed('insert', leaf, to_jsonb(dpg_private.ref_of_item(sent)));
      end if;
      continue;
    end if;
    if has_additions
      and coalesce(item_status, stored.item_status) = stored.item_status
      and dpg_private.is_repeated_item(
        stored, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, actor
      )
    then
      return stored;
    end if;
    if stored.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, dpg_private.ref_of_item(sent));
    end if;
    if (
        stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude,
        stored.item_longitude, stored.item_status
      ) is not distinct from (
        item_instance_url, item_schema_url, item_state, item_latitude, item_longitude,
        coalesce(item_status, stored.item_status)
      )
    then
      return stored; -- nothing to change, nothing written
    end if;
    if item_status is not null then
      perform dpg_private.check_item_status(
        dpg_private.ref_of_item(sent), stored.item_status, item_status, definition
      );
    end if;
    changed := sent;
    changed.item_status := item_status;
    stored := dpg_private.write_item(leaf, slot, dpg_private.ref_of_item(sent), changed, actor);
    if stored.item_id is not null then
      if has_additions then
        return dpg_private.read_written_item(leaf, sent, 'update');
      end if;
      return stored;
    end if;
    if attempt > 1 then
      perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(dpg_private.ref_of_item(sent)));
    end if;
  end loop;

  raise exception 'item % was deleted and made again all the while', sent.item_id
    using errcode = 'serialization_failure', hint = 'Repeat the call.';
end
$body$;

comment on function dpg.upsert_item(
  text, text, text, text, text, text, jsonb, double precision, double precision, uuid, text
) is
  'Creates an item of the actor, or replaces the whole content of an item that the actor owns, and returns the row.
Creates the leaf when needed. item_state is a JSON object. item_latitude and item_longitude are degrees, both or
neither. With item_id a repeated call is safe. A call that changes nothing leaves the row and updated_at as they
are. item_status: null is the initial status of dpg.define_item for a new item (live), and leaves that of an item that
is there; a given one is set as by dpg.set_item_status.
Raises DP001, DP003, DP006, DP009, DP010, DP014, DP016, DP018.
Example: select * from dpg.upsert_item(
  actor => ''asha'', item_network => ''yellow_dot'', item_domain => ''student'', item_type => ''profile_1.0'',
  item_instance_url => ''https://yellowdot.example.com'',
  item_schema_url => ''https://schemas.example.com/student_v1.json'',
  item_state => ''{"name": "Asha", "goal": "board_exam"}'', item_latitude => 12.9716, item_longitude => 77.5946,
  item_id => ''11111111-1111-4111-8111-111111111111''
)';
