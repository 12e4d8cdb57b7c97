create or replace trigger action_events_note_parties
after insert on dpg.action_events
for each row
when (not new.target_item_is_local)
execute function dpg_private.note_party_leaves('event');

comment on trigger action_events_note_parties on dpg.action_events is
  'Keeps dpg_private.party_leaves for mirrored events; the actions of this instance note their own parties.';
