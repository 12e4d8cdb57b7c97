create or replace function dpg_private.feed_home()
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat_ws(
    '/',
    (select c.system_identifier from pg_control_system() c),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), -- the timeline: another one after each promotion
    (select d.oid from pg_database d where d.datname = current_database())
  );
end
$body$;

comment on function dpg_private.feed_home() is
  'Names this database of this cluster on this timeline: something else after a restore and after the promotion of a replica.';
