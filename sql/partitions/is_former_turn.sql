-- For one release. The functions of 0.1.0 took turns by an advisory lock, and a call of theirs can go on for a moment after
-- the migration. Whoever takes a turn now takes that lock as well, so that such a call does not begin beside it; where it is
-- had, this function tells a former call from a stranger who holds up nobody.
create or replace function dpg_private.is_former_turn(lock_id bigint, beside regclass)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from pg_locks l
    join pg_locks o on o.virtualtransaction = l.virtualtransaction and o.database = l.database
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.classid = (lock_id >> 32)::oid
      and l.objid = (lock_id & 4294967295)::oid
      and l.objsubid = 1
      and l.granted
      and l.pid is distinct from pg_backend_pid()
      -- every call has read this table before, which needs a privilege that only the owner of our functions has
      and o.locktype = 'relation'
      and o.relation = beside
  );
end
$body$;

comment on function dpg_private.is_former_turn(bigint, regclass) is
  'Whether a function of 0.1.0 has its turn: it holds this advisory lock and has read this private table. Another session that holds such a lock is a stranger.';
