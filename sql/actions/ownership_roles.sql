create or replace function dpg_private.ownership_roles(
  actor text,
  source_owner text,
  source_is_local boolean,
  target_owner text,
  target_is_local boolean
)
returns text[]
language sql
immutable
parallel safe
security invoker
return array_remove(
  array[
    case when source_is_local and source_owner = actor then 'initiated' end,
    case when target_is_local and target_owner = actor then 'received' end
  ],
  null
);

comment on function dpg_private.ownership_roles(text, text, boolean, text, boolean) is
  'The part of the actor, a user of this instance, in an action or event: initiated (owner of the source), received (owner of the target), both or none. An owner who lives on another instance is nobody here, whatever the id.';
