create or replace function dpg_private.keep_events()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'UPDATE' then
    if dpg_private.is_redaction(old, new) then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = format('%s of %I.%I is refused: events are immutable', lower(tg_op), tg_table_schema, tg_table_name),
    hint = 'A new fact is a new event; what the law demands is done by dpg.redact_event and dpg.erase_user, a change of the owner by dpg.move_items.',
    detail = jsonb_build_object('operation', tg_op, 'relation', format('%I.%I', tg_table_schema, tg_table_name))::text;
end
$body$;

comment on function dpg_private.keep_events() is
  'Trigger: refuses to change or remove events, for the owner of the table too (DP012), but for redactions that are on record.';
