create or replace trigger item_actions_note_parties
after insert on dpg.item_actions
for each row
execute function dpg_private.note_party_leaves('action');

comment on trigger item_actions_note_parties on dpg.item_actions is
  'Keeps dpg_private.party_leaves, so that find_actions and find_events read only leaves in which the actor has rows.';
