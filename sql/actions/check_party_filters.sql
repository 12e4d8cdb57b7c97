create or replace function dpg_private.check_party_filters(
  actor text,
  ownership_role text,
  partition_network text,
  action_type text,
  action_status text
)
returns void
language plpgsql
stable -- else a call with constants would be made, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_actor(actor);
  if ownership_role is null or ownership_role not in ('initiated', 'received', 'all') then
    perform dpg_private.refuse_argument(
      'ownership_role', to_jsonb(ownership_role), 'is no role', 'A role is initiated, received or all.'
    );
  end if;
  if partition_network is not null then
    perform dpg_private.check_key('partition_network', partition_network);
  end if;
  if action_type is not null then
    perform dpg_private.check_key('action_type', action_type);
  end if;
  if action_status is not null then
    perform dpg_private.check_key('action_status', action_status);
  end if;
end
$body$;

comment on function dpg_private.check_party_filters(text, text, text, text, text) is
  'Raises DP001 for a filter that find_actions and find_events share.';
