create or replace function dpg_private.undelivered_events(network text)
returns table (subscription text, undelivered bigint)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return query
    select s.subscription,
      (
        select count(*)
        from dpg_private.feed_streams t
        join dpg_private.feed_positions f on f.stream = t.stream
        where t.partition_network = undelivered_events.network
          and f."position" > s.acknowledged_position
          and (s.action_type is null or t.action_type = s.action_type)
          and (
            s.source_item_instance_url is null
            or dpg_private.normalised_url(t.source_item_instance_url)
              = dpg_private.normalised_url(s.source_item_instance_url)
          )
      ) + (
        select count(*)
        from dpg_private.event_queue q
        where q.partition_network = undelivered_events.network
          and (s.action_type is null or q.action_type = s.action_type)
          and (
            s.source_item_instance_url is null
            or dpg_private.normalised_url(q.source_item_instance_url)
              = dpg_private.normalised_url(s.source_item_instance_url)
          )
      ) + (
        select count(*)
        from dpg.failed_events e
        join dpg_private.feed_positions f on f."position" = e."position"
        join dpg_private.feed_streams t on t.stream = f.stream
        where e.subscription = s.subscription
          and t.partition_network = undelivered_events.network
          and e."position" <= s.acknowledged_position
      ) as undelivered
    from dpg.subscriptions s
    where s.kind = 'events'
      and (s.partition_network is null or s.partition_network = undelivered_events.network)
    order by s.subscription;
end
$body$;

comment on function dpg_private.undelivered_events(text) is
  'For each subscription to events that covers a network: how many of its events are not acknowledged, or failed and
wait for another try or for somebody who looks.';
