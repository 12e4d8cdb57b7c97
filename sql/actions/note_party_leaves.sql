create or replace function dpg_private.note_party_leaves()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto -- open_action, which inserts, has it otherwise
as $body$
begin
  if new.source_item_is_local
    and not exists (
      select
      from dpg_private.party_leaves p
      where p.owner = new.source_item_owner
        and p.partition_network = new.partition_network
        and p.action_type = new.action_type
    )
  then
    insert into dpg_private.party_leaves (owner, partition_network, action_type)
    values (new.source_item_owner, new.partition_network, new.action_type);
  end if;
  -- the target of an action lives here; that of a mirrored event does not
  if tg_argv[0] = 'action'
    and not exists (
      select
      from dpg_private.party_leaves p
      where p.owner = new.target_item_owner
        and p.partition_network = new.partition_network
        and p.action_type = new.action_type
    )
  then
    insert into dpg_private.party_leaves (owner, partition_network, action_type)
    values (new.target_item_owner, new.partition_network, new.action_type);
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_party_leaves() is
  'Trigger: notes in which leaves the parties of a new action, or the source of a mirrored event, have rows. Its argument says which: action or event.';
