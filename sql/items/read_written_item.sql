create or replace function dpg_private.read_written_item(leaf regclass, sent dpg.items, operation text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  execute format(
    'select * from %s i where i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4', leaf
  )
  into stored
  using sent.item_network, sent.item_domain, sent.item_type, sent.item_id;
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed(operation, leaf, to_jsonb(dpg_private.ref_of_item(sent)));
  end if;
  perform dpg_private.note_sent(
    'items', sent.item_network, sent.item_domain, sent.item_type, sent.item_id,
    dpg_private.digest_of_item(
      sent.item_instance_url, sent.item_schema_url, sent.item_state, sent.item_latitude, sent.item_longitude, sent.created_by
    ),
    dpg_private.digest_of_item(
      stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude,
      stored.created_by
    )
  );
  return stored;
end
$body$;

comment on function dpg_private.read_written_item(regclass, dpg.items, text) is
  'What is stored of an item that was just written (operation: insert or update), on a table to which the application has added columns or triggers; notes what was sent where that differs. Raises DP018 when nothing is there under its key.';
