do $body$
begin
  if pg_catalog.to_regtype('dpg.nearest_item') is null then
    create type dpg.nearest_item as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid,
      item_instance_url text,
      item_schema_url text,
      item_state jsonb,
      item_latitude double precision,
      item_longitude double precision,
      created_by text,
      created_at timestamptz,
      updated_at timestamptz,
      distance_meters double precision,
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.nearest_item is
  'A row of dpg.nearest_items: the columns of dpg.items, then distance_meters along the great circle and next_page_token, which continues after this row.';
