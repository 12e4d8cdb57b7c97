create or replace function dpg_private.lock_of_users()
returns text[]
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return case
  when has_table_privilege('public."user"', 'update, delete, truncate')
    then array['lock table only public."user" in share row exclusive mode']
  else '{}'
end;

comment on function dpg_private.lock_of_users() is
  'The statement that takes the lock on public."user" that a foreign key to it needs. None where the table is the application''s and the owner of this function may only read and reference it: the attachment takes the same lock itself then, and waits 40 ms at most.';
