create or replace function dpg_private.check_closing_statuses(close_actions_as text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    'close_actions_as', to_jsonb(s.status),
    case when s.status is null then 'is missing' else 'is not a key' end,
    'Pass keys: texts of 1 to 120 characters that are not all white space.', s.number::integer - 1
  )
  from unnest(close_actions_as) with ordinality s(status, number)
  where dpg_private.is_key(s.status) is not true;
end
$body$;

comment on function dpg_private.check_closing_statuses(text[]) is
  'Raises DP001 unless the statuses that close actions are keys. Null is none.';

create or replace function dpg.set_item_status(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  item_status text,
  expected_updated_at timestamptz default null,
  close_actions_as text[] default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  slot smallint;
  leaf regclass;
  stored dpg.items;
  changed dpg.items;
begin
  -- check. Actions must be closed as they are now: an older snapshot would leave out what was created since.
  if close_actions_as is not null then
    perform dpg_private.check_transaction('dpg.set_item_status with close_actions_as');
  end if;
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_key('item_status', item_status),
    dpg_private.check_time_or_none('expected_updated_at', expected_updated_at),
    dpg_private.check_closing_statuses(close_actions_as);

  -- Leaves of events that were lost are created before the item is locked: who creates leaves may wait for it.
  if close_actions_as is not null then
    perform dpg_private.find_leaves_of_item(actor, item_network);
  end if;

  -- lock
  slot := dpg_private.slot_of('items', item_network, item_domain);
  leaf := dpg_private.find_leaf_by_slot('items', slot, item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'no key update', slot);
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;
  if stored.item_status = item_status then
    if close_actions_as is not null then
      perform dpg_private.close_actions(stored, close_actions_as);
    end if;
    return stored;
  end if;
  if stored.updated_at <> expected_updated_at then
    perform dpg_private.refuse_stale_item(stored, expected_updated_at);
  end if;
  if item_network = any (dpg_private.defined_networks()) then
    perform dpg_private.check_item_status(
      item, stored.item_status, item_status, dpg_private.find_item_definition(item_network, item_domain)
    );
  end if;

  -- change
  changed := stored;
  changed.item_status := item_status;
  stored := dpg_private.write_item(leaf, slot, item, changed, actor);
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(item));
  end if;
  if dpg_private.has_additions_to_item(leaf, slot) then
    stored := dpg_private.read_written_item(leaf, changed, 'update');
  end if;
  if close_actions_as is not null then
    perform dpg_private.close_actions(stored, close_actions_as);
  end if;
  return stored;
end
$body$;

comment on function dpg.set_item_status(text, text, text, text, uuid, text, timestamptz, text[]) is
  'Changes the status of an item of the actor. dpg.define_item declares which statuses there are. The present status
again returns the row as it is. With expected_updated_at the call is refused (DP007) when somebody else changed the item
first.
With close_actions_as every open action of this instance with the item on a side moves to the first of these statuses
that the graph allows to that side, with its event, in the same transaction. An action that is in one of them stays.
Where none fits, DP006 names the action, and nothing is written. The present status again closes, too. Open is a status
that is not final (dpg.action_definitions). The item and these actions are locked until the transaction ends. With
close_actions_as it runs under READ COMMITTED only (25000).
Raises DP001, DP002, DP003, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.set_item_status(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'', ''paused'',
  close_actions_as => array[''withdrawn'', ''declined'']
)';
