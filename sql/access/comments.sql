-- Columns of the types that functions return mean what the columns of their tables mean.
do $body$
declare
  described record;
begin
  for described in
    select
      pg_catalog.format('dpg.%I.%I', t.relname, a.attname) as name,
      coalesce(
        pg_catalog.col_description(r.oid, o.attnum),
        case a.attname
          when 'position' then 'Position in the feed, passed to acknowledge.'
          when 'lease_id' then 'The lease under which the event was handed out: pass it on to acknowledge, release_events, fail_event and settle_event.'
          when 'next_page_token' then 'Passed as page_token with the same filters it continues after this row.'
          when 'distance_meters' then 'Distance in metres along the great circle.'
          when 'ownership_roles' then 'The actor''s part: initiated (owner of the source), received (owner of the target), or both.'
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
        when 'found_action' then 'dpg.item_actions'
        when 'found_event' then 'dpg.action_events'
        when 'feed_event' then 'dpg.action_events'
      end::pg_catalog.regclass
    left join pg_catalog.pg_attribute o on o.attrelid = r.oid and o.attname = a.attname
    where t.relnamespace = 'dpg'::pg_catalog.regnamespace
      and t.relkind = 'c'
      and pg_catalog.col_description(t.oid, a.attnum) is null
  loop
    execute pg_catalog.format('comment on column %s is %L', described.name, described.description);
  end loop;
end
$body$;

comment on constraint items_pkey on dpg.items is 'One item of each key.';
comment on constraint items_created_by_fkey on dpg.items is 'The owner is a user of this instance; a user who owns items cannot be deleted: see dpg.erase_user.';
comment on constraint items_state_check on dpg.items is 'A document is a JSON object.';
comment on constraint items_coordinates_check on dpg.items is 'Latitude and longitude: both or neither, in degrees.';
comment on constraint item_actions_pkey on dpg.item_actions is 'One action of each key.';
comment on constraint item_actions_partition_check on dpg.item_actions is 'An action lies in its target''s network.';
comment on constraint item_actions_requirements_check on dpg.item_actions is 'Requirements are a JSON object.';
comment on constraint item_actions_update_count_check on dpg.item_actions is 'update_count starts at 0.';
comment on constraint item_actions_source_local_check on dpg.item_actions is 'source_local_item_id is null or the id of a source of this instance and network.';
comment on constraint action_events_pkey on dpg.action_events is 'One event of each key.';
comment on constraint action_events_update_key on dpg.action_events is 'One event for each update of an action.';
comment on constraint action_events_payload_check on dpg.action_events is 'A payload is a JSON object.';
comment on constraint action_events_update_count_check on dpg.action_events is 'update_count starts at 0.';
comment on constraint action_definitions_pkey on dpg.action_definitions is 'One graph for each action type of a network.';
comment on constraint networks_pkey on dpg.networks is 'One registered document of each network.';
comment on constraint limits_pkey on dpg.limits is 'One row for each limit.';
comment on constraint limits_name_check on dpg.limits is 'The limits that there are.';
comment on constraint limits_value_check on dpg.limits is 'What a limit may be.';
comment on constraint redactions_pkey on dpg.redactions is 'One row for each redaction.';
comment on constraint redactions_kind_check on dpg.redactions is 'The kinds that there are.';
comment on constraint redactions_event_check on dpg.redactions is 'An event, also one that differs, is named by its whole key, an erased user not at all.';
comment on constraint redactions_move_check on dpg.redactions is 'A move names both users, nothing else names any.';
comment on sequence dpg.redactions_redaction_id_seq is 'Numbers of dpg.redactions.';
comment on constraint subscriptions_pkey on dpg.subscriptions is 'One subscription of each name.';
comment on constraint subscriptions_order_check on dpg.subscriptions is 'What is acknowledged was handed out.';
comment on constraint failed_events_pkey on dpg.failed_events is 'One row for each event of a subscription.';
comment on constraint failed_events_state_check on dpg.failed_events is 'The states that there are.';
comment on constraint failed_events_subscription_fkey on dpg.failed_events is 'Goes with its subscription.';
comment on index dpg.action_definitions_pkey is 'For define_action and for each new action and transition.';
comment on index dpg.networks_pkey is 'For each call that writes something new.';
comment on index dpg.limits_pkey is 'For each call that looks up a limit.';
comment on constraint differing_events_pkey on dpg.differing_events is 'One row for each event that was accepted.';
comment on index dpg.differing_events_pkey is 'For the record that belongs to an event.';
comment on index dpg.redactions_pkey is 'For the order of the records.';
comment on index dpg.subscriptions_pkey is 'For each call that names a subscription.';
comment on index dpg.failed_events_pkey is 'For each call that names a failed event.';
