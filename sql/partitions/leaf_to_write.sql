create or replace function dpg_private.leaf_to_write(root text, network text, key text)
returns regclass
language sql
volatile
security invoker
return coalesce(dpg_private.leaf(root, network, key), dpg_private.ensure_partition(root, network, key));

comment on function dpg_private.leaf_to_write(text, text, text) is
  'The leaf of these keys, made when missing. Raises DP010. Stored parsed and inlined: part of every write.';
