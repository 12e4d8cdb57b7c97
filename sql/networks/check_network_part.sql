create or replace function dpg_private.check_network_part(document jsonb, path text[], kind text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part constant jsonb := document #> path;
begin
  if not dpg_private.is_field(kind, part) then
    perform dpg_private.refuse_network_document(
      path, part, case when part is null then 'is missing' else 'is malformed' end, dpg_private.field_hint(kind)
    );
  end if;
end
$body$;

comment on function dpg_private.check_network_part(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path is of this kind of dpg_private.is_field.';
