-- Roles belong to the whole cluster, not to one database: those that exist are used, the others are created. A
-- migrating role that may not create them gets the statement that an administrator must run.
do $body$
declare
  role_name text;
begin
  foreach role_name in array array['dpg_app', 'dpg_readonly', 'dpg_admin'] loop
    if pg_catalog.to_regrole(role_name) is null then
      begin
        execute pg_catalog.format('create role %I nologin', role_name);
      exception
        when duplicate_object or unique_violation then
          null; -- another database of this cluster was migrated at the same time
        when insufficient_privilege then
          raise exception 'role % is missing and % may not create it', role_name, current_user
            using
              errcode = 'insufficient_privilege',
              hint = pg_catalog.format('An administrator must run: create role %I nologin;', role_name);
      end;
    end if;
  end loop;
end
$body$;
