do $body$
begin
  if pg_catalog.to_regtype('dpg.feed_event') is null then
    create type dpg.feed_event as (
      "position" bigint,
      lease_id uuid,
      partition_network text,
      action_type text,
      event_id uuid,
      origin_instance_domain text,
      action_id uuid,
      action_status text,
      update_count integer,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      target_item_latitude double precision,
      target_item_longitude double precision,
      event_payload jsonb,
      remarks text,
      created_at timestamptz,
      source_item_is_local boolean,
      target_item_is_local boolean,
      performed_by text,
      acting_side text
    );
  end if;
end
$body$;

comment on type dpg.feed_event is
  'A row of dpg.read_events and dpg.read_retries: its position in the feed, the lease under which it was handed out,
then the columns of dpg.action_events.';

create or replace function dpg_private.check_batch(
  size integer,
  lease_seconds double precision,
  argument text,
  rows text
)
returns void
language plpgsql
stable -- an immutable call with constants would already run, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if size is null or not size between 1 and 10000 then
    perform dpg_private.refuse_argument(
      argument, to_jsonb(size), 'is out of range', format('A batch has 1 to 10,000 %s.', rows)
    );
  end if;
  if lease_seconds is null or not lease_seconds between 0.001 and 86400 then
    perform dpg_private.refuse_argument(
      'lease_seconds', to_jsonb(dpg_private.json_of_number(lease_seconds) #>> array[]::text[]), 'is out of range',
      'A lease lasts 0.001 to 86,400 seconds.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_batch(integer, double precision, text, text) is
  'Raises DP001 unless the batch has 1 to 10,000 rows and the lease lasts 0.001 to 86,400 seconds. argument is the name
of the size, rows what the rows are called.';

create or replace function dpg_private.find_missing_events(partition_network text, action_type text, event_ids uuid[])
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  missing uuid[];
begin
  -- The leaf may have been renamed. So the statement reads the root, with the keys in its text: PostgreSQL finds the
  -- leaf by its bound.
  execute format(
    'select array(
       select w.event_id
       from unnest($1) w(event_id)
       where not exists (
         select
         from dpg.action_events e
         where e.partition_network = %L
           and e.action_type = %L
           and e.event_id = w.event_id
       )
     )',
    partition_network, action_type
  )
  into missing
  using event_ids;
  return missing;
end
$body$;

comment on function dpg_private.find_missing_events(text, text, uuid[]) is
  'Those of these events of a network and action type that dpg.action_events does not have.';

create or replace function dpg_private.refuse_lost_events(positions bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  missing uuid[];
begin
  for wanted in
    select s.partition_network, s.action_type, array_agg(f.event_id) as ids
    from dpg_private.feed_positions f
    join dpg_private.feed_streams s on s.stream = f.stream
    where f."position" = any (positions)
    group by s.partition_network, s.action_type
    order by min(f."position")
  loop
    missing := dpg_private.find_missing_events(wanted.partition_network, wanted.action_type, wanted.ids);
    if missing <> '{}' then
      raise exception using
        errcode = 'DP010',
        message = dpg_private.text_for_client(format(
          '%s events of %L/%L are in the feed and not in dpg.action_events: '
          'their partition was taken away or made anew',
          cardinality(missing), wanted.partition_network, wanted.action_type
        )),
        hint = 'If the table is still there, attach it again. '
          'If the events are lost for good, dpg_admin says so with dpg.confirm_lost_events; '
          'the feed then goes on after them.',
        detail = dpg_private.text_for_client(jsonb_build_object(
          'root', 'action_events', 'network', wanted.partition_network, 'key', wanted.action_type,
          'missing', cardinality(missing),
          'positions', (
            select jsonb_agg(l."position" order by l."position")
            from (
              select f."position"
              from dpg_private.feed_positions f
              join dpg_private.feed_streams s on s.stream = f.stream
              where f."position" = any (refuse_lost_events.positions)
                and s.partition_network = wanted.partition_network
                and s.action_type = wanted.action_type
                and f.event_id = any (missing)
              order by f."position"
              limit 100
            ) l
          )
        )::text);
    end if;
  end loop;
  raise exception using
    errcode = '40001',
    message = 'events of the feed were missing and are there again: their partition came back at this moment',
    hint = 'Repeat the call.';
end
$body$;

comment on function dpg_private.refuse_lost_events(bigint[]) is
  'Raises DP010 when events at these positions of the feed are missing: for the first network and action type that
misses some. DETAIL has how many of these positions that are, and the first 100 of them. Raises 40001 when no event
is missing any more.';

create or replace function dpg_private.find_events_at(positions bigint[], lease_id uuid)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  returned bigint;
  missing bigint := 0;
begin
  -- One search for each leaf, by the primary key. A leaf that is not found by its name may be closed, or renamed:
  -- PostgreSQL finds it from the root, by its bound.
  for wanted in
    select f.partition_network, f.action_type, l.leaf, l.slot, f.positions, f.ids
    from (
      select s.partition_network, s.action_type, array_agg(f."position") as positions, array_agg(f.event_id) as ids
      from dpg_private.feed_positions f
      join dpg_private.feed_streams s on s.stream = f.stream
      where f."position" = any (find_events_at.positions)
      group by s.partition_network, s.action_type
      offset 0
    ) f
    left join lateral dpg_private.look_up_leaf_and_slot('action_events', f.partition_network, f.action_type) l on true
  loop
    if wanted.slot is not null then
      return query execute format(
        'select * from dpg_private.events_at_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4, $5)', wanted.slot
      )
      using wanted.partition_network, wanted.action_type, wanted.positions, wanted.ids, lease_id;
    else
      -- The columns are named, because an application may add others to the table.
      return query execute format(
        'select w."position", $3, %s
         from unnest($1, $2) w("position", event_id)
         join %s e on e.partition_network = %L and e.action_type = %L and e.event_id = w.event_id',
        dpg_private.event_columns_sql('e.'), coalesce(wanted.leaf, 'dpg.action_events'), wanted.partition_network,
        wanted.action_type
      )
      using wanted.positions, wanted.ids, lease_id;
    end if;
    get diagnostics returned = row_count;
    missing := missing + cardinality(wanted.positions) - returned;
  end loop;
  if missing > 0 then
    -- It is better to stop than to skip events silently.
    perform dpg_private.refuse_lost_events(positions);
  end if;
end
$body$;

comment on function dpg_private.find_events_at(bigint[], uuid) is
  'The events at these positions of the feed, in no order, each with this lease. Raises DP010 when one is missing.';
