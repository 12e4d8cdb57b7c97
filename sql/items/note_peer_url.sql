create or replace function dpg_private.note_peer_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  insert into dpg_private.peer_url_sightings (instance_url)
  values (note_peer_url.instance_url);
end
$body$;

comment on function dpg_private.note_peer_url(text) is
  'Notes a URL by which another instance is known. Called where this spelling is not noted.';
