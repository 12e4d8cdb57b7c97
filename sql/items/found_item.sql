do $body$
begin
  if pg_catalog.to_regtype('dpg.found_item') is null then
    create type dpg.found_item as (
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
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_item is
  'A row of dpg.find_items: the columns of dpg.items, then next_page_token, which continues after this row.';
