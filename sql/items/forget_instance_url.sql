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
  where dpg_private.normalised_url(s.instance_url) = dpg_private.normalised_url(forget_instance_url.instance_url);
  if found then
    return true;
  end if;
  delete from dpg_private.peer_url_sightings p
  where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(forget_instance_url.instance_url);
  return found;
end
$body$;

comment on function dpg.forget_instance_url(text) is
  'For dpg_admin: removes a URL, in every spelling, that this database takes for the wrong instance. A URL of ours
(dpg.instance_urls) that an item was given by mistake: the instance whose URL it is can act here again. Correct the
item first: the next upsert with this URL notes it again, where no other instance is known by it. Else a URL by
which another instance is known, since an action or an event came from there: items may be given it. The next action
or event from there notes it again, while no item has it. False when it was neither.
Raises DP001.
Example: select dpg.forget_instance_url(''https://tutor.example.com'')';
