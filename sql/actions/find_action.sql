create or replace function dpg_private.find_action(leaf regclass, partition_network text, action_type text, action_id uuid)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
begin
  if leaf is not null then
    execute format(
      'select * from %s a where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3', leaf
    )
    into stored
    using partition_network, action_type, action_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_action(regclass, text, text, uuid) is
  'The action of this key in its leaf, as committed by now; all columns null where there is none, or no leaf.';
