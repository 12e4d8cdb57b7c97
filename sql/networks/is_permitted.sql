create or replace function dpg_private.is_permitted(interaction jsonb, source dpg.item_ref, target dpg.item_ref)
returns boolean
language sql
immutable
parallel safe
security invoker
return interaction ->> 'from_network' = (source).item_network
  and interaction ->> 'from_domain' = (source).item_domain
  and coalesce(interaction -> 'from_items' ? (source).item_type, true)
  and interaction ->> 'to_network' = (target).item_network
  and interaction ->> 'to_domain' = (target).item_domain
  and coalesce(interaction -> 'to_items' ? (target).item_type, true);

comment on function dpg_private.is_permitted(jsonb, dpg.item_ref, dpg.item_ref) is
  'Whether an interaction, as dpg.networks has it, is one from source to target. Stored parsed and inlined.';
