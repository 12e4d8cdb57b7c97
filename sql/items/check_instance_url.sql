create or replace function dpg_private.check_instance_url(argument text, instance_url text, index integer default null)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_instance_url(instance_url)
    and exists (
      select
      from dpg_private.peer_url_sightings p
      where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(check_instance_url.instance_url)
    )
  then
    perform dpg_private.refuse_argument(
      argument, to_jsonb(instance_url), 'is the URL of another instance',
      'An item carries a URL of this instance. An action or an event came from another one under this URL, which could not act here any more if it were ours. If that was a mistake, dpg_admin strikes it: dpg.forget_instance_url.',
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_instance_url(text, text, integer) is
  'Raises DP001 for the URL of an item by which another instance is known, unless it is one of ours already. Asked only where this spelling is not noted yet.';
