create or replace function dpg_private.check_network_instances(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
begin
  if not document ? 'instances' then
    return;
  end if;
  perform dpg_private.check_network_part(document, '{instances}', 'array');
  for instance in 0 .. jsonb_array_length(document -> 'instances') - 1 loop
    path := array['instances', instance::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['domain_name'], 'key'),
      dpg_private.check_network_part(document, path || array['instance_url'], 'url');
    if not item_types ? (document #> path ->> 'domain_name') then
      perform dpg_private.refuse_network_document(
        path || array['domain_name'], document #> path -> 'domain_name', 'is no declared domain',
        'An instance serves one of the domains of the document.'
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_network_instances(jsonb, jsonb) is
  'Raises DP001 unless the instances of a network document, if it has them, are an array of objects with the domain_name of a declared domain and an instance_url. item_types is that of dpg.networks.';
