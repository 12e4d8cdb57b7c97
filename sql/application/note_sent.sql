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
    note_sent.root, note_sent.network, note_sent.key, note_sent.item_type, note_sent.id, note_sent.sent, note_sent.stored
  )
  on conflict on constraint sent_contents_pkey do update
  set sent = excluded.sent,
    stored = excluded.stored;
end
$body$;

comment on function dpg_private.note_sent(text, text, text, text, uuid, bytea, bytea) is
  'Keeps dpg_private.sent_contents for a row that was just written, on a table with triggers of the application: a row where what was stored differs from what was sent, none where it does not.';
