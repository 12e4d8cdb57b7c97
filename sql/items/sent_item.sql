do $body$
begin
  if pg_catalog.to_regtype('dpg_private.sent_item') is null then
    create type dpg_private.sent_item as (
      index integer,
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
      written_at timestamptz
    );
  end if;
end
$body$;

comment on type dpg_private.sent_item is
  'An element of upsert_items as a row: its index, counted from 0, then columns of dpg.items, without what an application has added to them; written_at is for created_at and updated_at.';
