-- Which leaves have a slot is known in two ways: from dpg_private.partition_names, and from constants of functions that
-- are created anew with each slot. Whoever wants to use a slot asks the constants. A session learns of them when it
-- learns of the functions of the slot, which come before them in the same transaction. A row of the table it may see
-- before: then it would call functions that it does not know yet (42883).

create or replace function dpg_private.slot_key(network text, key text)
returns text
language sql
immutable
parallel safe
security invoker
return length(network)::text || ' ' || network || key;

comment on function dpg_private.slot_key(text, text) is
  'The keys of a leaf as one text, different for different keys. Inlined.';

-- While they are missing, no leaf has a slot. dpg_private.create_slot_functions replaces them.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.slot_keys(text)') is null then
    create function dpg_private.slot_keys(root text)
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
  if pg_catalog.to_regprocedure('dpg_private.slot_leaves(text)') is null then
    create function dpg_private.slot_leaves(root text)
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

create or replace function dpg_private.slot_of(root text, network text, key text)
returns smallint
language sql
stable
parallel safe
security invoker
return array_position(dpg_private.slot_keys(root), dpg_private.slot_key(network, key))::smallint;

comment on function dpg_private.slot_of(text, text, text) is
  'The slot of the leaf of these keys; null where it has none. Inlined, also what it calls: so the keys of all slots are
a constant of the expression, which PostgreSQL makes anew when dpg_private.slot_keys is replaced.';
