create or replace function dpg_private.check_network_domains(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
  item_type text;
  names text[] := array[]::text[];
begin
  perform dpg_private.check_network_part(document, '{domains}', 'array');
  for domain in 0 .. jsonb_array_length(document -> 'domains') - 1 loop
    path := array['domains', domain::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['name'], 'key'),
      dpg_private.check_network_part(document, path || array['item_schemas'], 'object');
    for item_type in select t.name from jsonb_object_keys(document #> path -> 'item_schemas') t(name) loop
      if not dpg_private.is_key(item_type) then
        perform dpg_private.refuse_network_document(
          path || array['item_schemas', item_type], to_jsonb(item_type), 'is not an item type',
          'An item type is text of 1 to 120 characters that is not all white space.'
        );
      end if;
      perform dpg_private.check_network_part(document, path || array['item_schemas', item_type], 'schema');
    end loop;
    if document #> path ->> 'name' = any (names) then
      perform dpg_private.refuse_network_document(
        path || array['name'], document #> path -> 'name', 'is there twice', 'A domain is declared once, with all of its item types.'
      );
    end if;
    names := names || (document #> path ->> 'name');
  end loop;
end
$body$;

comment on function dpg_private.check_network_domains(jsonb) is
  'Raises DP001 unless the domains of a network document are an array of objects with a name, each another one, and item_schemas.';
