-- Better Auth's table of users. If the application has it, it is used as it is. If not, it is created with Better
-- Auth's core columns, so that Better Auth's own migration later finds nothing to change.
do $body$
declare
  id_type text;
begin
  if pg_catalog.to_regclass('public."user"') is null then
    begin
      create table public."user" (
        id text not null primary key,
        name text not null,
        email text not null unique,
        "emailVerified" boolean not null default false,
        image text,
        "createdAt" timestamptz not null default current_timestamp,
        "updatedAt" timestamptz not null default current_timestamp
      );
    exception
      when insufficient_privilege then
        raise exception 'table public."user" is missing and % may not create it', current_user
          using
            errcode = 'insufficient_privilege',
            hint = pg_catalog.format(
              'The owner of the schema must run: grant create on schema public to %I;', current_user
            );
    end;
    comment on table public."user" is
      'The users of this instance, with Better Auth''s core columns. '
      'Made by dpg-database because the application had none.';
    grant select, insert, update, delete on public."user" to dpg_app;
  end if;

  select pg_catalog.format_type(a.atttypid, null)
  into id_type
  from pg_catalog.pg_attribute a
  where a.attrelid = 'public."user"'::pg_catalog.regclass
    and a.attname = 'id'
    and not a.attisdropped;

  -- compares the type and not its name, because with quote_all_identifiers the name has quotes: "text"
  if not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'public."user"'::pg_catalog.regclass
      and a.attname = 'id'
      and a.atttypid = 'pg_catalog.text'::pg_catalog.regtype
  ) then
    raise exception 'public."user".id must be text, it is %', coalesce(id_type, 'missing')
      using
        errcode = 'datatype_mismatch',
        hint = 'dpg-database takes the ids of users as text, as Better Auth makes them by default.';
  end if;

  if not pg_catalog.has_table_privilege('public."user"', 'select')
    or not pg_catalog.has_table_privilege('public."user"', 'references')
  then
    raise exception 'role % may not read or reference public."user"', current_user
      using
        errcode = 'insufficient_privilege',
        hint = pg_catalog.format(
          'The owner of the table must run: grant select, references on public."user" to %I;', current_user
        );
  end if;
end
$body$;
