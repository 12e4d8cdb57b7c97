create or replace function dpg_private.register_instance_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = register_instance_url.instance_url
  ) then
    insert into dpg_private.instance_url_sightings (instance_url)
    values (register_instance_url.instance_url);
  end if;
end
$body$;

comment on function dpg_private.register_instance_url(text) is
  'Notes a URL of this instance when it is new.';
