-- Columns that repeat a column of a table mean the same, so they get its comment: the columns of the types that
-- functions return, and those of dpg_private.mirrored_actions, except three that have comments of their own.
do $body$
declare
  described record;
begin
  for described in
    select
      pg_catalog.format('%s.%I', t.oid::pg_catalog.regclass, a.attname) as name,
      coalesce(
        pg_catalog.col_description(r.oid, o.attnum),
        case
          when t.relname <> 'item_change' then null
          when a.attname = 'position' then 'Position within the subscription, passed to acknowledge. Rises, with gaps.'
          when a.attname = 'lease_id' then
            'The lease under which the change was handed out: pass it on to acknowledge and release_events.'
          when a.attname = 'change' then
            'upserted: the item is there, as the other columns say. deleted: it is not there, and the columns after '
              'its key are null.'
        end,
        case a.attname
          when 'position' then 'Position in the feed, passed to acknowledge.'
          when 'lease_id' then
            'The lease under which the event was handed out: pass it on to acknowledge, release_events, fail_event and '
              'settle_event.'
          when 'next_page_token' then 'Passed as page_token with the same filters it continues after this row.'
          when 'distance_meters' then 'Distance in metres along the great circle.'
          when 'ownership_roles' then
            'The actor''s part: initiated (owner of the source), received (owner of the target), or both.'
          when 'item_network' then 'Network of the item.'
          when 'item_domain' then 'Domain of the item.'
          when 'item_type' then 'Type of the item.'
          when 'item_id' then 'Id of the item.'
        end
      ) as description
    from pg_catalog.pg_class t
    join pg_catalog.pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped
    left join pg_catalog.pg_class r
      on r.oid = case t.relname
        when 'found_item' then 'dpg.items'
        when 'nearest_item' then 'dpg.items'
        when 'item_change' then 'dpg.items'
        when 'found_action' then 'dpg.item_actions'
        when 'mirrored_actions' then 'dpg.item_actions'
        when 'found_event' then 'dpg.action_events'
        when 'feed_event' then 'dpg.action_events'
      end::pg_catalog.regclass
    left join pg_catalog.pg_attribute o on o.attrelid = r.oid and o.attname = a.attname
    where (t.relnamespace = 'dpg'::pg_catalog.regnamespace and t.relkind = 'c')
      or (
        t.oid = 'dpg_private.mirrored_actions'::pg_catalog.regclass
        and o.attname not in ('requirements_snapshot', 'remarks', 'target_item_id')
      )
  loop
    execute pg_catalog.format('comment on column %s is %L', described.name, described.description);
  end loop;
end
$body$;
