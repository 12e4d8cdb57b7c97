do $body$
begin
  if pg_catalog.to_regtype('dpg.item_change') is null then
    create type dpg.item_change as (
      "position" bigint,
      lease_id uuid,
      change text,
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
      item_status text
    );
  end if;
end
$body$;

comment on type dpg.item_change is
  'A row of dpg.read_item_changes: an item that has changed, as it is when it is read.';
