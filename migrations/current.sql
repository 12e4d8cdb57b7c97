-- Statements for one migration only go above this line; see README.md, "Develop".
-- Private functions get names that say what they do. Renamed, not created anew: triggers and indexes keep them, and nothing
-- but rows of the catalogue is locked.
do $body$
declare
  renamed record;
begin
  for renamed in
    select p.oid::regprocedure as signature, n.new_name
    from (values
      ('leaf', 'find_leaf'),
      ('leaf_of', 'look_up_leaf'),
      ('leaf_to_write', 'find_or_create_leaf'),
      ('ensure_partition', 'ensure_leaf'),
      ('make_leaf', 'create_leaf'),
      ('ensure_network', 'ensure_network_partition'),
      ('renamed_partition', 'find_renamed_partition'),
      ('mirrored_leaves_of', 'find_mirrored_action_types'),
      ('tied_tables', 'find_tied_tables'),
      ('lock_holders', 'find_lock_holders'),
      ('guard_partition', 'copy_row_level_security'),
      ('revoke_given', 'revoke_default_privileges'),
      ('queue_for_partitions', 'take_partition_turn'),
      ('check_limit', 'check_partition_limit'),
      ('build_partition', 'create_partition_table'),
      ('is_begun', 'has_action_between'),
      ('is_permitted', 'interaction_permits'),
      ('check_undeclared_item', 'refuse_new_undeclared_item'),
      ('check_undeclared_items', 'refuse_new_undeclared_items'),
      ('keep_events', 'refuse_event_change'),
      ('keep_redactions', 'refuse_redaction_change'),
      ('keep_differing_events', 'refuse_differing_event_change'),
      ('check_large_document', 'check_document_limits'),
      ('are_coordinates', 'are_coordinates_or_none'),
      ('check_move', 'check_transition'),
      ('is_repeated_move', 'is_repeated_transition'),
      ('move_action', 'apply_transition'),
      ('open_action', 'insert_action'),
      ('write_beside_triggers', 'write_action_and_event'),
      ('get_event', 'find_event'),
      ('get_event_of_update', 'find_event_of_update'),
      ('get_differing_event', 'find_differing_event'),
      ('check_other_fields', 'check_unknown_fields'),
      ('event_of_object', 'parse_event'),
      ('object_of_event', 'event_to_json'),
      ('with_missing_fields', 'fill_missing_fields'),
      ('owner_of_source', 'find_source_owner'),
      ('has_succeeded', 'has_taken_place_of'),
      ('nearness', 'chord_meters'),
      ('distance_of', 'great_circle_sql'),
      ('haversine', 'haversine_sql'),
      ('circle_condition', 'circle_condition_sql'),
      ('item_conditions', 'item_conditions_sql'),
      ('party_conditions', 'party_conditions_sql'),
      ('page_token', 'page_token_sql'),
      ('bounds_of', 'bounds_of_circle'),
      ('leaves_of_party', 'find_party_leaves'),
      ('next_positions', 'find_next_positions'),
      ('missing_events', 'find_missing_events'),
      ('events_at', 'find_events_at'),
      ('feed_home', 'database_identity'),
      ('enter_feed_home', 'skip_positions_after_restore'),
      ('queue_writers', 'find_queue_writers'),
      ('check_coordinates', 'check_coordinates_or_none'),
      ('check_remarks', 'check_remarks_or_none'),
      ('check_time', 'check_time_or_none'),
      ('check_field', 'refuse_field'),
      ('is_circle', 'is_circle_or_none')
    ) n(old_name, new_name)
    join pg_catalog.pg_proc p on p.proname = n.old_name and p.pronamespace = 'dpg_private'::regnamespace
    where not exists (
      select
      from pg_catalog.pg_proc o
      where o.proname = n.new_name
        and o.pronamespace = p.pronamespace
        and o.proargtypes = p.proargtypes
    )
  loop
    execute pg_catalog.format('alter function %s rename to %I', renamed.signature, renamed.new_name);
  end loop;
end
$body$;

-- What is written once now, or with other arguments. No table is locked.
drop function if exists
  dpg_private.great_circle_sql(text),
  dpg_private.item_columns_sql(),
  dpg_private.check_circle(double precision, double precision, double precision, boolean),
  dpg_private.are_item_filters(text, text, text, text, text, text, jsonb),
  dpg_private.check_item_filters(text, text, text, text, text, text, jsonb),
  dpg_private.is_item_ref(dpg.item_ref),
  dpg_private.action_columns_sql(),
  dpg_private.event_columns_sql(),
  dpg_private.check_transition(text, text, uuid, text, integer, jsonb, text),
  dpg_private.insert_action(dpg.item_actions, jsonb, regclass, regclass),
  dpg_private.check_party_filters(text, text, text, text, text),
  dpg_private.check_remote_source(text, text);

--!include all.sql
