create or replace function dpg_private.leaves_of_party(
  root text,
  actor text,
  partition_network text,
  action_type text
)
returns regclass[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if partition_network is not null and action_type is not null then
    return array_remove(array[dpg_private.leaf(root, partition_network, action_type)], null);
  end if;
  return coalesce(
    (
      select array_agg(l.leaf order by l.leaf)
      from (
        select distinct dpg_private.leaf(leaves_of_party.root, p.partition_network, p.action_type) as leaf
        from dpg_private.party_leaves p
        where p.owner = leaves_of_party.actor
          and (leaves_of_party.partition_network is null or p.partition_network = leaves_of_party.partition_network)
          and (leaves_of_party.action_type is null or p.action_type = leaves_of_party.action_type)
      ) l
      where l.leaf is not null
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.leaves_of_party(text, text, text, text) is
  'The leaves that can hold rows of which the actor is a party: the one that the keys name, or those in which the actor has rows.';
