create or replace function dpg_private.make_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  parent constant text := dpg_private.ensure_network(root, network, key);
  name constant text := dpg_private.build_partition(root, network, key);
begin
  perform dpg_private.attach_partition(
    root, network, key, array[('dpg.' || parent)::regclass], dpg_private.tied_tables(('dpg.' || parent)::regclass),
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.make_leaf(text, text, text) is
  'Makes the leaf of these keys, which is missing, and the network''s partition above it where that is; returns the leaf. Called under the lock of dpg_private.queue_for_partitions, after the limit was checked. Raises DP010.';
