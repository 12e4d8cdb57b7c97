create or replace function dpg_private.keep_differing_events()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.differing_events;
begin
  if tg_op = 'UPDATE' then
    allowed := old;
    if dpg_private.is_redacted(old.partition_network, old.action_type, old.action_id, old.event_id) then
      allowed.event := old.event || '{"event_payload": {}, "remarks": null}';
      if new is not distinct from allowed then
        return new;
      end if;
      allowed := old;
    end if;
    if dpg_private.is_replacement(old.source_item_owner, new.source_item_owner) then
      allowed.source_item_owner := new.source_item_owner;
      allowed.event := old.event || jsonb_build_object('source_item_owner', new.source_item_owner);
      if new is not distinct from allowed then
        return new;
      end if;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = dpg_private.text_for_client(
      format('%s of dpg.differing_events is refused: events are immutable', lower(tg_op))
    ),
    hint = 'What the law demands is done by dpg.redact_event and dpg.erase_user.',
    detail = dpg_private.text_for_client(
      jsonb_build_object('operation', tg_op, 'relation', 'dpg.differing_events')::text
    );
end
$body$;

comment on function dpg_private.keep_differing_events() is
  'Trigger: refuses to change or remove a differing event (DP012), but for redactions that are on record.';
