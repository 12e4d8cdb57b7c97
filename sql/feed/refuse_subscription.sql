create or replace function dpg_private.refuse_subscription(subscription text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    'subscription', to_jsonb(subscription), 'is no subscription', 'Make it first with dpg.create_subscription.'
  );
end
$body$;

comment on function dpg_private.refuse_subscription(text) is
  'Raises DP001 for a name that no subscription has.';
