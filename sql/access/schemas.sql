do $body$
begin
  if pg_catalog.current_setting('server_version_num')::integer < 150000 then
    raise exception 'dpg-database needs PostgreSQL 15 or newer, this is %',
      pg_catalog.current_setting('server_version');
  end if;
  if pg_catalog.current_setting('server_encoding') <> 'UTF8' then
    raise exception 'dpg-database needs a database in encoding UTF8, this one has %',
      pg_catalog.current_setting('server_encoding')
      using hint = 'Create the database with: create database ... encoding ''UTF8'' template template0';
  end if;
end
$body$;

create schema if not exists dpg;
comment on schema dpg is
  'The data layer of a federated network: items, actions between items and immutable events.
What an application calls and reads.';

create schema if not exists dpg_private;
comment on schema dpg_private is
  'Helpers of schema dpg. No caller uses them: names and arguments may change with any migration.';
