create or replace function dpg_private.keep_events()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP012',
    message = format('%s of dpg.%s is refused: events are immutable', lower(tg_op), tg_table_name),
    hint = 'A new fact is a new event.',
    detail = jsonb_build_object('operation', tg_op, 'relation', format('%I.%I', tg_table_schema, tg_table_name))::text;
  return null;
end
$body$;

comment on function dpg_private.keep_events() is
  'Trigger: refuses to change or remove events, for the owner of the table too (DP012).';
