create table if not exists dpg.redactions (
  redaction_id bigint generated always as identity,
  redacted_at timestamptz not null default greatest(clock_timestamp(), transaction_timestamp()),
  actor text not null,
  database_role text not null default session_user,
  kind text not null,
  reason text not null,
  partition_network text,
  action_type text,
  action_id uuid,
  event_id uuid,
  transaction_id xid8 not null default pg_current_xact_id(),
  from_user text,
  to_user text,
  constraint redactions_pkey primary key (redaction_id),
  constraint redactions_kind_check check (kind in ('event', 'user', 'loss', 'move', 'difference')),
  constraint redactions_event_check check (
    case kind
      when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      when 'difference' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
      else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
    end
  ),
  constraint redactions_move_check check (num_nonnulls(from_user, to_user) = case kind when 'move' then 2 else 0 end)
);

create index if not exists redactions_action_idx
on dpg.redactions (action_id, event_id)
where kind = 'event';

create index if not exists redactions_transaction_idx
on dpg.redactions (transaction_id);

create index if not exists redactions_move_idx
on dpg.redactions (to_user)
where kind = 'move';

comment on table dpg.redactions is
  'The record of redactions: who, when, why, and what kind. It says what was taken away because the law demanded it,
whose items went to whom, which loss of events was confirmed, and which differing event was accepted. Append-only
(DP012). Written by dpg.redact_event, dpg.erase_user, dpg.move_items, dpg.confirm_lost_events and
dpg.accept_differing_event.';
comment on column dpg.redactions.redaction_id is 'Number of the redaction.';
comment on column dpg.redactions.redacted_at is 'When it was done.';
comment on column dpg.redactions.actor is
  'Who asked for it, as the caller says; the tombstone when that user was erased.';
comment on column dpg.redactions.database_role is 'The role that was logged in.';
comment on column dpg.redactions.kind is
  'event: an event was emptied. user: a user was erased; the record does not say who. loss: events whose partition was
dropped were taken out of the feed. move: the items of one user went to another. difference: an event of another
instance was accepted although it differs from the stored one.';
comment on column dpg.redactions.reason is 'Why, in words.';
comment on column dpg.redactions.partition_network is 'Of an event, a difference or a loss: the network.';
comment on column dpg.redactions.action_type is 'Of an event, a difference or a loss: the action type.';
comment on column dpg.redactions.action_id is 'Of an event or a difference: the action that it belongs to.';
comment on column dpg.redactions.event_id is
  'Of an event: its id. Of a difference: the id of the event that was accepted.';
comment on column dpg.redactions.transaction_id is
  'The transaction that did it. With redacted_at it tells the triggers that this transaction is erasing a user or moving
items.';
comment on column dpg.redactions.from_user is
  'Of a move: the user whose items they were; the tombstone when that user was erased.';
comment on column dpg.redactions.to_user is
  'Of a move: the user whose items they are since; the tombstone when that user was erased.';
comment on constraint redactions_pkey on dpg.redactions is 'One row for each redaction.';
comment on constraint redactions_kind_check on dpg.redactions is 'The kinds that there are.';
comment on constraint redactions_event_check on dpg.redactions is
  'A record names an event, also one that differs, by its whole key. It does not name an erased user.';
comment on constraint redactions_move_check on dpg.redactions is 'A move names both users. No other kind names any.';
comment on sequence dpg.redactions_redaction_id_seq is 'Numbers of dpg.redactions.';
comment on index dpg.redactions_pkey is 'For the order of the records.';
comment on index dpg.redactions_action_idx is
  'For the trigger on events and for repeated calls: was this event, or any event of this action, redacted?';
comment on index dpg.redactions_transaction_idx is
  'For the triggers: is this transaction erasing a user or moving items?';
comment on index dpg.redactions_move_idx is
  'For mirrored events that name another owner than the item has: whose place has the owner taken?';
