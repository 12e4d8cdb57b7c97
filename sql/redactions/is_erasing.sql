create or replace function dpg_private.is_erasing()
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.transaction_id = pg_current_xact_id_if_assigned()
      -- in a restored database the numbers of transactions begin anew
      and r.redacted_at >= transaction_timestamp()
      and r.kind = 'user'
  );
end
$body$;

comment on function dpg_private.is_erasing() is
  'Whether this transaction has noted in dpg.redactions that it erases a user.';
