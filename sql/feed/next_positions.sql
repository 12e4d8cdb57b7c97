create or replace function dpg_private.next_positions(reader dpg.subscriptions, max_events integer)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  positions bigint[];
begin
  -- only the filters that there are, so that the planner knows whose index to take
  execute format(
    'select array(
       select f."position"
       from dpg_private.event_feed f
       where f."position" > $1 %s %s %s
       order by f."position"
       limit $2
     )',
    case when reader.source_item_instance_url is not null then 'and dpg_private.normalised_url(f.source_item_instance_url) = $3' end,
    case when reader.partition_network is not null then 'and f.partition_network = $4' end,
    case when reader.action_type is not null then 'and f.action_type = $5' end
  )
  into positions
  using greatest(reader.acknowledged_position, reader.passed_position), max_events,
    dpg_private.normalised_url(reader.source_item_instance_url), reader.partition_network, reader.action_type;
  return positions;
end
$body$;

comment on function dpg_private.next_positions(dpg.subscriptions, integer) is
  'The next positions that a subscription has not acknowledged, in order, as committed by now.';
