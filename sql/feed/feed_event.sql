do $body$
begin
  if pg_catalog.to_regtype('dpg.feed_event') is null then
    create type dpg.feed_event as (
      "position" bigint,
      lease_id uuid,
      partition_network text,
      action_type text,
      event_id uuid,
      origin_instance_domain text,
      action_id uuid,
      action_status text,
      update_count integer,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      target_item_latitude double precision,
      target_item_longitude double precision,
      event_payload jsonb,
      remarks text,
      created_at timestamptz,
      source_item_is_local boolean,
      target_item_is_local boolean
    );
  end if;
end
$body$;

comment on type dpg.feed_event is
  'A row of dpg.read_events and dpg.read_retries: its position in the feed, the lease under which it was handed out, then the columns of dpg.action_events.';
