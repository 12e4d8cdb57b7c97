create or replace function dpg_private.tombstone()
returns text
language sql
immutable
parallel safe
security invoker
return 'dpg_erased_user';

comment on function dpg_private.tombstone() is
  'Id of the user who stands for all erased users. Nobody can act or read as this user.';
