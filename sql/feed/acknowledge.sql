create or replace function dpg.acknowledge(subscription text, "position" bigint)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
begin
  perform dpg_private.check_present('position', acknowledge."position" is not null);
  reader := dpg_private.lock_subscription(subscription);
  if not acknowledge."position" between 0 and reader.handed_out_position then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(acknowledge."position"), 'was not handed out',
      format('Pass the position of an event that read_events returned; the highest was %s.', reader.handed_out_position)
    );
  end if;
  if acknowledge."position" <= reader.acknowledged_position and reader.leased_position is null then
    return reader.acknowledged_position;
  end if;
  update dpg.subscriptions s
  set acknowledged_position = greatest(s.acknowledged_position, acknowledge."position"),
    acknowledged_at = clock_timestamp(),
    leased_position = case when s.leased_position > acknowledge."position" then s.leased_position end,
    leased_until = case when s.leased_position > acknowledge."position" then s.leased_until end
  where s.subscription = acknowledge.subscription;
  delete from dpg.failed_events f
  where f.subscription = acknowledge.subscription
    and f."position" <= acknowledge."position"
    and f.state = 'failing';
  return greatest(reader.acknowledged_position, acknowledge."position");
end
$body$;

comment on function dpg.acknowledge(text, bigint) is
  'Says that everything up to this position is done, and returns up to where everything is: it moves forward, never back. When it is the end of the leased batch, the next can be read. A position that was not handed out is DP001. Raises DP001. Example: select dpg.acknowledge(''to student'', 42)';
