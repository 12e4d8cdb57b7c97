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
  'Whether this content was sent for the row, and a trigger of the application stored something else for it; with stored, whether that is what is stored now.';
