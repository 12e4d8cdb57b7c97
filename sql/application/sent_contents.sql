create table if not exists dpg_private.sent_contents (
  root text not null,
  network text not null,
  key text not null,
  item_type text not null,
  id uuid not null,
  sent bytea not null,
  stored bytea not null,
  constraint sent_contents_pkey primary key (id, network, key, item_type, root)
);

comment on table dpg_private.sent_contents is
  'What was sent where a trigger of the application stored something else: so that the same call again is known as a repetition. No rows where there are no such triggers. Digests, not contents.';
comment on column dpg_private.sent_contents.root is 'Root table of the row: items, item_actions or action_events.';
comment on column dpg_private.sent_contents.network is 'First partition key of the row.';
comment on column dpg_private.sent_contents.key is 'Second partition key of the row.';
comment on column dpg_private.sent_contents.item_type is 'Type of the item; empty for actions and events.';
comment on column dpg_private.sent_contents.id is 'Id of the row.';
comment on column dpg_private.sent_contents.sent is 'SHA-256 of the content that was sent.';
comment on column dpg_private.sent_contents.stored is
  'SHA-256 of the content that was stored for it; compared where it can change, of items.';
comment on constraint sent_contents_pkey on dpg_private.sent_contents is 'One row of each key.';
comment on index dpg_private.sent_contents_pkey is 'For each call on a table with triggers of the application, and for repetitions that differ from what is stored.';
