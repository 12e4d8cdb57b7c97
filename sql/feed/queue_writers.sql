create or replace function dpg_private.queue_writers()
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Whoever inserts holds this lock from before the seq is drawn until the transaction ends. A prepared transaction
  -- holds it under another name than before ('-1/' and its transaction id), and has no pid.
  return array(
    select l.virtualtransaction
    from pg_locks l
    where l.locktype = 'relation'
      and l.relation = 'dpg_private.event_queue'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.mode = 'RowExclusiveLock'
      and l.pid is distinct from pg_backend_pid()
  );
end
$body$;

comment on function dpg_private.queue_writers() is
  'The open transactions, but for this one, that may have put events into the queue.';
