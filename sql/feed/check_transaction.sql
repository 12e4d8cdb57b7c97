create or replace function dpg_private.check_transaction(called text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if current_setting('transaction_read_only')::boolean then
    raise exception using
      errcode = '25006',
      message = format(
        '%s cannot run %s',
        called,
        case when pg_is_in_recovery() then 'on a standby' else 'in a read-only transaction' end
      ),
      hint = 'Call it on the primary server, in a transaction that may write.',
      detail = jsonb_build_object('function', called, 'is_standby', pg_is_in_recovery())::text;
  end if;
  -- Sequences and locks are always read as of now. A transaction of these levels reads rows as they were when it began.
  -- Events that were committed in between would then count as seen, and nobody would ever find them.
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception using
      errcode = '25000',
      message = format('%s cannot run in a %s transaction', called, current_setting('transaction_isolation')),
      hint = 'Call it in a transaction of its own under read committed; where default_transaction_isolation is another '
        'level: begin isolation level read committed.',
      detail = jsonb_build_object('function', called, 'isolation', current_setting('transaction_isolation'))::text;
  end if;
end
$body$;

comment on function dpg_private.check_transaction(text) is
  'For functions that write and must see what is committed now; called is the name of the function. Raises 25006 in a
read-only transaction, as each transaction on a standby is, and 25000 in repeatable read and serializable.';
