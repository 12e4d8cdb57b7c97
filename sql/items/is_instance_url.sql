create or replace function dpg_private.is_instance_url(instance_url text)
returns boolean
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  form constant text := dpg_private.normalised_url(instance_url); -- a value beforehand, so that the plan is kept
begin
  return exists (
    select
    from dpg_private.instance_url_sightings s
    where dpg_private.normalised_url(s.instance_url) = form
  );
end
$body$;

comment on function dpg_private.is_instance_url(text) is
  'Whether this is a URL of this instance, in whichever spelling.';
