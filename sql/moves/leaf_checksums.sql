create or replace function dpg_private.leaf_checksums(network text)
returns table (root text, key text, row_count bigint, checksum text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1
set timezone = 'UTC'
set datestyle = 'ISO'
as $body$
declare
  of_network record;
begin
  for of_network in select l.* from dpg_private.find_leaves_of_network(network) l loop
    root := of_network.root;
    key := of_network.key;
    -- the sum of a digest of each row, so that their order does not matter; columns by name, since they may stand in
    -- another order
    execute format(
      'select count(*), coalesce(sum((''x'' || left(md5(to_jsonb(r)::text), 15))::bit(60)::bigint), 0)::text from %s r',
      of_network.leaf
    )
    into row_count, checksum;
    return next;
  end loop;
end
$body$;

comment on function dpg_private.leaf_checksums(text) is
  'The number of rows and a checksum of every leaf of a network, closed ones too: equal on sender and receiver.';
