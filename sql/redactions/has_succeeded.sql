create or replace function dpg_private.has_succeeded(owner text, former text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if owner = dpg_private.tombstone() then
    return true; -- in whose place is not on record
  end if;
  return exists (
    with recursive formers(user_id) as (
      select r.from_user
      from dpg.redactions r
      where r.kind = 'move'
        and r.to_user = has_succeeded.owner
      union
      select r.from_user
      from formers f
      join dpg.redactions r on r.kind = 'move' and r.to_user = f.user_id
      where f.user_id <> dpg_private.tombstone()
    )
    select
    from formers f
    -- the tombstone: one of them was erased since
    where f.user_id in (has_succeeded.former, dpg_private.tombstone())
  );
end
$body$;

comment on function dpg_private.has_succeeded(text, text) is
  'Whether owner has taken the place of former, as far as dpg.redactions knows: by an erasure, or by one move of items or several. Of who was erased nothing is known, so that anybody may be meant.';
