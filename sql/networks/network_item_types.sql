create or replace function dpg_private.network_item_types(document jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    (
      select jsonb_object_agg(
        d.domain ->> 'name',
        (
          select coalesce(jsonb_agg(t.item_type order by t.item_type collate "C"), '[]')
          from jsonb_object_keys(d.domain -> 'item_schemas') t(item_type)
        )
      )
      from jsonb_array_elements(document -> 'domains') d(domain)
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.network_item_types(jsonb) is
  'What a network document whose domains were checked says of items: the column item_types of dpg.networks.';
