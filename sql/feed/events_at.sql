create or replace function dpg_private.events_at(positions bigint[])
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  searches text[] := array[]::text[];
begin
  -- one search for each leaf, by the primary key
  for wanted in
    select f.partition_network, f.action_type,
      dpg_private.leaf('action_events', f.partition_network, f.action_type) as leaf,
      array_agg(f."position" order by f."position") as positions,
      array_agg(f.event_id order by f."position") as ids
    from dpg_private.event_feed f
    where f."position" = any (events_at.positions)
    group by f.partition_network, f.action_type
  loop
    if wanted.leaf is null then
      -- better to stand still than to skip events without a word
      raise exception using
        errcode = 'DP010',
        message = dpg_private.text_for_client(
          format('the events of %L/%L are in the feed, but their partition is gone', wanted.partition_network, wanted.action_type)
        ),
        hint = 'Attach it to dpg.action_events again; the subscription then goes on where it is.',
        detail = dpg_private.text_for_client(jsonb_build_object(
          'root', 'action_events', 'network', wanted.partition_network, 'key', wanted.action_type, 'positions', wanted.positions
        )::text);
    end if;
    searches := searches || format(
      'select w."position", e.*
       from unnest(%L::bigint[], %L::uuid[]) w("position", event_id)
       join %s e on e.partition_network = %L and e.action_type = %L and e.event_id = w.event_id',
      wanted.positions, wanted.ids, wanted.leaf, wanted.partition_network, wanted.action_type
    );
  end loop;
  if searches <> '{}' then
    return query execute array_to_string(searches, ' union all ') || ' order by 1';
  end if;
end
$body$;

comment on function dpg_private.events_at(bigint[]) is
  'The events at these positions of the feed, in order. Raises DP010 where the partition of one was taken away.';
