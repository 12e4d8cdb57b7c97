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
  'What was sent for a row, where a trigger of the application has stored something else. So the same call again
is known as a repetition. Has no rows where there are no such triggers. Keeps digests, not contents.';
comment on column dpg_private.sent_contents.root is 'Root table of the row: items, item_actions or action_events.';
comment on column dpg_private.sent_contents.network is 'First partition key of the row.';
comment on column dpg_private.sent_contents.key is 'Second partition key of the row.';
comment on column dpg_private.sent_contents.item_type is 'Type of the item; empty for actions and events.';
comment on column dpg_private.sent_contents.id is 'Id of the row.';
comment on column dpg_private.sent_contents.sent is 'SHA-256 of the content that was sent.';
comment on column dpg_private.sent_contents.stored is
  'SHA-256 of the content that was stored for it. Compared for items, whose content can change.';
comment on constraint sent_contents_pkey on dpg_private.sent_contents is 'One row of each key.';
comment on index dpg_private.sent_contents_pkey is
  'For each call on a table with triggers of the application, and for repetitions that differ from what is
stored.';

create or replace function dpg_private.note_sent(
  root text,
  network text,
  key text,
  item_type text,
  id uuid,
  sent bytea,
  stored bytea
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if sent = stored then
    delete from dpg_private.sent_contents s
    where s.id = note_sent.id
      and s.network = note_sent.network
      and s.key = note_sent.key
      and s.item_type = note_sent.item_type
      and s.root = note_sent.root;
    return;
  end if;
  insert into dpg_private.sent_contents (root, network, key, item_type, id, sent, stored)
  values (
    note_sent.root, note_sent.network, note_sent.key, note_sent.item_type, note_sent.id,
    note_sent.sent, note_sent.stored
  )
  on conflict on constraint sent_contents_pkey do update
  set sent = excluded.sent,
    stored = excluded.stored;
end
$body$;

comment on function dpg_private.note_sent(text, text, text, text, uuid, bytea, bytea) is
  'Notes in dpg_private.sent_contents what was sent for a row that was just written, on a table with triggers of
the application. There is a note where the stored content differs from the sent one, and none where they are
the same.';

create or replace function dpg_private.was_sent(
  root text,
  network text,
  key text,
  item_type text,
  id uuid,
  sent bytea,
  stored bytea default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg_private.sent_contents s
    where s.id = was_sent.id
      and s.network = was_sent.network
      and s.key = was_sent.key
      and s.item_type = was_sent.item_type
      and s.root = was_sent.root
      and s.sent = was_sent.sent
      and (was_sent.stored is null or s.stored = was_sent.stored)
  );
end
$body$;

comment on function dpg_private.was_sent(text, text, text, text, uuid, bytea, bytea) is
  'Whether this content was sent for the row, and a trigger of the application stored something else. With
stored: whether that is also what is stored now.';
