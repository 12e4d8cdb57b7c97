create or replace function dpg_private.ensure_tombstone()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  columns text;
  contents text;
begin
  if exists (select from public."user" u where u.id = dpg_private.tombstone()) then
    return;
  end if;
  -- those of Better Auth's core columns that the table has
  select
    string_agg(format('%I', c.name), ', ' order by c.position),
    string_agg(c.content, ', ' order by c.position)
  into columns, contents
  from (
    values
      (1, 'id', quote_literal(dpg_private.tombstone())),
      (2, 'name', '''Erased user'''),
      (3, 'email', '''erased-user@invalid'''),
      (4, 'emailVerified', 'false'),
      (5, 'createdAt', 'current_timestamp'),
      (6, 'updatedAt', 'current_timestamp')
  ) c(position, name, content)
  join pg_attribute a
    on a.attrelid = 'public."user"'::regclass
    and a.attname = c.name
    and not a.attisdropped;
  begin
    execute format('insert into public."user" (%s) values (%s) on conflict do nothing', columns, contents);
    -- somebody else made it, or has its address
    if not exists (select from public."user" u where u.id = dpg_private.tombstone()) then
      raise unique_violation using message = 'another user has the e-mail address erased-user@invalid';
    end if;
  exception
    when insufficient_privilege or not_null_violation or check_violation or foreign_key_violation or unique_violation then
      raise exception using
        errcode = 'DP009',
        message = dpg_private.text_for_client(
          format('the user %L, who stands for erased users, is missing and cannot be made: %s', dpg_private.tombstone(), sqlerrm)
        ),
        hint = dpg_private.text_for_client(
          format('Create a user with the id %L in public."user", then repeat the call.', dpg_private.tombstone())
        ),
        detail = dpg_private.text_for_client(jsonb_build_object('actor', dpg_private.tombstone())::text);
  end;
end
$body$;

comment on function dpg_private.ensure_tombstone() is
  'Makes the user who stands for erased users where it is missing. Raises DP009 where that is impossible.';
