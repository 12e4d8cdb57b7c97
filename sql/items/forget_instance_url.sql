create or replace function dpg.forget_instance_url(instance_url text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_url('instance_url', instance_url);
  delete from dpg_private.instance_url_sightings s
  where s.instance_url = forget_instance_url.instance_url;
  return found;
end
$body$;

comment on function dpg.forget_instance_url(text) is
  'For dpg_admin: strikes a URL from dpg.instance_urls that an item was given by mistake, so that the instance whose URL it is can act here again. False when it was not there. Correct the item first: the next upsert with this URL notes it again. Raises DP001. Example: select dpg.forget_instance_url(''https://tutor.yellowdot.example.com'')';
