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
      -- In a restored database the numbers of transactions begin again: an older record can have the same number.
      and r.redacted_at >= transaction_timestamp()
      and r.kind = 'user'
  );
end
$body$;

comment on function dpg_private.is_erasing() is
  'Whether this transaction has noted in dpg.redactions that it erases a user.';

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
      -- In a restored database the numbers of transactions begin again: an older record can have the same number.
      and r.redacted_at >= transaction_timestamp()
      and (
        (r.kind = 'user' and is_replacement.after = dpg_private.tombstone())
        or (r.kind = 'move' and r.from_user = is_replacement.before and r.to_user = is_replacement.after)
      )
  );
end
$body$;

comment on function dpg_private.is_replacement(text, text) is
  'Whether this transaction has noted in dpg.redactions that the user after takes the place of the user before. Either
it erases a user, and after is the tombstone; or it moves the items of before to after.';

create or replace function dpg_private.has_taken_place_of(owner text, former text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if owner = dpg_private.tombstone() then
    return true; -- no record says whose place that is
  end if;
  return exists (
    with recursive formers(user_id) as (
      select r.from_user
      from dpg.redactions r
      where r.kind = 'move'
        and r.to_user = has_taken_place_of.owner
      union
      select r.from_user
      from formers f
      join dpg.redactions r on r.kind = 'move' and r.to_user = f.user_id
      where f.user_id <> dpg_private.tombstone()
    )
    select
    from formers f
    -- The tombstone is among them when a former owner was erased since.
    where f.user_id in (has_taken_place_of.former, dpg_private.tombstone())
  );
end
$body$;

comment on function dpg_private.has_taken_place_of(text, text) is
  'Whether owner has taken the place of former, as far as dpg.redactions knows: by an erasure, by one move of items, or
by several. No record says who was erased. So when owner, or one of the owners before, is the tombstone, the answer is
always true.';

create or replace function dpg_private.is_redacted(
  partition_network text,
  action_type text,
  action_id uuid,
  event_id uuid default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.kind = 'event'
      and r.action_id = is_redacted.action_id
      and r.event_id = coalesce(is_redacted.event_id, r.event_id)
      and r.partition_network = is_redacted.partition_network
      and r.action_type = is_redacted.action_type
  );
end
$body$;

comment on function dpg_private.is_redacted(text, text, uuid, uuid) is
  'Whether dpg.redactions says that this event was emptied. With a null event_id: whether any event of this action was
emptied.';
