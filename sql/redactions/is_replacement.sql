create or replace function dpg_private.is_replacement(before text, after text)
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
      and (
        (r.kind = 'user' and is_replacement.after = dpg_private.tombstone())
        or (r.kind = 'move' and r.from_user = is_replacement.before and r.to_user = is_replacement.after)
      )
  );
end
$body$;

comment on function dpg_private.is_replacement(text, text) is
  'Whether this transaction has noted in dpg.redactions that it puts the user after in the place of the user before: that it erases a user, after being the tombstone, or moves the items of the one to the other.';
