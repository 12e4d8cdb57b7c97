create or replace function dpg_private.is_redacted(
  partition_network text,
  action_type text,
  action_id uuid,
  event_id uuid default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.kind = 'event'
      and r.action_id = is_redacted.action_id
      and r.event_id = coalesce(is_redacted.event_id, r.event_id)
      and r.partition_network = is_redacted.partition_network
      and r.action_type = is_redacted.action_type
  );
end
$body$;

comment on function dpg_private.is_redacted(text, text, uuid, uuid) is
  'Whether dpg.redactions says that this event, or with a null event_id any event of this action, was emptied.';
