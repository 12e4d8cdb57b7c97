--! Previous: sha1:9a0ce945172bd8d638a1c7e4c6ffe7e919cfacfe
--! Hash: sha1:8a95dadd85a6356894fe358f093e9029dfcc6544
--! Message: plain names

-- Private functions get names that say what they do. Renamed, not created anew: triggers and indexes keep them, and nothing
-- but rows of the catalogue is locked.
select pg_catalog.set_config(
  'dpg.renamed_functions',
  '{
    "leaf": "find_leaf",
    "leaf_of": "look_up_leaf",
    "leaf_to_write": "find_or_create_leaf",
    "ensure_partition": "ensure_leaf",
    "make_leaf": "create_leaf",
    "ensure_network": "ensure_network_partition",
    "renamed_partition": "find_renamed_partition",
    "mirrored_leaves_of": "find_mirrored_action_types",
    "tied_tables": "find_tied_tables",
    "lock_holders": "find_lock_holders",
    "guard_partition": "copy_row_level_security",
    "revoke_given": "revoke_default_privileges",
    "queue_for_partitions": "take_partition_turn",
    "check_limit": "check_partition_limit",
    "build_partition": "create_partition_table",
    "is_begun": "has_action_between",
    "is_permitted": "interaction_permits",
    "check_undeclared_item": "refuse_new_undeclared_item",
    "check_undeclared_items": "refuse_new_undeclared_items",
    "keep_events": "refuse_event_change",
    "keep_redactions": "refuse_redaction_change",
    "keep_differing_events": "refuse_differing_event_change",
    "check_large_document": "check_document_limits",
    "are_coordinates": "are_coordinates_or_none",
    "check_move": "check_transition",
    "is_repeated_move": "is_repeated_transition",
    "move_action": "apply_transition",
    "open_action": "insert_action",
    "write_beside_triggers": "write_action_and_event",
    "get_event": "find_event",
    "get_event_of_update": "find_event_of_update",
    "get_differing_event": "find_differing_event",
    "check_other_fields": "check_unknown_fields",
    "event_of_object": "parse_event",
    "object_of_event": "event_to_json",
    "with_missing_fields": "fill_missing_fields",
    "owner_of_source": "find_source_owner",
    "has_succeeded": "has_taken_place_of",
    "nearness": "chord_meters",
    "distance_of": "great_circle_sql",
    "haversine": "haversine_sql",
    "circle_condition": "circle_condition_sql",
    "item_conditions": "item_conditions_sql",
    "party_conditions": "party_conditions_sql",
    "page_token": "page_token_sql",
    "bounds_of": "bounds_of_circle",
    "leaves_of_party": "find_party_leaves",
    "next_positions": "find_next_positions",
    "missing_events": "find_missing_events",
    "events_at": "find_events_at",
    "feed_home": "database_identity",
    "enter_feed_home": "skip_positions_after_restore",
    "queue_writers": "find_queue_writers",
    "check_coordinates": "check_coordinates_or_none",
    "check_remarks": "check_remarks_or_none",
    "check_time": "check_time_or_none",
    "check_field": "refuse_field",
    "is_circle": "is_circle_or_none"
  }',
  true
);

do $body$
declare
  renamed record;
begin
  for renamed in
    select p.oid::regprocedure as signature, n.new_name
    from pg_catalog.jsonb_each_text(pg_catalog.current_setting('dpg.renamed_functions')::jsonb) n(old_name, new_name)
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

-- No longer in sql/: limits/limit_of.sql
-- No longer in sql/: arguments/refuse_argument.sql
-- No longer in sql/: arguments/is_key.sql
-- No longer in sql/: arguments/refuse_key.sql
-- No longer in sql/: arguments/check_key.sql
-- No longer in sql/: arguments/is_url.sql
-- No longer in sql/: arguments/refuse_url.sql
-- No longer in sql/: arguments/check_url.sql
-- No longer in sql/: arguments/check_present.sql
-- No longer in sql/: arguments/refuse_coordinates.sql
-- No longer in sql/: arguments/check_coordinates.sql
-- No longer in sql/: arguments/is_degrees.sql
-- No longer in sql/: arguments/check_large_document.sql
-- No longer in sql/: arguments/check_document.sql
-- No longer in sql/: arguments/check_remarks.sql
-- No longer in sql/: pages/page_seal.sql
-- No longer in sql/: pages/page_scope.sql
-- No longer in sql/: pages/page_position.sql
-- No longer in sql/: pages/check_page_size.sql
-- No longer in sql/: redactions/tombstone.sql
-- No longer in sql/: users/refuse_actor.sql
-- No longer in sql/: users/check_actor.sql
-- No longer in sql/: users/check_user.sql
-- No longer in sql/: items/items_created_at_idx.sql
-- No longer in sql/: items/items_created_by_idx.sql
-- No longer in sql/: items/items_state_idx.sql
-- No longer in sql/: items/found_item.sql
-- No longer in sql/: items/instance_url_sightings.sql
-- No longer in sql/: geo/latitude_band.sql
-- No longer in sql/: geo/haversine.sql
-- No longer in sql/: geo/distance_of.sql
-- No longer in sql/: geo/circle_bounds.sql
-- No longer in sql/: geo/bounds_of.sql
-- No longer in sql/: geo/circle_condition.sql
-- No longer in sql/: geo/place.sql
-- No longer in sql/: geo/place_box.sql
-- No longer in sql/: geo/circle_box.sql
-- No longer in sql/: geo/is_in_box.sql
-- No longer in sql/: geo/nearness.sql
-- No longer in sql/: geo/check_circle.sql
-- No longer in sql/: geo/items_band_idx.sql
-- No longer in sql/: geo/items_place_idx.sql
-- No longer in sql/: geo/nearest_item.sql
-- No longer in sql/: actions/action_of_mirrored.sql
-- No longer in sql/: actions/found_action.sql
-- No longer in sql/: actions/note_party_leaves.sql
-- No longer in sql/: actions/item_actions_note_parties.sql
-- No longer in sql/: events/found_event.sql
-- No longer in sql/: feed/event_feed_source_idx.sql
-- No longer in sql/: redactions/is_erasing.sql
-- No longer in sql/: redactions/is_redacted.sql
-- No longer in sql/: redactions/keep_redactions.sql
-- No longer in sql/: redactions/redactions_append_only.sql
-- No longer in sql/: redactions/redactions_no_truncate.sql
-- No longer in sql/: events/is_redaction.sql
-- No longer in sql/: events/keep_events.sql
-- No longer in sql/: events/action_events_immutable.sql
-- No longer in sql/: events/action_events_no_truncate.sql
-- No longer in sql/: events/action_events_note_parties.sql
-- No longer in sql/: partitions/partition_name.sql
-- No longer in sql/: partitions/check_limit.sql
-- No longer in sql/: partitions/leaf.sql
-- No longer in sql/: partitions/queue_for_partitions.sql
-- No longer in sql/: partitions/lock_of_users.sql
-- No longer in sql/: partitions/locks_of_tree.sql
-- No longer in sql/: partitions/build_partition.sql
-- No longer in sql/: partitions/ensure_network.sql
-- No longer in sql/: partitions/ensure_partition.sql
-- No longer in sql/: partitions/leaf_to_write.sql
-- No longer in sql/: networks/refuse_network_document.sql
-- No longer in sql/: networks/check_network_part.sql
-- No longer in sql/: networks/check_network_domains.sql
-- No longer in sql/: networks/check_network_instances.sql
-- No longer in sql/: networks/check_network_actions.sql
-- No longer in sql/: networks/network_item_types.sql
-- No longer in sql/: networks/network_interactions.sql
-- No longer in sql/: networks/refuse_not_in_network.sql
-- No longer in sql/: networks/refuse_undeclared_item.sql
-- No longer in sql/: networks/refuse_undeclared_action.sql
-- No longer in sql/: networks/check_domain_declared.sql
-- No longer in sql/: networks/check_undeclared_item.sql
-- No longer in sql/: networks/check_action_type_declared.sql
-- No longer in sql/: networks/is_permitted.sql
-- No longer in sql/: networks/is_begun.sql
-- No longer in sql/: networks/check_interaction.sql
-- No longer in sql/: items/is_instance_url.sql
-- No longer in sql/: items/register_instance_url.sql
-- No longer in sql/: items/refuse_item_not_found.sql
-- No longer in sql/: items/refuse_not_item_owner.sql
-- No longer in sql/: items/check_item_ref.sql
-- No longer in sql/: items/item_fields.sql
-- No longer in sql/: items/check_item_object.sql
-- No longer in sql/: items/check_ids_differ.sql
-- No longer in sql/: items/check_item_changes.sql
-- No longer in sql/: items/check_item_filters.sql
-- No longer in sql/: items/item_conditions.sql
-- No longer in sql/: items/lock_item.sql
-- No longer in sql/: actions/check_action_key.sql
-- No longer in sql/: actions/check_move.sql
-- No longer in sql/: actions/check_remote_source.sql
-- No longer in sql/: actions/check_party_filters.sql
-- No longer in sql/: actions/ownership_roles.sql
-- No longer in sql/: actions/party_conditions.sql
-- No longer in sql/: actions/leaves_of_party.sql
-- No longer in sql/: actions/refuse_action_not_found.sql
-- No longer in sql/: actions/refuse_not_action_party.sql
-- No longer in sql/: actions/refuse_different_action.sql
-- No longer in sql/: actions/lock_action.sql
-- No longer in sql/: events/default_payload.sql
-- No longer in sql/: events/get_event.sql
-- No longer in sql/: events/get_event_of_update.sql
-- No longer in sql/: events/refuse_different_event.sql
-- No longer in sql/: events/refuse_event_of_other_items.sql
-- No longer in sql/: events/time_of_text.sql
-- No longer in sql/: events/event_of_object.sql
-- No longer in sql/: events/is_same_event.sql
-- No longer in sql/: actions/note_mirrored_action.sql
-- No longer in sql/: actions/open_action.sql
-- No longer in sql/: actions/is_repeated_move.sql
-- No longer in sql/: actions/move_action.sql
-- No longer in sql/: feed/feed_home.sql
-- No longer in sql/: feed/enter_feed_home.sql
-- No longer in sql/: feed/queue_writers.sql
-- No longer in sql/: feed/check_batch.sql
-- No longer in sql/: feed/check_failure.sql
-- No longer in sql/: feed/refuse_subscription.sql
-- No longer in sql/: feed/get_subscription.sql
-- No longer in sql/: feed/lock_subscription.sql
-- No longer in sql/: feed/next_positions.sql
-- No longer in sql/: feed/events_at.sql
-- No longer in sql/: redactions/check_reason.sql
-- No longer in sql/: redactions/ensure_tombstone.sql
-- No longer in sql/: arguments/are_coordinates.sql
-- No longer in sql/: arguments/is_short_document.sql
-- No longer in sql/: pages/page_binding.sql
-- No longer in sql/: pages/page_time.sql
-- No longer in sql/: pages/page_id.sql
-- No longer in sql/: users/is_actor.sql
-- No longer in sql/: users/refuse_unknown_user.sql
-- No longer in sql/: geo/is_circle.sql
-- No longer in sql/: partitions/leaf_of.sql
-- No longer in sql/: networks/check_undeclared_items.sql
-- No longer in sql/: items/is_item_ref.sql
-- No longer in sql/: items/are_item_filters.sql
-- No longer in sql/: application/refuse_suppressed.sql
-- No longer in sql/: application/note_sent.sql
-- No longer in sql/: application/was_sent.sql
-- No longer in sql/: arguments/is_visible.sql
-- No longer in sql/: arguments/json_of_number.sql
-- No longer in sql/: arguments/is_time.sql
-- No longer in sql/: arguments/time_text.sql
-- No longer in sql/: arguments/check_time.sql
-- No longer in sql/: arguments/is_uuid.sql
-- No longer in sql/: arguments/kind_of_field.sql
-- No longer in sql/: arguments/is_field.sql
-- No longer in sql/: arguments/field_hint.sql
-- No longer in sql/: arguments/check_field.sql
-- No longer in sql/: arguments/is_too_deep.sql
-- No longer in sql/: items/item_columns_sql.sql
-- No longer in sql/: items/ref_of_item.sql
-- No longer in sql/: items/digest_of_item.sql
-- No longer in sql/: items/is_repeated_item.sql
-- No longer in sql/: items/read_written_item.sql
-- No longer in sql/: actions/action_columns_sql.sql
-- No longer in sql/: events/event_columns_sql.sql
-- No longer in sql/: events/digest_of_event.sql
-- No longer in sql/: events/digest_of_change.sql
-- No longer in sql/: events/is_unchanged_event.sql
-- No longer in sql/: application/has_additions.sql
-- No longer in sql/: items/additions_to_items.sql
-- No longer in sql/: actions/additions_to_actions.sql
-- No longer in sql/: partitions/renamed_partition.sql
-- No longer in sql/: partitions/rename_sql.sql
-- No longer in sql/: partitions/tied_tables.sql
-- No longer in sql/: partitions/lock_holders.sql
-- No longer in sql/: items/refuse_item_in_use.sql
-- No longer in sql/: actions/digest_of_action.sql
-- No longer in sql/: events/insert_event.sql
-- No longer in sql/: actions/write_beside_triggers.sql
-- No longer in sql/: feed/missing_events.sql
-- No longer in sql/: feed/refuse_lost_events.sql
-- No longer in sql/: feed/forget_failures.sql
-- No longer in sql/: feed/lost_events.sql
-- No longer in sql/: arguments/rewritten_url.sql
-- No longer in sql/: arguments/normalised_url.sql
-- No longer in sql/: items/instance_url_sightings_form_idx.sql
-- No longer in sql/: items/peer_url_sightings.sql
-- No longer in sql/: feed/feed_turn.sql
-- No longer in sql/: redactions/is_replacement.sql
-- No longer in sql/: redactions/has_succeeded.sql
-- No longer in sql/: redactions/keep_differing_events.sql
-- No longer in sql/: redactions/differing_events_append_only.sql
-- No longer in sql/: redactions/differing_events_no_truncate.sql
-- No longer in sql/: partitions/is_former_turn.sql
-- No longer in sql/: partitions/mirrored_leaves_of.sql
-- No longer in sql/: partitions/revoke_given.sql
-- No longer in sql/: partitions/policies_of.sql
-- No longer in sql/: partitions/guard_partition.sql
-- No longer in sql/: partitions/make_leaf.sql
-- No longer in sql/: partitions/ensure_mirrored_leaf.sql
-- No longer in sql/: items/check_instance_url.sql
-- No longer in sql/: items/note_peer_url.sql
-- No longer in sql/: events/event_fields.sql
-- No longer in sql/: events/event_version.sql
-- No longer in sql/: events/check_other_fields.sql
-- No longer in sql/: events/object_of_event.sql
-- No longer in sql/: events/with_missing_fields.sql
-- No longer in sql/: events/refuse_origin.sql
-- No longer in sql/: events/owner_of_source.sql
-- No longer in sql/: redactions/get_differing_event.sql
--! Included access/known_objects.sql
-- Notes which objects are there before the migration creates any, because others may have been granted something on
-- them. access/privileges.sql leaves those grants as they are. On objects that are created after this note, it
-- takes back what default privileges have given. The note lasts until the transaction ends, and only the first note
-- of a transaction counts: a migration whose one-off statements create objects includes this file above them, and
-- all.sql includes it again.
select pg_catalog.set_config(
  'dpg.known_objects',
  'known ' || coalesce(pg_catalog.string_agg(o.class || o.oid, ' '), ''),
  true
)
from (
  select 'n' as class, n.oid, n.oid as namespace from pg_catalog.pg_namespace n
  union all
  select 'p', p.oid, p.pronamespace from pg_catalog.pg_proc p
  union all
  select 't', t.oid, t.typnamespace from pg_catalog.pg_type t where t.typrelid = 0 or exists (
    select from pg_catalog.pg_class c where c.oid = t.typrelid and c.relkind = 'c'
  )
  union all
  select 'c', c.oid, c.relnamespace
  from pg_catalog.pg_class c
  where c.relkind in ('r', 'p', 'v', 'S')
    and not c.relispartition
) o
where o.namespace in (
  select n.oid from pg_catalog.pg_namespace n where n.nspname in ('dpg', 'dpg_private')
)
having not pg_catalog.starts_with(coalesce(pg_catalog.current_setting('dpg.known_objects', true), ''), 'known ');
--! EndIncluded access/known_objects.sql
--! Included access/schemas.sql
do $body$
begin
  if pg_catalog.current_setting('server_version_num')::integer < 150000 then
    raise exception 'dpg-database needs PostgreSQL 15 or newer, this is %',
      pg_catalog.current_setting('server_version');
  end if;
  if pg_catalog.current_setting('server_encoding') <> 'UTF8' then
    raise exception 'dpg-database needs a database in encoding UTF8, this one has %',
      pg_catalog.current_setting('server_encoding')
      using hint = 'Create the database with: create database ... encoding ''UTF8'' template template0';
  end if;
end
$body$;

create schema if not exists dpg;
comment on schema dpg is
  'The data layer of a federated network: items, actions between items and immutable events.
What an application calls and reads.';

create schema if not exists dpg_private;
comment on schema dpg_private is
  'Helpers of schema dpg. No caller uses them: names and arguments may change with any migration.';
--! EndIncluded access/schemas.sql
--! Included access/roles.sql
-- Roles belong to the whole cluster, not to one database: those that exist are used, the others are created. A
-- migrating role that may not create them gets the statement that an administrator must run.
do $body$
declare
  role_name text;
begin
  foreach role_name in array array['dpg_app', 'dpg_readonly', 'dpg_admin'] loop
    if pg_catalog.to_regrole(role_name) is null then
      begin
        execute pg_catalog.format('create role %I nologin', role_name);
      exception
        when duplicate_object or unique_violation then
          null; -- another database of this cluster was migrated at the same time
        when insufficient_privilege then
          raise exception 'role % is missing and % may not create it', role_name, current_user
            using
              errcode = 'insufficient_privilege',
              hint = pg_catalog.format('An administrator must run: create role %I nologin;', role_name);
      end;
    end if;
  end loop;
end
$body$;
--! EndIncluded access/roles.sql
--! Included geo/extensions.sql
-- cube is required. earthdistance and pgcrypto serve the queries that applications write by hand; nothing of ours
-- needs them.
do $body$
declare
  cube_schema text;
  extension_name text;
begin
  if not exists (select from pg_catalog.pg_extension where extname = 'cube') then
    begin
      create extension cube schema public;
    exception
      when insufficient_privilege then
        raise exception 'extension cube is missing and % may not create it', current_user
          using
            errcode = 'insufficient_privilege',
            hint = 'An administrator must run in this database: create extension cube;';
    end;
  end if;

  select n.nspname
  into cube_schema
  from pg_catalog.pg_extension e
  join pg_catalog.pg_namespace n on n.oid = e.extnamespace
  where e.extname = 'cube';

  foreach extension_name in array array['earthdistance', 'pgcrypto'] loop
    if not exists (select from pg_catalog.pg_extension where extname = extension_name) then
      begin
        -- earthdistance finds cube only in its own schema or in the search path
        execute pg_catalog.format('create extension %I schema %I', extension_name, cube_schema);
      exception
        when insufficient_privilege or undefined_file or feature_not_supported or undefined_object then
          raise notice
            'extension % was not created (%): queries that you write with it will not work, the API does not need it',
            extension_name, sqlerrm;
      end;
    end if;
  end loop;

  -- Until the end of this transaction names of cube resolve wherever the extension lives. The functions in geo/ are
  -- stored parsed (begin atomic), so that they never look at a search path again.
  perform pg_catalog.set_config('search_path', pg_catalog.format('pg_catalog, %I, pg_temp', cube_schema), true);
end
$body$;
--! EndIncluded geo/extensions.sql
--! Included limits/limits.sql
create table if not exists dpg.limits (
  limit_name text primary key,
  limit_value bigint not null,
  constraint limits_name_check check (
    limit_name in (
      'leaves_per_network', 'mirrored_leaves_per_network', 'networks', 'json_bytes_per_document',
      'json_depth_per_document', 'partition_lock_seconds', 'partition_queue_seconds'
    )
  ),
  constraint limits_value_check check (
    case
      when limit_name = 'json_bytes_per_document' then limit_value between 1024 and 268435455
      -- At least 512: documents of up to 1,024 bytes are not looked at, and they have room for 512 levels. At most
      -- 2,048: PostgreSQL compares 9,300 levels within max_stack_depth, and JavaScript writes 4,100.
      when limit_name = 'json_depth_per_document' then limit_value between 512 and 2048
      when limit_name in ('partition_lock_seconds', 'partition_queue_seconds') then limit_value between 1 and 3600
      else limit_value between 0 and 1000000
    end
  )
);

insert into dpg.limits (limit_name, limit_value)
values
  ('leaves_per_network', 256),
  ('mirrored_leaves_per_network', 64),
  ('networks', 1024),
  ('json_bytes_per_document', 1048576),
  ('json_depth_per_document', 512),
  ('partition_lock_seconds', 5),
  ('partition_queue_seconds', 10)
on conflict (limit_name) do nothing;

comment on table dpg.limits is
  'Limits that keep a careless or hostile caller from flooding the database. dpg_admin changes a row: update
dpg.limits set limit_value = ... where limit_name = ...
The new value holds from the next call on.';
comment on column dpg.limits.limit_name is
  'leaves_per_network: leaves of one network under one root table (256).
mirrored_leaves_per_network: leaves of dpg.action_events of one network that dpg.store_event has created and
no action of this instance needs (64). They do not count for leaves_per_network.
networks: networks under one root table (1,024).
json_bytes_per_document: bytes of one JSON document as text (1,048,576).
json_depth_per_document: how many objects and arrays of one JSON document may lie in one another (512; at
most 2,048).
partition_lock_seconds: how long a call that creates a partition tries to get its locks (5).
partition_queue_seconds: how long it waits for others that create partitions (10).';
comment on column dpg.limits.limit_value is 'The limit, inclusive.';
comment on constraint limits_pkey on dpg.limits is 'One row for each limit.';
comment on constraint limits_name_check on dpg.limits is 'The limits that there are.';
comment on constraint limits_value_check on dpg.limits is 'What a limit may be.';
comment on index dpg.limits_pkey is 'For each call that looks up a limit.';

create or replace function dpg_private.limit_of(limit_name text)
returns bigint
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (select l.limit_value from dpg.limits l where l.limit_name = limit_of.limit_name);
end
$body$;

comment on function dpg_private.limit_of(text) is
  'The value of a limit of dpg.limits. Null, which means no limit, when its row was deleted.';
--! EndIncluded limits/limits.sql
--! Included arguments/text_for_client.sql
create or replace function dpg_private.text_for_client(value text)
returns text
language sql
stable
parallel safe
security invoker
-- PostgreSQL answers 22P05 instead of an error that the client cannot read: the client would never see the refusal.
-- We do not try whether its encoding has a character: that takes a subtransaction, which parallel plans forbid. The
-- setting, not pg_client_encoding(): in a worker of a parallel plan that is the encoding of the database.
return case
  when current_setting('client_encoding') in ('UTF8', 'UNICODE', getdatabaseencoding()::text)
    or getdatabaseencoding() <> 'UTF8'
    or octet_length(value) = length(value)
  then
    value
  else
    (
      select string_agg(
        case
          when c.code < 128 then c.letter
          when c.code < 65536 then chr(92) || 'u' || lpad(to_hex(c.code), 4, '0')
          -- two halves, as JSON writes what has no place in four digits
          else concat(
            chr(92), 'u', to_hex(55296 + (c.code - 65536) / 1024), chr(92), 'u', to_hex(56320 + (c.code - 65536) % 1024)
          )
        end,
        '' order by c.position
      )
      from (
        select l.letter, ascii(l.letter) as code, l.position
        from regexp_split_to_table(value, '') with ordinality l(letter, position)
      ) c
    )
end;

comment on function dpg_private.text_for_client(text) is
  'The text of a message, a hint or a DETAIL in a form that every client can read: where the encoding of the client is
neither UTF8 nor that of the database, each character outside ASCII is written as a JSON escape. In JSON it stays the
same value. Null for null.';
--! EndIncluded arguments/text_for_client.sql
--! Included arguments/argument.sql
create or replace function dpg_private.refuse_argument(
  argument text,
  value jsonb,
  problem text,
  hint text,
  index integer default null
)
returns void
language plpgsql
stable -- not immutable: PostgreSQL would run a call with constants, and raise, while it plans the caller
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  shown jsonb := coalesce(value, 'null');
begin
  -- a value of megabytes helps nobody in a log
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  raise exception using
    errcode = 'DP001',
    message = dpg_private.text_for_client(
      format(
        '%s%s %s: %s',
        argument,
        case when index is null then '' else format(' (element %s)', index) end,
        problem,
        left(shown::text, 220)
      )
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('argument', argument, 'value', shown)
        || case when index is null then '{}' else jsonb_build_object('index', index) end)::text
    );
end
$body$;

comment on function dpg_private.refuse_argument(text, jsonb, text, text, integer) is
  'Raises DP001 for an argument. problem completes the sentence "argument ...".
index is the position in an array, counted from 0.';

create or replace function dpg_private.check_present(argument text, is_present boolean)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not is_present then
    dpg_private.refuse_argument(argument, null, 'is missing', 'Pass a value for ' || argument || '.')
end;

comment on function dpg_private.check_present(text, boolean) is
  'Raises DP001 when is_present is false.';

create or replace function dpg_private.check_count_or_none(argument text, value integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when value < 0 then
    dpg_private.refuse_argument(argument, to_jsonb(value), 'is negative', 'update_count starts at 0.')
end;

comment on function dpg_private.check_count_or_none(text, integer) is
  'Raises DP001 for a negative update_count. Null is none.';
--! EndIncluded arguments/argument.sql
--! Included arguments/key.sql
create or replace function dpg_private.is_visible(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- Nearly every text begins with a visible ASCII character. Only the others are searched for one. White space is
-- listed character by character: \s is another set in each locale, and two instances would disagree about a key.
-- E'...', since a session can turn off standard_conforming_strings; then a backslash in '...' means something else.
return ascii(value) between 33 and 126
  or value ~ E'[^\\t\\n\\v\\f\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]';

comment on function dpg_private.is_visible(text) is
  'Whether value has a character that is not white space. Null for null.';

create or replace function dpg_private.is_key(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return length(value) <= 120 and dpg_private.is_visible(value);

comment on function dpg_private.is_key(text) is
  'Whether value is a key: 1 to 120 characters, not all white space. Null for null.';

create or replace function dpg_private.refuse_key(argument text, value text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    argument,
    to_jsonb(value),
    case
      when value is null then 'is missing'
      when length(value) > 120 then format('is too long with its %s characters', length(value))
      else 'is not a key'
    end,
    'Pass a key: text of 1 to 120 characters that is not all white space.'
  );
end
$body$;

comment on function dpg_private.refuse_key(text, text) is
  'Raises DP001 for a value that is not a key.';

create or replace function dpg_private.check_key(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when dpg_private.is_key(value) is not true then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key(text, text) is
  'Raises DP001 unless value is a key.';

create or replace function dpg_private.check_key_or_none(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not dpg_private.is_key(value) then dpg_private.refuse_key(argument, value) end;

comment on function dpg_private.check_key_or_none(text, text) is
  'Raises DP001 for a value that is not a key. Null is none.';
--! EndIncluded arguments/key.sql
--! Included arguments/url.sql
create or replace function dpg_private.is_url(value text)
returns boolean
language sql
immutable
parallel safe
security invoker
return octet_length(value) <= 1024 and dpg_private.is_visible(value);

comment on function dpg_private.is_url(text) is
  'Whether value can be a URL: 1 to 1,024 bytes, not all white space. Its form is the application''s affair. Null for
null.';

create or replace function dpg_private.refuse_url(argument text, value text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    argument,
    to_jsonb(value),
    'is not a URL',
    'A URL is text of 1 to 1,024 bytes that is not all white space.'
  );
end
$body$;

comment on function dpg_private.refuse_url(text, text) is
  'Raises DP001 for a value that is not a URL.';

create or replace function dpg_private.check_url(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when dpg_private.is_url(value) is not true then dpg_private.refuse_url(argument, value) end;

comment on function dpg_private.check_url(text, text) is
  'Raises DP001 unless value can be a URL.';

create or replace function dpg_private.check_url_or_none(argument text, value text)
returns void
language sql
stable
parallel safe
security invoker
return case when not dpg_private.is_url(value) then dpg_private.refuse_url(argument, value) end;

comment on function dpg_private.check_url_or_none(text, text) is
  'Raises DP001 for a value that cannot be a URL. Null is none.';

create or replace function dpg_private.rewritten_url(value text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  parts constant text[] := regexp_match(value, '^([A-Za-z][A-Za-z0-9+.-]*)://([^/?#]*)([^?#]*)(.*)$');
  scheme constant text := lower(parts[1] collate "C"); -- A to Z only, in every locale
  userinfo constant text := coalesce(substring(parts[2] from '^.*@'), '');
  host text := lower(substr(parts[2], length(userinfo) + 1) collate "C");
begin
  if parts is null then
    return value;
  end if;
  -- one in brackets has colons of its own
  if scheme = 'http' and host ~ '^([^:]*|[[][^]]*[]]):80$' then
    host := left(host, -3);
  elsif scheme = 'https' and host ~ '^([^:]*|[[][^]]*[]]):443$' then
    host := left(host, -4);
  end if;
  return scheme || '://' || userinfo || host || regexp_replace(parts[3], '/$', '') || parts[4];
end
$body$;

comment on function dpg_private.rewritten_url(text) is
  'The form of a URL in which dpg_private.normalised_url compares it.';

create or replace function dpg_private.normalised_url(value text)
returns text
language sql
immutable
parallel safe
security invoker
-- Most URLs have this form already. A look at them is cheaper than taking them apart.
return case when value ~ '^https?://[a-z0-9.-]+$' then value else dpg_private.rewritten_url(value) end;

comment on function dpg_private.normalised_url(text) is
  'The form in which URLs of instances are compared: all spellings of one URL are one instance. Scheme and host in
lower case (A to Z), without the default port (http 80, https 443) and without one slash at the end of the path. User,
other ports, the rest of the path, query and fragment stay as they are. So does what has no "://". URLs are stored as
given, only comparisons use this form. Indexes contain it: if its result changes, they must be created anew.
sdk/instance-url.ts is the same function.';

create or replace function dpg_private.is_same_url(one text, other text)
returns boolean
language sql
immutable
parallel safe
security invoker
-- most are equal as they are
return one = other or dpg_private.normalised_url(one) = dpg_private.normalised_url(other);

comment on function dpg_private.is_same_url(text, text) is
  'Whether two texts are spellings of one URL, as dpg_private.normalised_url says. Null when one is null.';
--! EndIncluded arguments/url.sql
--! Included arguments/coordinates.sql
create or replace function dpg_private.json_of_number(value double precision)
returns jsonb
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
-- a session that rounds numbers would otherwise be told that 90 is no latitude
set extra_float_digits = 1
as $body$
begin
  return to_jsonb(value);
end
$body$;

comment on function dpg_private.json_of_number(double precision) is
  'A number with all of its digits, for messages and DETAIL, whatever the settings of the session. Null for null.';

create or replace function dpg_private.refuse_coordinates(
  latitude_argument text,
  latitude double precision,
  longitude_argument text,
  longitude double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if latitude is null or longitude is null then
    perform dpg_private.refuse_argument(
      case when latitude is null then latitude_argument else longitude_argument end,
      null,
      'is missing',
      format('Pass both %s and %s, or neither.', latitude_argument, longitude_argument)
    );
  elsif not latitude between -90 and 90 then
    perform dpg_private.refuse_argument(
      latitude_argument, dpg_private.json_of_number(latitude), 'is no latitude',
      'A latitude is a number of degrees from -90 to 90.'
    );
  else
    perform dpg_private.refuse_argument(
      longitude_argument, dpg_private.json_of_number(longitude), 'is no longitude',
      'A longitude is a number of degrees from -180 to 180.'
    );
  end if;
end
$body$;

comment on function dpg_private.refuse_coordinates(text, double precision, text, double precision) is
  'Raises DP001 for half a place, or for a number that is no latitude (degrees, -90 to 90) or no longitude (-180 to
180).';

create or replace function dpg_private.are_coordinates_or_none(latitude double precision, longitude double precision)
returns boolean
language sql
immutable
parallel safe
security invoker
-- NaN sorts above every number, so it is outside of both ranges
return (latitude is null and longitude is null)
  or (latitude >= -90 and latitude <= 90 and longitude >= -180 and longitude <= 180);

comment on function dpg_private.are_coordinates_or_none(double precision, double precision) is
  'Whether latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both null.
False or null where they are not.';

create or replace function dpg_private.check_coordinates_or_none(
  latitude_argument text,
  latitude double precision,
  longitude_argument text,
  longitude double precision
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.are_coordinates_or_none(latitude, longitude) is not true then
    dpg_private.refuse_coordinates(latitude_argument, latitude, longitude_argument, longitude)
end;

comment on function dpg_private.check_coordinates_or_none(text, double precision, text, double precision) is
  'Raises DP001 unless latitude (degrees, -90 to 90) and longitude (degrees, -180 to 180) are both given or both
null.';
--! EndIncluded arguments/coordinates.sql
--! Included arguments/time.sql
create or replace function dpg_private.is_time(value timestamptz)
returns boolean
language sql
immutable
parallel safe
security invoker
-- compared with fixed moments: the year as such would depend on the time zone of the session
return value >= timestamptz '0001-01-01 00:00:00+00' and value < timestamptz '10000-01-01 00:00:00+00';

comment on function dpg_private.is_time(timestamptz) is
  'Whether a time lies in the years 1 to 9999 of UTC. Other times, and infinity, have no form in ISO 8601 that every
language reads back. Null for null.';

create or replace function dpg_private.time_text(value timestamptz)
returns text
language sql
stable
parallel safe
security invoker
-- does not depend on DateStyle and TimeZone of the session
return (to_jsonb(value at time zone 'UTC') #>> array[]::text[])
  || case when dpg_private.is_time(value) then '+00:00' else '' end;

comment on function dpg_private.time_text(timestamptz) is
  'A time as messages and DETAIL show it: ISO 8601 in UTC, as PostgreSQL writes times in JSON. Null for null.';

create or replace function dpg_private.time_of_text(value text)
returns timestamptz
language plpgsql
stable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  result timestamptz;
begin
  -- An offset is required: without it the time zone of the session would decide. Five digits and BC are allowed: a
  -- time of the year 9999 or 1 can be written in a zone where it is the year 10000 or 1 BC, as to_jsonb does.
  if value !~ concat(
    '^[0-9]{4,5}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]{1,6})?)?',
    '(Z|[+-][0-9]{2}(:?[0-9]{2}(:[0-9]{2})?)?)( BC)?$'
  ) then
    return null;
  end if;
  result := value::timestamptz;
  return case when dpg_private.is_time(result) then result end;
exception
  when data_exception then
    return null; -- such as the 30th of February
end
$body$;

comment on function dpg_private.time_of_text(text) is
  'The time that an ISO 8601 text with an offset stands for.
Null for anything else, and for years other than 1 to 9999 of UTC.';

create or replace function dpg_private.check_time_or_none(argument text, value timestamptz)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not dpg_private.is_time(value) then
    dpg_private.refuse_argument(
      argument, to_jsonb(dpg_private.time_text(value)), 'is out of range', 'A time lies in the years 1 to 9999 of UTC.'
    )
end;

comment on function dpg_private.check_time_or_none(text, timestamptz) is
  'Raises DP001 for a time outside of the years 1 to 9999 of UTC, or infinity. Null is none.';
--! EndIncluded arguments/time.sql
--! Included arguments/document.sql
create or replace function dpg_private.is_too_deep(document jsonb, levels bigint)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Looks for an object or array below that many levels; PostgreSQL walks down to that level only. A flat document of a
  -- megabyte takes 0.5 ms; writing it as text takes 2.4.
  return jsonb_path_exists(
    document,
    format('strict $.**{%s} ? (@.type() == "object" || @.type() == "array")', levels)::jsonpath,
    silent => true
  );
end
$body$;

comment on function dpg_private.is_too_deep(jsonb, bigint) is
  'Whether objects and arrays of a document are nested more than levels deep. {} is one level, {"a": []} is two.';

create or replace function dpg_private.check_document_limits(argument text, document jsonb, index integer)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  document_bytes constant integer := octet_length(document::text);
  allowed_bytes bigint;
  allowed_depth bigint;
begin
  if document is null or jsonb_typeof(document) <> 'object' then
    perform dpg_private.refuse_argument(
      argument, document, 'is not a JSON object', 'Pass a JSON object, {} when there is nothing to say.', index
    );
  end if;
  allowed_bytes := dpg_private.limit_of('json_bytes_per_document');
  if document_bytes > allowed_bytes then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('has %s bytes', document_bytes),
      format(
        'A document may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        allowed_bytes
      ),
      index
    );
  end if;
  -- without a limit: as deep as PostgreSQL can read and compare within its stack
  allowed_depth := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  if dpg_private.is_too_deep(document, allowed_depth) then
    perform dpg_private.refuse_argument(
      argument,
      to_jsonb(left(document::text, 200) || '...'),
      format('is nested more than %s levels deep', allowed_depth),
      format(
        'In a document %s objects and arrays may lie in one another; '
          'dpg_admin can raise the limit json_depth_per_document in dpg.limits.',
        allowed_depth
      ),
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_document_limits(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document
of dpg.limits.';

create or replace function dpg_private.is_short_document(document jsonb)
returns boolean
language sql
immutable
parallel safe
security invoker
-- The length of the text, not of the stored form: 1e100000 is stored in a few bytes and read back as 100,001. A level
-- takes two bytes, so 1,024 bytes have 512 levels at most.
return jsonb_typeof(document) = 'object' and octet_length(document::text) <= 1024;

comment on function dpg_private.is_short_document(jsonb) is
  'Whether document is a JSON object of at most 1,024 bytes. Such a document is within every limit that can be set,
for bytes (1,024 or more) and for depth (512 or more), so nobody looks up the limits for it. Null for null.';

create or replace function dpg_private.check_document(argument text, document jsonb, index integer default null)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_short_document(document) is not true then
    dpg_private.check_document_limits(argument, document, index)
end;

comment on function dpg_private.check_document(text, jsonb, integer) is
  'Raises DP001 unless document is a JSON object within the limits json_bytes_per_document and json_depth_per_document
of dpg.limits. index is the position in an array, counted from 0.';

create or replace function dpg_private.check_document_or_none(argument text, document jsonb)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not dpg_private.is_short_document(document) then dpg_private.check_document_limits(argument, document, null)
end;

comment on function dpg_private.check_document_or_none(text, jsonb) is
  'Raises DP001 for a document that is no JSON object within the limits. Null is none.';
--! EndIncluded arguments/document.sql
--! Included arguments/field.sql
create or replace function dpg_private.is_degrees(value jsonb, most double precision)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- compared as it would be stored: 90.00000000000000000001 is 90, and double precision has no 1e-400
  return case when jsonb_typeof(value) = 'number' then abs(value::double precision) <= most else false end;
exception
  when numeric_value_out_of_range then
    return false;
end
$body$;

comment on function dpg_private.is_degrees(jsonb, double precision) is
  'Whether value is a JSON number that double precision holds and that lies between -most and most.';

create or replace function dpg_private.is_uuid(value text)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return value::uuid is not null;
exception
  when data_exception then
    return false;
end
$body$;

comment on function dpg_private.is_uuid(text) is
  'Whether value is a UUID in any form that the type accepts: also in upper case, in braces, without hyphens. False
for null.';

create or replace function dpg_private.kind_of_field(field text)
returns text
language sql
immutable
parallel safe
security invoker
return case
  when field in (
    'item_network', 'item_domain', 'item_type', 'partition_network', 'action_type', 'action_status',
    'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_owner',
    'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_owner'
  ) then 'key'
  when field in (
    'item_instance_url', 'item_schema_url', 'origin_instance_domain', 'source_item_instance_url',
    'target_item_instance_url'
  ) then 'url'
  when field in ('item_id', 'event_id', 'action_id', 'source_item_id', 'target_item_id') then 'uuid'
  when field in ('item_latitude', 'source_item_latitude', 'target_item_latitude') then 'latitude'
  when field in ('item_longitude', 'source_item_longitude', 'target_item_longitude') then 'longitude'
  when field in ('item_state', 'event_payload') then 'object'
  when field in ('source_item_is_local', 'target_item_is_local') then 'boolean'
  when field = 'update_count' then 'count'
  when field = 'remarks' then 'remarks'
  when field = 'created_at' then 'time'
end;

comment on function dpg_private.kind_of_field(text) is
  'Which kind of dpg_private.is_field a field of an item or an event is; null for a field of neither.';

create or replace function dpg_private.is_field(kind text, value jsonb)
returns boolean
language plpgsql
stable -- not parallel safe: some kinds are tried by a cast, in a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return coalesce(
    case kind
      when 'key' then jsonb_typeof(value) = 'string' and dpg_private.is_key(value #>> '{}')
      when 'url' then jsonb_typeof(value) = 'string' and dpg_private.is_url(value #>> '{}')
      when 'uuid' then jsonb_typeof(value) = 'string' and dpg_private.is_uuid(value #>> '{}')
      when 'latitude' then dpg_private.is_degrees(value, 90)
      when 'longitude' then dpg_private.is_degrees(value, 180)
      -- 1.0 is 1 in JSON, and some languages write it so
      when 'count' then jsonb_typeof(value) = 'number' and case
        when (value #>> '{}')::numeric between 0 and 2147483647 then (value #>> '{}')::numeric % 1 = 0
      end
      when 'remarks' then jsonb_typeof(value) = 'string' and octet_length(value #>> '{}') <= 65536
      when 'time' then jsonb_typeof(value) = 'string' and dpg_private.time_of_text(value #>> '{}') is not null
      when 'schema' then jsonb_typeof(value) in ('object', 'boolean')
      else jsonb_typeof(value) = kind
    end,
    false
  );
end
$body$;

comment on function dpg_private.is_field(text, jsonb) is
  'Whether value is a field of this kind. The one reader of JSON fields: of items, changes, events and network
documents. Kinds: key, url, uuid, latitude, longitude (degrees), count, remarks, time, schema; and object, array,
boolean as in JSON. A value that a cast to the type of its column accepts is one, such as every form of a UUID. False
for null and for a field that is missing. dpg_private.check_document limits the size of an object.';

create or replace function dpg_private.field_hint(kind text)
returns text
language sql
stable
parallel safe
security invoker
return case kind
  when 'key' then 'A key is a JSON string of 1 to 120 characters that is not all white space.'
  when 'url' then 'A URL is a JSON string of 1 to 1,024 bytes that is not all white space.'
  when 'uuid' then 'An id is a UUID, a JSON string such as "11111111-1111-4111-8111-111111111111".'
  when 'latitude' then 'A latitude is a JSON number of degrees from -90 to 90, in double precision.'
  when 'longitude' then 'A longitude is a JSON number of degrees from -180 to 180, in double precision.'
  when 'count' then 'A count is a whole number from 0 to 2,147,483,647.'
  when 'remarks' then 'Remarks are a JSON string of at most 65,536 bytes.'
  when 'time' then
    'A time is a JSON string in ISO 8601 with its offset, in the years 1 to 9999 of UTC, '
      'such as "2026-01-01T00:00:00.000000Z".'
  when 'schema' then 'A JSON Schema is a JSON object, or true or false.'
  when 'object' then 'Pass a JSON object, {} when there is nothing to say.'
  when 'boolean' then 'Pass true or false.'
  else format('Put a JSON %s here.', kind)
end;

comment on function dpg_private.field_hint(text) is
  'What a field of this kind of dpg_private.is_field is, in a sentence.';

create or replace function dpg_private.refuse_field(argument text, kind text, value jsonb, index integer default null)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    argument, value, case when value is null then 'is missing' else 'is malformed' end,
    dpg_private.field_hint(kind), index
  );
end
$body$;

comment on function dpg_private.refuse_field(text, text, jsonb, integer) is
  'Raises DP001 for a value that is no field of this kind of dpg_private.is_field.
index is the position in an array, counted from 0.';
--! EndIncluded arguments/field.sql
--! Included arguments/remarks.sql
create or replace function dpg_private.check_remarks_or_none(remarks text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when octet_length(remarks) > 65536 then
    dpg_private.refuse_argument(
      'remarks', to_jsonb(remarks), 'are too long',
      'Remarks are a short note of at most 65,536 bytes; what matters to the event belongs in event_payload.'
    )
end;

comment on function dpg_private.check_remarks_or_none(text) is
  'Raises DP001 when remarks are longer than 65,536 bytes. Null is none.';

create or replace function dpg_private.check_reason(reason text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (dpg_private.is_visible(reason) and octet_length(reason) <= 65536) is not true then
    dpg_private.refuse_argument(
      'reason', to_jsonb(reason), 'is missing or too long', 'Say why, in at most 65,536 bytes: it is kept on record.'
    )
end;

comment on function dpg_private.check_reason(text) is
  'Raises DP001 unless reason is text of 1 to 65,536 bytes, not all white space.';
--! EndIncluded arguments/remarks.sql
--! Included pages/page_size.sql
create or replace function dpg_private.check_page_size(page_size integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (page_size between 1 and 1000) is not true then
    dpg_private.refuse_argument('page_size', to_jsonb(page_size), 'is out of range', 'A page has 1 to 1,000 rows.')
end;

comment on function dpg_private.check_page_size(integer) is
  'Raises DP001 unless page_size is from 1 to 1,000.';
--! EndIncluded pages/page_size.sql
--! Included pages/page_token.sql
create table if not exists dpg_private.page_seal (
  seal uuid not null,
  is_only boolean not null default true,
  constraint page_seal_pkey primary key (is_only),
  constraint page_seal_only_check check (is_only)
);

insert into dpg_private.page_seal (seal)
values (gen_random_uuid())
on conflict do nothing;

comment on table dpg_private.page_seal is
  'One random value that goes into the hash of page tokens, so that nobody makes one by hand.';
comment on column dpg_private.page_seal.seal is
  'The value, drawn when the database was migrated; a new one makes all tokens invalid.';
comment on column dpg_private.page_seal.is_only is 'True: there is one row.';

create or replace function dpg_private.page_binding(call text, filters jsonb)
returns table (binding bigint)
language sql
stable
parallel safe
security invoker
begin atomic
  select hashtextextended(s.seal::text || page_binding.call || page_binding.filters::text collate "C", 0)
  from dpg_private.page_seal s;
end;

comment on function dpg_private.page_binding(text, jsonb) is
  'What a page token is bound to: a hash over this database, the call and its filters.';

create or replace function dpg_private.page_token_sql(binding text, "position" text)
returns text
language sql
immutable
parallel safe
security invoker
return format(
  'lpad(to_hex(hashtextextended(encode(%2$s, ''hex'') collate "C", %1$s)), 16, ''0'') || encode(%2$s, ''hex'')',
  binding, "position"
);

comment on function dpg_private.page_token_sql(text, text) is
  'The SQL expression for the token of a row. binding: the parameter that holds the dpg_private.page_binding.
position: the expression (bytea) for the place of the row in the order, which dpg_private.page_position returns
again. A token is 16 hexadecimal digits of a hash over both, then the place in hexadecimal digits. The hash begins
with a random value of this database. It finds mistakes; it does not keep out an attacker, who would gain nothing by
a token. SQL text, not a function: every row has a token, and a PL/pgSQL call would take longer than the rest of the
row.';

create or replace function dpg_private.page_position(binding bigint, page_token text)
returns bytea
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  body constant text := substr(page_token, 17);
begin
  if page_token is null then
    return null;
  end if;
  -- as dpg_private.page_token_sql made it; no genuine one is longer: a few keys and a URL
  if length(body) <= 65536
    and left(page_token, 16) = lpad(to_hex(hashtextextended(body collate "C", binding)), 16, '0')
    and body ~ '^([0-9a-f]{2})+$'
  then
    return decode(body, 'hex');
  end if;
  raise exception using
    errcode = 'DP011',
    message = dpg_private.text_for_client(format('page_token is not one of this call: %L', left(page_token, 80))),
    hint =
      'Pass next_page_token of a row that the same call returned with the same filters, or null for the first page.',
    detail = dpg_private.text_for_client(jsonb_build_object('page_token', left(page_token, 200))::text);
end
$body$;

comment on function dpg_private.page_position(bigint, text) is
  'The place in the order that a token of this binding stands for, as bytes; null for null. Raises DP011 for any other
token.';

create or replace function dpg_private.page_time("position" bytea)
returns timestamptz
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  microseconds constant bigint := ('x' || encode(substr("position", 1, 8), 'hex'))::bit(64)::bigint;
begin
  return case microseconds
    when 9223372036854775807 then 'infinity'
    when -9223372036854775808 then '-infinity'
    else
      -- in two parts, since an interval is multiplied by a float, and by hours, since days are of different lengths
      timestamptz '2000-01-01 00:00:00+00'
        + interval '1 hour' * (microseconds / 3600000000)
        + interval '1 microsecond' * (microseconds % 3600000000)
  end;
end
$body$;

comment on function dpg_private.page_time(bytea) is
  'The time with which a place in the order of a list begins, as timestamptz_send wrote it: microseconds since
2000-01-01 00:00:00 UTC in 8 bytes. Null for null.';

create or replace function dpg_private.page_id("position" bytea)
returns uuid
language sql
immutable
parallel safe
security invoker
return encode(substr("position", 9, 16), 'hex')::uuid;

comment on function dpg_private.page_id(bytea) is
  'The id in a place in the order of a list, the 16 bytes after the time. Null for null.';
--! EndIncluded pages/page_token.sql
--! Included pages/page_of_searches.sql
create or replace function dpg_private.page_of_searches_sql(
  searches text[],
  alias text,
  order_by text,
  row_limit text,
  added_columns text
)
returns text
language sql
stable
parallel safe
security invoker
return format(
  'select %2$s.*, %5$s from (select * from (%1$s) %2$s order by %3$s limit %4$s) %2$s order by %3$s',
  '(' || array_to_string(searches, format(' order by %s limit %s) union all (', order_by, row_limit))
    || format(' order by %s limit %s)', order_by, row_limit),
  alias, order_by, row_limit, added_columns
);

comment on function dpg_private.page_of_searches_sql(text[], text, text, text, text) is
  'The SQL statement that takes one page from several searches. Each search is a select without order and limit,
over a table named alias; it gets both here, so that an index answers it and reads no more than a page. order_by is
the same for each search and for the page. row_limit: the parameter that holds the size of the page. added_columns
are computed for the rows of the page only. There must be a search.';
--! EndIncluded pages/page_of_searches.sql
--! Included users/user.sql
-- Better Auth's table of users. If the application has it, it is used as it is. If not, it is created with Better
-- Auth's core columns, so that Better Auth's own migration later finds nothing to change.
do $body$
declare
  id_type text;
begin
  if pg_catalog.to_regclass('public."user"') is null then
    begin
      create table public."user" (
        id text not null primary key,
        name text not null,
        email text not null unique,
        "emailVerified" boolean not null default false,
        image text,
        "createdAt" timestamptz not null default current_timestamp,
        "updatedAt" timestamptz not null default current_timestamp
      );
    exception
      when insufficient_privilege then
        raise exception 'table public."user" is missing and % may not create it', current_user
          using
            errcode = 'insufficient_privilege',
            hint = pg_catalog.format(
              'The owner of the schema must run: grant create on schema public to %I;', current_user
            );
    end;
    comment on table public."user" is
      'The users of this instance, with Better Auth''s core columns. '
      'Made by dpg-database because the application had none.';
    grant select, insert, update, delete on public."user" to dpg_app;
  end if;

  select pg_catalog.format_type(a.atttypid, null)
  into id_type
  from pg_catalog.pg_attribute a
  where a.attrelid = 'public."user"'::pg_catalog.regclass
    and a.attname = 'id'
    and not a.attisdropped;

  -- compares the type and not its name, because with quote_all_identifiers the name has quotes: "text"
  if not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = 'public."user"'::pg_catalog.regclass
      and a.attname = 'id'
      and a.atttypid = 'pg_catalog.text'::pg_catalog.regtype
  ) then
    raise exception 'public."user".id must be text, it is %', coalesce(id_type, 'missing')
      using
        errcode = 'datatype_mismatch',
        hint = 'dpg-database takes the ids of users as text, as Better Auth makes them by default.';
  end if;

  if not pg_catalog.has_table_privilege('public."user"', 'select')
    or not pg_catalog.has_table_privilege('public."user"', 'references')
  then
    raise exception 'role % may not read or reference public."user"', current_user
      using
        errcode = 'insufficient_privilege',
        hint = pg_catalog.format(
          'The owner of the table must run: grant select, references on public."user" to %I;', current_user
        );
  end if;
end
$body$;
--! EndIncluded users/user.sql
--! Included users/actor.sql
create or replace function dpg_private.tombstone()
returns text
language sql
immutable
parallel safe
security invoker
return 'dpg_erased_user';

comment on function dpg_private.tombstone() is
  'Id of the user who stands for all erased users. No call can act or read as this user.';

create or replace function dpg_private.refuse_actor(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_key('actor', actor);
  perform dpg_private.refuse_argument(
    'actor', to_jsonb(actor), 'stands for erased users',
    'Nobody can act for erased users; pass the id of the authenticated user.'
  );
end
$body$;

comment on function dpg_private.refuse_actor(text) is
  'Raises DP001 for an actor that is no key, or that is the tombstone user.';

create or replace function dpg_private.is_actor(actor text)
returns boolean
language sql
stable
parallel safe
security invoker
return dpg_private.is_key(actor) and actor <> dpg_private.tombstone();

comment on function dpg_private.is_actor(text) is
  'Whether actor is a key and not the tombstone user. Null for null. Stored parsed and inlined.';

create or replace function dpg_private.check_actor(actor text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when not coalesce(dpg_private.is_actor(actor), false) then dpg_private.refuse_actor(actor)
end;

comment on function dpg_private.check_actor(text) is
  'Raises DP001 unless actor is a key and not the tombstone user. Stored parsed and inlined.';
--! EndIncluded users/actor.sql
--! Included users/known_user.sql
create or replace function dpg_private.refuse_unknown_user(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP009',
    message = dpg_private.text_for_client(format('user %L is not known here', left(actor, 120))),
    hint = 'Create the user in public."user" first, or pass the id of one that is there.',
    detail = dpg_private.text_for_client(jsonb_build_object('actor', actor)::text);
end
$body$;

comment on function dpg_private.refuse_unknown_user(text) is 'Raises DP009 for an actor who is not in public."user".';

create or replace function dpg_private.check_user(actor text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (select from public."user" u where u.id = check_user.actor) then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
end
$body$;

comment on function dpg_private.check_user(text) is
  'Raises DP009 unless actor is the id of a user in public."user".';
--! EndIncluded users/known_user.sql
--! Included items/item_ref.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.item_ref') is null then
    create type dpg.item_ref as (
      item_network text,
      item_domain text,
      item_type text,
      item_id uuid
    );
  end if;
end
$body$;

comment on type dpg.item_ref is
  'Names one item. In SQL: row(''yellow_dot'', ''student'', ''profile_1.0'',
''11111111-1111-4111-8111-111111111111'')::dpg.item_ref';

create or replace function dpg_private.refuse_item_ref(argument text, item dpg.item_ref)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  prefix constant text := coalesce(argument || '.', '');
begin
  perform
    dpg_private.check_key(prefix || 'item_network', item.item_network),
    dpg_private.check_key(prefix || 'item_domain', item.item_domain),
    dpg_private.check_key(prefix || 'item_type', item.item_type),
    dpg_private.check_present(prefix || 'item_id', item.item_id is not null);
end
$body$;

comment on function dpg_private.refuse_item_ref(text, dpg.item_ref) is
  'Raises DP001 for what is no key of an item. See dpg_private.check_item_ref.';

create or replace function dpg_private.check_item_ref(argument text, item dpg.item_ref)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (
    dpg_private.is_key(item.item_network)
    and dpg_private.is_key(item.item_domain)
    and dpg_private.is_key(item.item_type)
    and item.item_id is not null
  ) is not true then
    dpg_private.refuse_item_ref(argument, item)
end;

comment on function dpg_private.check_item_ref(text, dpg.item_ref) is
  'Raises DP001 unless item names an item: three keys and an id.
argument is the name of the argument; null where the four are arguments of their own.';

create or replace function dpg_private.refuse_item_not_found(item dpg.item_ref)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP002',
    message = dpg_private.text_for_client(
      format('there is no item %L/%L/%L/%s here', item.item_network, item.item_domain, item.item_type, item.item_id)
    ),
    hint = 'Check network, domain, type and id; the item may have been deleted, or live on another instance.',
    detail = dpg_private.text_for_client(to_jsonb(item)::text);
end
$body$;

comment on function dpg_private.refuse_item_not_found(dpg.item_ref) is
  'Raises DP002 for the item.';

create or replace function dpg_private.refuse_not_item_owner(actor text, item dpg.item_ref, index integer default null)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP003',
    message = dpg_private.text_for_client(format(
      'user %L does not own item %L/%L/%L/%s',
      actor, item.item_network, item.item_domain, item.item_type, item.item_id
    )),
    hint = 'Only the user who made an item may change it or act with it; a new item needs an id of its own.',
    detail = dpg_private.text_for_client((to_jsonb(item)
      || jsonb_build_object('actor', actor)
      || case when index is null then '{}' else jsonb_build_object('index', index) end)::text);
end
$body$;

comment on function dpg_private.refuse_not_item_owner(text, dpg.item_ref, integer) is
  'Raises DP003 for the actor and the item. index is the position of the item in an array, counted from 0.';
--! EndIncluded items/item_ref.sql
--! Included items/items.sql
-- The checks are short, since PostgreSQL reads the stored form of a check anew at every insert. NaN is in no box.
create table if not exists dpg.items (
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  item_id uuid not null default gen_random_uuid(),
  item_instance_url text not null,
  item_schema_url text not null,
  item_state jsonb not null default '{}',
  item_latitude double precision,
  item_longitude double precision,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  constraint items_pkey primary key (item_network, item_domain, item_type, item_id),
  constraint items_created_by_fkey foreign key (created_by) references public."user" (id),
  constraint items_state_check check (jsonb_typeof(item_state) = 'object'),
  constraint items_coordinates_check check (
    (item_latitude is null) = (item_longitude is null)
    and point(item_latitude, item_longitude) <@ box '(90, 180), (-90, -180)'
  )
)
partition by list (item_network);

comment on table dpg.items is
  'The current record of each item: a JSON document under network, domain and type, owned by a user.
Partitioned by network, then by domain; the leaves are in dpg.partitions. Written by dpg.upsert_item, upsert_items,
update_item and delete_item.';
comment on column dpg.items.item_network is
  'Network, a key: text of 1 to 120 characters, stored as given. First partition key.';
comment on column dpg.items.item_domain is 'Business role in the network, a key. Second partition key.';
comment on column dpg.items.item_type is 'Type of the document, a key, such as profile_1.0.';
comment on column dpg.items.item_id is 'Id of the item, unique within network, domain and type.';
comment on column dpg.items.item_instance_url is
  'URL under which this instance publishes the item, at most 1,024 bytes.';
comment on column dpg.items.item_schema_url is 'URL of the schema of item_state, at most 1,024 bytes.';
comment on column dpg.items.item_state is 'The document itself, a JSON object.';
comment on column dpg.items.item_latitude is
  'Degrees, -90 to 90, positive to the north; null with item_longitude when the item has no place.';
comment on column dpg.items.item_longitude is
  'Degrees, -180 to 180, positive to the east; null with item_latitude when the item has no place.';
comment on column dpg.items.created_by is 'The owner: id of the user who created the item and alone may change it.';
comment on column dpg.items.created_at is 'When the item was created.';
comment on column dpg.items.updated_at is 'When the item last changed; rises with every change.';
comment on constraint items_pkey on dpg.items is 'One item of each key.';
comment on constraint items_created_by_fkey on dpg.items is
  'The owner is a user of this instance; a user who owns items cannot be deleted: see dpg.erase_user.';
comment on constraint items_state_check on dpg.items is 'A document is a JSON object.';
comment on constraint items_coordinates_check on dpg.items is 'Latitude and longitude: both or neither, in degrees.';
comment on index dpg.items_pkey is
  'For every call that names an item: upsert_item, upsert_items, update_item, delete_item, get_item, perform_action
and receive_action; and for the foreign keys of actions.';
--! EndIncluded items/items.sql
--! Included items/sent_item.sql
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
  'An element of upsert_items as a row: its index, counted from 0, then our columns of dpg.items. written_at is for
created_at and updated_at.';

create or replace function dpg_private.item_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'item_network', 'item_domain', 'item_type', 'item_instance_url', 'item_schema_url',
  'item_state', 'item_latitude', 'item_longitude', 'item_id'
];

comment on function dpg_private.item_fields() is
  'The fields that an element of upsert_items may have.';

create or replace function dpg_private.check_item_object(item jsonb, index integer)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  field text;
  kind text;
begin
  if jsonb_typeof(item) <> 'object' then
    perform dpg_private.refuse_argument(
      'items', item, 'is not a JSON object',
      'Each element is an object whose fields are column names of dpg.items.', index
    );
  end if;

  select k.field
  into field
  from jsonb_object_keys(item) k(field)
  where k.field <> all (dpg_private.item_fields())
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      left(field, 120), item -> field, 'is not a field of an item',
      format('An element may have the fields %s.', array_to_string(dpg_private.item_fields(), ', ')), index
    );
  end if;

  foreach field in array dpg_private.item_fields() loop
    kind := dpg_private.kind_of_field(field);
    continue when kind = 'object' and not item ? field;
    continue when kind in ('uuid', 'latitude', 'longitude') and nullif(item -> field, 'null') is null;
    if kind = 'object' then
      perform dpg_private.check_document(field, item -> field, index);
    elsif not dpg_private.is_field(kind, item -> field) then
      perform dpg_private.refuse_field(field, kind, item -> field, index);
    end if;
  end loop;
  if nullif(item -> 'item_latitude', 'null') is null and nullif(item -> 'item_longitude', 'null') is not null then
    field := 'item_latitude';
  elsif nullif(item -> 'item_longitude', 'null') is null and nullif(item -> 'item_latitude', 'null') is not null then
    field := 'item_longitude';
  else
    return;
  end if;
  perform dpg_private.refuse_argument(
    field, null, 'is missing', 'Pass both item_latitude and item_longitude, or neither.', index
  );
end
$body$;

comment on function dpg_private.check_item_object(jsonb, integer) is
  'Raises DP001, with the index, for an element of upsert_items with unknown, missing or malformed fields.';

create or replace function dpg_private.check_ids_differ(items dpg_private.sent_item[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  again record;
begin
  if (select count(distinct i.item_id) from unnest(items) i) = cardinality(items) then
    return;
  end if;
  select d.item_id, d.index
  into again
  from (
    select i.item_id, i.index, row_number() over (partition by i.item_id order by i.index) as occurrence
    from unnest(items) i
  ) d
  where d.occurrence > 1
  order by d.index
  limit 1;
  perform dpg_private.refuse_argument(
    'item_id', to_jsonb(again.item_id), 'is there twice', 'Give each element an id of its own.', again.index
  );
end
$body$;

comment on function dpg_private.check_ids_differ(dpg_private.sent_item[]) is
  'Raises DP001 with the index of the first element whose item_id an earlier one has.';
--! EndIncluded items/sent_item.sql
--! Included geo/sphere.sql
create or replace function dpg_private.latitude_band(latitude double precision)
returns integer
language sql
immutable
parallel safe
security invoker
return floor(latitude * 100)::integer;

comment on function dpg_private.latitude_band(double precision) is
  'The number of the band in which a latitude (degrees) lies. A band is a hundredth of a degree high, 1,113 m. Null
for null.';

create or replace function dpg_private.place(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- PostgreSQL refuses products too small for a float (22003): adding and taking away 1e-200 leaves every degree as
-- it is but those, which become 0.
return cube(
  cube(
    cube(
      6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
        * cos(radians(longitude + 1e-200::double precision - 1e-200::double precision))
    ),
    6378168 * cos(radians(latitude + 1e-200::double precision - 1e-200::double precision))
      * sin(radians(longitude + 1e-200::double precision - 1e-200::double precision))
  ),
  6378168 * sin(radians(latitude + 1e-200::double precision - 1e-200::double precision))
);

comment on function dpg_private.place(double precision, double precision) is
  'The point of a latitude and a longitude (degrees) on a sphere with earthdistance''s radius, 6,378,168 m: x, y, z
in metres from its centre, the same numbers as earthdistance''s ll_to_earth. Null for null. Stored parsed, so that
an index on it works under any search_path.';

create or replace function dpg_private.place_box(latitude double precision, longitude double precision)
returns cube
language sql
immutable
parallel safe
security invoker
-- Of points, cube's GiST takes the first two of a full page as the seeds of its halves: places along a road, stored
-- in the order of travel, split it into one and all others, at every insert. With any extent it finds the two
-- farthest.
return cube_enlarge(dpg_private.place(latitude, longitude), 0.000000005, 3);

comment on function dpg_private.place_box(double precision, double precision) is
  'What the index on the place holds: the place of a latitude and a longitude (degrees) with 5 nanometres on each
side, so that the index stays balanced. Null for null.';

create or replace function dpg_private.chord_meters(latitude double precision, longitude double precision, center cube)
returns double precision
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <-> center;

comment on function dpg_private.chord_meters(double precision, double precision, cube) is
  'What places are ordered by: the length of the straight line (the chord) to the centre, a dpg_private.place, in
metres, less 10 nanometres at most. It grows with the distance. Inlined, so that the index on the place answers
"order by" it.';

create or replace function dpg_private.great_circle_sql(chord text)
returns text
language sql
immutable
parallel safe
security invoker
return format('2 * 6378168 * asin(least(%s / (2 * 6378168), 1))', chord);

comment on function dpg_private.great_circle_sql(text) is
  'The SQL expression for the length in metres along a great circle. chord: the expression for the straight line
between its ends. 2 R asin(chord / 2 R), R = 6,378,168 m: the sphere and the formula (sec_to_gc) of earthdistance.
SQL text, see dpg_private.haversine_sql.';
--! EndIncluded geo/sphere.sql
--! Included items/items_indexes.sql
create index if not exists items_created_at_idx
on dpg.items (created_at desc, item_type, item_id);

comment on index dpg.items_created_at_idx is
  'For the order of find_items, newest first.';

create index if not exists items_created_by_idx
on dpg.items (created_by, created_at desc, item_type, item_id);

comment on index dpg.items_created_by_idx is
  'For find_items and count_items with created_by, and for the foreign key to the users when a user is deleted.';

create index if not exists items_state_idx
on dpg.items
using gin (item_state jsonb_path_ops);

comment on index dpg.items_state_idx is
  'For item_state (containment) of find_items, count_items and nearest_items.';

-- Not partial, though items without a place are of no use to it: the planner estimates a circle by the statistics
-- of an index only where that holds every row, and chooses between this index and that of another filter by them.
create index if not exists items_band_idx
on dpg.items (dpg_private.latitude_band(item_latitude), item_longitude, item_latitude, created_at);

comment on index dpg.items_band_idx is
  'For the circle of count_items and find_items; with the time, so that the newest are found without reading the others.';

create index if not exists items_place_idx
on dpg.items
using gist (dpg_private.place_box(item_latitude, item_longitude))
where item_latitude is not null;

comment on index dpg.items_place_idx is
  'For the order of nearest_items.';
--! EndIncluded items/items_indexes.sql
--! Included items/instance_urls.sql
create table if not exists dpg_private.instance_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists instance_url_sightings_idx
on dpg_private.instance_url_sightings (instance_url);

comment on table dpg_private.instance_url_sightings is
  'Each URL of this instance, as upserts met it. Not unique on purpose: with a unique index every writer of a new
URL would wait for the transaction of the first one. dpg.instance_urls shows each URL once.';
comment on column dpg_private.instance_url_sightings.instance_url is 'URL of this instance.';
comment on column dpg_private.instance_url_sightings.first_seen_at is 'When an upsert met it and found no row of it.';
comment on index dpg_private.instance_url_sightings_idx is
  'For upserts: whether this spelling of a URL is noted.';

create index if not exists instance_url_sightings_form_idx
on dpg_private.instance_url_sightings (dpg_private.normalised_url(instance_url));

comment on index dpg_private.instance_url_sightings_form_idx is
  'For the question whether a URL is one of ours, in whichever spelling: receive_action, receive_transition,
store_event and dpg.peers.';

create table if not exists dpg_private.peer_url_sightings (
  instance_url text not null,
  first_seen_at timestamptz not null default clock_timestamp()
);

create index if not exists peer_url_sightings_idx
on dpg_private.peer_url_sightings (instance_url);

create index if not exists peer_url_sightings_form_idx
on dpg_private.peer_url_sightings (dpg_private.normalised_url(instance_url));

comment on table dpg_private.peer_url_sightings is
  'Each URL by which another instance is known: the source of an action that came from there, or the origin of an
event. No item may be given one of them. Not unique on purpose, as dpg_private.instance_url_sightings. Written by
receive_action and store_event; dpg.forget_instance_url removes one.';
comment on column dpg_private.peer_url_sightings.instance_url is
  'URL of another instance, as it spelled it; each spelling has a row.';
comment on column dpg_private.peer_url_sightings.first_seen_at is 'When a call brought it and found no row of it.';
comment on index dpg_private.peer_url_sightings_form_idx is
  'For the question whether another instance is known by a URL, and how it spells it: a new URL of an item, and
store_event.';
comment on index dpg_private.peer_url_sightings_idx is
  'For receive_action: whether this spelling of a URL is noted.';

create or replace view dpg.instance_urls as
select s.instance_url, min(s.first_seen_at) as first_seen_at
from dpg_private.instance_url_sightings s
group by s.instance_url;

comment on view dpg.instance_urls is
  'The URLs of this instance: every item_instance_url of its items. What comes from another instance may not claim
one of them.';
comment on column dpg.instance_urls.instance_url is 'URL of this instance.';
comment on column dpg.instance_urls.first_seen_at is 'When the first item with this URL was written.';

create or replace function dpg_private.is_instance_url(instance_url text)
returns boolean
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  form constant text := dpg_private.normalised_url(instance_url); -- computed first: then the plan is kept
begin
  return exists (
    select
    from dpg_private.instance_url_sightings s
    where dpg_private.normalised_url(s.instance_url) = form
  );
end
$body$;

comment on function dpg_private.is_instance_url(text) is
  'Whether this is a URL of this instance, in whichever spelling.';

create or replace function dpg_private.check_instance_url(argument text, instance_url text, index integer default null)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_instance_url(instance_url)
    and exists (
      select
      from dpg_private.peer_url_sightings p
      where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(check_instance_url.instance_url)
    )
  then
    perform dpg_private.refuse_argument(
      argument, to_jsonb(instance_url), 'is the URL of another instance',
      'An item carries a URL of this instance. An action or an event came from another one under this URL, '
        'which could not act here any more if it were ours. If that was a mistake, dpg_admin strikes it: '
        'dpg.forget_instance_url.',
      index
    );
  end if;
end
$body$;

comment on function dpg_private.check_instance_url(text, text, integer) is
  'Raises DP001 for the URL of an item when another instance is known by it, unless it is a URL of ours already.
Called only where this spelling is not noted yet.';

create or replace function dpg_private.register_instance_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = register_instance_url.instance_url
  ) then
    insert into dpg_private.instance_url_sightings (instance_url)
    values (register_instance_url.instance_url);
  end if;
end
$body$;

comment on function dpg_private.register_instance_url(text) is
  'Notes a URL of this instance when it is new.';

create or replace function dpg_private.note_peer_url(instance_url text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  insert into dpg_private.peer_url_sightings (instance_url)
  values (note_peer_url.instance_url);
end
$body$;

comment on function dpg_private.note_peer_url(text) is
  'Notes a URL by which another instance is known. Called where this spelling is not noted.';
--! EndIncluded items/instance_urls.sql
--! Included actions/item_actions.sql
create table if not exists dpg.item_actions (
  partition_network text not null,
  action_type text not null,
  action_id uuid not null default gen_random_uuid(),
  action_status text not null,
  update_count integer not null default 0,
  requirements_snapshot jsonb not null default '{}',
  remarks text,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  created_at timestamptz not null default clock_timestamp(),
  updated_at timestamptz not null default clock_timestamp(),
  source_item_latitude double precision,
  source_item_longitude double precision,
  target_item_latitude double precision,
  target_item_longitude double precision,
  source_item_is_local boolean not null default true,
  source_local_item_id uuid,
  constraint item_actions_pkey primary key (partition_network, action_type, action_id),
  constraint item_actions_partition_check check (partition_network = target_item_network),
  constraint item_actions_requirements_check check (jsonb_typeof(requirements_snapshot) = 'object'),
  constraint item_actions_update_count_check check (update_count >= 0),
  constraint item_actions_source_local_check check (
    source_local_item_id is null
    or (source_local_item_id = source_item_id and source_item_network = partition_network and source_item_is_local)
  )
)
partition by list (partition_network);

comment on table dpg.item_actions is
  'The current state of each action: a request from a source item to a target item of this instance. Listed by the
target''s network, then by action type. Written by dpg.perform_action, receive_action, transition_action and
receive_transition.';
comment on column dpg.item_actions.partition_network is 'The target''s network. First partition key.';
comment on column dpg.item_actions.action_type is 'Kind of action, a key, such as connect. Second partition key.';
comment on column dpg.item_actions.action_id is 'Id of the action, unique within partition_network and action_type.';
comment on column dpg.item_actions.action_status is 'Current status, a key.';
comment on column dpg.item_actions.update_count is
  'How often the action has changed: 0 when created, one more with each transition.';
comment on column dpg.item_actions.requirements_snapshot is
  'What the source asked for when the action was created, a JSON object.';
comment on column dpg.item_actions.remarks is 'The latest short note on the status, for people.';
comment on column dpg.item_actions.source_item_network is 'Network of the item that the action starts from.';
comment on column dpg.item_actions.source_item_domain is 'Domain of the source item.';
comment on column dpg.item_actions.source_item_type is 'Type of the source item.';
comment on column dpg.item_actions.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.item_actions.source_item_instance_url is
  'URL of the source item''s instance when the action was created.';
comment on column dpg.item_actions.source_item_owner is
  'Owner of the source item when the action was created: the party that initiated.';
comment on column dpg.item_actions.target_item_network is
  'Network of the item that the action is for; equal to partition_network.';
comment on column dpg.item_actions.target_item_domain is 'Domain of the target item.';
comment on column dpg.item_actions.target_item_type is 'Type of the target item.';
comment on column dpg.item_actions.target_item_id is 'Id of the target item, an item of this instance.';
comment on column dpg.item_actions.target_item_instance_url is
  'URL of the target item''s instance when the action was created; the origin of the action''s events.';
comment on column dpg.item_actions.target_item_owner is
  'Owner of the target item when the action was created: the party that received.';
comment on column dpg.item_actions.created_at is 'When the action was created: the time of its first event.';
comment on column dpg.item_actions.updated_at is 'When the action last changed: the time of its last event.';
comment on column dpg.item_actions.source_item_latitude is
  'Degrees; where the source item was when the action was created. Copied to each event, so that a transition reads no
item.';
comment on column dpg.item_actions.source_item_longitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.item_actions.target_item_latitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.item_actions.target_item_longitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.item_actions.source_item_is_local is
  'Whether the source item is of this instance. Where it is not, source_item_owner is a user of another instance,
and no user of this one is that party, whatever the id.';
comment on column dpg.item_actions.source_local_item_id is
  'source_item_id when the source is an item of this instance in the same network, else null: the part of the
foreign key to items that can be left unchecked. Set by the functions, never by callers.';
comment on constraint item_actions_pkey on dpg.item_actions is 'One action of each key.';
comment on constraint item_actions_partition_check on dpg.item_actions is 'An action lies in its target''s network.';
comment on constraint item_actions_requirements_check on dpg.item_actions is 'Requirements are a JSON object.';
comment on constraint item_actions_update_count_check on dpg.item_actions is 'update_count starts at 0.';
comment on constraint item_actions_source_local_check on dpg.item_actions is
  'source_local_item_id is null or the id of a source of this instance and network.';
comment on index dpg.item_actions_pkey is
  'For every call that names an action: get_action, transition_action and receive_transition; and for the repetition
of perform_action and receive_action.';
--! EndIncluded actions/item_actions.sql
--! Included actions/action_definitions.sql
create table if not exists dpg.action_definitions (
  partition_network text not null,
  action_type text not null,
  initial_status text not null,
  transitions jsonb not null,
  constraint action_definitions_pkey primary key (partition_network, action_type)
);

comment on table dpg.action_definitions is
  'The declared state graphs of actions. Written by dpg.define_action; an action without a row may take any status,
by either party.';
comment on column dpg.action_definitions.partition_network is 'The target''s network.';
comment on column dpg.action_definitions.action_type is 'Kind of action.';
comment on column dpg.action_definitions.initial_status is 'Status of a new action.';
comment on column dpg.action_definitions.transitions is
  'The edges: an array of {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}.';
comment on constraint action_definitions_pkey on dpg.action_definitions is
  'One graph for each action type of a network.';
comment on index dpg.action_definitions_pkey is 'For define_action and for each new action and transition.';
--! EndIncluded actions/action_definitions.sql
--! Included events/action_events.sql
create table if not exists dpg.action_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null default gen_random_uuid(),
  origin_instance_domain text not null,
  action_id uuid not null,
  action_status text not null,
  update_count integer not null default 0,
  source_item_network text not null,
  source_item_domain text not null,
  source_item_type text not null,
  source_item_id uuid not null,
  source_item_instance_url text not null,
  source_item_owner text not null,
  source_item_latitude double precision,
  source_item_longitude double precision,
  target_item_network text not null,
  target_item_domain text not null,
  target_item_type text not null,
  target_item_id uuid not null,
  target_item_instance_url text not null,
  target_item_owner text not null,
  target_item_latitude double precision,
  target_item_longitude double precision,
  event_payload jsonb not null default '{}',
  remarks text,
  created_at timestamptz not null default clock_timestamp(),
  source_item_is_local boolean not null default true,
  target_item_is_local boolean not null default true,
  constraint action_events_pkey primary key (partition_network, action_type, event_id),
  constraint action_events_update_key unique (
    partition_network, action_type, origin_instance_domain, action_id, update_count
  ),
  constraint action_events_payload_check check (jsonb_typeof(event_payload) = 'object'),
  constraint action_events_update_count_check check (update_count >= 0)
)
partition by list (partition_network);

comment on table dpg.action_events is
  'Immutable events: one for the making and one for each change of an action, also those mirrored from other
instances. Listed by network, then by action type. Written together with the action, or by dpg.store_event; never
changed or removed (DP012).';
comment on column dpg.action_events.partition_network is 'The target''s network. First partition key.';
comment on column dpg.action_events.action_type is 'Kind of action, a key. Second partition key.';
comment on column dpg.action_events.event_id is 'Id of the event, unique within partition_network and action_type.';
comment on column dpg.action_events.origin_instance_domain is
  'URL of the instance that made the event: the one on which the action lives.';
comment on column dpg.action_events.action_id is 'The action that was created or changed.';
comment on column dpg.action_events.action_status is 'Status of the action after the change.';
comment on column dpg.action_events.update_count is
  'update_count of the action after the change, 0 for its making. Gapless within an action.';
comment on column dpg.action_events.source_item_network is 'Network of the source item.';
comment on column dpg.action_events.source_item_domain is 'Domain of the source item.';
comment on column dpg.action_events.source_item_type is 'Type of the source item.';
comment on column dpg.action_events.source_item_id is 'Id of the source item, on its own instance.';
comment on column dpg.action_events.source_item_instance_url is
  'URL of the source item''s instance when the action was created.';
comment on column dpg.action_events.source_item_owner is 'Owner of the source item when the action was created.';
comment on column dpg.action_events.source_item_latitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.action_events.source_item_longitude is
  'Degrees; where the source item was when the action was created.';
comment on column dpg.action_events.target_item_network is 'Network of the target item.';
comment on column dpg.action_events.target_item_domain is 'Domain of the target item.';
comment on column dpg.action_events.target_item_type is 'Type of the target item.';
comment on column dpg.action_events.target_item_id is 'Id of the target item, on its own instance.';
comment on column dpg.action_events.target_item_instance_url is
  'URL of the target item''s instance when the action was created.';
comment on column dpg.action_events.target_item_owner is 'Owner of the target item when the action was created.';
comment on column dpg.action_events.target_item_latitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.action_events.target_item_longitude is
  'Degrees; where the target item was when the action was created.';
comment on column dpg.action_events.event_payload is
  'The business event itself, a JSON object: whatever would change the meaning of the event. {"status": <status>}
unless given.';
comment on column dpg.action_events.remarks is
  'The short note that was given with this change, for people; null when none was given.';
comment on column dpg.action_events.created_at is
  'When the change was made; rises with update_count within an action.';
comment on column dpg.action_events.source_item_is_local is
  'Whether the source item is of this instance, so that source_item_owner is a user of this one.';
comment on column dpg.action_events.target_item_is_local is
  'Whether the event was created by this instance, so that target_item_owner is a user of this one; false for a
mirrored event.';
comment on constraint action_events_pkey on dpg.action_events is 'One event of each key.';
comment on constraint action_events_update_key on dpg.action_events is 'One event for each update of an action.';
comment on constraint action_events_payload_check on dpg.action_events is 'A payload is a JSON object.';
comment on constraint action_events_update_count_check on dpg.action_events is 'update_count starts at 0.';
comment on index dpg.action_events_pkey is
  'For the repetition of transition_action, receive_transition and store_event, which name the event.';
comment on index dpg.action_events_update_key is
  'For the one event of each update: store_event, and the repetition of perform_action and receive_action, which is
compared with the first event.';
--! EndIncluded events/action_events.sql
--! Included actions/mirrored_actions.sql
create table if not exists dpg_private.mirrored_actions (
  like dpg.item_actions including comments,
  origin_instance_domain text not null,
  remarks_update_count integer,
  constraint mirrored_actions_pkey primary key (action_id, partition_network, action_type, origin_instance_domain)
);

create index if not exists mirrored_actions_owner_idx
on dpg_private.mirrored_actions (source_item_owner, updated_at desc, action_id);

comment on table dpg_private.mirrored_actions is
  'Actions that live on other instances, from an item of this one, as their mirrored events tell of them: the
columns of dpg.item_actions, then two more. Kept by dpg_private.note_mirrored_action, found by dpg.find_actions and
get_action.';
comment on column dpg_private.mirrored_actions.requirements_snapshot is 'Not in an event, so {} here.';
comment on column dpg_private.mirrored_actions.remarks is
  'The latest short note in the events that came; null when none had one.';
comment on column dpg_private.mirrored_actions.target_item_id is 'Id of the target item, on the other instance.';
comment on column dpg_private.mirrored_actions.origin_instance_domain is
  'URL of the instance on which the action lives, as its events say.';
comment on column dpg_private.mirrored_actions.remarks_update_count is
  'update_count of the event that had those remarks: an older one that comes later does not replace them.';
comment on index dpg_private.mirrored_actions_owner_idx is
  'For find_actions of the party that initiated, latest change first.';

create or replace function dpg_private.note_mirrored_action(event dpg.action_events)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  known_origin text;
begin
  if not event.source_item_is_local then
    return; -- nobody here is a party
  end if;
  -- an action whose events spell their origin in two ways is one action, under the spelling that came first
  select m.origin_instance_domain
  into known_origin
  from dpg_private.mirrored_actions m
  where m.action_id = event.action_id
    and m.partition_network = event.partition_network
    and m.action_type = event.action_type
    and dpg_private.is_same_url(m.origin_instance_domain, event.origin_instance_domain)
  order by m.origin_instance_domain = event.origin_instance_domain desc, m.origin_instance_domain
  limit 1;
  -- Whichever order the events come in, the row ends the same: status and time of the highest update_count, remarks
  -- of the highest that has some, the time of the first. Between which items it is does not change: that is as the
  -- event says which made the row, and of two at once the second waits here for the first.
  insert into dpg_private.mirrored_actions as m (
    partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner,
    target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url,
    target_item_owner,
    created_at, updated_at, source_item_latitude, source_item_longitude, target_item_latitude, target_item_longitude,
    source_item_is_local, source_local_item_id, origin_instance_domain, remarks_update_count
  )
  values (
    event.partition_network, event.action_type, event.action_id, event.action_status, event.update_count, '{}',
    event.remarks,
    event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id,
    event.source_item_instance_url, event.source_item_owner,
    event.target_item_network, event.target_item_domain, event.target_item_type, event.target_item_id,
    event.target_item_instance_url, event.target_item_owner,
    event.created_at, event.created_at, event.source_item_latitude, event.source_item_longitude,
    event.target_item_latitude, event.target_item_longitude,
    true, case when event.source_item_network = event.partition_network then event.source_item_id end,
    coalesce(known_origin, event.origin_instance_domain),
    case when event.remarks is not null then event.update_count end
  )
  on conflict on constraint mirrored_actions_pkey do update
  set action_status = case
      when excluded.update_count > m.update_count then excluded.action_status else m.action_status
    end,
    updated_at = case when excluded.update_count > m.update_count then excluded.updated_at else m.updated_at end,
    update_count = greatest(m.update_count, excluded.update_count),
    created_at = least(m.created_at, excluded.created_at),
    remarks = case
      when excluded.remarks_update_count > coalesce(m.remarks_update_count, -1) then excluded.remarks
      else m.remarks
    end,
    remarks_update_count = greatest(m.remarks_update_count, excluded.remarks_update_count)
  where (
      m.source_item_network, m.source_item_domain, m.source_item_type, m.source_item_id
    ) = (
      event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id
    )
    and (
      m.target_item_network, m.target_item_domain, m.target_item_type, m.target_item_id
    ) = (
      event.target_item_network, event.target_item_domain, event.target_item_type, event.target_item_id
    )
    and dpg_private.is_same_url(m.source_item_instance_url, event.source_item_instance_url)
    and dpg_private.is_same_url(m.target_item_instance_url, event.target_item_instance_url);
  if not found then
    perform dpg_private.refuse_event_of_other_items(event);
  end if;
end
$body$;

comment on function dpg_private.note_mirrored_action(dpg.action_events) is
  'Keeps dpg_private.mirrored_actions for a mirrored event that was not there before. Raises DP008 when it is
between other items than its action.';
--! EndIncluded actions/mirrored_actions.sql
--! Included actions/party_leaves.sql
create table if not exists dpg_private.party_leaves (
  owner text not null,
  partition_network text not null,
  action_type text not null
);

create index if not exists party_leaves_idx
on dpg_private.party_leaves (owner, partition_network, action_type);

comment on table dpg_private.party_leaves is
  'In which networks and action types a user of this instance has actions or events, so that find_actions and
find_events read only those leaves. Not unique on purpose: a unique index would make a writer wait for another''s
transaction to end.';
comment on column dpg_private.party_leaves.owner is 'The user: owner of the source or of the target.';
comment on column dpg_private.party_leaves.partition_network is 'First partition key of the leaf.';
comment on column dpg_private.party_leaves.action_type is 'Second partition key of the leaf.';
comment on index dpg_private.party_leaves_idx is
  'For find_actions and find_events without partition keys, and for the trigger that asks whether a row is there.';

create or replace function dpg_private.note_party_leaves()
returns trigger
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set plan_cache_mode = auto -- insert_action, which inserts, has it otherwise
as $body$
begin
  if new.source_item_is_local
    and not exists (
      select
      from dpg_private.party_leaves p
      where p.owner = new.source_item_owner
        and p.partition_network = new.partition_network
        and p.action_type = new.action_type
    )
  then
    insert into dpg_private.party_leaves (owner, partition_network, action_type)
    values (new.source_item_owner, new.partition_network, new.action_type);
  end if;
  -- the target of an action lives here; that of a mirrored event does not
  if tg_argv[0] = 'action'
    and not exists (
      select
      from dpg_private.party_leaves p
      where p.owner = new.target_item_owner
        and p.partition_network = new.partition_network
        and p.action_type = new.action_type
    )
  then
    insert into dpg_private.party_leaves (owner, partition_network, action_type)
    values (new.target_item_owner, new.partition_network, new.action_type);
  end if;
  return null;
end
$body$;

comment on function dpg_private.note_party_leaves() is
  'Trigger: notes in which leaves the parties of a new action, or the source of a mirrored event, have rows. Its
argument says which: action or event.';

-- Only where they are not there: PostgreSQL would lock the roots and every leaf, even to create the same triggers
-- again.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.action_events'::pg_catalog.regclass
      and t.tgname = 'action_events_note_parties'
  ) then
    create trigger item_actions_note_parties
    after insert on dpg.item_actions
    for each row
    execute function dpg_private.note_party_leaves('action');

    -- the actions of this instance note the parties of their own events
    create trigger action_events_note_parties
    after insert on dpg.action_events
    for each row
    when (not new.target_item_is_local)
    execute function dpg_private.note_party_leaves('event');
  end if;
end
$body$;

comment on trigger item_actions_note_parties on dpg.item_actions is
  'Keeps dpg_private.party_leaves, so that find_actions and find_events read only leaves in which the actor has rows.';
comment on trigger action_events_note_parties on dpg.action_events is
  'Keeps dpg_private.party_leaves for mirrored events; the actions of this instance note their own parties.';

create or replace function dpg_private.find_party_leaves(
  root text,
  actor text,
  partition_network text,
  action_type text
)
returns regclass[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if partition_network is not null and action_type is not null then
    return array_remove(array[dpg_private.find_leaf(root, partition_network, action_type)], null);
  end if;
  return coalesce(
    (
      select array_agg(l.leaf order by l.leaf)
      from (
        select distinct dpg_private.find_leaf(find_party_leaves.root, p.partition_network, p.action_type) as leaf
        from dpg_private.party_leaves p
        where p.owner = find_party_leaves.actor
          and (find_party_leaves.partition_network is null or p.partition_network = find_party_leaves.partition_network)
          and (find_party_leaves.action_type is null or p.action_type = find_party_leaves.action_type)
      ) l
      where l.leaf is not null
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.find_party_leaves(text, text, text, text) is
  'The leaves that can hold rows of which the actor is a party: the one that the keys name, or those in which the
actor has rows.';
--! EndIncluded actions/party_leaves.sql
--! Included redactions/redactions.sql
create table if not exists dpg.redactions (
  redaction_id bigint generated always as identity,
  redacted_at timestamptz not null default greatest(clock_timestamp(), transaction_timestamp()),
  actor text not null,
  database_role text not null default session_user,
  kind text not null,
  reason text not null,
  partition_network text,
  action_type text,
  action_id uuid,
  event_id uuid,
  transaction_id xid8 not null default pg_current_xact_id(),
  from_user text,
  to_user text,
  constraint redactions_pkey primary key (redaction_id),
  constraint redactions_kind_check check (kind in ('event', 'user', 'loss', 'move', 'difference')),
  constraint redactions_event_check check (
    case kind
      when 'event' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      when 'difference' then num_nonnulls(partition_network, action_type, action_id, event_id) = 4
      when 'loss' then num_nonnulls(partition_network, action_type) = 2 and num_nonnulls(action_id, event_id) = 0
      else num_nonnulls(partition_network, action_type, action_id, event_id) = 0
    end
  ),
  constraint redactions_move_check check (num_nonnulls(from_user, to_user) = case kind when 'move' then 2 else 0 end)
);

create index if not exists redactions_action_idx
on dpg.redactions (action_id, event_id)
where kind = 'event';

create index if not exists redactions_transaction_idx
on dpg.redactions (transaction_id);

create index if not exists redactions_move_idx
on dpg.redactions (to_user)
where kind = 'move';

comment on table dpg.redactions is
  'The record of redactions: who, when, why, and what kind. It says what was taken away because the law demanded it,
whose items went to whom, which loss of events was confirmed, and which differing event was accepted. Append-only
(DP012). Written by dpg.redact_event, dpg.erase_user, dpg.move_items, dpg.confirm_lost_events and
dpg.accept_differing_event.';
comment on column dpg.redactions.redaction_id is 'Number of the redaction.';
comment on column dpg.redactions.redacted_at is 'When it was done.';
comment on column dpg.redactions.actor is
  'Who asked for it, as the caller says; the tombstone when that user was erased.';
comment on column dpg.redactions.database_role is 'The role that was logged in.';
comment on column dpg.redactions.kind is
  'event: an event was emptied. user: a user was erased; the record does not say who. loss: events whose partition was
dropped were taken out of the feed. move: the items of one user went to another. difference: an event of another
instance was accepted although it differs from the stored one.';
comment on column dpg.redactions.reason is 'Why, in words.';
comment on column dpg.redactions.partition_network is 'Of an event, a difference or a loss: the network.';
comment on column dpg.redactions.action_type is 'Of an event, a difference or a loss: the action type.';
comment on column dpg.redactions.action_id is 'Of an event or a difference: the action that it belongs to.';
comment on column dpg.redactions.event_id is
  'Of an event: its id. Of a difference: the id of the event that was accepted.';
comment on column dpg.redactions.transaction_id is
  'The transaction that did it. With redacted_at it tells the triggers that this transaction is erasing a user or moving
items.';
comment on column dpg.redactions.from_user is
  'Of a move: the user whose items they were; the tombstone when that user was erased.';
comment on column dpg.redactions.to_user is
  'Of a move: the user whose items they are since; the tombstone when that user was erased.';
comment on constraint redactions_pkey on dpg.redactions is 'One row for each redaction.';
comment on constraint redactions_kind_check on dpg.redactions is 'The kinds that there are.';
comment on constraint redactions_event_check on dpg.redactions is
  'A record names an event, also one that differs, by its whole key. It does not name an erased user.';
comment on constraint redactions_move_check on dpg.redactions is 'A move names both users. No other kind names any.';
comment on sequence dpg.redactions_redaction_id_seq is 'Numbers of dpg.redactions.';
comment on index dpg.redactions_pkey is 'For the order of the records.';
comment on index dpg.redactions_action_idx is
  'For the trigger on events and for repeated calls: was this event, or any event of this action, redacted?';
comment on index dpg.redactions_transaction_idx is
  'For the triggers: is this transaction erasing a user or moving items?';
comment on index dpg.redactions_move_idx is
  'For mirrored events that name another owner than the item has: whose place has the owner taken?';
--! EndIncluded redactions/redactions.sql
--! Included redactions/on_record.sql
create or replace function dpg_private.is_erasing()
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.transaction_id = pg_current_xact_id_if_assigned()
      -- In a restored database the numbers of transactions begin again: an older record can have the same number.
      and r.redacted_at >= transaction_timestamp()
      and r.kind = 'user'
  );
end
$body$;

comment on function dpg_private.is_erasing() is
  'Whether this transaction has noted in dpg.redactions that it erases a user.';

create or replace function dpg_private.is_replacement(before text, after text)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.transaction_id = pg_current_xact_id_if_assigned()
      -- In a restored database the numbers of transactions begin again: an older record can have the same number.
      and r.redacted_at >= transaction_timestamp()
      and (
        (r.kind = 'user' and is_replacement.after = dpg_private.tombstone())
        or (r.kind = 'move' and r.from_user = is_replacement.before and r.to_user = is_replacement.after)
      )
  );
end
$body$;

comment on function dpg_private.is_replacement(text, text) is
  'Whether this transaction has noted in dpg.redactions that the user after takes the place of the user before. Either
it erases a user, and after is the tombstone; or it moves the items of before to after.';

create or replace function dpg_private.has_taken_place_of(owner text, former text)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if owner = dpg_private.tombstone() then
    return true; -- no record says whose place that is
  end if;
  return exists (
    with recursive formers(user_id) as (
      select r.from_user
      from dpg.redactions r
      where r.kind = 'move'
        and r.to_user = has_taken_place_of.owner
      union
      select r.from_user
      from formers f
      join dpg.redactions r on r.kind = 'move' and r.to_user = f.user_id
      where f.user_id <> dpg_private.tombstone()
    )
    select
    from formers f
    -- The tombstone is among them when a former owner was erased since.
    where f.user_id in (has_taken_place_of.former, dpg_private.tombstone())
  );
end
$body$;

comment on function dpg_private.has_taken_place_of(text, text) is
  'Whether owner has taken the place of former, as far as dpg.redactions knows: by an erasure, by one move of items, or
by several. No record says who was erased. So when owner, or one of the owners before, is the tombstone, the answer is
always true.';

create or replace function dpg_private.is_redacted(
  partition_network text,
  action_type text,
  action_id uuid,
  event_id uuid default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg.redactions r
    where r.kind = 'event'
      and r.action_id = is_redacted.action_id
      and r.event_id = coalesce(is_redacted.event_id, r.event_id)
      and r.partition_network = is_redacted.partition_network
      and r.action_type = is_redacted.action_type
  );
end
$body$;

comment on function dpg_private.is_redacted(text, text, uuid, uuid) is
  'Whether dpg.redactions says that this event was emptied. With a null event_id: whether any event of this action was
emptied.';
--! EndIncluded redactions/on_record.sql
--! Included redactions/append_only.sql
create or replace function dpg_private.refuse_redaction_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  allowed dpg.redactions;
begin
  if tg_op = 'UPDATE' and dpg_private.is_erasing() then
    allowed := old;
    allowed.actor := case new.actor when tombstone then tombstone else old.actor end;
    allowed.from_user := case new.from_user when tombstone then tombstone else old.from_user end;
    allowed.to_user := case new.to_user when tombstone then tombstone else old.to_user end;
    if new is not distinct from allowed then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = format('%s of dpg.redactions is refused: what was redacted stays on record', lower(tg_op)),
    hint = 'The record of redactions is append-only.',
    detail = jsonb_build_object('operation', tg_op, 'relation', 'dpg.redactions')::text;
end
$body$;

comment on function dpg_private.refuse_redaction_change() is
  'Trigger: refuses to change or remove a record of dpg.redactions (DP012). Only the users that it names may change, to
the tombstone, when one of them is erased.';

create or replace trigger redactions_append_only
before update or delete on dpg.redactions
for each row
execute function dpg_private.refuse_redaction_change();

alter table dpg.redactions enable always trigger redactions_append_only;

comment on trigger redactions_append_only on dpg.redactions is
  'Records of redactions are never changed or removed (DP012).';

create or replace trigger redactions_no_truncate
before truncate on dpg.redactions
for each statement
execute function dpg_private.refuse_redaction_change();

alter table dpg.redactions enable always trigger redactions_no_truncate;

comment on trigger redactions_no_truncate on dpg.redactions is
  'Records of redactions are never removed (DP012).';
--! EndIncluded redactions/append_only.sql
--! Included redactions/differing_events.sql
create table if not exists dpg.differing_events (
  redaction_id bigint not null,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  origin_instance_domain text not null,
  action_id uuid not null,
  update_count integer not null,
  source_item_owner text not null,
  source_item_is_local boolean not null,
  event jsonb not null,
  constraint differing_events_pkey primary key (redaction_id)
);

create index if not exists differing_events_event_idx
on dpg.differing_events (event_id);

comment on table dpg.differing_events is
  'Events of other instances that were accepted by dpg.accept_differing_event. Each says something else than the event
that dpg.action_events has of the same update, or under the same id: the other instance was restored from a backup and
did the update again. Append-only (DP012), except for redactions that are on record.';
comment on column dpg.differing_events.redaction_id is 'The record in dpg.redactions: who accepted it, when and why.';
comment on column dpg.differing_events.partition_network is 'Of the event.';
comment on column dpg.differing_events.action_type is 'Of the event.';
comment on column dpg.differing_events.event_id is 'Of the event.';
comment on column dpg.differing_events.origin_instance_domain is 'Of the event, spelled as in the event.';
comment on column dpg.differing_events.action_id is 'Of the event.';
comment on column dpg.differing_events.update_count is 'Of the event.';
comment on column dpg.differing_events.source_item_owner is 'Of the event; the tombstone when that user was erased.';
comment on column dpg.differing_events.source_item_is_local is
  'Whether the source item is of this instance, so that source_item_owner is a user of this instance.';
comment on column dpg.differing_events.event is 'The whole event, as dpg.store_event takes it.';
comment on constraint differing_events_pkey on dpg.differing_events is 'One row for each event that was accepted.';
comment on index dpg.differing_events_pkey is 'For the record that belongs to an event.';
comment on index dpg.differing_events_event_idx is
  'For store_event, before it refuses an event that differs, and for redactions.';

create or replace function dpg_private.refuse_differing_event_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.differing_events;
begin
  if tg_op = 'UPDATE' then
    allowed := old;
    if dpg_private.is_redacted(old.partition_network, old.action_type, old.action_id, old.event_id) then
      allowed.event := old.event || '{"event_payload": {}, "remarks": null}';
      if new is not distinct from allowed then
        return new;
      end if;
      allowed := old;
    end if;
    if dpg_private.is_replacement(old.source_item_owner, new.source_item_owner) then
      allowed.source_item_owner := new.source_item_owner;
      allowed.event := old.event || jsonb_build_object('source_item_owner', new.source_item_owner);
      if new is not distinct from allowed then
        return new;
      end if;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = dpg_private.text_for_client(
      format('%s of dpg.differing_events is refused: events are immutable', lower(tg_op))
    ),
    hint = 'What the law demands is done by dpg.redact_event and dpg.erase_user.',
    detail = dpg_private.text_for_client(
      jsonb_build_object('operation', tg_op, 'relation', 'dpg.differing_events')::text
    );
end
$body$;

comment on function dpg_private.refuse_differing_event_change() is
  'Trigger: refuses to change or remove a differing event (DP012), except for redactions that are on record.';

create or replace trigger differing_events_append_only
before update or delete on dpg.differing_events
for each row
execute function dpg_private.refuse_differing_event_change();

alter table dpg.differing_events enable always trigger differing_events_append_only;

comment on trigger differing_events_append_only on dpg.differing_events is
  'Events are never changed or removed (DP012), except for redactions that are on record.';

create or replace trigger differing_events_no_truncate
before truncate on dpg.differing_events
for each statement
execute function dpg_private.refuse_differing_event_change();

alter table dpg.differing_events enable always trigger differing_events_no_truncate;

comment on trigger differing_events_no_truncate on dpg.differing_events is
  'Events are never removed (DP012).';

create or replace function dpg_private.find_differing_event(event jsonb, proposed dpg.action_events)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  kept record;
  differing dpg.action_events;
begin
  for kept in
    select d.event, d.source_item_is_local
    from dpg.differing_events d
    where d.event_id = proposed.event_id
      and d.partition_network = proposed.partition_network
      and d.action_type = proposed.action_type
    order by d.redaction_id
  loop
    differing := dpg_private.parse_event(kept.event);
    differing.source_item_is_local := kept.source_item_is_local;
    differing.target_item_is_local := false;
    proposed.source_item_is_local := kept.source_item_is_local;
    if dpg_private.is_same_event(differing, dpg_private.fill_missing_fields(event, proposed, differing)) then
      return differing;
    end if;
  end loop;
  return null;
end
$body$;

comment on function dpg_private.find_differing_event(jsonb, dpg.action_events) is
  'The event in dpg.differing_events that says the same as the proposed one. All columns are null when there is none.
event is the object that the proposed one was read from.';
--! EndIncluded redactions/differing_events.sql
--! Included events/immutable_events.sql
create or replace function dpg_private.is_unchanged_event(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- JSON must not round coordinates
as $body$
declare
  generated constant text[] := array(
    select a.attname::text
    from pg_attribute a
    where a.attrelid = 'dpg.action_events'::regclass
      and a.attgenerated <> ''
      and not a.attisdropped
  );
begin
  -- As JSON, since a column of an application may be of a type without "=". What an application lets PostgreSQL
  -- compute is not computed yet where a BEFORE trigger looks.
  return to_jsonb(after) - generated = to_jsonb(before) - generated;
end
$body$;

comment on function dpg_private.is_unchanged_event(dpg.action_events, dpg.action_events) is
  'Whether a change of an event, as a BEFORE trigger sees it, changes nothing, in columns of an application as well;
generated columns follow from the others and are left out.';

create or replace function dpg_private.is_redaction(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  allowed dpg.action_events := before;
begin
  if dpg_private.is_redacted(before.partition_network, before.action_type, before.action_id, before.event_id) then
    allowed.event_payload := '{}';
    allowed.remarks := null;
    if dpg_private.is_unchanged_event(allowed, after) then
      return not dpg_private.is_unchanged_event(before, after);
    end if;
    allowed := before;
  end if;
  if before.source_item_is_local and dpg_private.is_replacement(before.source_item_owner, after.source_item_owner) then
    allowed.source_item_owner := after.source_item_owner;
  end if;
  if before.target_item_is_local and dpg_private.is_replacement(before.target_item_owner, after.target_item_owner) then
    allowed.target_item_owner := after.target_item_owner;
  end if;
  return dpg_private.is_unchanged_event(allowed, after) and not dpg_private.is_unchanged_event(before, after);
end
$body$;

comment on function dpg_private.is_redaction(dpg.action_events, dpg.action_events) is
  'Whether a change of an event is no more than what dpg.redactions has on record: payload and remarks of a redacted
event are taken away, or an owner, a user of this instance, gives way to the tombstone or to whom the items are
being moved.';

create or replace function dpg_private.refuse_event_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if tg_op = 'UPDATE' then
    if dpg_private.is_redaction(old, new) then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = format('%s of %I.%I is refused: events are immutable', lower(tg_op), tg_table_schema, tg_table_name),
    hint = 'A new fact is a new event; what the law demands is done by dpg.redact_event and dpg.erase_user, '
      'a change of the owner by dpg.move_items.',
    detail = jsonb_build_object('operation', tg_op, 'relation', format('%I.%I', tg_table_schema, tg_table_name))::text;
end
$body$;

comment on function dpg_private.refuse_event_change() is
  'Trigger: refuses to change or remove events, for the owner of the table too (DP012), but for redactions that are
on record.';

-- Only where it is not there: PostgreSQL would lock the root and every leaf, even to create the same trigger again.
-- The first is cloned to each leaf; leaves get the second from dpg_private.create_partition_table. "always": under
-- session_replication_role = replica as well.
do $body$
begin
  if not exists (
    select
    from pg_catalog.pg_trigger t
    where t.tgrelid = 'dpg.action_events'::pg_catalog.regclass
      and t.tgname = 'action_events_immutable'
  ) then
    create trigger action_events_immutable
    before update or delete on dpg.action_events
    for each row
    execute function dpg_private.refuse_event_change();
    alter table dpg.action_events enable always trigger action_events_immutable;

    create trigger action_events_no_truncate
    before truncate on dpg.action_events
    for each statement
    execute function dpg_private.refuse_event_change();
    alter table dpg.action_events enable always trigger action_events_no_truncate;
  end if;
end
$body$;

comment on trigger action_events_immutable on dpg.action_events is
  'Events are never changed or removed (DP012).';
comment on trigger action_events_no_truncate on dpg.action_events is
  'Events are never removed (DP012).';
--! EndIncluded events/immutable_events.sql
--! Included application/suppressed.sql
create or replace function dpg_private.refuse_suppressed(operation text, relation regclass, detail jsonb default '{}')
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  triggers text;
begin
  -- A trigger is ours if its function is in dpg_private. Triggers of the root are on its leaves, too.
  select string_agg(distinct format('%I', t.tgname), ', ' order by format('%I', t.tgname))
  into triggers
  from pg_trigger t
  join pg_proc p on p.oid = t.tgfoid
  where t.tgrelid = refuse_suppressed.relation
    and not t.tgisinternal
    and t.tgenabled <> 'D'
    and p.pronamespace <> 'dpg_private'::regnamespace;

  raise exception using
    errcode = 'DP018',
    message = dpg_private.text_for_client(format('%s of %s was suppressed: nothing was written', operation, relation)),
    hint = dpg_private.text_for_client(case
      when triggers is null then
        format(
          'No trigger of the application is on %s: look for a rule, '
            || 'or for row level security that is forced on its owner.',
          relation
        )
      else
        format(
          'A trigger of the application returned null or changed the key. On %s there are: %s.', relation, triggers
        )
    end),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('operation', operation, 'relation', relation::text) || detail)::text
    );
end
$body$;

comment on function dpg_private.refuse_suppressed(text, regclass, jsonb) is
  'Raises DP018 for a write (insert, update or delete) that should have changed a row and changed none: a
trigger of the application suppressed it. The hint names the triggers of the application on that table.
detail is added to the DETAIL.';
--! EndIncluded application/suppressed.sql
--! Included application/insert_again.sql
create or replace function dpg_private.insert_again(root text, columns_sql text, new_row anyelement)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  inserted_rows bigint;
begin
  execute format(
    'insert into dpg.%I (%s) select %s from (select ($1).*) r on conflict on constraint %I do nothing',
    root, columns_sql, columns_sql, root || '_pkey'
  )
  using new_row;
  get diagnostics inserted_rows = row_count;
  return inserted_rows > 0;
end
$body$;

comment on function dpg_private.insert_again(text, text, anyelement) is
  'Inserts a row of a root table again, after "on conflict do nothing" inserted nothing. Now only the primary
key is a conflict: where a unique index of the application has such a row, this raises its 23505. Returns
false, and writes nothing, where the primary key is there already, or where a trigger of the application
suppresses the row. columns_sql is the list of our columns.';
--! EndIncluded application/insert_again.sql
--! Included application/sent_contents.sql
create table if not exists dpg_private.sent_contents (
  root text not null,
  network text not null,
  key text not null,
  item_type text not null,
  id uuid not null,
  sent bytea not null,
  stored bytea not null,
  constraint sent_contents_pkey primary key (id, network, key, item_type, root)
);

comment on table dpg_private.sent_contents is
  'What was sent for a row, where a trigger of the application has stored something else. So the same call again
is known as a repetition. Has no rows where there are no such triggers. Keeps digests, not contents.';
comment on column dpg_private.sent_contents.root is 'Root table of the row: items, item_actions or action_events.';
comment on column dpg_private.sent_contents.network is 'First partition key of the row.';
comment on column dpg_private.sent_contents.key is 'Second partition key of the row.';
comment on column dpg_private.sent_contents.item_type is 'Type of the item; empty for actions and events.';
comment on column dpg_private.sent_contents.id is 'Id of the row.';
comment on column dpg_private.sent_contents.sent is 'SHA-256 of the content that was sent.';
comment on column dpg_private.sent_contents.stored is
  'SHA-256 of the content that was stored for it. Compared for items, whose content can change.';
comment on constraint sent_contents_pkey on dpg_private.sent_contents is 'One row of each key.';
comment on index dpg_private.sent_contents_pkey is
  'For each call on a table with triggers of the application, and for repetitions that differ from what is
stored.';

create or replace function dpg_private.note_sent(
  root text,
  network text,
  key text,
  item_type text,
  id uuid,
  sent bytea,
  stored bytea
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if sent = stored then
    delete from dpg_private.sent_contents s
    where s.id = note_sent.id
      and s.network = note_sent.network
      and s.key = note_sent.key
      and s.item_type = note_sent.item_type
      and s.root = note_sent.root;
    return;
  end if;
  insert into dpg_private.sent_contents (root, network, key, item_type, id, sent, stored)
  values (
    note_sent.root, note_sent.network, note_sent.key, note_sent.item_type, note_sent.id,
    note_sent.sent, note_sent.stored
  )
  on conflict on constraint sent_contents_pkey do update
  set sent = excluded.sent,
    stored = excluded.stored;
end
$body$;

comment on function dpg_private.note_sent(text, text, text, text, uuid, bytea, bytea) is
  'Notes in dpg_private.sent_contents what was sent for a row that was just written, on a table with triggers of
the application. There is a note where the stored content differs from the sent one, and none where they are
the same.';

create or replace function dpg_private.was_sent(
  root text,
  network text,
  key text,
  item_type text,
  id uuid,
  sent bytea,
  stored bytea default null
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from dpg_private.sent_contents s
    where s.id = was_sent.id
      and s.network = was_sent.network
      and s.key = was_sent.key
      and s.item_type = was_sent.item_type
      and s.root = was_sent.root
      and s.sent = was_sent.sent
      and (was_sent.stored is null or s.stored = was_sent.stored)
  );
end
$body$;

comment on function dpg_private.was_sent(text, text, text, text, uuid, bytea, bytea) is
  'Whether this content was sent for the row, and a trigger of the application stored something else. With
stored: whether that is also what is stored now.';
--! EndIncluded application/sent_contents.sql
--! Included application/additions.sql
create or replace function dpg_private.look_for_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
volatile -- so that it sees what is committed now, not what was committed when the caller's statement began
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (select c.relnatts > own_columns from pg_class c where c.oid = root)
    or exists (
      select
      from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = root
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and p.pronamespace <> 'dpg_private'::regnamespace
    );
end
$body$;

comment on function dpg_private.look_for_additions(regclass, integer) is
  'Whether an application has added columns or triggers to a root table. own_columns is the number of columns
that are ours.';

create or replace function dpg_private.has_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
immutable -- not true, but so PostgreSQL asks it only once, when it plans the statement
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return dpg_private.look_for_additions(root, own_columns);
end
$body$;

comment on function dpg_private.has_additions(regclass, integer) is
  'dpg_private.look_for_additions for statements that name the root table. PostgreSQL asks it when it plans the
statement, and keeps the answer with the plan. When a column or trigger of the root comes or goes, it plans
the statement anew.
Only for a caller that holds a lock on the root by then, because with that lock no trigger can come any more.';

create or replace function dpg_private.additions_to_items(leaf regclass)
returns table (has_additions boolean)
language sql
stable
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.items', 12)
    or exists (select from only dpg.items where false) -- names the root, see dpg_private.has_additions
    -- under an older snapshot the catalogue shows the past, but triggers fire as they are now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid = additions_to_items.leaf
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in (
          'dpg_private.refuse_event_change()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure
        )
    );
end;

comment on function dpg_private.additions_to_items(regclass) is
  'Whether an application has added columns or triggers to dpg.items or to this leaf of it. Then what is stored
may differ from what was sent, and must be read again. Also true in repeatable read and serializable.
A table of one row. For a caller that has written, or has locked root and leaf, because then no trigger can
come any more. Stored parsed and inlined.';

create or replace function dpg_private.additions_to_actions(leaf regclass, events_leaf regclass)
returns table (has_additions boolean)
language sql
stable
security invoker
begin atomic
  select
    dpg_private.has_additions('dpg.item_actions', 27)
    or dpg_private.has_additions('dpg.action_events', 28)
    -- names the roots, see dpg_private.has_additions
    or exists (select from only dpg.item_actions cross join only dpg.action_events where false)
    -- under an older snapshot the catalogue shows the past, but triggers fire as they are now
    or current_setting('transaction_isolation') <> 'read committed'
    or exists (
      select
      from pg_trigger t
      where t.tgrelid in (additions_to_actions.leaf, additions_to_actions.events_leaf)
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and t.tgfoid not in (
          'dpg_private.refuse_event_change()'::regprocedure, 'dpg_private.note_party_leaves()'::regprocedure
        )
    );
end;

comment on function dpg_private.additions_to_actions(regclass, regclass) is
  'Whether an application has added columns or triggers to dpg.item_actions, to dpg.action_events or to these
leaves. Then what is stored may differ from what was sent, and row and event are written in another way. Also
true in repeatable read and serializable.
A table of one row. For a caller that has locked roots and leaf, because then no trigger can come any more.
Stored parsed and inlined into the one look of a call.';
--! EndIncluded application/additions.sql
--! Included partitions/partition_names.sql
create table if not exists dpg_private.partition_names (
  root text not null,
  network text not null,
  key text,
  name text not null,
  constraint partition_names_root_check check (root in ('items', 'item_actions', 'action_events')),
  constraint partition_names_keys_key unique nulls not distinct (root, network, key),
  constraint partition_names_name_key unique (name)
);

-- Few rows a page, so that the planner takes the index. Otherwise it reads the whole table while that has only a few
-- hundred rows.
alter table dpg_private.partition_names set (fillfactor = 10);

comment on table dpg_private.partition_names is
  'The names of partitions, each with the keys that hold it. The naming rule can give one name to different
keys: the first keys keep the plain name, later ones get a suffix. A row is written when the partition is
created, and stays when it is dropped.';
comment on column dpg_private.partition_names.root is 'Root table: items, item_actions or action_events.';
comment on column dpg_private.partition_names.network is 'Network, exactly as given.';
comment on column dpg_private.partition_names.key is
  'Domain (items) or action type (actions, events), exactly as given. Null for the network''s own partition, the
parent of its leaves.';
comment on column dpg_private.partition_names.name is 'Name of the table in schema dpg. Has only a-z, 0-9 and _.';

create or replace function dpg_private.partition_name(root text, network text, key text, attempt integer default null)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  parts text[] := array[
    regexp_replace(lower(network collate "C"), '[^a-z0-9]', '', 'g'),
    regexp_replace(lower(key collate "C"), '[^a-z0-9]', '', 'g')
  ];
  plain text := case root when 'items' then 'i_p_' when 'item_actions' then 'a_p_' else 'e_p_' end
    || array_to_string(parts, '_'); -- leaves out a null key, which means the network's own partition
  exact_keys text := jsonb_build_array(network, key)::text;
begin
  if attempt is null then
    return case when '' = any (parts) or length(plain) > 63 then null else plain end;
  end if;
  return left(plain, 63 - 9) || '_' || left(
    encode(sha256(convert_to(exact_keys || case attempt when 0 then '' else attempt::text end, 'UTF8')), 'hex'), 8
  );
end
$body$;

comment on function dpg_private.partition_name(text, text, text, integer) is
  'The name of a partition by the naming rule: i_p_, a_p_ or e_p_, then the keys in lower case, of which only
a-z and 0-9 are kept, joined by _.
Without attempt: the plain name, or null where it would have an empty part or more than 63 bytes. With
attempt (0, 1, ...): the name with a suffix of _ and 8 hexadecimal digits of a hash of the exact keys.';
--! EndIncluded partitions/partition_names.sql
--! Included partitions/find_leaf.sql
create or replace function dpg_private.look_up_leaf(root text, network text, key text)
returns table (leaf regclass)
language sql
stable
parallel safe
security invoker
begin atomic
  select n.leaf
  from (
    select to_regclass('dpg.' || p.name) as leaf
    from dpg_private.partition_names p
    where p.root = look_up_leaf.root
      and p.network = look_up_leaf.network
      and p.key = look_up_leaf.key
    offset 0 -- so that the name is looked up once, however often the leaf is used
  ) n
  -- a table that was detached, or that has the name of a dropped leaf, holds no rows of the root
  where pg_partition_root(n.leaf) = ('dpg.' || look_up_leaf.root)::regclass;
end;

comment on function dpg_private.look_up_leaf(text, text, text) is
  'The leaf of these keys, as a table of one row or none. Stored parsed, so that PostgreSQL inlines it into a
statement that asks for more at the same time. Where only the leaf is needed, call dpg_private.find_leaf.';

create or replace function dpg_private.find_leaf(root text, network text, key text)
returns regclass
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- while partition_names is small, the planner would read all of it: 21 microseconds, not 10
as $body$
begin
  -- PL/pgSQL keeps the plan, which pays because this is part of every call
  return (select l.leaf from dpg_private.look_up_leaf(root, network, key) l);
end
$body$;

comment on function dpg_private.find_leaf(text, text, text) is
  'The leaf of these keys; null when there is none. With the pinned search path its text has the schema, so it
can stand in a dynamic statement.';
--! EndIncluded partitions/find_leaf.sql
--! Included partitions/refuse_partition.sql
create or replace function dpg_private.refuse_partition(
  root text,
  network text,
  key text,
  problem text,
  hint text,
  detail jsonb default '{}'
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP010',
    message = dpg_private.text_for_client(
      format('the partition of %s for %L/%L cannot be made: %s', root, network, key, problem)
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('root', root, 'network', network, 'key', key) || detail)::text
    );
end
$body$;

comment on function dpg_private.refuse_partition(text, text, text, text, text, jsonb) is
  'Raises DP010 for the partition of these keys. problem completes the sentence "the partition of ... cannot be
made: ...".';

create or replace function dpg_private.check_partition_limit(
  root text,
  network text,
  key text,
  limit_name text,
  already bigint
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if already >= dpg_private.limit_of(limit_name) then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('the limit %s of %s is reached', limit_name, dpg_private.limit_of(limit_name)),
      format('Check the keys of the call; dpg_admin can raise the limit %s in dpg.limits.', limit_name),
      jsonb_build_object('reason', 'limit', 'limit', limit_name)
    );
  end if;
end
$body$;

comment on function dpg_private.check_partition_limit(text, text, text, text, bigint) is
  'Raises DP010 when as many partitions are there already as this limit of dpg.limits allows.';
--! EndIncluded partitions/refuse_partition.sql
--! Included partitions/partition_turn.sql
create table if not exists dpg_private.partition_turn (
  is_empty boolean
);

comment on table dpg_private.partition_turn is
  'Has no rows. dpg_private.take_partition_turn locks it (SHARE UPDATE EXCLUSIVE) while it creates partitions.
It is a table and not an advisory lock, because every login can take an advisory lock of any key.';
comment on column dpg_private.partition_turn.is_empty is 'Never used.';

-- Needed for one release. The functions of 0.1.0 took turns by an advisory lock, and one of their calls can go on for a
-- moment after the migration. So whoever takes a turn now takes that lock as well. When another session has it, this
-- function tells whether that is a call of 0.1.0, for which we wait, or a stranger, for whom we do not.
create or replace function dpg_private.is_former_turn(lock_id bigint, beside regclass)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return exists (
    select
    from pg_locks l
    join pg_locks o on o.virtualtransaction = l.virtualtransaction and o.database = l.database
    where l.locktype = 'advisory'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.classid = (lock_id >> 32)::oid
      and l.objid = (lock_id & 4294967295)::oid
      and l.objsubid = 1
      and l.granted
      and l.pid is distinct from pg_backend_pid()
      -- Each call of 0.1.0 has read this table before. A stranger cannot: only the owner of our functions may read it.
      and o.locktype = 'relation'
      and o.relation = beside
  );
end
$body$;

comment on function dpg_private.is_former_turn(bigint, regclass) is
  'Whether a function of 0.1.0 has its turn: a session holds this advisory lock and has read this private table.
A session that only holds the lock is a stranger.';

create or replace function dpg_private.take_partition_turn(root text, network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  former_lock constant bigint := 7237117967450112; -- the advisory lock of 0.1.0
  seconds bigint := coalesce(dpg_private.limit_of('partition_queue_seconds'), 10);
  caller_timeout text := current_setting('lock_timeout');
begin
  begin
    perform set_config('lock_timeout', seconds || 's', true);
    -- One lock for all three roots. With one for each root, two transactions that create two partitions each could wait
    -- for each other (40P01).
    lock table dpg_private.partition_turn in share update exclusive mode;
    if not pg_try_advisory_xact_lock(former_lock)
      and dpg_private.is_former_turn(former_lock, 'dpg_private.partition_names')
    then
      perform pg_advisory_xact_lock(former_lock);
    end if;
    perform set_config('lock_timeout', caller_timeout, true);
  exception
    when lock_not_available then -- the end of the subtransaction has set lock_timeout back
      perform dpg_private.refuse_partition(
        root, network, key,
        format('another transaction is making partitions and has not ended for %s s', seconds),
        'Repeat the call later. A transaction that makes a partition holds up the others until it ends: '
          || 'make partitions first, in a transaction of their own.',
        jsonb_build_object(
          'reason', 'queue',
          'blocked_by', (
            select jsonb_agg(l.pid)
            from pg_locks l
            where l.locktype = 'relation'
              and l.relation = 'dpg_private.partition_turn'::regclass
              and l.database = (select d.oid from pg_database d where d.datname = current_database())
              and l.granted
          )
        )
      );
  end;
end
$body$;

comment on function dpg_private.take_partition_turn(text, text, text) is
  'Lets one transaction at a time create partitions, by a lock on dpg_private.partition_turn until the
transaction ends.
Raises DP010 after partition_queue_seconds of dpg.limits.';
--! EndIncluded partitions/partition_turn.sql
--! Included partitions/claim_partition_name.sql
create or replace function dpg_private.find_renamed_partition(root text, network text, key text)
returns regclass
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select c.oid::regclass
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
    where i.inhparent = case
        when key is null then ('dpg.' || root)::regclass
        else (
          select to_regclass('dpg.' || p.name)
          from dpg_private.partition_names p
          where p.root = find_renamed_partition.root
            and p.network = find_renamed_partition.network
            and p.key is null
        )
      end
      and not i.inhdetachpending
      -- a network's own partition is a partitioned table, and its leaves are plain tables
      and c.relkind = case when key is null then 'p' else 'r' end
      -- PostgreSQL writes a bound in this form, and never with E''
      and pg_get_expr(c.relpartbound, c.oid)
        = 'FOR VALUES IN (''' || replace(coalesce(key, network), '''', '''''') || ''')'
  );
end
$body$;

comment on function dpg_private.find_renamed_partition(text, text, text) is
  'The partition that takes the rows of these keys, whatever its name is. A null key means the network''s own
partition. Null when there is none. For keys that have a name in dpg_private.partition_names, but no table of
that name.';

create or replace function dpg_private.rename_sql(relation regclass, name text)
returns text
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return (
  select concat_ws(
    ' ',
    case
      when c.relname <> rename_sql.name then format('alter table %s rename to %I;', c.oid::regclass, rename_sql.name)
    end,
    case
      when c.relnamespace <> 'dpg'::regnamespace
        then format('alter table %s.%I set schema dpg;', c.relnamespace::regnamespace, rename_sql.name)
    end
  )
  from pg_class c
  where c.oid = rename_sql.relation
);

comment on function dpg_private.rename_sql(regclass, text) is
  'The statements that give a partition its name, and its place in schema dpg, back.';

create or replace function dpg_private.claim_partition_name(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  claimed text;
  candidate text := dpg_private.partition_name(root, network, key);
  attempt integer := 0;
  renamed regclass;
begin
  select p.name
  into claimed
  from dpg_private.partition_names p
  where p.root = claim_partition_name.root
    and p.network = claim_partition_name.network
    and p.key is not distinct from claim_partition_name.key;

  if claimed is not null and to_regclass('dpg.' || claimed) is null then
    renamed := dpg_private.find_renamed_partition(root, network, key);
    if renamed is not null then
      perform dpg_private.refuse_partition(
        root, network, key,
        format('its table dpg.%s was renamed to %s', claimed, renamed),
        format(
          'Its rows are there, and the functions find it by its name. Give it its name back, then repeat the call: %s',
          dpg_private.rename_sql(renamed, claimed)
        ),
        jsonb_build_object('reason', 'renamed', 'relation', renamed)
      );
    end if;
  end if;

  while claimed is null and attempt < 1000 loop
    -- An index can have the plain name of a leaf: i_p_yellowdot_pkey is the primary key of i_p_yellowdot, and would
    -- be the leaf of yellow_dot/pkey.
    if candidate is not null
      and not exists (
        select
        from pg_class c
        where c.oid = to_regclass('dpg.' || candidate)
          and c.relkind in ('i', 'I')
      )
    then
      -- In repeatable read, a name that was taken after the snapshot is a serialization failure here: the caller
      -- tries again.
      insert into dpg_private.partition_names (root, network, key, name)
      values (claim_partition_name.root, claim_partition_name.network, claim_partition_name.key, candidate)
      on conflict do nothing
      returning name into claimed;
    end if;
    candidate := dpg_private.partition_name(root, network, key, attempt);
    attempt := attempt + 1;
  end loop;

  if claimed is null then
    perform dpg_private.refuse_partition(
      root, network, key,
      'no name is free',
      'Look at dpg_private.partition_names: it should have a name for these keys.'
    );
  end if;
  if to_regclass('dpg.' || claimed) is not null or to_regtype('dpg.' || claimed) is not null then
    perform dpg_private.refuse_partition(
      root, network, key,
      format('dpg.%s is there already and is no partition of ours', claimed),
      format(
        'Look at dpg.%s. Attach it again if it was detached, rename it if it is to be kept apart; '
          || 'then repeat the call.',
        claimed
      ),
      jsonb_build_object('relation', 'dpg.' || claimed)
    );
  end if;
  return claimed;
end
$body$;

comment on function dpg_private.claim_partition_name(text, text, text) is
  'Takes a name for the partition that is about to be created, and returns it: the plain name, or one with a
suffix where other keys or an index have the plain name. Called under the lock of
dpg_private.take_partition_turn.
Raises DP010 when a table or type that is no partition of ours has the name, or when the partition is there
under another name.';
--! EndIncluded partitions/claim_partition_name.sql
--! Included partitions/row_level_security.sql
create or replace function dpg_private.policies_of(relation regclass)
returns table (name text, definition text)
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
begin atomic
  -- the text that follows "create policy ... on ..."
  select
    p.polname::text,
    concat_ws(
      ' ',
      'as ' || case when p.polpermissive then 'permissive' else 'restrictive' end,
      'for ' || case p.polcmd
        when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all'
      end,
      'to ' || (
        select string_agg(coalesce(quote_ident(r.rolname), 'public'), ', ' order by r.rolname nulls first)
        from unnest(p.polroles) a(role)
        left join pg_roles r on r.oid = a.role
      ),
      'using (' || pg_get_expr(p.polqual, p.polrelid) || ')',
      'with check (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'
    )
  from pg_policy p
  where p.polrelid = relation;
end;

comment on function dpg_private.policies_of(regclass) is
  'The policies of a table. definition is the text that follows the name of policy and table in the statement
that creates the policy.';

create or replace function dpg_private.copy_row_level_security(root regclass, partition regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  policy record;
begin
  if not (select c.relrowsecurity from pg_class c where c.oid = root) then
    return;
  end if;
  if not (select c.relrowsecurity from pg_class c where c.oid = partition) then
    execute format('alter table %s enable row level security', partition);
  end if;
  for policy in
    select wanted.name, wanted.definition, present.name is not null as is_there
    from dpg_private.policies_of(root) wanted
    left join dpg_private.policies_of(partition) present on present.name = wanted.name
    where wanted.definition is distinct from present.definition
    order by wanted.name
  loop
    if policy.is_there then
      execute format('drop policy %I on %s', policy.name, partition);
    end if;
    execute format('create policy %I on %s %s', policy.name, partition, policy.definition);
  end loop;
end
$body$;

comment on function dpg_private.copy_row_level_security(regclass, regclass) is
  'Gives a partition the row level security of its root, with its policies. So a grant on all tables of the
schema shows no more in a partition than in the root. Does nothing for items, which have no row level
security. Locks the partition (ACCESS EXCLUSIVE) only where something is missing.';
--! EndIncluded partitions/row_level_security.sql
--! Included partitions/create_partition_table.sql
create or replace function dpg_private.revoke_default_privileges(relation regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  grantee text;
begin
  for grantee in
    select distinct coalesce(a.grantee::regrole::text, 'public')
    from pg_class c
    cross join lateral (
      select case g.grantee when 0 then null else g.grantee end as grantee
      from aclexplode(c.relacl) g
      where g.grantee <> c.relowner
    ) a
    where c.oid = relation
  loop
    execute format('revoke all on table %s from %s', relation, grantee);
  end loop;
end
$body$;

comment on function dpg_private.revoke_default_privileges(regclass) is
  'Takes back what default privileges have given to others than the owner on a table that was just created.';

create or replace function dpg_private.create_partition_table(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  name text := dpg_private.claim_partition_name(root, network, key);
  second_level constant text := case root when 'items' then 'item_domain' else 'action_type' end;
begin
  -- Created apart and attached later, because "create table ... partition of" takes ACCESS EXCLUSIVE on the parent.
  execute format(
    'create table dpg.%I (like dpg.%I including all excluding comments)%s',
    name, root, case when key is null then format(' partition by list (%I)', second_level) end
  );
  execute format(
    'comment on table dpg.%I is %L',
    name,
    format(
      '%s of network %s%s.',
      replace(root, '_', ' '), to_json(network), ', ' || split_part(second_level, '_', 2) || ' ' || to_json(key)
    )
  );
  -- Callers reach a leaf through its root only, even if "alter default privileges" has granted more.
  perform dpg_private.revoke_default_privileges(format('dpg.%I', name)::regclass);
  perform dpg_private.copy_row_level_security(format('dpg.%I', root)::regclass, format('dpg.%I', name)::regclass);
  if root = 'action_events' and key is not null then
    -- the attachment adds the row triggers of the root, but not its truncate triggers
    execute format(
      'create trigger action_events_no_truncate before truncate on dpg.%I for each statement '
        || 'execute function dpg_private.refuse_event_change()',
      name
    );
    execute format('alter table dpg.%I enable always trigger action_events_no_truncate', name);
  end if;
  return name;
end
$body$;

comment on function dpg_private.create_partition_table(text, text, text) is
  'Creates the table of a partition without attaching it, and returns its name. A null key means the network''s
own partition, the parent of its leaves. Locks nothing that others use.
Raises DP010.';
--! EndIncluded partitions/create_partition_table.sql
--! Included partitions/attach_partition.sql
create or replace function dpg_private.find_tied_tables(parent regclass)
returns regclass[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select t.relation
    from (
      -- Foreign keys of parent: to users, to items and to tables of the application. A new partition gets them, too.
      select k.confrelid::regclass as relation
      from pg_constraint k
      where k.contype = 'f'
        and k.conrelid = find_tied_tables.parent
      union
      select p.relid
      from pg_constraint k
      cross join lateral pg_partition_tree(k.confrelid) p
      where k.contype = 'f'
        and k.conrelid = find_tied_tables.parent
      union
      -- Foreign keys to parent: of actions and of tables of the application. PostgreSQL extends them to a new
      -- partition.
      select k.conrelid
      from pg_constraint k
      left join pg_constraint p on p.oid = k.conparentid
      where k.contype = 'f'
        and k.confrelid = find_tied_tables.parent
        -- a partition of the referring table has its key from that table, which is in the list
        and p.confrelid is distinct from k.confrelid
    ) t
    where t.relation <> find_tied_tables.parent
    order by t.relation::oid
  );
end
$body$;

comment on function dpg_private.find_tied_tables(regclass) is
  'The tables that a foreign key ties to this partitioned table, in either direction. Tables of the application
are included. Attaching a partition takes SHARE ROW EXCLUSIVE on each of them.';

create or replace function dpg_private.find_lock_holders(parents regclass[], tied regclass[])
returns jsonb
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select jsonb_agg(
      jsonb_strip_nulls(jsonb_build_object(
        'relation', l.relation::regclass::text,
        'mode', l.mode,
        'pid', l.pid,
        'application_name', nullif(a.application_name, ''),
        'since', coalesce(a.xact_start, x.prepared),
        'prepared_transaction', x.gid
      ))
      -- first those that hold a lock, then those that wait; in both, the oldest transaction first
      order by l.granted desc, coalesce(a.xact_start, x.prepared), l.pid
    )
    from pg_locks l
    left join pg_stat_activity a on a.pid = l.pid
    -- A prepared transaction has no process. Its lock on its own transaction id tells which one it is.
    left join pg_locks own
      on l.pid is null
      and own.pid is null
      and own.locktype = 'transactionid'
      and own.virtualtransaction = l.virtualtransaction
    left join pg_prepared_xacts x on x.transaction = own.transactionid
    where l.locktype = 'relation'
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.pid is distinct from pg_backend_pid()
      and (
        l.mode in (
            'ShareUpdateExclusiveLock', 'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'
          )
          and l.relation = any (find_lock_holders.parents || find_lock_holders.tied)
        or l.mode = 'RowExclusiveLock' and l.relation = any (find_lock_holders.tied)
      )
  );
end
$body$;

comment on function dpg_private.find_lock_holders(regclass[], regclass[]) is
  'The sessions that keep us from SHARE UPDATE EXCLUSIVE on parents or from SHARE ROW EXCLUSIVE on tied, because
they hold such a lock or wait for one. Null when there are none any more.
A JSON array of objects with relation, mode, pid or prepared_transaction, application_name and since. since
is missing where the owner of this function may not see it (it needs pg_read_all_stats).';

create or replace function dpg_private.attach_partition(
  root text,
  network text,
  key text,
  parents regclass[],
  tied regclass[],
  attachments text[]
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  give_up_at timestamptz := clock_timestamp()
    + make_interval(secs => coalesce(dpg_private.limit_of('partition_lock_seconds'), 5));
  caller_timeout text := current_setting('lock_timeout');
  pause double precision := 0.01::double precision;
  patience interval := interval '0';
  lock_by timestamptz;
  left_milliseconds double precision;
  statement text;
  locks constant text[] := array(
    select format('lock table only %s in share update exclusive mode', p.parent)
    from unnest(parents) with ordinality p(parent, place)
    order by p.place
  ) || array(
    select format('lock table only %s in share row exclusive mode', t.relation)
    from unnest(tied) with ordinality t(relation, place)
    -- Our owner may not lock a table of the application that it may only read and reference. The attachment takes
    -- that lock.
    where has_table_privilege(t.relation, 'update, delete, truncate')
    order by t.place
  );
  holders jsonb;
begin
  loop
    lock_by := clock_timestamp() + patience;
    begin
      -- lock: either we have all locks before lock_by, or the subtransaction gives all of them back. So writers that
      -- queue behind us never wait for longer than that.
      foreach statement in array locks loop
        -- The clock is read once: between two readings any time can pass, and a lock_timeout of 0 waits for ever.
        left_milliseconds := extract(epoch from lock_by - clock_timestamp()) * 1000;
        if left_milliseconds >= 1 then
          perform set_config('lock_timeout', floor(left_milliseconds)::text, true);
          execute statement;
        else
          execute statement || ' nowait';
        end if;
      end loop;

      -- change
      perform set_config('lock_timeout', '40ms', true);
      foreach statement in array attachments loop
        execute statement;
      end loop;
      perform set_config('lock_timeout', caller_timeout, true);
      return;
    exception
      -- refuse, or try again
      when lock_not_available then
        -- Who held the lock may have ended by now. Then the message names the last holder that was seen.
        holders := coalesce(dpg_private.find_lock_holders(parents, tied), holders);
        if clock_timestamp() >= give_up_at then
          perform dpg_private.refuse_partition(
            root, network, key,
            format(
              'its locks could not be had within %s s%s',
              dpg_private.limit_of('partition_lock_seconds'),
              (
                select format(
                  ': %s is locked by %s%s',
                  h ->> 'relation',
                  coalesce(
                    'process ' || (h ->> 'pid'),
                    'the prepared transaction ' || to_json(h ->> 'prepared_transaction')::text,
                    'a prepared transaction'
                  ),
                  coalesce(
                    ' (' || nullif(concat_ws(', ', h ->> 'application_name', 'since ' || (h ->> 'since')), '') || ')',
                    ''
                  )
                )
                from jsonb_path_query_first(holders, '$[0]') h
                where h is not null
              )
            ),
            'Repeat the call later. What holds the locks is a long transaction that writes to the same network, '
              || 'to public."user" or to a table that a foreign key ties to ours, '
              || 'or a maintenance command such as ANALYZE: '
              || 'see blocked_by in the detail, pg_locks and pg_stat_activity.',
            jsonb_build_object('reason', 'locks', 'locks', to_jsonb((parents || tied)::text[]), 'blocked_by', holders)
          );
        end if;
      when invalid_object_definition then
        -- A table that we do not know has the bound. It is no partition of ours that was renamed:
        -- dpg_private.claim_partition_name has refused that before.
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'A table that the functions do not know already takes these rows. Do not detach it before you have looked: '
            || 'its rows would be in nobody''s sight. Run dpg-database doctor: it names the table, '
            || 'and the statement that mends it.',
          jsonb_build_object('reason', 'bound')
        );
      when foreign_key_violation then
        -- Only where the foreign keys from actions to items are added again: "drop table ... cascade" of a leaf of
        -- items has dropped them, and the actions are still there.
        perform dpg_private.refuse_partition(
          root, network, key,
          sqlerrm,
          'Actions of this network refer to items that were dropped: restore those, then repeat the call.',
          jsonb_build_object('reason', 'foreign key')
        );
    end;
    perform pg_sleep(pause * (0.5 + random()));
    -- Many short writers leave no moment without a lock. After some tries we stand in the queue, for a short time.
    if pause > 0.05 then
      patience := interval '40 ms';
    end if;
    pause := least(pause * 2, 0.25);
  end loop;
end
$body$;

comment on function dpg_private.attach_partition(text, text, text, regclass[], regclass[], text[]) is
  'Attaches a partition, and takes the locks for it: SHARE UPDATE EXCLUSIVE on parents, SHARE ROW EXCLUSIVE on
tied, the tables that foreign keys tie to them.
Tries at first only without waiting, after some tries also by waiting for 40 ms in all. Writers go on in the
pause after each try.
Raises DP010 after partition_lock_seconds of dpg.limits, and names who holds the locks.';
--! EndIncluded partitions/attach_partition.sql
--! Included partitions/ensure_network_partition.sql
create or replace function dpg_private.ensure_network_partition(root text, network text, key text)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- the actions of a network have foreign keys to its items, so both partitions are created together
  members constant text[] := case root
    when 'action_events' then array['action_events']
    else array['items', 'item_actions']
  end;
  names text[] := array[]::text[];
  parents regclass[] := array[]::regclass[];
  tied regclass[] := array[]::regclass[];
  attachments text[] := array[]::text[];
  member text;
  name text;
begin
  -- tables
  foreach member in array members loop
    select p.name
    into name
    from dpg_private.partition_names p
    where p.root = member
      and p.network = ensure_network_partition.network
      and p.key is null
      and pg_partition_root(to_regclass('dpg.' || p.name)) = ('dpg.' || member)::regclass;

    if name is null then
      perform dpg_private.check_partition_limit(
        root, network, key, 'networks',
        (
          select count(*)
          from dpg_private.partition_names p
          where p.root = member
            and p.key is null
            and to_regclass('dpg.' || p.name) is not null
        )
      );
      name := dpg_private.create_partition_table(member, network, null);
      parents := parents || ('dpg.' || member)::regclass;
      tied := tied || dpg_private.find_tied_tables(('dpg.' || member)::regclass);
      attachments := attachments
        || format('alter table dpg.%I attach partition dpg.%I for values in (%L)', member, name, network);
    end if;
    names := names || name;
  end loop;

  -- foreign keys; on tables that are there already they are missing after "drop table ... cascade"
  if root <> 'action_events'
    and not exists (
      select
      from pg_constraint c
      where c.conrelid = ('dpg.' || names[2])::regclass
        and c.confrelid = ('dpg.' || names[1])::regclass
    )
  then
    tied := tied || array(
      select t.relid
      from unnest(names) with ordinality n(name, place)
      cross join lateral pg_partition_tree(('dpg.' || n.name)::regclass) t
      order by n.place, t.level, t.relid::oid
    );
    attachments := format(
      'alter table dpg.%I
        add constraint item_actions_source_item_fkey
          foreign key (source_item_network, source_item_domain, source_item_type, source_local_item_id)
          references dpg.%I (item_network, item_domain, item_type, item_id),
        add constraint item_actions_target_item_fkey
          foreign key (target_item_network, target_item_domain, target_item_type, target_item_id)
          references dpg.%I (item_network, item_domain, item_type, item_id)',
      names[2], names[1], names[1]
    ) || attachments;
  end if;

  -- attach
  if cardinality(attachments) > 0 then
    perform dpg_private.attach_partition(root, network, key, parents, tied, attachments);
  end if;
  return names[array_position(members, root)];
end
$body$;

comment on function dpg_private.ensure_network_partition(text, text, text) is
  'Creates the network''s own partition, the parent of its leaves, when it is missing. Returns its name. The
partitions of items and actions are created together, with the foreign keys between them. Called under the
lock of dpg_private.take_partition_turn.
Raises DP010.';
--! EndIncluded partitions/ensure_network_partition.sql
--! Included partitions/ensure_leaf.sql
create or replace function dpg_private.create_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  parent constant text := dpg_private.ensure_network_partition(root, network, key);
  name constant text := dpg_private.create_partition_table(root, network, key);
begin
  perform dpg_private.attach_partition(
    root, network, key, array[('dpg.' || parent)::regclass], dpg_private.find_tied_tables(('dpg.' || parent)::regclass),
    array[format('alter table dpg.%I attach partition dpg.%I for values in (%L)', parent, name, key)]
  );
  return ('dpg.' || name)::regclass;
end
$body$;

comment on function dpg_private.create_leaf(text, text, text) is
  'Creates the leaf of these keys, which is missing, and the network''s partition above it where that is missing,
too. Returns the leaf. Called under the lock of dpg_private.take_partition_turn, after the limit was checked.
Raises DP010.';

create or replace function dpg_private.ensure_leaf(root text, network text, key text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.find_leaf(root, network, key);
begin
  if leaf is not null then
    return leaf;
  end if;

  perform dpg_private.take_partition_turn(root, network, key);
  leaf := dpg_private.find_leaf(root, network, key);
  if leaf is not null then
    return leaf; -- another transaction has created it meanwhile
  end if;

  perform dpg_private.check_partition_limit(
    root, network, key, 'leaves_per_network',
    (
      select count(*)
      from dpg_private.partition_names p
      where p.root = ensure_leaf.root
        and p.network = ensure_leaf.network
        and p.key <> ensure_leaf.key
        and to_regclass('dpg.' || p.name) is not null
    ) - case root when 'action_events' then cardinality(dpg_private.find_mirrored_action_types(network)) else 0 end
  );
  if root = 'action_events' then
    -- now actions of this instance need the leaf, and it counts for leaves_per_network
    delete from dpg_private.mirrored_leaves m
    where m.network = ensure_leaf.network
      and m.key = ensure_leaf.key;
  end if;
  return dpg_private.create_leaf(root, network, key);
end
$body$;

comment on function dpg_private.ensure_leaf(text, text, text) is
  'Creates the leaf of these keys, and the network''s partition above it, when they are missing. Returns the
leaf. Takes no lock for which a reader, or a writer of another network, would wait. Leaves that only mirrored
events need do not count for its limit, leaves_per_network.
Raises DP010.';

create or replace function dpg_private.find_or_create_leaf(root text, network text, key text)
returns regclass
language sql
volatile
security invoker
return coalesce(dpg_private.find_leaf(root, network, key), dpg_private.ensure_leaf(root, network, key));

comment on function dpg_private.find_or_create_leaf(text, text, text) is
  'The leaf of these keys; created when it is missing. Part of every write. Stored parsed, so that PostgreSQL
inlines it.
Raises DP010.';
--! EndIncluded partitions/ensure_leaf.sql
--! Included partitions/mirrored_leaves.sql
create table if not exists dpg_private.mirrored_leaves (
  network text not null,
  key text not null,
  constraint mirrored_leaves_pkey primary key (network, key)
);

comment on table dpg_private.mirrored_leaves is
  'The leaves of dpg.action_events that dpg.store_event has created. While this instance has no leaf of actions
of the same keys, only mirrored events need such a leaf. Then it counts for the limit
mirrored_leaves_per_network and not for leaves_per_network, because another instance decides which action
types it sends.';
comment on column dpg_private.mirrored_leaves.network is 'Network, exactly as given.';
comment on column dpg_private.mirrored_leaves.key is 'Action type, exactly as given.';

create or replace function dpg_private.find_mirrored_action_types(network text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select m.key
    from dpg_private.mirrored_leaves m
    join dpg_private.partition_names p
      on p.root = 'action_events'
      and p.network = m.network
      and p.key = m.key
    where m.network = find_mirrored_action_types.network
      and to_regclass('dpg.' || p.name) is not null
      and dpg_private.find_leaf('item_actions', m.network, m.key) is null
  );
end
$body$;

comment on function dpg_private.find_mirrored_action_types(text) is
  'The action types of this network whose leaf of events only mirrored events need: dpg.store_event has created
it, and this instance has no leaf of actions of that type. For the limits, when a leaf is created.';

create or replace function dpg_private.ensure_mirrored_leaf(network text, key text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if dpg_private.find_leaf('item_actions', network, key) is not null then
    perform dpg_private.ensure_leaf('action_events', network, key); -- actions of this instance need it, too
    return;
  end if;
  perform dpg_private.take_partition_turn('action_events', network, key);
  if dpg_private.find_leaf('action_events', network, key) is not null then
    return; -- another transaction has created it meanwhile
  end if;
  perform dpg_private.check_partition_limit(
    'action_events', network, key, 'mirrored_leaves_per_network',
    cardinality(array_remove(dpg_private.find_mirrored_action_types(network), key))
  );
  insert into dpg_private.mirrored_leaves (network, key)
  values (ensure_mirrored_leaf.network, ensure_mirrored_leaf.key)
  on conflict do nothing;
  perform dpg_private.create_leaf('action_events', network, key);
end
$body$;

comment on function dpg_private.ensure_mirrored_leaf(text, text) is
  'Creates the leaf for a mirrored event, which is missing, within the limit mirrored_leaves_per_network.
Raises DP010.';
--! EndIncluded partitions/mirrored_leaves.sql
--! Included partitions/ensure_item_partition.sql
create or replace function dpg.ensure_item_partition(item_network text, item_domain text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain);
  perform dpg_private.check_domain_declared(item_network, item_domain);
  return dpg_private.ensure_leaf('items', item_network, item_domain);
end
$body$;

comment on function dpg.ensure_item_partition(text, text) is
  'Creates the partition for the items of a network and domain when it is missing. Returns the leaf, the table
that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_item_partition(''yellow_dot'', ''student'') -- dpg.i_p_yellowdot_student';
--! EndIncluded partitions/ensure_item_partition.sql
--! Included partitions/ensure_action_partition.sql
create or replace function dpg.ensure_action_partition(partition_network text, action_type text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type);
  perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  return dpg_private.ensure_leaf('item_actions', partition_network, action_type);
end
$body$;

comment on function dpg.ensure_action_partition(text, text) is
  'Creates the partition for the actions of a network and action type when it is missing. Returns the leaf, the
table that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_action_partition(''yellow_dot'', ''connect'') -- dpg.a_p_yellowdot_connect';
--! EndIncluded partitions/ensure_action_partition.sql
--! Included partitions/ensure_action_event_partition.sql
create or replace function dpg.ensure_action_event_partition(partition_network text, action_type text)
returns regclass
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type);
  perform dpg_private.check_action_type_declared('action_events', partition_network, action_type);
  return dpg_private.ensure_leaf('action_events', partition_network, action_type);
end
$body$;

comment on function dpg.ensure_action_event_partition(text, text) is
  'Creates the partition for the events of a network and action type when it is missing. Returns the leaf, the
table that holds the rows. Safe under any concurrency; blocks no reader.
The locks of a new partition last until the transaction ends. So create partitions in a transaction of their
own.
Raises DP001, DP010, DP014.
Example: select dpg.ensure_action_event_partition(''yellow_dot'', ''connect'') -- dpg.e_p_yellowdot_connect';
--! EndIncluded partitions/ensure_action_event_partition.sql
--! Included partitions/partitions.sql
create or replace view dpg.partitions as
select
  p.root,
  p.network,
  p.key,
  c.oid::regclass as leaf,
  -- the planner's estimate; for a table that was never analysed, the running count
  case when c.reltuples >= 0 then c.reltuples::bigint else pg_stat_get_live_tuples(c.oid) end as estimated_rows,
  pg_total_relation_size(c.oid) as bytes
from dpg_private.partition_names p
join pg_class c on c.oid = to_regclass('dpg.' || p.name)
where p.key is not null
  and pg_partition_root(c.oid) = ('dpg.' || p.root)::regclass;

comment on view dpg.partitions is 'Every leaf: a partition of the lowest level, the table that holds rows.';
comment on column dpg.partitions.root is 'Root table: items, item_actions or action_events.';
comment on column dpg.partitions.network is 'Network, exactly as given.';
comment on column dpg.partitions.key is 'Domain (items) or action type (actions, events), exactly as given.';
comment on column dpg.partitions.leaf is 'The table that holds the rows.';
comment on column dpg.partitions.estimated_rows is 'Rows as last estimated; not exact.';
comment on column dpg.partitions.bytes is 'Size on disk with indexes and oversized values, in bytes.';
--! EndIncluded partitions/partitions.sql
--! Included networks/networks.sql
create table if not exists dpg.networks (
  network text not null,
  document jsonb not null,
  item_types jsonb not null,
  interactions jsonb not null,
  registered_at timestamptz not null default clock_timestamp(),
  constraint networks_pkey primary key (network)
);

comment on table dpg.networks is
  'The registered network documents: what a network declares, and the database enforces (DP014). Written by
dpg.register_network and dpg.unregister_network. A network without a row is open.';
comment on column dpg.networks.network is 'Name of the network, as the document has it.';
comment on column dpg.networks.document is 'The document as it was registered.';
comment on column dpg.networks.item_types is
  'What the document says of items: each domain with an array of its item types.';
comment on column dpg.networks.interactions is
  'What the document says of actions: each action type with an array of its interactions. An interaction has
from_network, from_domain, from_items, to_network, to_domain and to_items. What the document leaves out is
filled in; only for items of another network, a missing from_items or to_items means any type.';
comment on column dpg.networks.registered_at is 'When this document was registered.';
comment on constraint networks_pkey on dpg.networks is 'One registered document of each network.';
comment on index dpg.networks_pkey is 'For each call that writes something new.';
--! EndIncluded networks/networks.sql
--! Included networks/network_document.sql
create or replace function dpg_private.refuse_network_document(path text[], value jsonb, problem text, hint text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer text;
  shown jsonb := coalesce(value, 'null');
begin
  select string_agg('/' || replace(replace(p.step, '~', '~0'), '/', '~1'), '' order by p.position)
  into pointer
  from unnest(path) with ordinality p(step, position);
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  raise exception using
    errcode = 'DP001',
    message = dpg_private.text_for_client(
      format('document at %s %s: %s', left(pointer, 500), problem, left(shown::text, 220))
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      jsonb_build_object('argument', 'document', 'path', pointer, 'value', shown)::text
    );
end
$body$;

comment on function dpg_private.refuse_network_document(text[], jsonb, text, text) is
  'Raises DP001 for a part of a network document. path leads to the part; the DETAIL has it as a JSON pointer.
problem completes the sentence "document at ... ...".';

create or replace function dpg_private.check_network_part(document jsonb, path text[], kind text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part constant jsonb := document #> path;
begin
  if not dpg_private.is_field(kind, part) then
    perform dpg_private.refuse_network_document(
      path, part, case when part is null then 'is missing' else 'is malformed' end, dpg_private.field_hint(kind)
    );
  end if;
end
$body$;

comment on function dpg_private.check_network_part(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path is of this kind of dpg_private.is_field.';

create or replace function dpg_private.check_network_domains(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
  item_type text;
  names text[] := array[]::text[];
begin
  perform dpg_private.check_network_part(document, '{domains}', 'array');
  for domain in 0 .. jsonb_array_length(document -> 'domains') - 1 loop
    path := array['domains', domain::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['name'], 'key'),
      dpg_private.check_network_part(document, path || array['item_schemas'], 'object');
    for item_type in select t.name from jsonb_object_keys(document #> path -> 'item_schemas') t(name) loop
      if not dpg_private.is_key(item_type) then
        perform dpg_private.refuse_network_document(
          path || array['item_schemas', item_type], to_jsonb(item_type), 'is not an item type',
          'An item type is text of 1 to 120 characters that is not all white space.'
        );
      end if;
      perform dpg_private.check_network_part(document, path || array['item_schemas', item_type], 'schema');
    end loop;
    if document #> path ->> 'name' = any (names) then
      perform dpg_private.refuse_network_document(
        path || array['name'], document #> path -> 'name', 'is there twice',
        'A domain is declared once, with all of its item types.'
      );
    end if;
    names := names || (document #> path ->> 'name');
  end loop;
end
$body$;

comment on function dpg_private.check_network_domains(jsonb) is
  'Raises DP001 unless the domains of a network document are an array of objects, each with item_schemas and
with a name that no other domain has.';

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
  'Raises DP001 unless the instances of a network document are an array of objects, each with an instance_url
and with the domain_name of a declared domain. A document may have no instances. item_types is the column of
dpg.networks.';

create or replace function dpg_private.check_network_actions(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array[
    'from_network', 'from_domain', 'from_items', 'to_network', 'to_domain', 'to_items',
    'requirement_schema', 'event_schema'
  ];
  action_type text;
  path text[];
  interaction jsonb;
  field text;
  side text;
  is_ours boolean;
begin
  if not document ? 'actions' then
    return;
  end if;
  -- check: action types
  perform dpg_private.check_network_part(document, '{actions}', 'object');
  for action_type in select a.name from jsonb_object_keys(document -> 'actions') a(name) loop
    path := array['actions', action_type];
    if not dpg_private.is_key(action_type) then
      perform dpg_private.refuse_network_document(
        path, to_jsonb(action_type), 'is not an action type',
        'An action type is text of 1 to 120 characters that is not all white space.'
      );
    end if;
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['interactions'], 'array');

    -- check: the fields of each interaction
    for place in 0 .. jsonb_array_length(document #> path -> 'interactions') - 1 loop
      path := array['actions', action_type, 'interactions', place::text];
      perform dpg_private.check_network_part(document, path, 'object');
      interaction := document #> path;
      -- no unknown field: with a misspelt from_items the interaction would permit more than was meant
      select f.name
      into field
      from jsonb_object_keys(interaction) f(name)
      where f.name <> all (fields)
      limit 1;
      if found then
        perform dpg_private.refuse_network_document(
          path || array[field], interaction -> field, 'is not a field of an interaction',
          format('An interaction may have the fields %s.', array_to_string(fields, ', '))
        );
      end if;
      foreach field in array array['requirement_schema', 'event_schema'] loop
        if interaction ? field then
          perform dpg_private.check_network_part(document, path || array[field], 'schema');
        end if;
      end loop;

      -- check: both sides of each interaction
      foreach side in array array['from', 'to'] loop
        if interaction ? (side || '_network') then
          perform dpg_private.check_network_part(document, path || array[side || '_network'], 'key');
        end if;
        perform dpg_private.check_network_part(document, path || array[side || '_domain'], 'key');
        is_ours := coalesce(interaction ->> (side || '_network'), document ->> 'name') = document ->> 'name';
        if is_ours and not item_types ? (interaction ->> (side || '_domain')) then
          perform dpg_private.refuse_network_document(
            path || array[side || '_domain'], interaction -> (side || '_domain'), 'is no declared domain',
            format('Name a domain of the document, or say in %s_network whose it is.', side)
          );
        end if;
        field := side || '_items';
        continue when not interaction ? field;
        perform dpg_private.check_network_part(document, path || array[field], 'array');
        if interaction -> field = '[]' then
          perform dpg_private.refuse_network_document(
            path || array[field], interaction -> field, 'is empty',
            format('Leave %s out to mean every item type.', field)
          );
        end if;
        for item in 0 .. jsonb_array_length(interaction -> field) - 1 loop
          perform dpg_private.check_network_part(document, path || array[field, item::text], 'key');
          if is_ours and not item_types -> (interaction ->> (side || '_domain')) ? (interaction -> field ->> item) then
            perform dpg_private.refuse_network_document(
              path || array[field, item::text], interaction -> field -> item, 'is no declared item type',
              'Name an item type of the domain.'
            );
          end if;
        end loop;
      end loop;
      if document ->> 'name' <> all (array[
        coalesce(interaction ->> 'from_network', document ->> 'name'),
        coalesce(interaction ->> 'to_network', document ->> 'name')
      ]) then
        perform dpg_private.refuse_network_document(
          path, interaction, 'is between other networks', 'One side of an interaction is the network of the document.'
        );
      end if;
    end loop;
  end loop;
end
$body$;

comment on function dpg_private.check_network_actions(jsonb, jsonb) is
  'Raises DP001 unless the actions of a network document are an object of objects, each with an array of
interactions. A document may have no actions. An interaction is between declared domains and item types, or
between those and ones of one other network. item_types is the column of dpg.networks.';
--! EndIncluded networks/network_document.sql
--! Included networks/declarations.sql
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
  'What a network document says of items: the column item_types of dpg.networks. The domains of the document
were checked.';

create or replace function dpg_private.network_interactions(document jsonb, item_types jsonb)
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
        a.action_type,
        (
          select coalesce(
            jsonb_agg(
              -- Without from_items or to_items, all item types are meant. Of this network all of them are named here,
              -- because an item type that the domain does not declare has no part in any action.
              jsonb_strip_nulls(jsonb_build_object(
                'from_network', s.from_network,
                'from_domain', i.interaction -> 'from_domain',
                'from_items', coalesce(
                  i.interaction -> 'from_items',
                  case
                    when s.from_network = document ->> 'name' then item_types -> (i.interaction ->> 'from_domain')
                  end
                ),
                'to_network', s.to_network,
                'to_domain', i.interaction -> 'to_domain',
                'to_items', coalesce(
                  i.interaction -> 'to_items',
                  case
                    when s.to_network = document ->> 'name' then item_types -> (i.interaction ->> 'to_domain')
                  end
                )
              ))
              order by i.position
            ),
            '[]'
          )
          from jsonb_array_elements(a.action -> 'interactions') with ordinality i(interaction, position)
          cross join lateral (
            select
              coalesce(i.interaction ->> 'from_network', document ->> 'name') as from_network,
              coalesce(i.interaction ->> 'to_network', document ->> 'name') as to_network
          ) s
        )
      )
      from jsonb_each(document -> 'actions') a(action_type, action)
    ),
    '{}'
  );
end
$body$;

comment on function dpg_private.network_interactions(jsonb, jsonb) is
  'What a network document says of actions: the column interactions of dpg.networks. The document was checked.';
--! EndIncluded networks/declarations.sql
--! Included networks/register_network.sql
create or replace function dpg.register_network(document jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item_types jsonb;
begin
  perform dpg_private.check_document('document', document);
  perform dpg_private.check_network_part(document, '{name}', 'key');
  perform dpg_private.check_network_domains(document);
  item_types := dpg_private.network_item_types(document);
  perform
    dpg_private.check_network_instances(document, item_types),
    dpg_private.check_network_actions(document, item_types);

  -- One row, replaced in one statement: so no call sees half of a document, and no call waits.
  insert into dpg.networks as n (network, document, item_types, interactions)
  values (document ->> 'name', document, item_types, dpg_private.network_interactions(document, item_types))
  on conflict on constraint networks_pkey do update
  set document = excluded.document,
    item_types = excluded.item_types,
    interactions = excluded.interactions,
    registered_at = excluded.registered_at
  where (n.document, n.item_types, n.interactions)
    is distinct from (excluded.document, excluded.item_types, excluded.interactions);
end
$body$;

comment on function dpg.register_network(jsonb) is
  'For dpg_admin. Registers a network document. It replaces the former document of the same name.
From then on, new items, actions and mirrored events of the network must be of declared domains, item types,
action types and interactions (else DP014). What is there already stays: items can be changed, actions can go
on. Schemas are kept, but not applied here. State graphs are declared by dpg.define_action.
For a faulty document, the DETAIL has the path to the fault as a JSON pointer.
Raises DP001.
Example: select dpg.register_network(''{
  "name": "yellow_dot",
  "domains": [
    {"name": "student", "item_schemas": {"profile_1.0": {"type": "object"}}},
    {"name": "tutor", "item_schemas": {"profile_1.0": {"type": "object"}}}
  ],
  "instances": [],
  "actions": {
    "connect": {"interactions": [
      {"from_domain": "student", "to_domain": "tutor", "requirement_schema": {"type": "object"}}
    ]}
  }
}'')';
--! EndIncluded networks/register_network.sql
--! Included networks/unregister_network.sql
create or replace function dpg.unregister_network(network text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_key('network', network);
  delete from dpg.networks n
  where n.network = unregister_network.network;
  return found;
end
$body$;

comment on function dpg.unregister_network(text) is
  'For dpg_admin. Takes back the registration of a network, so that the network is open again. Returns false
when it was not registered.
Raises DP001.
Example: select dpg.unregister_network(''yellow_dot'')';
--! EndIncluded networks/unregister_network.sql
--! Included networks/items_of_network.sql
create or replace function dpg_private.refuse_not_in_network(
  network text,
  undeclared text,
  problem text,
  declared text[],
  keys jsonb
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP014',
    message = dpg_private.text_for_client(format('network %L declares no %s', network, problem)),
    hint = dpg_private.text_for_client(format(
      'It declares: %s. dpg_admin replaces its document by dpg.register_network.',
      coalesce(nullif(left(array_to_string(declared, ', '), 500), ''), 'none')
    )),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('network', network, 'undeclared', undeclared) || keys)::text
    );
end
$body$;

comment on function dpg_private.refuse_not_in_network(text, text, text, text[], jsonb) is
  'Raises DP014 for what a registered network does not declare. undeclared is item_domain, item_type,
action_type or interaction. problem completes the sentence "network ... declares no ...". declared is what
the network does declare.';

create or replace function dpg_private.refuse_undeclared_item(item dpg.item_ref, index integer default null)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item_types constant jsonb := (select n.item_types from dpg.networks n where n.network = item.item_network);
  -- the DETAIL names the arguments as the caller knows them
  keys jsonb := jsonb_build_object('item_network', item.item_network, 'item_domain', item.item_domain);
  place constant text := case when index is null then '' else format(' (element %s)', index) end;
begin
  if index is not null then
    keys := keys || jsonb_build_object('index', index);
  end if;
  if item_types ? item.item_domain then
    perform dpg_private.refuse_not_in_network(
      item.item_network, 'item_type', format('item type %L in domain %L%s', item.item_type, item.item_domain, place),
      array(select jsonb_array_elements_text(item_types -> item.item_domain)),
      keys || jsonb_build_object('item_type', item.item_type)
    );
  end if;
  perform dpg_private.refuse_not_in_network(
    item.item_network, 'item_domain', format('domain %L%s', item.item_domain, place),
    array(select jsonb_object_keys(item_types)), keys
  );
end
$body$;

comment on function dpg_private.refuse_undeclared_item(dpg.item_ref, integer) is
  'Raises DP014 for a domain that a registered network does not declare. When it declares the domain, raises
DP014 for the item type.';

create or replace function dpg_private.check_domain_declared(item_network text, item_domain text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg.networks n
      where n.network = check_domain_declared.item_network
        and not n.item_types ? check_domain_declared.item_domain
    )
    and dpg_private.find_leaf('items', item_network, item_domain) is null
  then
    perform dpg_private.refuse_undeclared_item(row(item_network, item_domain, null, null));
  end if;
end
$body$;

comment on function dpg_private.check_domain_declared(text, text) is
  'Raises DP014 when the network is registered and does not declare the domain, unless the domain already has a
leaf.';

create or replace function dpg_private.refuse_new_undeclared_item(item dpg.item_ref)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- An item that is there already can be changed. It is locked, so that nobody deletes it and creates it anew.
  if (
    dpg_private.lock_item(dpg_private.find_leaf('items', item.item_network, item.item_domain), item, 'key share')
  ).item_id is null then
    perform dpg_private.refuse_undeclared_item(item);
  end if;
end
$body$;

comment on function dpg_private.refuse_new_undeclared_item(dpg.item_ref) is
  'Raises DP014 for an item that its network does not declare, unless the item is there already. Then it is
locked until the transaction ends.';

create or replace function dpg_private.refuse_new_undeclared_items(items dpg_private.sent_item[])
returns uuid[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  undeclared record;
  is_there boolean;
  ids uuid[] := array[]::uuid[];
begin
  -- one statement with one snapshot, so that the same document counts for all items
  for undeclared in
    select
      row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref as item,
      i.index,
      dpg_private.find_leaf('items', i.item_network, i.item_domain) as leaf
    from unnest(items) i
    join dpg.networks n on n.network = i.item_network
    where (n.item_types -> i.item_domain ? i.item_type) is not true
    order by i.index
  loop
    is_there := false;
    if undeclared.leaf is not null then
      execute format(
        'select exists (
           select
           from %s i
           where i.item_network = ($1).item_network and i.item_domain = ($1).item_domain
             and i.item_type = ($1).item_type and i.item_id = ($1).item_id
         )', undeclared.leaf
      )
      into is_there
      using undeclared.item;
    end if;
    if not is_there then
      perform dpg_private.refuse_undeclared_item(undeclared.item, undeclared.index);
    end if;
    ids := ids || (undeclared.item).item_id;
  end loop;
  return ids;
end
$body$;

comment on function dpg_private.refuse_new_undeclared_items(dpg_private.sent_item[]) is
  'The ids of those items that their networks do not declare and that are there already. Raises DP014, with the
index, for the first one that is not there.
Locks none of them: the caller must refuse those that turn out to be gone.';
--! EndIncluded networks/items_of_network.sql
--! Included networks/actions_of_network.sql
create or replace function dpg_private.refuse_undeclared_action(
  network text,
  partition_network text,
  action_type text,
  source dpg.item_ref default null,
  target dpg.item_ref default null
)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  interactions constant jsonb := (
    select n.interactions from dpg.networks n where n.network = refuse_undeclared_action.network
  );
  keys constant jsonb := jsonb_build_object('partition_network', partition_network, 'action_type', action_type);
begin
  if interactions ? action_type then
    perform dpg_private.refuse_not_in_network(
      network, 'interaction',
      format(
        'action %L from %L/%L/%L to %L/%L/%L', action_type,
        source.item_network, source.item_domain, source.item_type,
        target.item_network, target.item_domain, target.item_type
      ),
      array(
        select format(
          '%L from %L/%L%s to %L/%L%s', action_type,
          i ->> 'from_network', i ->> 'from_domain', ' of ' || (i ->> 'from_items'),
          i ->> 'to_network', i ->> 'to_domain', ' of ' || (i ->> 'to_items')
        )
        from jsonb_array_elements(interactions -> action_type) i
      ),
      keys || jsonb_build_object(
        'source_item_network', source.item_network, 'source_item_domain', source.item_domain,
        'source_item_type', source.item_type,
        'target_item_network', target.item_network, 'target_item_domain', target.item_domain,
        'target_item_type', target.item_type
      )
    );
  end if;
  perform dpg_private.refuse_not_in_network(
    network, 'action_type', format('action %L', action_type), array(select jsonb_object_keys(interactions)), keys
  );
end
$body$;

comment on function dpg_private.refuse_undeclared_action(text, text, text, dpg.item_ref, dpg.item_ref) is
  'Raises DP014 for an action type that a registered network does not declare. When it declares the type, raises
DP014 for the interaction from source to target.';

create or replace function dpg_private.check_action_type_declared(root text, partition_network text, action_type text)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if exists (
      select
      from dpg.networks n
      where n.network = check_action_type_declared.partition_network
        and not n.interactions ? check_action_type_declared.action_type
    )
    and dpg_private.find_leaf(root, partition_network, action_type) is null
  then
    perform dpg_private.refuse_undeclared_action(partition_network, partition_network, action_type);
  end if;
end
$body$;

comment on function dpg_private.check_action_type_declared(text, text, text) is
  'Raises DP014 when the network is registered and does not declare the action type, unless the type already has
a leaf under this root.';

create or replace function dpg_private.interaction_permits(interaction jsonb, source dpg.item_ref, target dpg.item_ref)
returns boolean
language sql
immutable
parallel safe
security invoker
return interaction ->> 'from_network' = (source).item_network
  and interaction ->> 'from_domain' = (source).item_domain
  and coalesce(interaction -> 'from_items' ? (source).item_type, true)
  and interaction ->> 'to_network' = (target).item_network
  and interaction ->> 'to_domain' = (target).item_domain
  and coalesce(interaction -> 'to_items' ? (target).item_type, true);

comment on function dpg_private.interaction_permits(jsonb, dpg.item_ref, dpg.item_ref) is
  'Whether an interaction of dpg.networks permits an action from source to target. Stored parsed and inlined.';

create or replace function dpg_private.has_action_between(
  partition_network text,
  action_type text,
  action_id uuid,
  origin_instance_domain text,
  source dpg.item_ref,
  target dpg.item_ref
)
returns boolean
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  root constant text := case when origin_instance_domain is null then 'item_actions' else 'action_events' end;
  leaf regclass := dpg_private.find_leaf(root, partition_network, action_type);
  begun boolean;
begin
  if leaf is null then
    return false;
  end if;
  execute format(
    'select exists (
       select
       from %s a
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3 %s
         and (a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id)
           = (($5).item_network, ($5).item_domain, ($5).item_type, ($5).item_id)
         and (a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id)
           = (($6).item_network, ($6).item_domain, ($6).item_type, ($6).item_id)
     )',
    leaf,
    case
      when origin_instance_domain is not null then
        'and (
           a.origin_instance_domain = $4
           or dpg_private.normalised_url(a.origin_instance_domain) = dpg_private.normalised_url($4)
         )'
    end
  )
  into begun
  using partition_network, action_type, action_id, origin_instance_domain, source, target;
  return begun;
end
$body$;

comment on function dpg_private.has_action_between(text, text, uuid, text, dpg.item_ref, dpg.item_ref) is
  'Whether this action from source to target is here. With an origin: whether an event of it is here that was
mirrored from that origin.';

create or replace function dpg_private.check_interaction(
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_id uuid,
  origin_instance_domain text default null
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  refusing dpg.networks;
begin
  -- The target's network decides, if it is registered. If the source's network is another one and registered, it
  -- decides which items it has. Where it declares this action on the target's network, that holds for its items,
  -- too.
  select n.*
  into refusing
  from dpg.networks n
  where n.network in (source.item_network, target.item_network)
    and case
      when n.network <> target.item_network and (n.item_types -> source.item_domain ? source.item_type) is not true then
        true
      when n.network = target.item_network
        or exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where i ->> 'to_network' = target.item_network
        )
      then
        not exists (
          select
          from jsonb_array_elements(n.interactions -> check_interaction.action_type) i
          where dpg_private.interaction_permits(i, source, target)
        )
    end
  order by n.network = target.item_network desc
  limit 1;

  -- An action that is there already goes on between the same items: a repeated call must find its action, and later
  -- events must follow the first one.
  if not found
    or dpg_private.has_action_between(
      target.item_network, action_type, action_id, origin_instance_domain, source, target
    )
  then
    return;
  end if;
  if refusing.network <> target.item_network
    and (refusing.item_types -> source.item_domain ? source.item_type) is not true
  then
    perform dpg_private.refuse_undeclared_item(source);
  end if;
  perform dpg_private.refuse_undeclared_action(refusing.network, target.item_network, action_type, source, target);
end
$body$;

comment on function dpg_private.check_interaction(text, dpg.item_ref, dpg.item_ref, uuid, text) is
  'Raises DP014 in three cases. The target''s network is registered and does not declare the action from source
to target. Or the source''s network is another one, is registered and does not declare the source. Or it
declares this action on the target''s network, but not from this source to this target.
An action that is there already between the same items is not refused: found by its id, or with an origin by
its mirrored events.';
--! EndIncluded networks/actions_of_network.sql
--! Included items/find_item.sql
create or replace function dpg_private.item_key_sql()
returns text
language sql
immutable
parallel safe
security invoker
return 'i.item_network = $1 and i.item_domain = $2 and i.item_type = $3 and i.item_id = $4';

comment on function dpg_private.item_key_sql() is
  'The condition that a row i of a leaf is the item of a key. Parameters: $1 item_network, $2 item_domain, $3 item_type,
$4 item_id.';

create or replace function dpg_private.item_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@item_network, @item_domain, @item_type, @item_id, @item_instance_url, @item_schema_url, @item_state,
   @item_latitude, @item_longitude, @created_by, @created_at, @updated_at',
  '@', alias
);

comment on function dpg_private.item_columns_sql(text) is
  'Our columns of dpg.items, in the order of dpg.found_item and dpg.nearest_item. Named one by one, since an
application may add columns to the table. alias stands before each: ''i.'' or nothing.';

create or replace function dpg_private.ref_of_item(item dpg.items)
returns dpg.item_ref
language sql
immutable
parallel safe
security invoker
return row(item.item_network, item.item_domain, item.item_type, item.item_id)::dpg.item_ref;

comment on function dpg_private.ref_of_item(dpg.items) is
  'The key of an item, for refusals.';

create or replace function dpg_private.lock_item(leaf regclass, item dpg.item_ref, strength text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  if leaf is not null then
    if strength = 'update' then
      -- The table first, as the deletion needs it: a call that creates a leaf of actions locks the leaves of items
      -- of its network before it locks items.
      execute format('lock table only %s in row exclusive mode', leaf);
    end if;
    execute format('select * from %s i where %s for %s', leaf, dpg_private.item_key_sql(), strength)
    into stored
    using item.item_network, item.item_domain, item.item_type, item.item_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_item(regclass, dpg.item_ref, text) is
  'The item of this key in its leaf, under a row lock (strength: key share, no key update or update). All columns
are null where there is no such item, or no leaf.';

create or replace function dpg_private.update_item_sql(leaf regclass)
returns text
language sql
stable
parallel safe
security invoker
return format(
  'update %s i
   set item_instance_url = $5, item_schema_url = $6, item_state = $7, item_latitude = $8, item_longitude = $9,
     updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
   where %s and i.created_by = $10
   returning i.*',
  leaf, dpg_private.item_key_sql()
);

comment on function dpg_private.update_item_sql(regclass) is
  'The statement that replaces the content of an item of this owner. Parameters: $1 to $4 as in
dpg_private.item_key_sql, $5 item_instance_url, $6 item_schema_url, $7 item_state, $8 item_latitude, $9
item_longitude, $10 the owner. updated_at rises with each change, also when the clock was set back.';
--! EndIncluded items/find_item.sql
--! Included items/repeated_item.sql
create or replace function dpg_private.digest_of_item(
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text
)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates in every session
return sha256(
  convert_to(
    jsonb_build_array(item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, created_by)::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_item(text, text, jsonb, double precision, double precision, text) is
  'SHA-256 of the content of an item and its owner, for dpg_private.sent_contents.';

create or replace function dpg_private.is_repeated_item(
  stored dpg.items,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  item_latitude double precision,
  item_longitude double precision,
  created_by text
)
returns boolean
language sql
stable
security definer
set search_path = pg_catalog, pg_temp
return dpg_private.was_sent(
  'items', stored.item_network, stored.item_domain, stored.item_type, stored.item_id,
  dpg_private.digest_of_item(
    is_repeated_item.item_instance_url, is_repeated_item.item_schema_url, is_repeated_item.item_state,
    is_repeated_item.item_latitude, is_repeated_item.item_longitude, is_repeated_item.created_by
  ),
  dpg_private.digest_of_item(
    stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude,
    stored.created_by
  )
);

comment on function dpg_private.is_repeated_item(
  dpg.items, text, text, jsonb, double precision, double precision, text
) is
  'Whether the stored item is what a trigger of the application made of exactly this content from this owner. Then
sending the content again changes nothing.';

create or replace function dpg_private.read_written_item(leaf regclass, sent dpg.items, operation text)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.items;
begin
  execute format('select * from %s i where %s', leaf, dpg_private.item_key_sql())
  into stored
  using sent.item_network, sent.item_domain, sent.item_type, sent.item_id;
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed(operation, leaf, to_jsonb(dpg_private.ref_of_item(sent)));
  end if;
  perform dpg_private.note_sent(
    'items', sent.item_network, sent.item_domain, sent.item_type, sent.item_id,
    dpg_private.digest_of_item(
      sent.item_instance_url, sent.item_schema_url, sent.item_state, sent.item_latitude, sent.item_longitude,
      sent.created_by
    ),
    dpg_private.digest_of_item(
      stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude,
      stored.created_by
    )
  );
  return stored;
end
$body$;

comment on function dpg_private.read_written_item(regclass, dpg.items, text) is
  'The stored row of an item that was just written (operation: insert or update), for tables to which the
application has added columns or triggers. Notes what was sent where that differs from what is stored. Raises DP018
when there is no row.';
--! EndIncluded items/repeated_item.sql
--! Included items/upsert_item.sql
create or replace function dpg.upsert_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb default '{}',
  item_latitude double precision default null,
  item_longitude double precision default null,
  item_id uuid default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  is_user boolean;
  is_undeclared boolean;
  is_known_url boolean;
  is_new boolean;
  has_additions boolean; -- columns or triggers of the application: what is stored has to be read again
  sent dpg.items;
  stored dpg.items;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('item_type', item_type),
    dpg_private.check_url('item_instance_url', item_instance_url),
    dpg_private.check_url('item_schema_url', item_schema_url),
    dpg_private.check_document('item_state', item_state),
    dpg_private.check_coordinates_or_none('item_latitude', item_latitude, 'item_longitude', item_longitude)
  );

  -- look: one statement instead of four. Its answers hold for this moment. After any wait for a lock they are asked
  -- for again.
  select
    exists (select from public."user" u where u.id = upsert_item.actor),
    exists (
      select
      from dpg.networks n
      where n.network = upsert_item.item_network
        and (n.item_types -> upsert_item.item_domain ? upsert_item.item_type) is not true
    ),
    exists (
      select
      from dpg_private.instance_url_sightings s
      where s.instance_url = upsert_item.item_instance_url
    ),
    (select l.leaf from dpg_private.look_up_leaf('items', upsert_item.item_network, upsert_item.item_domain) l)
  into is_user, is_undeclared, is_known_url, leaf;
  if not is_known_url then
    perform dpg_private.check_instance_url('item_instance_url', item_instance_url);
  end if;
  if not is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if is_undeclared then
    perform dpg_private.refuse_new_undeclared_item(row(item_network, item_domain, item_type, item_id));
  end if;
  if is_undeclared or leaf is null then
    leaf := dpg_private.find_or_create_leaf('items', item_network, item_domain);
    is_known_url := false;
  end if;
  if not is_known_url then
    perform dpg_private.register_instance_url(item_instance_url); -- unless it is known by now
  end if;
  -- Only our columns, the first ones of the table. An application may have added others, with defaults: so every
  -- insert names the columns.
  sent := row(
    item_network, item_domain, item_type, coalesce(item_id, gen_random_uuid()), item_instance_url, item_schema_url,
    item_state,
    item_latitude, item_longitude, actor, clock_timestamp(), null::timestamptz
  );
  sent.updated_at := sent.created_at;

  -- insert: most upserts are new items. An insert through the root has a plan that is kept and knows no leaves. It
  -- names no constraint: PostgreSQL would search the index of the leaf for it at each call.
  insert into dpg.items (
    item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, created_by, created_at, updated_at
  )
  values (
    item_network, item_domain, item_type, sent.item_id, item_instance_url, item_schema_url, item_state,
    item_latitude, item_longitude, actor, sent.created_at, sent.created_at
  )
  on conflict do nothing;
  is_new := found;
  -- after the insert: its lock keeps new triggers out
  select a.has_additions into has_additions from dpg_private.additions_to_items(leaf) a;
  if is_new then
    if has_additions then
      return dpg_private.read_written_item(leaf, sent, 'insert');
    end if;
    return sent;
  end if;

  -- replace
  for attempt in 1 .. 100 loop
    -- From the second attempt on the row is locked: then an insert or update that changes nothing was suppressed.
    execute format(
      'select * from %s i where %s %s',
      leaf, dpg_private.item_key_sql(), case when attempt > 1 then 'for no key update' end
    )
    into stored
    using sent.item_network, sent.item_domain, sent.item_type, sent.item_id;
    if stored.item_id is null then
      -- The item was deleted since the insert met it. Or the insert met a unique index of the application; that
      -- raises here. Or a trigger of the application suppresses the row each time.
      sent.created_at := clock_timestamp();
      sent.updated_at := sent.created_at;
      if dpg_private.insert_again('items', dpg_private.item_columns_sql(''), sent) then
        if has_additions then
          return dpg_private.read_written_item(leaf, sent, 'insert');
        end if;
        return sent;
      end if;
      if has_additions and attempt > 2 then
        perform dpg_private.refuse_suppressed('insert', leaf, to_jsonb(dpg_private.ref_of_item(sent)));
      end if;
      continue;
    end if;
    if has_additions and dpg_private.is_repeated_item(
      stored, item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, actor
    ) then
      return stored;
    end if;
    if stored.created_by <> actor then
      perform dpg_private.refuse_not_item_owner(actor, dpg_private.ref_of_item(sent));
    end if;
    if (
        stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude
      ) is not distinct from (item_instance_url, item_schema_url, item_state, item_latitude, item_longitude)
    then
      return stored; -- nothing to change, nothing written
    end if;
    execute dpg_private.update_item_sql(leaf)
    into stored
    using sent.item_network, sent.item_domain, sent.item_type, sent.item_id,
      item_instance_url, item_schema_url, item_state, item_latitude, item_longitude, actor;
    if stored.item_id is not null then
      if has_additions then
        return dpg_private.read_written_item(leaf, sent, 'update');
      end if;
      return stored;
    end if;
    if attempt > 1 then
      perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(dpg_private.ref_of_item(sent)));
    end if;
  end loop;

  raise exception 'item % was deleted and made again all the while', sent.item_id
    using errcode = 'serialization_failure', hint = 'Repeat the call.';
end
$body$;

comment on function dpg.upsert_item(
  text, text, text, text, text, text, jsonb, double precision, double precision, uuid
) is
  'Creates an item of the actor, or replaces the whole content of an item that the actor owns, and returns the row.
Creates the leaf when needed. item_state is a JSON object. item_latitude and item_longitude are degrees, both or
neither. With item_id a repeated call is safe. A call that changes nothing leaves the row and updated_at as they
are.
Raises DP001, DP003, DP009, DP010, DP014, DP018.
Example: select * from dpg.upsert_item(
  actor => ''asha'', item_network => ''yellow_dot'', item_domain => ''student'', item_type => ''profile_1.0'',
  item_instance_url => ''https://yellowdot.example.com'',
  item_schema_url => ''https://schemas.example.com/student_v1.json'',
  item_state => ''{"name": "Asha", "goal": "board_exam"}'', item_latitude => 12.9716, item_longitude => 77.5946,
  item_id => ''11111111-1111-4111-8111-111111111111''
)';
--! EndIncluded items/upsert_item.sql
--! Included items/replace_items.sql
create or replace function dpg_private.replace_items(
  actor text,
  items dpg_private.sent_item[],
  inserted uuid[],
  has_additions boolean
)
returns setof dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  target record;
  different integer[]; -- indexes of the items that are not stored like this yet
  changed_rows bigint;
  found_items dpg.items[];
  stored dpg.items[] := array[]::dpg.items[];
  written integer[] := array[]::integer[];
  odd_one record;
begin
  -- leaf by leaf: a join through the root would be planned for all leaves
  for target in
    select
      dpg_private.find_leaf('items', i.item_network, i.item_domain) as leaf,
      array_agg(i) as items,
      array_agg(i) filter (where n.item_id is null) as items_before
    from unnest(items) i
    left join unnest(inserted) n(item_id) using (item_id)
    group by i.item_network, i.item_domain
    order by i.item_network collate "C", i.item_domain collate "C"
  loop
    if target.items_before is not null then
      -- lock, in the order of the keys. An item that has this content already is neither locked nor written. The
      -- update is a statement of its own, so that it sees the rows as they were locked. In one statement it would
      -- go back to the version of an older snapshot, and wait there for sessions that wait for us.
      execute format(
        'select array_agg(d.index)
         from (
           select r.index
           from %1$s i
           join unnest($1) r using (item_network, item_domain, item_type, item_id)
           where i.created_by = $2
             and (i.item_instance_url, i.item_schema_url, i.item_state, i.item_latitude, i.item_longitude)
               is distinct from (
                 r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude
               )
             %2$s
           order by i.item_type collate "C", i.item_id
           for no key update of i
         ) d',
        target.leaf,
        case when has_additions then
          'and not dpg_private.is_repeated_item(
             i, r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
           )'
        end
      )
      into different
      using target.items_before, actor;
      -- change
      execute format(
        'update %1$s i
         set item_instance_url = r.item_instance_url, item_schema_url = r.item_schema_url, item_state = r.item_state,
           item_latitude = r.item_latitude, item_longitude = r.item_longitude,
           updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
         from unnest($1) r
         join unnest($2) d(index) using (index)
         where i.item_network = r.item_network and i.item_domain = r.item_domain
           and i.item_type = r.item_type and i.item_id = r.item_id',
        target.leaf
      )
      using target.items_before, different;
      get diagnostics changed_rows = row_count;
      if changed_rows < cardinality(different) then
        perform dpg_private.refuse_suppressed('update', target.leaf);
      end if;
      written := written || different;
    end if;
    execute format(
      'select array_agg(i::dpg.items)
       from %s i
       join unnest($1) r using (item_network, item_domain, item_type, item_id)',
      target.leaf
    )
    into found_items
    using target.items;
    if cardinality(target.items) > coalesce(cardinality(found_items), 0) then
      if has_additions then
        perform dpg_private.refuse_suppressed('insert', target.leaf);
      end if;
      raise exception 'an item was deleted while it was being replaced'
        using errcode = 'serialization_failure', hint = 'Repeat the call.';
    end if;
    stored := stored || found_items;
  end loop;

  -- check owners; dynamic: planned for the number of rows that there are
  execute
    'select r.index, row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item
     from unnest($1) r
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     left join unnest($3) n(item_id) on n.item_id = r.item_id
     where n.item_id is null
       and s.created_by <> $4
       and not ($5 and dpg_private.is_repeated_item(
         s, r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
       ))
     order by r.index
     limit 1'
  into odd_one
  using items, stored, inserted, actor, has_additions;
  if odd_one.index is not null then
    perform dpg_private.refuse_not_item_owner(actor, odd_one.item, odd_one.index);
  end if;

  if has_additions then
    execute
      'select dpg_private.note_sent(
         ''items'', r.item_network, r.item_domain, r.item_type, r.item_id,
         dpg_private.digest_of_item(
           r.item_instance_url, r.item_schema_url, r.item_state, r.item_latitude, r.item_longitude, r.created_by
         ),
         dpg_private.digest_of_item(
           s.item_instance_url, s.item_schema_url, s.item_state, s.item_latitude, s.item_longitude, s.created_by
         )
       )
       from unnest($1) r
       join unnest($2) s using (item_network, item_domain, item_type, item_id)
       where r.index = any ($3) or r.item_id = any ($4)'
    using items, stored, written, inserted;
  end if;
  return query execute
    'select s.*
     from unnest($1) r
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     order by r.index'
  using items, stored;
end
$body$;

comment on function dpg_private.replace_items(text, dpg_private.sent_item[], uuid[], boolean) is
  'The second half of upsert_items: replaces the content of those items that were there before, whose ids were not
inserted. Returns all items as they now are, in the order of their indexes. has_additions: an inserted item may be
stored in another form, see dpg_private.additions_to_items. Raises DP003 with the index, and DP018.';
--! EndIncluded items/replace_items.sql
--! Included items/upsert_items.sql
create or replace function dpg.upsert_items(actor text, items jsonb)
returns setof dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  started_at timestamptz;
  rows dpg_private.sent_item[];
  suspect integer;
  ids_given boolean;
  known_fields constant text[] := dpg_private.item_fields();
  json_bytes constant bigint := coalesce(dpg_private.limit_of('json_bytes_per_document'), 268435455);
  json_depth constant bigint := coalesce(dpg_private.limit_of('json_depth_per_document'), 2048);
  targets dpg.item_ref[]; -- the leaves
  target dpg.item_ref;
  undeclared uuid[]; -- ids of items that are there although their networks do not declare them
  leaf regclass;
  leaves regclass[] := array[]::regclass[];
  has_additions boolean := false; -- columns or triggers of the application: what is stored has to be read again
  asks_for_ids boolean;
  inserted uuid[]; -- null where nobody asks for ids: all items are new, and stored as they are
  deleted record;
begin
  -- check
  perform dpg_private.check_actor(actor);
  if items is null or jsonb_typeof(items) <> 'array' then
    perform dpg_private.refuse_argument('items', items, 'is not a JSON array', 'Pass a JSON array of objects.');
  end if;

  -- One pass turns the elements into rows and finds the first element that is not right. created_at rises by a
  -- microsecond from element to element, so that the order of the input is an order of time.
  started_at := clock_timestamp();
  begin
    select
      array_agg(
        row(
          e.position - 1,
          e.item_network, e.item_domain, e.item_type, coalesce(e.item_id, gen_random_uuid()),
          e.item_instance_url, e.item_schema_url, coalesce(e.item_state, '{}'), e.item_latitude, e.item_longitude,
          actor,
          started_at + (e.position - 1) * interval '1 microsecond'
        )::dpg_private.sent_item
        order by e.position
      ),
      (min(e.position) filter (
        where (
          jsonb_typeof(e.element -> 'item_network') = 'string' and dpg_private.is_key(e.item_network)
          and jsonb_typeof(e.element -> 'item_domain') = 'string' and dpg_private.is_key(e.item_domain)
          and jsonb_typeof(e.element -> 'item_type') = 'string' and dpg_private.is_key(e.item_type)
          and jsonb_typeof(e.element -> 'item_instance_url') = 'string' and dpg_private.is_url(e.item_instance_url)
          and jsonb_typeof(e.element -> 'item_schema_url') = 'string' and dpg_private.is_url(e.item_schema_url)
          and (e.item_id is null or jsonb_typeof(e.element -> 'item_id') = 'string')
          and coalesce(jsonb_typeof(e.element -> 'item_state') = 'object', not e.element ? 'item_state')
          and case
            when coalesce(octet_length(e.item_state::text), 2) > 1024 then -- see dpg_private.is_short_document
              octet_length(e.item_state::text) <= json_bytes and not dpg_private.is_too_deep(e.item_state, json_depth)
            else true
          end
          and (e.item_latitude is null) = (e.item_longitude is null)
          and (
            e.item_latitude is null
            or (
              jsonb_typeof(e.element -> 'item_latitude') = 'number' and e.item_latitude between -90 and 90
              and jsonb_typeof(e.element -> 'item_longitude') = 'number' and e.item_longitude between -180 and 180
            )
          )
          and e.element - known_fields = '{}'
        ) is not true
      ) - 1)::integer,
      coalesce(bool_or(e.item_id is not null), false)
    into rows, suspect, ids_given
    from rows from (
      jsonb_array_elements(items),
      jsonb_to_recordset(items) as (
        item_network text, item_domain text, item_type text, item_instance_url text, item_schema_url text,
        item_state jsonb, item_latitude double precision, item_longitude double precision, item_id uuid
      )
    ) with ordinality e(
      element, item_network, item_domain, item_type, item_instance_url, item_schema_url,
      item_state, item_latitude, item_longitude, item_id, position
    );
  exception
    when data_exception then
      -- a value that is not of the type of its column: these checks say which one
      perform dpg_private.check_item_object(e.item, (e.position - 1)::integer)
      from jsonb_array_elements(items) with ordinality e(item, position)
      order by e.position;
      raise;
  end;
  if suspect is not null then
    perform dpg_private.check_item_object(items -> suspect, suspect);
    perform dpg_private.refuse_argument(
      'items', items -> suspect, 'is malformed', 'Pass an object as upsert_item takes it.', suspect
    );
  end if;
  if ids_given then
    perform dpg_private.check_ids_differ(rows);
  end if;
  perform dpg_private.check_instance_url('item_instance_url', u.item_instance_url, u.index)
  from (
    select r.item_instance_url, min(r.index) as index
    from unnest(rows) r
    group by r.item_instance_url
  ) u
  where not exists (
    select
    from dpg_private.instance_url_sightings s
    where s.instance_url = u.item_instance_url
  );
  perform dpg_private.check_user(actor);
  if rows is null then
    return; -- an empty array
  end if;

  -- leaves, before any row is locked
  targets := array(
    select row(t.item_network, t.item_domain, null, null)::dpg.item_ref
    from (select distinct r.item_network, r.item_domain from unnest(rows) r) t
    order by t.item_network, t.item_domain
  );
  if exists (select from dpg.networks n join unnest(targets) t on n.network = t.item_network) then
    undeclared := dpg_private.refuse_new_undeclared_items(rows);
  end if;
  foreach target in array targets loop
    leaf := dpg_private.find_or_create_leaf('items', target.item_network, target.item_domain);
    leaves := leaves || leaf;
  end loop;
  foreach leaf in array leaves loop
    execute format('lock table only dpg.items, only %s in row exclusive mode', leaf); -- keeps new triggers out
    has_additions := has_additions
      or (select a.has_additions from dpg_private.additions_to_items(leaf) a);
  end loop;
  perform dpg_private.register_instance_url(u.item_instance_url)
  from (select distinct r.item_instance_url from unnest(rows) r) u;

  -- insert: through the root in one statement, in the order of the keys, so that two calls with the same ids lock
  -- in one order
  asks_for_ids := ids_given or has_additions;
  with inserted_rows as (
    insert into dpg.items as i (
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at
    )
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at
    from unnest(rows) r
    order by r.item_network collate "C", r.item_domain collate "C", r.item_type collate "C", r.item_id
    on conflict on constraint items_pkey do nothing
    returning case when asks_for_ids then i.item_id end as item_id
  )
  select case when asks_for_ids then array_agg(n.item_id) end
  into inserted
  from inserted_rows n;

  -- An undeclared item that was there and was deleted since has just been created anew: refused. It cannot be
  -- locked earlier: leaves are created before any row is locked, and rows are locked in the order of their keys.
  if undeclared && inserted then
    select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item, r.index
    into deleted
    from unnest(rows) r
    where r.item_id = any (undeclared)
      and r.item_id = any (inserted)
    order by r.index
    limit 1;
    perform dpg_private.refuse_undeclared_item(deleted.item, deleted.index);
  end if;

  -- replace, and return
  if has_additions or (ids_given and coalesce(cardinality(inserted), 0) < cardinality(rows)) then
    -- dynamic: a kept plan would return the columns that the table had when it was planned
    return query execute 'select s.* from dpg_private.replace_items($1, $2, $3, $4) s'
    using actor, rows, inserted, has_additions;
  else
    return query
    select
      r.item_network, r.item_domain, r.item_type, r.item_id, r.item_instance_url, r.item_schema_url, r.item_state,
      r.item_latitude, r.item_longitude, r.created_by, r.written_at, r.written_at
    from unnest(rows) r;
  end if;
end
$body$;

comment on function dpg.upsert_items(text, jsonb) is
  'upsert_item for a JSON array of objects: all or nothing. The rows come in the order of the input. Fields of an
object: item_network, item_domain, item_type, item_instance_url, item_schema_url, and optionally item_state,
item_latitude, item_longitude, item_id. The same item_id twice is DP001. DETAIL has the index, counted from 0.
Raises DP001, DP003, DP009, DP010, DP014, DP018.
Example: select item_id from dpg.upsert_items(''asha'', ''[{
  "item_network": "yellow_dot", "item_domain": "student", "item_type": "profile_1.0",
  "item_instance_url": "https://yellowdot.example.com",
  "item_schema_url": "https://schemas.example.com/student_v1.json",
  "item_state": {"name": "Asha", "goal": "physics"},
  "item_id": "55555555-5555-4555-8555-555555555555"
}]'')';
--! EndIncluded items/upsert_items.sql
--! Included items/update_item.sql
create or replace function dpg_private.check_item_changes(changes jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array[
    'item_instance_url', 'item_schema_url', 'item_state', 'item_latitude', 'item_longitude'
  ];
  hint constant text := format(
    'changes is a JSON object with at least one of the fields %s.', array_to_string(fields, ', ')
  );
  field text;
begin
  if changes is null or jsonb_typeof(changes) <> 'object' or changes = '{}' then
    perform dpg_private.refuse_argument('changes', changes, 'names no column', hint);
  end if;
  for field in select k.field from jsonb_object_keys(changes) k(field) order by k.field loop
    if field <> all (fields) then
      perform dpg_private.refuse_argument('changes.' || left(field, 120), changes -> field, 'cannot be changed', hint);
    elsif field = 'item_state' then
      perform dpg_private.check_document('changes.item_state', changes -> field);
    elsif not (
      dpg_private.is_field(dpg_private.kind_of_field(field), changes -> field)
      -- null clears the coordinate
      or field in ('item_latitude', 'item_longitude') and changes -> field = 'null'
    ) then
      perform dpg_private.refuse_field('changes.' || field, dpg_private.kind_of_field(field), changes -> field);
    end if;
  end loop;
  if (changes ? 'item_latitude' and changes ? 'item_longitude')
    and (jsonb_typeof(changes -> 'item_latitude') = 'null') <> (jsonb_typeof(changes -> 'item_longitude') = 'null')
  then
    perform dpg_private.refuse_argument(
      'changes', changes, 'leaves half a place', 'Pass both item_latitude and item_longitude, or null for both.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_item_changes(jsonb) is
  'Raises DP001 for changes that update_item can make to no item.';

create or replace function dpg.update_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid,
  changes jsonb,
  expected_updated_at timestamptz default null
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  leaf regclass;
  stored dpg.items;
  changed dpg.items;
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item),
    dpg_private.check_item_changes(changes),
    dpg_private.check_time_or_none('expected_updated_at', expected_updated_at),
    case
      when changes ? 'item_instance_url' then
        dpg_private.check_instance_url('changes.item_instance_url', changes ->> 'item_instance_url')
    end;

  -- lock
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'no key update');
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;

  changed := stored;
  changed.item_instance_url := coalesce(changes ->> 'item_instance_url', stored.item_instance_url);
  changed.item_schema_url := coalesce(changes ->> 'item_schema_url', stored.item_schema_url);
  changed.item_state := coalesce(changes -> 'item_state', stored.item_state);
  if changes ? 'item_latitude' then
    changed.item_latitude := (changes ->> 'item_latitude')::double precision;
  end if;
  if changes ? 'item_longitude' then
    changed.item_longitude := (changes ->> 'item_longitude')::double precision;
  end if;
  perform dpg_private.check_coordinates_or_none(
    'item_latitude', changed.item_latitude, 'item_longitude', changed.item_longitude
  );

  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;
  if stored.updated_at <> expected_updated_at then
    raise exception using
      errcode = 'DP007',
      message = dpg_private.text_for_client(format(
        'item %s was changed at %s, not at %s',
        item_id, dpg_private.time_text(stored.updated_at), dpg_private.time_text(expected_updated_at)
      )),
      hint = case
        -- the caller has read it into a type without microseconds, and would read and repeat for ever
        when expected_updated_at = date_trunc('milliseconds', stored.updated_at) then
          'Pass updated_at as text, as it was read: both times agree to the millisecond, '
            'but a Date of JavaScript or the like has no microseconds.'
        else 'Read the item again, apply the change to what it is now, and repeat the call with its updated_at.'
      end,
      detail = dpg_private.text_for_client(
        (
          to_jsonb(item) || jsonb_build_object(
            'expected_updated_at', dpg_private.time_text(expected_updated_at),
            'updated_at', dpg_private.time_text(stored.updated_at)
          )
        )::text
      );
  end if;
  if (
      changed.item_instance_url, changed.item_schema_url, changed.item_state, changed.item_latitude,
      changed.item_longitude
    ) is not distinct from (
      stored.item_instance_url, stored.item_schema_url, stored.item_state, stored.item_latitude, stored.item_longitude
    )
  then
    return stored;
  end if;

  -- change
  perform dpg_private.register_instance_url(changed.item_instance_url);
  execute dpg_private.update_item_sql(leaf)
  into stored
  using item_network, item_domain, item_type, item_id, changed.item_instance_url, changed.item_schema_url,
    changed.item_state, changed.item_latitude, changed.item_longitude, actor;
  if stored.item_id is null then
    perform dpg_private.refuse_suppressed('update', leaf, to_jsonb(item));
  end if;
  if (select a.has_additions from dpg_private.additions_to_items(leaf) a) then
    stored := dpg_private.read_written_item(leaf, changed, 'update');
  end if;
  return stored;
end
$body$;

comment on function dpg.update_item(text, text, text, text, uuid, jsonb, timestamptz) is
  'Replaces those columns of an owned item that changes names: item_instance_url, item_schema_url, item_state,
item_latitude, item_longitude; at least one, and no others. Null clears the coordinates and is DP001 for other
columns. With expected_updated_at the call is refused (DP007) when somebody else changed the item first. A call that
changes nothing leaves the row as it is.
Raises DP001, DP002, DP003, DP007, DP018.
Example: select * from dpg.update_item(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111'',
  ''{"item_state": {"name": "Asha", "goal": "board_exam", "verified": true}}''
)';
--! EndIncluded items/update_item.sql
--! Included items/delete_item.sql
create or replace function dpg_private.refuse_item_in_use(
  item dpg.item_ref,
  refusing_schema text,
  refusing_table text,
  refusing_constraint text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  relation constant text := format('%I.%I', refusing_schema, refusing_table);
  is_action constant boolean :=
    pg_partition_root(to_regclass(relation)) is not distinct from 'dpg.item_actions'::regclass;
begin
  -- a foreign key to the root has a clone for each leaf, under a name that PostgreSQL chose: find the one that was
  -- declared
  with recursive constraints as (
    select c.conname, c.conparentid
    from pg_constraint c
    where c.conrelid = to_regclass(relation)
      and c.conname = refusing_constraint
    union all
    select p.conname, p.conparentid
    from constraints c
    join pg_constraint p on p.oid = c.conparentid
  )
  select c.conname::text
  into refusing_constraint
  from constraints c
  where c.conparentid = 0;

  raise exception using
    errcode = 'DP013',
    message = dpg_private.text_for_client(format(
      '%s item %L/%L/%L/%s',
      case
        when is_action then 'an action refers to'
        else format('constraint %I of table %s of the application keeps', refusing_constraint, relation)
      end,
      item.item_network, item.item_domain, item.item_type, item.item_id
    )),
    hint = dpg_private.text_for_client(case
      when is_action then 'An item that an action of its network refers to stays; empty its item_state instead.'
      else format('Delete or change the rows of %s that refer to the item, then repeat the call.', relation)
    end),
    detail = dpg_private.text_for_client((
      to_jsonb(item)
      || case
        when is_action then '{}'
        else jsonb_build_object('constraint', refusing_constraint, 'relation', relation)
      end
    )::text);
end
$body$;

comment on function dpg_private.refuse_item_in_use(dpg.item_ref, text, text, text) is
  'Raises DP013 for an item that a foreign key keeps: one of ours, from an action, or the named one of the
application.';

create or replace function dpg.delete_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  leaf regclass;
  stored dpg.items;
  deleted_rows bigint;
  refusing_schema text;
  refusing_table text;
  refusing_constraint text;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item);

  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'update');
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;

  begin
    execute format('delete from %s i where %s', leaf, dpg_private.item_key_sql())
    using item_network, item_domain, item_type, item_id;
    get diagnostics deleted_rows = row_count;
  exception
    when foreign_key_violation or restrict_violation then -- restrict_violation: from 18 on, for "on delete restrict"
      get stacked diagnostics
        refusing_schema = schema_name, refusing_table = table_name, refusing_constraint = constraint_name;
      if refusing_constraint = '' then
        raise; -- from a trigger of the application, in its own words
      end if;
      perform dpg_private.refuse_item_in_use(item, refusing_schema, refusing_table, refusing_constraint);
  end;
  if deleted_rows = 0 then
    perform dpg_private.refuse_suppressed('delete', leaf, to_jsonb(item));
  end if;
  delete from dpg_private.sent_contents s
  where s.id = delete_item.item_id
    and s.network = delete_item.item_network
    and s.key = delete_item.item_domain
    and s.item_type = delete_item.item_type
    and s.root = 'items';
  return stored;
end
$body$;

comment on function dpg.delete_item(text, text, text, text, uuid) is
  'Deletes an owned item, and returns it as it was. An item to which an action of its network or a row of the
application refers is DP013, which names the constraint. A repeated call is DP002.
Raises DP001, DP002, DP003, DP013, DP018.
Example: select * from dpg.delete_item(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''55555555-5555-4555-8555-555555555555''
)';
--! EndIncluded items/delete_item.sql
--! Included items/get_item.sql
create or replace function dpg.get_item(item_network text, item_domain text, item_type text, item_id uuid)
returns dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  stored dpg.items;
begin
  perform dpg_private.check_item_ref(null, row(item_network, item_domain, item_type, item_id));
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is not null then
    execute format('select * from %s i where %s', leaf, dpg_private.item_key_sql())
    into stored
    using item_network, item_domain, item_type, item_id;
  end if;
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(row(item_network, item_domain, item_type, item_id));
  end if;
  return stored;
end
$body$;

comment on function dpg.get_item(text, text, text, uuid) is
  'One item by its key.
Raises DP001, DP002.
Example: select * from dpg.get_item(
  ''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''
)';
--! EndIncluded items/get_item.sql
--! Included geo/circle.sql
create or replace function dpg_private.haversine_sql()
returns text
language sql
immutable
parallel safe
security invoker
-- Functions of degrees, for which the cosine of a pole is 0. PostgreSQL refuses products too small for a float
-- (22003): adding 1e-100 leaves every number of degrees as it is but those whose squares would be.
return
  'sind((i.item_latitude + 1e-100 - ($6 + 1e-100)) / 2) ^ 2
   + cosd(i.item_latitude) * cosd($6) * sind((i.item_longitude + 1e-100 - ($7 + 1e-100)) / 2) ^ 2';

comment on function dpg_private.haversine_sql() is
  'The SQL expression for how far an item i is from the place $6 (latitude), $7 (longitude): the squared sine of
half the angle between them. It rises with the distance from 0 to 1, and is exact for near places as well. SQL text,
not a function: inlining a function would take longer than planning the rest of the statement.';

do $body$
begin
  if pg_catalog.to_regtype('dpg_private.circle_bounds') is null then
    create type dpg_private.circle_bounds as (
      bands integer[],
      south double precision,
      north double precision,
      west double precision,
      east double precision,
      reach double precision
    );
  end if;
end
$body$;

comment on type dpg_private.circle_bounds is
  'What the condition of a circle needs: the latitude bands that it touches (null for more than a hundred), the
degrees between which it lies (west is more than east where it crosses the antimeridian), and reach, the haversine
of its radius.';

create or replace function dpg_private.bounds_of_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns dpg_private.circle_bounds
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tiny constant double precision := 1e-100::double precision; -- see dpg_private.haversine_sql
  angle double precision := (least(radius_meters, pi() * 6378168) + tiny - tiny) / 6378168;
  -- A tenth of a metre more, so that rounding never takes a place on the very edge away: the reach decides.
  margin constant double precision := 1e-6::double precision;
  width double precision;
  bounds dpg_private.circle_bounds;
begin
  if radius_meters is null then
    return null;
  end if;
  bounds.south := latitude - degrees(angle) - margin;
  bounds.north := latitude + degrees(angle) + margin;
  if bounds.south <= -90 or bounds.north >= 90 then
    -- a circle around a pole has places of every longitude
    bounds.west := -180;
    bounds.east := 180;
  else
    width := degrees(asin(least(sin(angle) / cos(radians(latitude + tiny - tiny)), 1))) + margin;
    bounds.west := longitude - width + case when longitude - width < -180 then 360 else 0 end;
    bounds.east := longitude + width - case when longitude + width > 180 then 360 else 0 end;
  end if;
  if bounds.north - bounds.south < 1 then
    bounds.bands := array(
      select generate_series(dpg_private.latitude_band(bounds.south), dpg_private.latitude_band(bounds.north))
    );
  end if;
  -- Half the globe is everything, however the haversine of an antipode is rounded. A place whose own distance is
  -- the radius belongs to the circle, however that is rounded: a micrometre at most, where the haversine still
  -- tells them apart.
  bounds.reach := case
    when radius_meters >= pi() * 6378168 then 2
    when angle < 3 then sin(angle / 2) ^ 2 * (1 + 1e-14::double precision)
    else sin(angle / 2) ^ 2
  end;
  return bounds;
end
$body$;

comment on function dpg_private.bounds_of_circle(double precision, double precision, double precision) is
  'The bounds of the circle of radius_meters around a centre (degrees) on a sphere of 6,378,168 m; null without a
radius. See dpg_private.item_conditions_sql.';

create or replace function dpg_private.circle_condition_sql(circle dpg_private.circle_bounds)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat(
    'dpg_private.latitude_band(i.item_latitude) ',
    -- Not both for a large circle: the planner would multiply the share of the one with that of the other, and take
    -- it for a small one.
    case
      when circle.bands is not null then '= any($8) and i.item_latitude between $9 and $10'
      else 'between dpg_private.latitude_band($9) and dpg_private.latitude_band($10)'
    end,
    ' and ',
    case
      when circle.west <= circle.east then 'i.item_longitude between $11 and $12'
      else '(i.item_longitude >= $11 or i.item_longitude <= $12)'
    end,
    ' and ', dpg_private.haversine_sql(), ' <= $13'
  );
end
$body$;

comment on function dpg_private.circle_condition_sql(dpg_private.circle_bounds) is
  'The condition that an item i lies in a circle. The index on the bands finds what lies within its bounds, the
haversine decides. Parameters: $6 latitude and $7 longitude of the centre, then the fields of circle: $8 bands, $9
south, $10 north, $11 west, $12 east, $13 reach.';

create or replace function dpg_private.circle_box(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns cube
language sql
immutable
parallel safe
security invoker
-- A circle of r metres is 2 R sin(r / 2R) from its centre to its edge along the straight line. A millimetre more,
-- so that rounding never takes a place on the very edge away. A radius too small to be divided is 0, see
-- dpg_private.place.
return cube_enlarge(
  dpg_private.place(latitude, longitude),
  2 * 6378168 * sin(
    least((radius_meters + 1e-200::double precision - 1e-200::double precision) / (2 * 6378168), pi() / 2)
  ) + 0.001,
  3
);

comment on function dpg_private.circle_box(double precision, double precision, double precision) is
  'The box around the circle of radius_meters around a centre (degrees), in metres from the centre of the globe.';

create or replace function dpg_private.is_in_box(latitude double precision, longitude double precision, box cube)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.place_box(latitude, longitude) <@ box;

comment on function dpg_private.is_in_box(double precision, double precision, cube) is
  'Whether a place (degrees) lies in a dpg_private.circle_box. Inlined, so that the index on the place answers it.';

create or replace function dpg_private.is_circle_or_none(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns boolean
language sql
immutable
parallel safe
security invoker
return dpg_private.are_coordinates_or_none(latitude, longitude)
  and (latitude is null) = (radius_meters is null)
  and (radius_meters is null or (radius_meters >= 0 and radius_meters < 'infinity'));

comment on function dpg_private.is_circle_or_none(double precision, double precision, double precision) is
  'Whether latitude and longitude (degrees) and radius_meters (0 or more) are a circle, or all three are null.
False or null where they are neither.';

create or replace function dpg_private.refuse_circle(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_coordinates_or_none('latitude', latitude, 'longitude', longitude);
  if latitude is null or radius_meters is null then
    perform dpg_private.refuse_argument(
      case when latitude is null then 'latitude' else 'radius_meters' end,
      null, 'is missing', 'A circle needs latitude, longitude and radius_meters.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'radius_meters', dpg_private.json_of_number(radius_meters), 'is no radius',
    'A radius is a number of metres, 0 or more.'
  );
end
$body$;

comment on function dpg_private.refuse_circle(double precision, double precision, double precision) is
  'Raises DP001 for what is no circle.';

create or replace function dpg_private.check_circle_or_none(
  latitude double precision,
  longitude double precision,
  radius_meters double precision
)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_circle_or_none(latitude, longitude, radius_meters) is not true then
    dpg_private.refuse_circle(latitude, longitude, radius_meters)
end;

comment on function dpg_private.check_circle_or_none(double precision, double precision, double precision) is
  'Raises DP001 unless latitude and longitude (degrees) and radius_meters (0 or more) are a circle, or all three are
null.';
--! EndIncluded geo/circle.sql
--! Included items/item_filters.sql
create or replace function dpg_private.item_conditions_sql(
  item_type text,
  created_by text,
  item_instance_url text,
  item_schema_url text,
  item_state jsonb,
  circle dpg_private.circle_bounds
)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat(
    'true',
    case when item_type is not null then ' and i.item_type = $1' end,
    case when created_by is not null then ' and i.created_by = $2' end,
    case when item_instance_url is not null then ' and i.item_instance_url = $3' end,
    case when item_schema_url is not null then ' and i.item_schema_url = $4' end,
    case when item_state is not null then ' and i.item_state @> $5' end,
    case when circle.reach is not null then ' and ' || dpg_private.circle_condition_sql(circle) end
  );
end
$body$;

comment on function dpg_private.item_conditions_sql(text, text, text, text, jsonb, dpg_private.circle_bounds) is
  'The where clause for the filters that are given, over a leaf named i. Parameters: $1 item_type, $2 created_by,
$3 item_instance_url, $4 item_schema_url, $5 item_state, and $6 to $13 of dpg_private.circle_condition_sql.';
--! EndIncluded items/item_filters.sql
--! Included items/find_items.sql
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

create or replace function dpg.find_items(
  item_network text,
  item_domain text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a circle must have the same token in every session
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  binding bigint;
  page_start bytea;
  circle dpg_private.circle_bounds;
  conditions text;
  oldest timestamptz;
begin
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters),
    dpg_private.check_page_size(page_size)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('find_items', jsonb_build_array(
    item_network, item_domain, item_type, created_by, item_instance_url, item_schema_url, item_state,
    latitude, longitude, radius_meters
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return;
  end if;
  circle := dpg_private.bounds_of_circle(latitude, longitude, radius_meters);

  conditions := dpg_private.item_conditions_sql(
    item_type, created_by, item_instance_url, item_schema_url, item_state, circle
  );
  if circle.reach is not null
    and coalesce(item_type, created_by, item_instance_url, item_schema_url, item_state::text) is null
    and (select c.reltuples > 200000 from pg_class c where c.oid = leaf)
  then
    -- In a large leaf a circle may hold many items. Where the circle is the only filter, the index alone says how
    -- old the last row of the page is, and older rows need not be read. In a small leaf that takes longer to plan
    -- than to read.
    execute format(
      'select min(n.created_at)
       from (select i.created_at from %s i where %s %s order by i.created_at desc limit $15) n',
      leaf, conditions, case when page_start is not null then 'and i.created_at < $16' end
    )
    into oldest
    using null::text, null::text, null::text, null::text, null::jsonb, latitude, longitude,
      circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach,
      null::bigint, page_size, dpg_private.page_time(page_start);
  end if;

  return query execute format(
    'select %s, %s
     from %s i
     where %s %s %s
     order by i.created_at desc, i.item_type, i.item_id
     limit $15',
    dpg_private.item_columns_sql('i.'),
    dpg_private.page_token_sql(
      '$14', 'timestamptz_send(i.created_at) || uuid_send(i.item_id) || convert_to(i.item_type, ''UTF8'')'
    ),
    leaf,
    conditions,
    case when oldest is not null then 'and i.created_at >= $19' end,
    case when page_start is not null then
      'and i.created_at <= $16 and (i.created_at < $16 or (i.item_type, i.item_id) > ($17, $18))'
    end
  )
  using item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach,
    binding, page_size, dpg_private.page_time(page_start), convert_from(substr(page_start, 25), 'UTF8'),
    dpg_private.page_id(page_start), oldest;
end
$body$;

comment on function dpg.find_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision, integer, text
) is
  'The items of a network and domain that match all filters, newest first (created_at descending, then item_type,
item_id). item_state means containment (@>). latitude and longitude (degrees) with radius_meters are a circle. A
page has page_size rows (1 to 1,000, default 20). To continue after a row, pass its next_page_token as page_token
with the same filters. Fewer rows than page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_items(
  ''yellow_dot'', ''tutor'',
  item_state => ''{"subject": "math"}'', latitude => 12.97, longitude => 77.59, radius_meters => 5000
)';
--! EndIncluded items/find_items.sql
--! Included items/count_items.sql
create or replace function dpg.count_items(
  item_network text,
  item_domain text,
  item_type text default null,
  created_by text default null,
  item_instance_url text default null,
  item_schema_url text default null,
  item_state jsonb default null,
  latitude double precision default null,
  longitude double precision default null,
  radius_meters double precision default null
)
returns bigint
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  matches bigint;
  circle dpg_private.circle_bounds;
begin
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_key_or_none('created_by', created_by),
    dpg_private.check_url_or_none('item_instance_url', item_instance_url),
    dpg_private.check_url_or_none('item_schema_url', item_schema_url),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_circle_or_none(latitude, longitude, radius_meters)
  );
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return 0::bigint;
  end if;
  circle := dpg_private.bounds_of_circle(latitude, longitude, radius_meters);
  execute format(
    'select count(*) from %s i where %s',
    leaf,
    dpg_private.item_conditions_sql(item_type, created_by, item_instance_url, item_schema_url, item_state, circle)
  )
  into matches
  using item_type, created_by, item_instance_url, item_schema_url, item_state, latitude, longitude,
    circle.bands, circle.south, circle.north, circle.west, circle.east, circle.reach;
  return matches;
end
$body$;

comment on function dpg.count_items(
  text, text, text, text, text, text, jsonb, double precision, double precision, double precision
) is
  'How many items match the filters of dpg.find_items. Counts them one by one: the cost grows with the number of
matches.
Raises DP001.
Example: select dpg.count_items(''yellow_dot'', ''tutor'', item_state => ''{"subject": "math"}'')';
--! EndIncluded items/count_items.sql
--! Included geo/nearest_items.sql
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
  'A row of dpg.nearest_items: the columns of dpg.items, then distance_meters along the great circle and
next_page_token, which continues after this row.';

create or replace function dpg.nearest_items(
  item_network text,
  item_domain text,
  latitude double precision,
  longitude double precision,
  radius_meters double precision default null,
  item_type text default null,
  item_state jsonb default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.nearest_item
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- a distance must come back from the page token exactly as it went in
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  binding bigint;
  page_start bytea;
  chord_and_type text; -- of the row that the page starts after
  bounds dpg_private.circle_bounds;
begin
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key_or_none('item_type', item_type),
    dpg_private.check_document_or_none('item_state', item_state),
    dpg_private.check_present('latitude', latitude is not null),
    dpg_private.check_present('longitude', longitude is not null),
    dpg_private.check_circle_or_none(latitude, longitude, coalesce(radius_meters, 0)),
    dpg_private.check_page_size(page_size)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('nearest_items', jsonb_build_array(
    item_network, item_domain, latitude, longitude, radius_meters, item_type, item_state
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  chord_and_type := convert_from(substr(page_start, 17), 'UTF8');
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return;
  end if;
  if radius_meters is not null then
    bounds := dpg_private.bounds_of_circle(latitude, longitude, radius_meters);
  end if;

  -- Ordered by the chord alone first, ties included: before version 17 PostgreSQL reads the index in the order of
  -- the distance only where nothing else is in the order. The centre and its box are parameters: as expressions
  -- they take long to plan. The distance is computed from the chord by which rows are ordered, so that it never
  -- decreases.
  return query execute format(
    'select %1$s, %2$s, %3$s
     from (
       select %1$s, dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2) as chord
       from %4$s i
       where i.item_latitude is not null and %5$s %6$s %7$s
       order by dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2)
       fetch first ($9) rows with ties
     ) i
     order by i.chord, i.item_type, i.item_id
     limit $9',
    dpg_private.item_columns_sql('i.'),
    dpg_private.great_circle_sql('i.chord'),
    dpg_private.page_token_sql('$8', 'uuid_send(i.item_id) || convert_to(i.chord || '' '' || i.item_type, ''UTF8'')'),
    leaf,
    dpg_private.item_conditions_sql(item_type, null, null, null, item_state, null),
    case when radius_meters is not null then
      'and dpg_private.is_in_box(i.item_latitude, i.item_longitude, $3) and ' || dpg_private.haversine_sql() || ' <= $4'
    end,
    case when page_start is not null then
      'and (
         dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2) > $10
         or (
           dpg_private.chord_meters(i.item_latitude, i.item_longitude, $2) = $10
           and (i.item_type, i.item_id) > ($11, $12)
         )
       )'
    end
  )
  using item_type, dpg_private.place(latitude, longitude),
    case when radius_meters is not null then dpg_private.circle_box(latitude, longitude, radius_meters) end,
    bounds.reach, item_state, latitude, longitude,
    binding, page_size, split_part(chord_and_type, ' ', 1)::double precision,
    substr(chord_and_type, strpos(chord_and_type, ' ') + 1), encode(substr(page_start, 1, 16), 'hex')::uuid;
end
$body$;

comment on function dpg.nearest_items(
  text, text, double precision, double precision, double precision, text, jsonb, integer, text
) is
  'The items of a network and domain that have a place, nearest to latitude and longitude (degrees) first, then by
item_type and item_id. distance_meters is along the great circle of earthdistance''s sphere. radius_meters limits
the search to a circle. item_state means containment (@>). Pages as in dpg.find_items. A later page passes over the
rows before it, so its cost grows with its number.
Raises DP001, DP011.
Example: select item_id, distance_meters
from dpg.nearest_items(''yellow_dot'', ''tutor'', 12.9716, 77.5946, page_size => 10)';
--! EndIncluded geo/nearest_items.sql
--! Included items/forget_instance_url.sql
create or replace function dpg.forget_instance_url(instance_url text)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.check_url('instance_url', instance_url);
  delete from dpg_private.instance_url_sightings s
  where dpg_private.normalised_url(s.instance_url) = dpg_private.normalised_url(forget_instance_url.instance_url);
  if found then
    return true;
  end if;
  delete from dpg_private.peer_url_sightings p
  where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(forget_instance_url.instance_url);
  return found;
end
$body$;

comment on function dpg.forget_instance_url(text) is
  'For dpg_admin: removes a URL, in every spelling, that this database takes for the wrong instance. A URL of ours
(dpg.instance_urls) that an item was given by mistake: the instance whose URL it is can act here again. Correct the
item first: the next upsert with this URL notes it again, where no other instance is known by it. Else a URL by
which another instance is known, since an action or an event came from there: items may be given it. The next action
or event from there notes it again, while no item has it. False when it was neither.
Raises DP001.
Example: select dpg.forget_instance_url(''https://tutor.example.com'')';
--! EndIncluded items/forget_instance_url.sql
--! Included events/find_event.sql
create or replace function dpg_private.event_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@partition_network, @action_type, @event_id, @origin_instance_domain, @action_id, @action_status,
   @update_count, @source_item_network, @source_item_domain, @source_item_type, @source_item_id,
   @source_item_instance_url, @source_item_owner, @source_item_latitude, @source_item_longitude,
   @target_item_network, @target_item_domain, @target_item_type, @target_item_id, @target_item_instance_url,
   @target_item_owner, @target_item_latitude, @target_item_longitude, @event_payload, @remarks, @created_at,
   @source_item_is_local, @target_item_is_local',
  '@', alias
);

comment on function dpg_private.event_columns_sql(text) is
  'Our columns of dpg.action_events, in the order of dpg.found_event and dpg.feed_event. Named one by one, since an
application may add columns to the table. alias stands before each: ''e.'' or nothing.';

create or replace function dpg_private.find_event(partition_network text, action_type text, event_id uuid)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.find_leaf('action_events', partition_network, action_type);
  stored dpg.action_events;
begin
  if leaf is not null then
    execute format(
      'select * from %s e where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3', leaf
    )
    into stored
    using partition_network, action_type, event_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_event(text, text, uuid) is
  'The event of this id, as it is committed now. All columns are null where there is none.';

create or replace function dpg_private.find_event_of_update(
  partition_network text,
  action_type text,
  origin_instance_domain text,
  action_id uuid,
  update_count integer
)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass := dpg_private.find_leaf('action_events', partition_network, action_type);
  stored dpg.action_events;
begin
  if leaf is not null then
    execute format(
      'select * from %s e
       where e.partition_network = $1 and e.action_type = $2 and e.origin_instance_domain = $3
         and e.action_id = $4 and e.update_count = $5',
      leaf
    )
    into stored
    using partition_network, action_type, origin_instance_domain, action_id, update_count;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_event_of_update(text, text, text, uuid, integer) is
  'The event of this update of an action, as it is committed now. All columns are null where there is none.';

create or replace function dpg_private.refuse_different_event(stored dpg.action_events)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP008',
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is there already, with other content',
      stored.event_id, stored.partition_network, stored.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; another change or event needs an id of its own.',
    -- no more than its id: it may belong to an action that is not the caller's
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', stored.partition_network, 'action_type', stored.action_type, 'event_id', stored.event_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_event(dpg.action_events) is
  'Raises DP008 for an event that is there with other content.';
--! EndIncluded events/find_event.sql
--! Included events/append_event.sql
create or replace function dpg_private.default_payload(action_status text)
returns jsonb
language sql
stable -- as jsonb_build_object is: else it could not be inlined
parallel safe
security invoker
return jsonb_build_object('status', action_status);

comment on function dpg_private.default_payload(text) is
  'The payload of an event when the caller gives no event_payload: {"status": <status>}.';

create or replace function dpg_private.digest_of_change(action_status text, event_payload jsonb, remarks text)
returns bytea
language sql
stable
parallel safe
security invoker
return sha256(convert_to(jsonb_build_array(action_status, event_payload, remarks)::text, 'UTF8'));

comment on function dpg_private.digest_of_change(text, jsonb, text) is
  'SHA-256 of what a transition says, for dpg_private.sent_contents.';

create or replace function dpg_private.insert_event(event dpg.action_events)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  is_new boolean;
begin
  -- through the root: its plan is kept and knows no leaves
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local
  )
  values (
    event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
    event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
    event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
    event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
    event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
    event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at,
    event.source_item_is_local, event.target_item_is_local
  )
  on conflict do nothing;
  if found then
    return true;
  end if;
  if (dpg_private.find_event(event.partition_network, event.action_type, event.event_id)).event_id is not null
    or (
      dpg_private.find_event_of_update(
        event.partition_network, event.action_type, event.origin_instance_domain, event.action_id, event.update_count
      )
    ).event_id is not null
  then
    return false;
  end if;
  is_new := dpg_private.insert_again('action_events', dpg_private.event_columns_sql(''), event);
  if (dpg_private.find_event(event.partition_network, event.action_type, event.event_id)).event_id is null then
    perform dpg_private.refuse_suppressed(
      'insert', dpg_private.find_leaf('action_events', event.partition_network, event.action_type),
      jsonb_build_object('event_id', event.event_id)
    );
  end if;
  return is_new;
end
$body$;

comment on function dpg_private.insert_event(dpg.action_events) is
  'Inserts an event. False, and nothing written, when its id was used before, or when this update of its action has
an event already. Raises DP018.';

create or replace function dpg_private.append_event(
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event dpg.action_events;
begin
  event := row(
    action.partition_network, action.action_type, event_id, action.target_item_instance_url,
    action.action_id, action.action_status, action.update_count,
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
    action.source_item_instance_url, action.source_item_owner, action.source_item_latitude,
    action.source_item_longitude,
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
    action.target_item_instance_url, action.target_item_owner, action.target_item_latitude,
    action.target_item_longitude,
    event_payload, remarks, action.updated_at, action.source_item_is_local, true
  );
  -- The insert of dpg_private.insert_event, written here again: a call takes as long as three checks. It is called
  -- only where this one inserts nothing.
  insert into dpg.action_events (
    partition_network, action_type, event_id, origin_instance_domain, action_id, action_status, update_count,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
    target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
    target_item_longitude, event_payload, remarks, created_at, source_item_is_local, target_item_is_local
  )
  values (
    event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
    event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
    event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
    event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
    event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
    event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at,
    event.source_item_is_local, event.target_item_is_local
  )
  on conflict do nothing;
  if not found and not dpg_private.insert_event(event) then
    return false;
  end if;
  -- for the feed; under the row lock of the action, so that its events are queued in their order
  insert into dpg_private.event_queue (partition_network, action_type, event_id, source_item_instance_url, created_at)
  values (action.partition_network, action.action_type, event_id, action.source_item_instance_url, action.updated_at);
  if not found then
    perform dpg_private.refuse_suppressed(
      'insert', 'dpg_private.event_queue', jsonb_build_object('event_id', event_id)
    );
  end if;
  return true;
end
$body$;

comment on function dpg_private.append_event(dpg.item_actions, uuid, jsonb, text) is
  'Appends the event of an action as it is now, with its status, update_count and time, and queues it for the feed.
False, and nothing written, when the id was used before, or when this update has an event already: one that was mirrored
before its origin became a URL of this instance.';
--! EndIncluded events/append_event.sql
--! Included events/event_json.sql
create or replace function dpg_private.event_fields()
returns text[]
language sql
immutable
parallel safe
security invoker
return array[
  'partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status',
  'update_count',
  'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id', 'source_item_instance_url',
  'source_item_owner', 'source_item_latitude', 'source_item_longitude',
  'target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id', 'target_item_instance_url',
  'target_item_owner', 'target_item_latitude', 'target_item_longitude',
  'event_payload', 'remarks', 'created_at'
];

comment on function dpg_private.event_fields() is
  'The fields of an event that travels from one instance to another, in the order of the columns.';

create or replace function dpg_private.event_version()
returns integer
language sql
immutable
parallel safe
security invoker
return 1;

comment on function dpg_private.event_version() is
  'The version of events that this database knows. It rises when dpg_private.event_fields gets a field. 1 is what
0.1.0 sends, which names none.';

create or replace function dpg_private.check_unknown_fields(others jsonb)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  version constant jsonb := others -> 'version';
  unknown text;
begin
  if others ? 'version' and (not dpg_private.is_field('count', version) or version = '0') then
    perform dpg_private.refuse_argument(
      'event.version', version, 'is not a version',
      format(
        'The version of an event is a whole number from 1 on; this instance knows up to %s.',
        dpg_private.event_version()
      )
    );
  end if;
  if (version #>> '{}')::numeric > dpg_private.event_version() then
    return; -- what a newer version has more, we could not keep
  end if;
  -- Columns that an application has added to its table on both instances: here they take their default.
  select k.field
  into unknown
  from jsonb_object_keys(others) k(field)
  where k.field <> 'version'
    and not exists (
      select
      from pg_attribute a
      where a.attrelid = 'dpg.action_events'::regclass
        and a.attname = k.field
        and a.attnum > 0
        and not a.attisdropped
    )
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'event.' || left(unknown, 120), others -> unknown, 'is not a field of an event',
      format(
        'An event has the fields %s. Leave out what an application has added to the table on the other instance, '
          'as the rows of dpg.read_events do. Fields of a version that is newer than %s are ignored when the event '
          'names it: "version".',
        array_to_string(dpg_private.event_fields(), ', '), dpg_private.event_version()
      )
    );
  end if;
end
$body$;

comment on function dpg_private.check_unknown_fields(jsonb) is
  'What stands in an event beside its fields: its version, columns that an application has added to the table here,
whose values are not taken over, and, in a newer version than ours, anything. Raises DP001 for all else.';

create or replace function dpg_private.parse_event(event jsonb)
returns dpg.action_events
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := dpg_private.event_fields();
  optional constant text[] := array[
    'source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude', 'event_payload',
    'remarks'
  ];
  -- columns of a row that was read on another instance, true there: accepted, and found out anew
  locals constant text[] := array['source_item_is_local', 'target_item_is_local'];
  field text;
  value jsonb;
  kind text;
  result dpg.action_events;
begin
  if event is null or jsonb_typeof(event) <> 'object' then
    perform dpg_private.refuse_argument(
      'event', event, 'is not a JSON object', 'Pass an object whose fields are column names of dpg.action_events.'
    );
  end if;
  if event - fields - locals <> '{}' then
    perform dpg_private.check_unknown_fields(event - fields - locals);
    event := event - array(select k.field from jsonb_object_keys(event - fields - locals) k(field));
  end if;

  foreach field in array fields || locals loop
    value := nullif(event -> field, 'null');
    continue when value is null and field = any (optional || locals);
    kind := dpg_private.kind_of_field(field);
    if not dpg_private.is_field(kind, value) then
      perform dpg_private.refuse_field('event.' || field, kind, value);
    end if;
  end loop;
  perform
    dpg_private.check_document(
      'event.event_payload',
      coalesce(
        nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(event ->> 'action_status')
      )
    ),
    dpg_private.check_coordinates_or_none(
      'event.source_item_latitude', (event ->> 'source_item_latitude')::double precision,
      'event.source_item_longitude', (event ->> 'source_item_longitude')::double precision
    ),
    dpg_private.check_coordinates_or_none(
      'event.target_item_latitude', (event ->> 'target_item_latitude')::double precision,
      'event.target_item_longitude', (event ->> 'target_item_longitude')::double precision
    );
  if event ->> 'partition_network' <> event ->> 'target_item_network' then
    perform dpg_private.refuse_argument(
      'event.partition_network', event -> 'partition_network', 'is not the target''s network',
      'partition_network is equal to target_item_network.'
    );
  end if;
  result := jsonb_populate_record(null::dpg.action_events, event - array['created_at', 'update_count'] - locals);
  result.update_count := (event -> 'update_count')::integer; -- 1.0 is 1
  result.event_payload := coalesce(
    nullif(event -> 'event_payload', 'null'), dpg_private.default_payload(result.action_status)
  );
  result.created_at := dpg_private.time_of_text(event ->> 'created_at');
  return result;
end
$body$;

comment on function dpg_private.parse_event(jsonb) is
  'The row of an event that came as JSON. What dpg_private.check_unknown_fields lets pass beside the fields is left
out. Raises DP001 for unknown, missing or malformed fields.';

create or replace function dpg_private.event_to_json(event dpg.action_events)
returns jsonb
language sql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return (
  select jsonb_object_agg(f.field, f.value)
  from jsonb_each(to_jsonb(event)) f(field, value)
  where f.field = any (dpg_private.event_fields())
);

comment on function dpg_private.event_to_json(dpg.action_events) is
  'An event as the object that dpg.store_event takes, without what an application has added to the table.';

create or replace function dpg_private.fill_missing_fields(
  event jsonb,
  proposed dpg.action_events,
  stored dpg.action_events
)
returns dpg.action_events
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not event ? 'source_item_latitude' and not event ? 'source_item_longitude' then
    proposed.source_item_latitude := stored.source_item_latitude;
    proposed.source_item_longitude := stored.source_item_longitude;
  end if;
  if not event ? 'target_item_latitude' and not event ? 'target_item_longitude' then
    proposed.target_item_latitude := stored.target_item_latitude;
    proposed.target_item_longitude := stored.target_item_longitude;
  end if;
  if not event ? 'remarks' then
    proposed.remarks := stored.remarks;
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.fill_missing_fields(jsonb, dpg.action_events, dpg.action_events) is
  'The event that came as this object, with the stored one''s value in each column that may be null and that the
object does not name: a sender of an older version does not know it, and so says nothing of it.';
--! EndIncluded events/event_json.sql
--! Included events/same_event.sql
create or replace function dpg_private.is_same_event(stored dpg.action_events, proposed dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- what was redacted since cannot be compared, and is not restored
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, stored.event_id) then
    proposed.event_payload := stored.event_payload;
    proposed.remarks := stored.remarks;
  end if;
  -- another spelling of a URL is the same instance
  if dpg_private.is_same_url(proposed.origin_instance_domain, stored.origin_instance_domain) then
    proposed.origin_instance_domain := stored.origin_instance_domain;
  end if;
  if dpg_private.is_same_url(proposed.source_item_instance_url, stored.source_item_instance_url) then
    proposed.source_item_instance_url := stored.source_item_instance_url;
  end if;
  if dpg_private.is_same_url(proposed.target_item_instance_url, stored.target_item_instance_url) then
    proposed.target_item_instance_url := stored.target_item_instance_url;
  end if;
  -- Another user may have taken the place of an owner since. Of a user of this instance that is on record here. Of
  -- a user of another instance only that one knows, and nothing here relies on the id. So an owner alone makes no
  -- other event.
  if not stored.source_item_is_local
    or dpg_private.has_taken_place_of(stored.source_item_owner, proposed.source_item_owner)
  then
    proposed.source_item_owner := stored.source_item_owner;
  end if;
  if not stored.target_item_is_local then
    proposed.target_item_owner := stored.target_item_owner;
  end if;
  -- column by column: an application may have added others
  return (
    stored.partition_network, stored.action_type, stored.event_id, stored.origin_instance_domain, stored.action_id,
    stored.action_status, stored.update_count, stored.source_item_network, stored.source_item_domain,
    stored.source_item_type, stored.source_item_id, stored.source_item_instance_url, stored.source_item_owner,
    stored.source_item_latitude, stored.source_item_longitude, stored.target_item_network, stored.target_item_domain,
    stored.target_item_type, stored.target_item_id, stored.target_item_instance_url, stored.target_item_owner,
    stored.target_item_latitude, stored.target_item_longitude, stored.event_payload, stored.remarks,
    stored.created_at, stored.source_item_is_local, stored.target_item_is_local
  ) is not distinct from (
    proposed.partition_network, proposed.action_type, proposed.event_id, proposed.origin_instance_domain,
    proposed.action_id, proposed.action_status, proposed.update_count, proposed.source_item_network,
    proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.source_item_instance_url, proposed.source_item_owner, proposed.source_item_latitude,
    proposed.source_item_longitude, proposed.target_item_network, proposed.target_item_domain,
    proposed.target_item_type, proposed.target_item_id, proposed.target_item_instance_url, proposed.target_item_owner,
    proposed.target_item_latitude, proposed.target_item_longitude, proposed.event_payload, proposed.remarks,
    proposed.created_at, proposed.source_item_is_local, proposed.target_item_is_local
  );
end
$body$;

comment on function dpg_private.is_same_event(dpg.action_events, dpg.action_events) is
  'Whether a stored event, one mirrored from another instance, says the same as the proposed one, as far as it was
not redacted. Not compared: owners who are users of another instance, and an owner of this instance who was erased
or whose items were moved. URLs of instances are compared as dpg_private.normalised_url says.';

create or replace function dpg_private.digest_of_event(event dpg.action_events)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates, and the same times, in every session
set timezone = 'UTC'
return sha256(
  convert_to(
    jsonb_build_array(
      event.partition_network, event.action_type, event.event_id, event.origin_instance_domain, event.action_id,
      event.action_status, event.update_count, event.source_item_network, event.source_item_domain,
      event.source_item_type, event.source_item_id, event.source_item_instance_url, event.source_item_owner,
      event.source_item_latitude, event.source_item_longitude, event.target_item_network, event.target_item_domain,
      event.target_item_type, event.target_item_id, event.target_item_instance_url, event.target_item_owner,
      event.target_item_latitude, event.target_item_longitude, event.event_payload, event.remarks, event.created_at
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_event(dpg.action_events) is
  'SHA-256 of the content of a mirrored event, for dpg_private.sent_contents.';

create or replace function dpg_private.refuse_event_of_other_items(proposed dpg.action_events)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP008',
    message = dpg_private.text_for_client(format(
      'event %s of %L/%L is between other items than what came of action %s from %L before',
      proposed.event_id, proposed.partition_network, proposed.action_type, proposed.action_id,
      proposed.origin_instance_domain
    )),
    hint =
      'The events of one action name the same source and the same target, with the same URLs; '
        'another action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'event_id',
      proposed.event_id,
      'origin_instance_domain', proposed.origin_instance_domain, 'action_id', proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_event_of_other_items(dpg.action_events) is
  'Raises DP008 for an event whose action is here with another source or target.';
--! EndIncluded events/same_event.sql
--! Included events/store_event.sql
create or replace function dpg_private.refuse_origin(event dpg.action_events)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if dpg_private.is_instance_url(event.origin_instance_domain) then
    perform dpg_private.refuse_argument(
      'event.origin_instance_domain', to_jsonb(event.origin_instance_domain), 'is a URL of this instance',
      'Events of this instance are made by its actions; only events of others are mirrored.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'event.target_item_instance_url', to_jsonb(event.target_item_instance_url), 'is not the origin of the event',
    'An action lives on the instance of its target, which makes its events: target_item_instance_url and '
      'origin_instance_domain are URLs of that instance, in any spelling of one.'
  );
end
$body$;

comment on function dpg_private.refuse_origin(dpg.action_events) is
  'Raises DP001 for an event of this instance, or of one on which its action does not live.';

create or replace function dpg_private.find_source_owner(event dpg.action_events)
returns text
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  owner text;
begin
  if not event.source_item_is_local then
    return event.source_item_owner;
  end if;
  -- Locked until the event is stored: dpg_private.replace_owner locks the same rows before it reads the events.
  select m.source_item_owner
  into owner
  from dpg_private.mirrored_actions m
  where m.action_id = event.action_id
    and m.partition_network = event.partition_network
    and m.action_type = event.action_type
    and m.origin_instance_domain = event.origin_instance_domain
  for key share;
  if not found then
    owner := (dpg_private.lock_item(
      dpg_private.find_leaf('items', event.source_item_network, event.source_item_domain),
      row(event.source_item_network, event.source_item_domain, event.source_item_type, event.source_item_id),
      'key share'
    )).created_by;
  end if;
  if owner <> event.source_item_owner and dpg_private.has_taken_place_of(owner, event.source_item_owner) then
    return owner;
  end if;
  return event.source_item_owner;
end
$body$;

comment on function dpg_private.find_source_owner(dpg.action_events) is
  'The owner of the source of a mirrored event, as this instance has it now. The instance that made the event knows
the owner from the time when the action was created. Where that user was erased since, or the items were moved to
another user, it is the user who has taken the place.';

create or replace function dpg.store_event(event jsonb)
returns dpg.action_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  sent dpg.action_events;
  proposed dpg.action_events;
  stored dpg.action_events;
  compared dpg.action_events; -- the proposed one; a field that it lacks is as stored
  differing dpg.action_events;
  is_new boolean := false;
  is_own boolean;
  spellings text[]; -- of its origin, as far as they are noted
  spelling text;
begin
  -- check
  proposed := dpg_private.parse_event(event);
  -- one statement instead of three
  select
    exists (
      select
      from dpg_private.instance_url_sightings s
      where dpg_private.normalised_url(s.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
    ),
    exists (
      select
      from dpg_private.instance_url_sightings s
      where dpg_private.normalised_url(s.instance_url) = dpg_private.normalised_url(proposed.source_item_instance_url)
    ),
    (
      select array_agg(distinct p.instance_url)
      from dpg_private.peer_url_sightings p
      where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
    )
  into is_own, proposed.source_item_is_local, spellings;
  proposed.target_item_is_local := false; -- the action lives where the event was created
  if is_own
    or not dpg_private.is_same_url(proposed.target_item_instance_url, proposed.origin_instance_domain)
  then
    perform dpg_private.refuse_origin(proposed);
  end if;
  if exists (
    select from dpg.networks n where n.network in (proposed.source_item_network, proposed.target_item_network)
  ) then
    perform dpg_private.check_interaction(
      proposed.action_type,
      row(proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type,
      proposed.source_item_id),
      row(proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type,
      proposed.target_item_id),
      proposed.action_id, proposed.origin_instance_domain
    );
  end if;

  -- store, unless this update of the action has an event already
  if dpg_private.find_leaf('action_events', proposed.partition_network, proposed.action_type) is null then
    perform dpg_private.ensure_mirrored_leaf(proposed.partition_network, proposed.action_type);
  end if;
  sent := proposed;
  -- The key of the table compares texts: the event of this update may be there under another spelling of its origin.
  foreach spelling in array coalesce(array_remove(spellings, proposed.origin_instance_domain), '{}') loop
    stored := dpg_private.find_event_of_update(
      proposed.partition_network, proposed.action_type, spelling, proposed.action_id, proposed.update_count
    );
    exit when stored.event_id is not null;
  end loop;
  if stored.event_id is null then
    proposed.source_item_owner := dpg_private.find_source_owner(proposed);
    is_new := dpg_private.insert_event(proposed);
    stored := dpg_private.find_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  end if;
  if stored.event_id is null and not is_new then
    stored := dpg_private.find_event_of_update(
      proposed.partition_network, proposed.action_type, proposed.origin_instance_domain,
      proposed.action_id, proposed.update_count
    );
  end if;
  if is_new then
    if (stored.event_id, stored.action_id, stored.update_count, stored.origin_instance_domain)
      is distinct from (proposed.event_id, proposed.action_id, proposed.update_count, proposed.origin_instance_domain)
    then
      perform dpg_private.refuse_suppressed(
        'insert', dpg_private.find_leaf('action_events', proposed.partition_network, proposed.action_type),
        jsonb_build_object('event_id', proposed.event_id)
      );
    end if;
    if not dpg_private.is_same_event(stored, proposed) then
      perform dpg_private.note_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_event(sent), dpg_private.digest_of_event(stored)
      );
    end if;
    perform dpg_private.note_mirrored_action(stored);
    if (proposed.origin_instance_domain = any (spellings)) is not true then
      perform dpg_private.note_peer_url(proposed.origin_instance_domain);
    end if;
    return stored;
  end if;

  -- compare; whether the source is local was decided when the event came first
  proposed.source_item_is_local := stored.source_item_is_local;
  compared := dpg_private.fill_missing_fields(event, proposed, stored);
  if not dpg_private.is_same_event(stored, compared)
    and not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', sent.event_id,
      dpg_private.digest_of_event(sent)
    )
  then
    -- as it was sent before the other instance moved its items to another of its users
    sent.target_item_owner := stored.target_item_owner;
    if not stored.source_item_is_local then
      sent.source_item_owner := stored.source_item_owner;
    end if;
    if not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', sent.event_id,
      dpg_private.digest_of_event(sent)
    ) then
      -- unless dpg_admin has accepted that its origin says two things of one update
      differing := dpg_private.find_differing_event(event, proposed);
      if differing.event_id is null then
        perform dpg_private.refuse_different_event(stored);
      end if;
      return differing;
    end if;
  end if;
  return stored;
end
$body$;

comment on function dpg.store_event(jsonb) is
  'Stores an event mirrored from another instance: an object whose fields are the column names of dpg.action_events.
The caller must have authenticated the origin. event_id and created_at are kept; source_item_is_local and
target_item_is_local are found out anew. Where the source is of this instance, its owner finds the event, and by
dpg.find_actions and dpg.get_action the action as the event of the highest update_count left it. The same event
again returns the stored row; a field that is missing does not differ, nor does another owner alone, since items may
have been moved. DP008 is: other content under the same id, or for the same origin, action and update_count; and an
event between other items than those of its action here. Once dpg.accept_differing_event has accepted such an event,
it is returned as it was accepted. DP001 is: an origin of our own, a target_item_instance_url that is not the
origin, an unknown field. Not unknown are columns that an application has added to the table here, and what a newer
version than ours (the field version) has more: both are left out.
Raises DP001, DP008, DP010, DP014, DP018.
Example: select * from dpg.store_event(''{
  "partition_network": "yellow_dot", "action_type": "connect", "event_id": "99999999-9999-4999-8999-999999999999",
  "origin_instance_domain": "https://tutor.example.com",
  "action_id": "88888888-8888-4888-8888-888888888888", "action_status": "created", "update_count": 0,
  "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0",
  "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_owner": "asha",
  "source_item_instance_url": "https://yellowdot.example.com",
  "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
  "target_item_id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "target_item_owner": "kiran",
  "target_item_instance_url": "https://tutor.example.com",
  "event_payload": {"status": "created"}, "created_at": "2026-01-01T00:00:00.000000Z"
}'')';
--! EndIncluded events/store_event.sql
--! Included actions/define_action.sql
create or replace function dpg.define_action(
  partition_network text,
  action_type text,
  transitions jsonb,
  initial_status text default 'created'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  edge record;
begin
  initial_status := coalesce(initial_status, 'created');
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_key('initial_status', initial_status);

  if transitions is null then
    delete from dpg.action_definitions d
    where d.partition_network = define_action.partition_network
      and d.action_type = define_action.action_type;
    return;
  end if;

  if jsonb_typeof(transitions) <> 'array' then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'is not a JSON array',
      'Pass an array of edges, [] to allow no change, null to remove the declaration.'
    );
  end if;
  if octet_length(transitions::text) > dpg_private.limit_of('json_bytes_per_document') then
    perform dpg_private.refuse_argument(
      'transitions', transitions, 'has too many edges',
      format(
        'A graph may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        dpg_private.limit_of('json_bytes_per_document')
      )
    );
  end if;
  for edge in
    select t.element, (t.position - 1)::integer as index
    from jsonb_array_elements(transitions) with ordinality t(element, position)
    order by t.position
  loop
    if jsonb_typeof(edge.element) <> 'object'
      or edge.element - array['from', 'to', 'by'] <> '{}'
      or not dpg_private.is_field('key', edge.element -> 'from')
      or not dpg_private.is_field('key', edge.element -> 'to')
      or coalesce(edge.element -> 'by' not in ('"source"', '"target"', '"either"'), true)
    then
      perform dpg_private.refuse_argument(
        'transitions', edge.element, 'is no edge',
        'An edge is {"from": <status>, "to": <status>, "by": "source" | "target" | "either"}; '
          'a status is text of 1 to 120 characters.',
        edge.index
      );
    end if;
  end loop;

  perform dpg_private.check_action_type_declared('item_actions', partition_network, action_type);
  insert into dpg.action_definitions as d
  values (partition_network, action_type, initial_status, transitions)
  on conflict on constraint action_definitions_pkey do update
  set initial_status = excluded.initial_status,
    transitions = excluded.transitions
  where (d.initial_status, d.transitions) is distinct from (excluded.initial_status, excluded.transitions);
end
$body$;

comment on function dpg.define_action(text, text, jsonb, text) is
  'Declares the state graph of an action type and replaces the former one: transitions is an array of edges with
"from", "to" and "by" (source, target or either); [] allows no change, null removes the declaration. Actions that
are there keep their status.
Raises DP001, DP014.
Example: select dpg.define_action(''yellow_dot'', ''connect'', ''[
  {"from": "created", "to": "accepted", "by": "target"},
  {"from": "created", "to": "withdrawn", "by": "source"}
]'')';
--! EndIncluded actions/define_action.sql
--! Included actions/find_action.sql
create or replace function dpg_private.action_key_sql()
returns text
language sql
immutable
parallel safe
security invoker
return 'a.partition_network = $1 and a.action_type = $2 and a.action_id = $3';

comment on function dpg_private.action_key_sql() is
  'The condition that a row a of a leaf is the action of a key. Parameters: $1 partition_network, $2 action_type,
$3 action_id.';

create or replace function dpg_private.action_columns_sql(alias text)
returns text
language sql
immutable
parallel safe
security invoker
return replace(
  '@partition_network, @action_type, @action_id, @action_status, @update_count, @requirements_snapshot,
   @remarks, @source_item_network, @source_item_domain, @source_item_type, @source_item_id,
   @source_item_instance_url, @source_item_owner, @target_item_network, @target_item_domain, @target_item_type,
   @target_item_id, @target_item_instance_url, @target_item_owner, @created_at, @updated_at,
   @source_item_latitude, @source_item_longitude, @target_item_latitude, @target_item_longitude,
   @source_item_is_local, @source_local_item_id',
  '@', alias
);

comment on function dpg_private.action_columns_sql(text) is
  'Our columns of dpg.item_actions, in the order of dpg.found_action; dpg_private.mirrored_actions has them, too.
Named one by one, since an application may add columns to the table. alias stands before each: ''a.'' or nothing.';

create or replace function dpg_private.refuse_action_key(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('action_id', action_id is not null);
end
$body$;

comment on function dpg_private.refuse_action_key(text, text, uuid) is
  'Raises DP001 for what is no key of an action.';

create or replace function dpg_private.check_action_key(partition_network text, action_type text, action_id uuid)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (
    dpg_private.is_key(partition_network)
    and dpg_private.is_key(action_type)
    and action_id is not null
  ) is not true then
    dpg_private.refuse_action_key(partition_network, action_type, action_id)
end;

comment on function dpg_private.check_action_key(text, text, uuid) is
  'Raises DP001 unless the three name an action.';

create or replace function dpg_private.refuse_action_not_found(partition_network text, action_type text, action_id uuid)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP004',
    message = dpg_private.text_for_client(
      format('there is no action %L/%L/%s here', partition_network, action_type, action_id)
    ),
    hint = 'Check network, type and id; an action lives on the instance of its target, in the target''s network.',
    detail = dpg_private.text_for_client(
      jsonb_build_object(
        'partition_network', partition_network, 'action_type', action_type, 'action_id', action_id
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_action_not_found(text, text, uuid) is
  'Raises DP004 for the action.';

create or replace function dpg_private.find_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
begin
  if leaf is not null then
    execute format('select * from %s a where %s', leaf, dpg_private.action_key_sql())
    into stored
    using partition_network, action_type, action_id;
  end if;
  return stored;
end
$body$;

comment on function dpg_private.find_action(regclass, text, text, uuid) is
  'The action of this key in its leaf, as it is committed now. All columns are null where there is none, or no leaf.';

create or replace function dpg_private.lock_action(
  leaf regclass,
  partition_network text,
  action_type text,
  action_id uuid,
  strength text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.item_actions;
begin
  if leaf is not null then
    if strength = 'no key update' then
      -- The tables first, as the change needs them; the roots before the leaf, as "alter table" takes them. These
      -- locks also keep new triggers of the application out, between the look for triggers and the change.
      execute format('lock table only dpg.item_actions, only dpg.action_events, only %s in row exclusive mode', leaf);
    end if;
    execute format('select * from %s a where %s for %s', leaf, dpg_private.action_key_sql(), strength)
    into stored
    using partition_network, action_type, action_id;
  end if;
  if stored.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_action(regclass, text, text, uuid, text) is
  'The action of this key in its leaf, under a row lock (strength: key share or no key update).
Raises DP004, also where there is no leaf.';
--! EndIncluded actions/find_action.sql
--! Included actions/party.sql
create or replace function dpg_private.ownership_roles(
  actor text,
  source_owner text,
  source_is_local boolean,
  target_owner text,
  target_is_local boolean
)
returns text[]
language sql
immutable
parallel safe
security invoker
return array_remove(
  array[
    case when source_is_local and source_owner = actor then 'initiated' end,
    case when target_is_local and target_owner = actor then 'received' end
  ],
  null
);

comment on function dpg_private.ownership_roles(text, text, boolean, text, boolean) is
  'The part of the actor, a user of this instance, in an action or event: initiated (owner of the source), received
(owner of the target), both or none. An owner who lives on another instance is nobody here, whatever the id.';

create or replace function dpg_private.refuse_not_action_party(
  party text,
  action dpg.item_actions,
  problem text default 'is no party of',
  hint text default 'Only the owners of its source and target items, as they were when the action was made, '
    'may read or change an action.',
  detail jsonb default '{}'
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP005',
    message = dpg_private.text_for_client(
      format(
        'user %L %s action %L/%L/%s',
        party, problem, action.partition_network, action.action_type, action.action_id
      )
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client((jsonb_build_object(
      'actor', party, 'partition_network', action.partition_network,
      'action_type', action.action_type, 'action_id', action.action_id
    ) || detail)::text);
end
$body$;

comment on function dpg_private.refuse_not_action_party(text, dpg.item_actions, text, text, jsonb) is
  'Raises DP005 for the user and the action.';

create or replace function dpg_private.party_conditions_sql(ownership_role text, initiated text, received text)
returns text[]
language sql
immutable
parallel safe
security invoker
-- a row that both conditions find belongs to the first, so that each row comes once
return case ownership_role
  when 'initiated' then array[initiated]
  when 'received' then array[received]
  else array[initiated, received || ' and not (' || initiated || ')']
end;

comment on function dpg_private.party_conditions_sql(text, text, text) is
  'The conditions of a role, one search for each, since each has an index in the order of the page.';

create or replace function dpg_private.check_ownership_role(ownership_role text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (ownership_role in ('initiated', 'received', 'all')) is not true then
    dpg_private.refuse_argument(
      'ownership_role', to_jsonb(ownership_role), 'is no role', 'A role is initiated, received or all.'
    )
end;

comment on function dpg_private.check_ownership_role(text) is
  'Raises DP001 unless ownership_role is initiated, received or all.';
--! EndIncluded actions/party.sql
--! Included actions/remote_url.sql
create or replace function dpg_private.check_remote_url(source_item_instance_url text)
returns void
language sql
stable
parallel safe
security invoker
return case
  when dpg_private.is_instance_url(source_item_instance_url) then
    dpg_private.refuse_argument(
      'source_item_instance_url', to_jsonb(source_item_instance_url), 'is a URL of this instance',
      'What comes from another instance carries that one''s URL; '
        || 'for items of this one use perform_action and transition_action.'
    )
end;

comment on function dpg_private.check_remote_url(text) is
  'Raises DP001 for the URL of a source that is said to live on another instance, when it is a URL of this one.';
--! EndIncluded actions/remote_url.sql
--! Included actions/write_action_and_event.sql
create or replace function dpg_private.check_event_is_stored(action dpg.item_actions)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event constant dpg.action_events := dpg_private.find_event_of_update(
    action.partition_network, action.action_type, action.target_item_instance_url, action.action_id, action.update_count
  );
begin
  if event.event_id is null then
    raise exception using
      errcode = 'triggered_data_change_violation',
      message = dpg_private.text_for_client(
        format('action %s is being changed by the call that has fired this trigger', action.action_id)
      ),
      hint = 'Change it in an AFTER trigger: it runs when the action and its event are stored.',
      detail = dpg_private.text_for_client(
        jsonb_build_object('action_id', action.action_id, 'update_count', action.update_count)::text
      );
  end if;
end
$body$;

comment on function dpg_private.check_event_is_stored(dpg.item_actions) is
  'Raises 27000 where the present change of an action has no event yet. A BEFORE trigger of the application on the
events sees the action then, and the event of a next change would come before that of this one.';

create or replace function dpg_private.write_action_and_event(
  leaf regclass,
  action dpg.item_actions,
  event_id uuid,
  event_payload jsonb,
  remarks text
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  events_leaf constant regclass := dpg_private.find_leaf('action_events', action.partition_network, action.action_type);
  key constant jsonb := jsonb_build_object(
    'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id
  );
  -- what the statement wrote; null where there is no action
  is_action boolean; -- the action has the key and the update_count that it was given
  is_event boolean;
  is_event_of_action boolean; -- the event belongs to it
  queued_events bigint;
  stored dpg.item_actions;
  event dpg.action_events;
begin
  -- One statement writes action, event and queue. So the event says what BEFORE triggers made of the action. AFTER
  -- triggers run when the statement ends and find all three: where one calls a function of ours for the same
  -- action, that call begins from here, and its event comes later.
  execute format(
    'with action as (
       %s
       returning a.*
     ),
     event as (
       insert into dpg.action_events as e (
         %s
       )
       select
         a.partition_network, a.action_type, $2, a.target_item_instance_url, a.action_id, a.action_status,
           a.update_count, a.source_item_network, a.source_item_domain, a.source_item_type, a.source_item_id,
           a.source_item_instance_url, a.source_item_owner, a.source_item_latitude, a.source_item_longitude,
           a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id,
           a.target_item_instance_url, a.target_item_owner, a.target_item_latitude, a.target_item_longitude, $3,
           $4, a.updated_at, a.source_item_is_local, true
       from action a
       on conflict do nothing
       returning e.*
     ),
     queued as (
       insert into dpg_private.event_queue (
         partition_network, action_type, event_id, source_item_instance_url, created_at
       )
       select e.partition_network, e.action_type, e.event_id, e.source_item_instance_url, e.created_at
       from event e
       returning 1
     )
     select
       (a.partition_network, a.action_type, a.action_id, a.update_count)
         is not distinct from (($1).partition_network, ($1).action_type, ($1).action_id, ($1).update_count)
         as is_action,
       e.event_id is not null as is_event,
       (select count(*) from queued) as queued_events,
       (e.event_id, e.action_id, e.update_count, e.action_status, e.source_item_owner, e.target_item_owner)
         is not distinct from (
           $2, a.action_id, a.update_count, a.action_status, a.source_item_owner, a.target_item_owner
         )
         as is_event_of_action
     from action a
     left join event e on true',
    case
      when action.update_count = 0 then
        format(
          'insert into dpg.item_actions as a (%s)
           select %s from (select ($1).*) a
           on conflict on constraint item_actions_pkey do nothing',
          dpg_private.action_columns_sql(''), dpg_private.action_columns_sql('a.')
        )
      else
        format(
          'update %s a
           set action_status = ($1).action_status, update_count = ($1).update_count, remarks = ($1).remarks,
             updated_at = ($1).updated_at
           where a.partition_network = ($1).partition_network and a.action_type = ($1).action_type
             and a.action_id = ($1).action_id',
          leaf
        )
    end,
    dpg_private.event_columns_sql('')
  )
  into is_action, is_event, queued_events, is_event_of_action
  using action, event_id, event_payload, remarks;
  if is_action is null
    and action.update_count = 0
    and (
      dpg_private.find_action(leaf, action.partition_network, action.action_type, action.action_id)
    ).action_id is not null
  then
    return null; -- another session has used the id meanwhile
  end if;
  if is_action is not true then
    perform dpg_private.refuse_suppressed(case action.update_count when 0 then 'insert' else 'update' end, leaf, key);
  end if;
  if is_event_of_action is not true then
    event := dpg_private.find_event(action.partition_network, action.action_type, event_id);
    if event.event_id is null then
      event := dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        action.update_count
      );
    end if;
    if not is_event and event.event_id is not null then
      perform dpg_private.refuse_different_event(event); -- its id or its place is taken
    end if;
    if not is_event then
      -- raises: for a unique index of the application, or since a trigger suppresses it again
      perform dpg_private.append_event(action, event_id, event_payload, remarks);
    end if;
    perform dpg_private.refuse_suppressed('insert', events_leaf, key || jsonb_build_object('event_id', event_id));
  end if;
  if queued_events = 0 then
    perform dpg_private.refuse_suppressed(
      'insert', 'dpg_private.event_queue', key || jsonb_build_object('event_id', event_id)
    );
  end if;

  -- the result is what is stored now
  stored := dpg_private.lock_action(
    leaf, action.partition_network, action.action_type, action.action_id, 'no key update'
  );
  event := dpg_private.find_event(action.partition_network, action.action_type, event_id);
  if action.update_count = 0 then
    perform dpg_private.note_sent(
      'item_actions', action.partition_network, action.action_type, '', action.action_id,
      dpg_private.digest_of_action(action), dpg_private.digest_of_action(stored)
    );
  end if;
  perform dpg_private.note_sent(
    'action_events', action.partition_network, action.action_type, '', event_id,
    dpg_private.digest_of_change(action.action_status, event_payload, remarks),
    dpg_private.digest_of_change(event.action_status, event.event_payload, event.remarks)
  );
  return stored;
end
$body$;

comment on function dpg_private.write_action_and_event(regclass, dpg.item_actions, uuid, jsonb, text) is
  'Writes an action (a new one where its update_count is 0), its event and the place of the event in the queue, in
tables to which the application has added columns or triggers. Returns the action as it is stored; null where the id
of a new one was used meanwhile. Raises DP008. Raises DP018 when one of the three was suppressed, or got another key
or update_count.';
--! EndIncluded actions/write_action_and_event.sql
--! Included actions/new_action.sql
-- What perform_action and receive_action do before they lock an item.

create or replace function dpg_private.look_for_new_action(
  source dpg.item_ref,
  target dpg.item_ref,
  action_type text
)
returns table (
  is_registered boolean,
  source_leaf regclass,
  target_leaf regclass,
  action_leaf regclass,
  events_leaf regclass
)
language sql
stable
security invoker
begin atomic
  select
    exists (
      select
      from dpg.networks n
      where n.network in ((look_for_new_action.source).item_network, (look_for_new_action.target).item_network)
    ),
    (
      select l.leaf
      from dpg_private.look_up_leaf(
        'items', (look_for_new_action.source).item_network, (look_for_new_action.source).item_domain
      ) l
    ),
    (
      select l.leaf
      from dpg_private.look_up_leaf(
        'items', (look_for_new_action.target).item_network, (look_for_new_action.target).item_domain
      ) l
    ),
    (
      select l.leaf
      from dpg_private.look_up_leaf(
        'item_actions', (look_for_new_action.target).item_network, look_for_new_action.action_type
      ) l
    ),
    (
      select l.leaf
      from dpg_private.look_up_leaf(
        'action_events', (look_for_new_action.target).item_network, look_for_new_action.action_type
      ) l
    );
end;

comment on function dpg_private.look_for_new_action(dpg.item_ref, dpg.item_ref, text) is
  'What a call needs to know before it creates an action: whether one of the networks is registered, and the leaves,
  null where
one is missing. One statement instead of five. The answers hold for this moment. It does not look at public."user": that
table is the application''s, which could not change a column that a parsed function names.';

create or replace function dpg_private.create_leaves_for_new_action(
  actor text,
  source dpg.item_ref,
  target dpg.item_ref,
  action_type text
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  source_item dpg.items;
begin
  -- not for a call that will be refused anyway
  if actor is not null then
    source_item := dpg.get_item(source.item_network, source.item_domain, source.item_type, source.item_id);
  end if;
  perform dpg.get_item(target.item_network, target.item_domain, target.item_type, target.item_id);
  if source_item.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, source);
  end if;
  perform dpg_private.find_or_create_leaf('item_actions', target.item_network, action_type);
  perform dpg_private.find_or_create_leaf('action_events', target.item_network, action_type);
end
$body$;

comment on function dpg_private.create_leaves_for_new_action(text, dpg.item_ref, dpg.item_ref, text) is
  'Creates the leaves of actions and events that are missing, before the items are locked. The order must not
change: the creation of a leaf waits for the writers of the items of its network, and those may wait for these
items. actor is null for a source that lives on another instance. Raises DP002, DP003, DP010.';
--! EndIncluded actions/new_action.sql
--! Included actions/repeated_action.sql
create or replace function dpg_private.digest_of_action(action dpg.item_actions)
returns bytea
language sql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- the same digits of coordinates in every session
return sha256(
  convert_to(
    jsonb_build_array(
      action.requirements_snapshot, action.source_item_is_local,
      action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id,
      action.source_item_owner,
      action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id,
      -- what a remote source says of itself; a local one is read from its item, which may change
      case
        when not action.source_item_is_local then
          jsonb_build_array(action.source_item_instance_url, action.source_item_latitude, action.source_item_longitude)
      end
    )::text,
    'UTF8'
  )
);

comment on function dpg_private.digest_of_action(dpg.item_actions) is
  'SHA-256 of the columns that a repeated call must have the same, those that never change. For
dpg_private.sent_contents.';

create or replace function dpg_private.refuse_different_action(proposed dpg.item_actions)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP008',
    message = dpg_private.text_for_client(format(
      'action_id %s was used before in %L/%L, with other content',
      proposed.action_id, proposed.partition_network, proposed.action_type
    )),
    hint = 'Repeat a call with exactly what it said the first time; a new action needs an id of its own.',
    detail = dpg_private.text_for_client(jsonb_build_object(
      'partition_network', proposed.partition_network, 'action_type', proposed.action_type, 'action_id',
      proposed.action_id
    )::text);
end
$body$;

comment on function dpg_private.refuse_different_action(dpg.item_actions) is
  'Raises DP008 for the id of an action that was used before with other content.';

create or replace function dpg_private.check_repeated_action(
  stored dpg.item_actions,
  proposed dpg.item_actions,
  event_payload jsonb
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  first_event dpg.action_events;
  is_same_action boolean;
  is_same_event boolean;
begin
  first_event := dpg_private.find_event_of_update(
    stored.partition_network, stored.action_type, stored.target_item_instance_url, stored.action_id, 0
  );
  -- another spelling of the URL of the source is the same instance
  if dpg_private.is_same_url(proposed.source_item_instance_url, stored.source_item_instance_url) then
    proposed.source_item_instance_url := stored.source_item_instance_url;
  end if;
  -- what was redacted since cannot be compared
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id) then
    proposed.requirements_snapshot := stored.requirements_snapshot;
  end if;
  if dpg_private.is_redacted(stored.partition_network, stored.action_type, stored.action_id, first_event.event_id) then
    event_payload := first_event.event_payload;
    proposed.remarks := first_event.remarks;
  end if;
  is_same_action := (
      stored.requirements_snapshot, stored.source_item_is_local,
      stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
      stored.source_item_owner,
      stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id
    ) is not distinct from (
      proposed.requirements_snapshot, proposed.source_item_is_local,
      proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_owner,
      proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id
    )
    -- what a remote source says of itself; a local one is read from its item, which may have changed since
    and (
      proposed.source_item_is_local
      or (
        stored.source_item_instance_url, stored.source_item_latitude, stored.source_item_longitude
      ) is not distinct from (
        proposed.source_item_instance_url, proposed.source_item_latitude, proposed.source_item_longitude
      )
    );
  is_same_event := first_event.event_id is null -- it was lost, as dpg.confirm_lost_events says
    or (first_event.event_payload, first_event.remarks) is not distinct from (
      coalesce(event_payload, dpg_private.default_payload(first_event.action_status)), proposed.remarks
    );

  -- a trigger of the application may have stored something else than what was sent
  if not is_same_action and not dpg_private.was_sent(
      'item_actions', stored.partition_network, stored.action_type, '', stored.action_id,
      dpg_private.digest_of_action(proposed)
    )
    or not is_same_event and not dpg_private.was_sent(
      'action_events', stored.partition_network, stored.action_type, '', first_event.event_id,
      dpg_private.digest_of_change(
        proposed.action_status, coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
        proposed.remarks
      )
    )
  then
    perform dpg_private.refuse_different_action(proposed);
  end if;
end
$body$;

comment on function dpg_private.check_repeated_action(dpg.item_actions, dpg.item_actions, jsonb) is
  'Raises DP008 unless the proposed action and its first event say what the stored ones said when they were created.';
--! EndIncluded actions/repeated_action.sql
--! Included actions/insert_action.sql
create or replace function dpg_private.insert_action(
  action_leaf regclass,
  events_leaf regclass,
  action_type text,
  action_id uuid,
  source dpg.items,
  source_is_local boolean,
  target dpg.items,
  requirements_snapshot jsonb,
  remarks text,
  event_payload jsonb
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  proposed dpg.item_actions;
  stored dpg.item_actions;
  is_new boolean := false;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  caller_plan_cache_mode constant text := current_setting('plan_cache_mode');
  caller_constraint_exclusion constant text := current_setting('constraint_exclusion');
begin
  -- lock: keeps new triggers out, between the look for triggers and the insert
  execute format(
    'lock table only dpg.item_actions, only dpg.action_events, only %s, only %s in row exclusive mode',
    action_leaf, events_leaf
  );

  -- Our columns, the first ones of the table. An application may have added others, with defaults.
  proposed := row(
    target.item_network, action_type, coalesce(action_id, gen_random_uuid()), null::text, 0, requirements_snapshot,
    remarks,
    source.item_network, source.item_domain, source.item_type, source.item_id, source.item_instance_url,
    source.created_by,
    target.item_network, target.item_domain, target.item_type, target.item_id, target.item_instance_url,
    target.created_by,
    clock_timestamp(), null::timestamptz, source.item_latitude, source.item_longitude, target.item_latitude,
    target.item_longitude, source_is_local,
    case when source_is_local and source.item_network = target.item_network then source.item_id end
  );
  proposed.updated_at := proposed.created_at;
  select coalesce(d.initial_status, 'created'), a.has_additions
  into proposed.action_status, has_additions
  from dpg_private.additions_to_actions(action_leaf, events_leaf) a
  left join dpg.action_definitions d
    on d.partition_network = proposed.partition_network
    and d.action_type = proposed.action_type;

  -- Settings for the insert. The foreign keys to the items of the network are checked by statements that PostgreSQL
  -- keeps: at the sixth use in a session it would plan one of them for all leaves of the network, only to drop that
  -- plan. And the keys name the leaf, so no constraints need be read to exclude others.
  if has_additions then
    stored := dpg_private.find_action(
      action_leaf, proposed.partition_network, proposed.action_type, proposed.action_id
    );
    if stored.action_id is null then
      perform
        set_config('plan_cache_mode', 'force_custom_plan', true),
        set_config('constraint_exclusion', 'off', true);
      stored := dpg_private.write_action_and_event(
        action_leaf, proposed, gen_random_uuid(),
        coalesce(event_payload, dpg_private.default_payload(proposed.action_status)), proposed.remarks
      );
      perform
        set_config('plan_cache_mode', caller_plan_cache_mode, true),
        set_config('constraint_exclusion', caller_constraint_exclusion, true);
      if stored.action_id is not null then
        return stored;
      end if;
    end if;
  else
    -- The settings come with the execution of the insert, so that the insert itself keeps its plan. It names no
    -- constraint: PostgreSQL would search the index of the leaf for it at each call.
    insert into dpg.item_actions (
      partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
      source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
      source_item_owner, target_item_network, target_item_domain, target_item_type, target_item_id,
      target_item_instance_url, target_item_owner, created_at, updated_at, source_item_latitude,
      source_item_longitude, target_item_latitude, target_item_longitude, source_item_is_local, source_local_item_id
    )
    select
      proposed.partition_network, proposed.action_type, proposed.action_id, proposed.action_status,
      proposed.update_count, proposed.requirements_snapshot, proposed.remarks, proposed.source_item_network,
      proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
      proposed.source_item_instance_url, proposed.source_item_owner, proposed.target_item_network,
      proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
      proposed.target_item_instance_url, proposed.target_item_owner, proposed.created_at, proposed.updated_at,
      proposed.source_item_latitude, proposed.source_item_longitude, proposed.target_item_latitude,
      proposed.target_item_longitude, proposed.source_item_is_local, proposed.source_local_item_id
    where set_config('plan_cache_mode', 'force_custom_plan', true) is not null
      and set_config('constraint_exclusion', 'off', true) is not null
    on conflict do nothing;
    is_new := found;
    perform
      set_config('plan_cache_mode', caller_plan_cache_mode, true),
      set_config('constraint_exclusion', caller_constraint_exclusion, true);
    if not is_new then
      is_new := dpg_private.insert_again('item_actions', dpg_private.action_columns_sql(''), proposed);
    end if;
  end if;
  if not is_new then
    stored := dpg_private.lock_action(
      action_leaf, proposed.partition_network, proposed.action_type, proposed.action_id, 'key share'
    );
    perform dpg_private.check_repeated_action(stored, proposed, event_payload);
    return stored;
  end if;

  if not dpg_private.append_event(
    proposed,
    gen_random_uuid(),
    coalesce(event_payload, dpg_private.default_payload(proposed.action_status)),
    proposed.remarks
  ) then
    -- an event that was mirrored before its origin became a URL of ours has this place
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        proposed.partition_network, proposed.action_type, proposed.target_item_instance_url, proposed.action_id, 0
      )
    );
  end if;
  return proposed;
end
$body$;

comment on function dpg_private.insert_action(
  regclass, regclass, text, uuid, dpg.items, boolean, dpg.items, jsonb, text, jsonb
) is
  'Creates an action from source to target with its first event, in these leaves: initial status, update_count 0,
times of now; URLs, owners and places as the two items have them. source_is_local: the source is an item of this
instance. With an action_id that was used before: the stored row when the content is the same, else DP008. Raises
DP008, DP018.';
--! EndIncluded actions/insert_action.sql
--! Included actions/perform_action.sql
create or replace function dpg.perform_action(
  actor text,
  action_type text,
  source dpg.item_ref,
  target dpg.item_ref,
  requirements_snapshot jsonb default '{}',
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  look record;
  source_item dpg.items;
  target_item dpg.items;
begin
  -- check
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload),
    case
      when source = target then
        dpg_private.refuse_argument(
          'target', to_jsonb(target), 'is the source itself', 'An action goes from one item to another.'
        )
    end
  );

  -- look
  select
    exists (select from public."user" u where u.id = perform_action.actor) as is_user,
    l.*
  into look
  from dpg_private.look_for_new_action(source, target, action_type) l;
  if not look.is_user then
    perform dpg_private.refuse_unknown_user(actor);
  end if;
  if look.is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  if look.action_leaf is null or look.events_leaf is null then
    perform dpg_private.create_leaves_for_new_action(actor, source, target, action_type);
    select l.* into look from dpg_private.look_for_new_action(source, target, action_type) l;
  end if;

  -- lock: an item cannot be deleted until the action refers to it. The lower key first, as everywhere; in bytes,
  -- whatever the collation of the database, since calls that lock many rows sort them so.
  if (
      source.item_network collate "C", source.item_domain collate "C", source.item_type collate "C", source.item_id
    ) < (
      target.item_network collate "C", target.item_domain collate "C", target.item_type collate "C", target.item_id
    )
  then
    source_item := dpg_private.lock_item(look.source_leaf, source, 'key share');
    target_item := dpg_private.lock_item(look.target_leaf, target, 'key share');
  else
    target_item := dpg_private.lock_item(look.target_leaf, target, 'key share');
    source_item := dpg_private.lock_item(look.source_leaf, source, 'key share');
  end if;
  if source_item.item_id is null then
    perform dpg_private.refuse_item_not_found(source);
  end if;
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;
  if source_item.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, source);
  end if;

  -- change
  return dpg_private.insert_action(
    look.action_leaf, look.events_leaf, action_type, action_id, source_item, true, target_item,
    requirements_snapshot, remarks, event_payload
  );
end
$body$;

comment on function dpg.perform_action(text, text, dpg.item_ref, dpg.item_ref, jsonb, text, jsonb, uuid) is
  'Creates an action from an item that the actor owns to another item of this instance, and its first event in the
same transaction. The status is the declared initial one, else created; update_count is 0; owners and coordinates
come from the items. The default of event_payload is {"status": <status>}. With action_id a repeated call is safe.
Raises DP001, DP002, DP003, DP008, DP009, DP010, DP014, DP018.
Example: select * from dpg.perform_action(
  ''asha'', ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''),
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  requirements_snapshot => ''{"subject": "math"}'',
  action_id => ''33333333-3333-4333-8333-333333333333''
)';
--! EndIncluded actions/perform_action.sql
--! Included actions/receive_action.sql
create or replace function dpg.receive_action(
  action_type text,
  source dpg.item_ref,
  source_item_instance_url text,
  source_item_owner text,
  target dpg.item_ref,
  requirements_snapshot jsonb default null,
  remarks text default null,
  event_payload jsonb default null,
  action_id uuid default null,
  source_item_latitude double precision default null,
  source_item_longitude double precision default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  look record;
  source_item dpg.items; -- as the other instance describes it
  target_item dpg.items;
begin
  -- check
  requirements_snapshot := coalesce(requirements_snapshot, '{}');
  checked := num_nonnulls(
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_item_ref('source', source),
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner),
    dpg_private.check_remote_url(source_item_instance_url),
    dpg_private.check_item_ref('target', target),
    dpg_private.check_document('requirements_snapshot', requirements_snapshot),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_coordinates_or_none(
      'source_item_latitude', source_item_latitude, 'source_item_longitude', source_item_longitude
    ),
    dpg_private.check_document_or_none('event_payload', event_payload)
  );

  -- look
  select
    exists (
      select
      from dpg_private.peer_url_sightings p
      where p.instance_url = receive_action.source_item_instance_url
    ) as is_known_url,
    l.*
  into look
  -- a source elsewhere has no leaf here: only its network counts
  from dpg_private.look_for_new_action(row(source.item_network, null, null, null), target, action_type) l;
  if look.is_registered then
    perform dpg_private.check_interaction(action_type, source, target, action_id);
  end if;
  if look.action_leaf is null or look.events_leaf is null then
    perform dpg_private.create_leaves_for_new_action(null, source, target, action_type);
    select look.is_known_url as is_known_url, l.*
    into look
    from dpg_private.look_for_new_action(row(source.item_network, null, null, null), target, action_type) l;
  end if;

  -- lock
  target_item := dpg_private.lock_item(look.target_leaf, target, 'key share');
  if target_item.item_id is null then
    perform dpg_private.refuse_item_not_found(target);
  end if;

  -- change
  if not look.is_known_url then
    perform dpg_private.note_peer_url(source_item_instance_url);
  end if;
  source_item := row(
    source.item_network, source.item_domain, source.item_type, source.item_id, source_item_instance_url, null::text,
    null::jsonb, source_item_latitude, source_item_longitude, source_item_owner, null::timestamptz, null::timestamptz
  );
  return dpg_private.insert_action(
    look.action_leaf, look.events_leaf, action_type, action_id, source_item, false, target_item,
    requirements_snapshot, remarks, event_payload
  );
end
$body$;

comment on function dpg.receive_action(
  text, dpg.item_ref, text, text, dpg.item_ref, jsonb, text, jsonb, uuid, double precision, double precision
) is
  'perform_action for a source that lives on another instance. That instance says who owns the source and where it
is (coordinates in degrees); the caller must have authenticated it. A URL of our own is DP001. From then on no item
may be given this URL (dpg.forget_instance_url removes it). With action_id, chosen by the sender, a repeated call is
safe.
Raises DP001, DP002, DP008, DP010, DP014, DP018.
Example: select * from dpg.receive_action(
  ''connect'',
  source => row(''yellow_dot'', ''student'', ''profile_1.0'', ''66666666-6666-4666-8666-666666666666''),
  source_item_instance_url => ''https://student.example.com'', source_item_owner => ''meera'',
  target => row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222''),
  action_id => ''77777777-7777-4777-8777-777777777777''
)';
--! EndIncluded actions/receive_action.sql
--! Included actions/apply_transition.sql
create or replace function dpg_private.is_repeated_transition(
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid
)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.action_events := dpg_private.find_event(action.partition_network, action.action_type, event_id);
begin
  if stored.event_id is null then
    return false;
  end if;
  if not stored.target_item_is_local
    or stored.update_count = 0
    or stored.update_count - 1 <> expected_update_count -- null: nothing to compare; + 1 could overflow
    or stored.action_id <> action.action_id
    or (
      (
        stored.action_status <> is_repeated_transition.action_status
        or (
          (stored.event_payload, stored.remarks)
            is distinct from (is_repeated_transition.event_payload, is_repeated_transition.remarks)
          -- what was redacted since cannot be compared
          and not dpg_private.is_redacted(
            stored.partition_network, stored.action_type, stored.action_id, stored.event_id
          )
        )
      )
      -- a trigger of the application may have stored something else than what was sent
      and not dpg_private.was_sent(
        'action_events', stored.partition_network, stored.action_type, '', stored.event_id,
        dpg_private.digest_of_change(
          is_repeated_transition.action_status, is_repeated_transition.event_payload, is_repeated_transition.remarks
        )
      )
    )
  then
    perform dpg_private.refuse_different_event(stored);
  end if;
  return true;
end
$body$;

comment on function dpg_private.is_repeated_transition(dpg.item_actions, text, integer, jsonb, text, uuid) is
  'Whether exactly this change of the action was made before under this event_id. Raises DP008 when the id was used for
something else.';

create or replace function dpg_private.refuse_transition(
  party text,
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  transitions jsonb,
  edge_roles text[]
)
returns void
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- an edge is of one side: initiated is the source, received the target
  allowed_side constant text := case edge_roles[1] when 'initiated' then 'source' else 'target' end;
begin
  if action.update_count <> expected_update_count then
    raise exception using
      errcode = 'DP007',
      message = dpg_private.text_for_client(
        format('action %s has update_count %s, not %s', action.action_id, action.update_count, expected_update_count)
      ),
      hint =
        'Somebody else changed the action first: read it again, decide anew, '
          'and repeat the call with its update_count.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'expected_update_count', expected_update_count, 'update_count', action.update_count,
        'action_status', action.action_status
      )::text);
  end if;
  if edge_roles is null then
    raise exception using
      errcode = 'DP006',
      message = dpg_private.text_for_client(
        format('action %s cannot go from %L to %L', action.action_id, action.action_status, action_status)
      ),
      hint = dpg_private.text_for_client(format(
        'From %L it can go to: %s. The graph was declared by dpg.define_action.',
        action.action_status,
        coalesce(
          (
            select string_agg(distinct format('%L', e.edge ->> 'to'), ', ')
            from jsonb_array_elements(transitions) e(edge)
            where e.edge ->> 'from' = action.action_status
          ),
          'nothing'
        )
      )),
      detail = dpg_private.text_for_client(jsonb_build_object(
        'partition_network', action.partition_network, 'action_type', action.action_type, 'action_id', action.action_id,
        'from', action.action_status, 'to', action_status
      )::text);
  end if;
  perform dpg_private.refuse_not_action_party(
    party, action,
    format('may not move from %L to %L', action.action_status, action_status),
    format('The declared graph leaves this change to the owner of the %s item.', allowed_side),
    jsonb_build_object('from', action.action_status, 'to', action_status, 'by', allowed_side)
  );
end
$body$;

comment on function dpg_private.refuse_transition(text, dpg.item_actions, text, integer, jsonb, text[]) is
  'Raises the reason why a party may not change the status of an action: DP007, another update_count was expected;
DP006, the declared graph (transitions) has no such edge; DP005, it leaves the edge to the other party.';

create or replace function dpg_private.apply_transition(
  leaf regclass,
  party text,
  roles text[],
  action dpg.item_actions,
  action_status text,
  expected_update_count integer,
  event_payload jsonb,
  remarks text,
  event_id uuid
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  transitions jsonb; -- the state graph; null where none is declared
  edge_roles text[]; -- whose the edges from the present status to the wanted one are; null where there is no such edge
  is_allowed boolean;
  events_leaf regclass;
  has_additions boolean; -- columns or triggers of the application: row and event are written in another way
  changed dpg.item_actions := action;
  changed_rows bigint;
begin
  event_payload := coalesce(event_payload, dpg_private.default_payload(action_status));

  -- look
  select d.transitions, l.leaf, a.has_additions
  into transitions, events_leaf, has_additions
  from (select) one
  left join dpg_private.look_up_leaf('action_events', action.partition_network, action.action_type) l on true
  cross join lateral dpg_private.additions_to_actions(apply_transition.leaf, l.leaf) a
  left join dpg.action_definitions d
    on d.partition_network = action.partition_network
    and d.action_type = action.action_type;
  if transitions is not null then
    select array_agg(
      case e.edge ->> 'by' when 'source' then 'initiated' when 'target' then 'received' else 'either' end
    )
    into edge_roles
    from jsonb_array_elements(transitions) e(edge)
    where e.edge ->> 'from' = action.action_status
      and e.edge ->> 'to' = apply_transition.action_status;
  else
    edge_roles := array['either'];
  end if;

  -- decide
  is_allowed := action.update_count = coalesce(expected_update_count, action.update_count)
    and edge_roles is not null
    and edge_roles && (roles || array['either']);

  -- change
  if is_allowed then
    changed.action_status := action_status;
    changed.update_count := action.update_count + 1;
    changed.remarks := coalesce(remarks, action.remarks);
    -- read after the lock; later than the last change, also when the clock was set back
    changed.updated_at := greatest(clock_timestamp(), action.updated_at + interval '1 microsecond');
    if events_leaf is null then
      perform dpg_private.find_or_create_leaf('action_events', action.partition_network, action.action_type);
    end if;
    if has_additions then
      if pg_trigger_depth() > 0 then
        perform dpg_private.check_event_is_stored(action);
      end if;
      if (dpg_private.find_event(action.partition_network, action.action_type, event_id)).event_id is null
        and (
          dpg_private.find_event_of_update(
            action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
            changed.update_count
          )
        ).event_id is null
      then
        return dpg_private.write_action_and_event(
          leaf, changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks
        );
      end if;
    -- the event first: where its id was used before, nothing is written
    elsif dpg_private.append_event(changed, coalesce(event_id, gen_random_uuid()), event_payload, remarks) then
      execute format(
        'update %s a
         set action_status = $4, update_count = $5, remarks = $6, updated_at = $7
         where %s',
        leaf, dpg_private.action_key_sql()
      )
      using action.partition_network, action.action_type, action.action_id,
        changed.action_status, changed.update_count, changed.remarks, changed.updated_at;
      get diagnostics changed_rows = row_count;
      if changed_rows = 0 then
        perform dpg_private.refuse_suppressed('update', leaf, jsonb_build_object('action_id', action.action_id));
      end if;
      return changed;
    end if;
  end if;

  -- refuse, unless this call repeats one that was done
  if event_id is not null and dpg_private.is_repeated_transition(
    action, action_status, expected_update_count, event_payload, remarks, event_id
  ) then
    return action;
  end if;
  if is_allowed then
    -- an event that was mirrored before its origin became a URL of ours has the place of this one
    perform dpg_private.refuse_different_event(
      dpg_private.find_event_of_update(
        action.partition_network, action.action_type, action.target_item_instance_url, action.action_id,
        changed.update_count
      )
    );
  end if;
  perform dpg_private.refuse_transition(
    party, action, action_status, expected_update_count, transitions, edge_roles
  );
  return null;
end
$body$;

comment on function dpg_private.apply_transition(
  regclass, text, text[], dpg.item_actions, text, integer, jsonb, text, uuid
) is
  'Changes the status of an action of this leaf, which the caller has locked, for a party with these roles (initiated,
received), and appends the event. Raises DP005, DP006, DP007, DP008, DP018.';
--! EndIncluded actions/apply_transition.sql
--! Included actions/transition_action.sql
create or replace function dpg.transition_action(
  actor text,
  partition_network text,
  action_type text,
  action_id uuid,
  action_status text,
  expected_update_count integer default null,
  event_payload jsonb default null,
  remarks text default null,
  event_id uuid default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  action dpg.item_actions;
  roles text[];
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id),
    dpg_private.check_key('action_status', action_status),
    dpg_private.check_count_or_none('expected_update_count', expected_update_count),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload)
  );

  -- lock
  leaf := dpg_private.find_leaf('item_actions', partition_network, action_type);
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update');
  roles := dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  );
  if roles = '{}' then
    perform dpg_private.refuse_not_action_party(actor, action);
  end if;

  -- change
  return dpg_private.apply_transition(
    leaf, actor, roles, action, action_status, expected_update_count, event_payload, remarks, event_id
  );
end
$body$;

comment on function dpg.transition_action(text, text, text, uuid, text, integer, jsonb, text, uuid) is
  'Changes the status of an action for a party of this instance, under a row lock: update_count + 1, and one event
in the same transaction. With expected_update_count the call is refused (DP007) when somebody else changed the
action first. Null remarks keep those of the row. The default of event_payload is {"status": <status>}. With
event_id a repeated call is safe.
Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.transition_action(
  ''ravi'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333'', ''accepted'',
  expected_update_count => 0, event_id => ''44444444-4444-4444-8444-444444444444''
)';
--! EndIncluded actions/transition_action.sql
--! Included actions/receive_transition.sql
create or replace function dpg.receive_transition(
  source_item_instance_url text,
  source_item_owner text,
  partition_network text,
  action_type text,
  action_id uuid,
  action_status text,
  expected_update_count integer default null,
  event_payload jsonb default null,
  remarks text default null,
  event_id uuid default null
)
returns dpg.item_actions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  leaf regclass;
  action dpg.item_actions;
begin
  -- check
  checked := num_nonnulls(
    dpg_private.check_url('source_item_instance_url', source_item_instance_url),
    dpg_private.check_key('source_item_owner', source_item_owner),
    dpg_private.check_remote_url(source_item_instance_url),
    dpg_private.check_action_key(partition_network, action_type, action_id),
    dpg_private.check_key('action_status', action_status),
    dpg_private.check_count_or_none('expected_update_count', expected_update_count),
    dpg_private.check_remarks_or_none(remarks),
    dpg_private.check_document_or_none('event_payload', event_payload)
  );

  -- lock
  leaf := dpg_private.find_leaf('item_actions', partition_network, action_type);
  action := dpg_private.lock_action(leaf, partition_network, action_type, action_id, 'no key update');
  if action.source_item_is_local
    or not dpg_private.is_same_url(action.source_item_instance_url, source_item_instance_url)
    or action.source_item_owner <> source_item_owner
  then
    perform dpg_private.refuse_not_action_party(
      source_item_owner, action,
      format('of %L is no party of', source_item_instance_url),
      'URL and owner must be those with which the other instance made the action.',
      jsonb_build_object('source_item_instance_url', source_item_instance_url)
    );
  end if;

  -- change
  return dpg_private.apply_transition(
    leaf, source_item_owner, array['initiated'], action,
    action_status, expected_update_count, event_payload, remarks, event_id
  );
end
$body$;

comment on function dpg.receive_transition(text, text, text, text, uuid, text, integer, jsonb, text, uuid) is
  'transition_action for the source party of an action that came by receive_action. URL and owner must equal those
in the action, the URL in any spelling; the caller must have authenticated that instance. With event_id, chosen by
the sender, a repeated call is safe.
Raises DP001, DP004, DP005, DP006, DP007, DP008, DP010, DP018.
Example: select * from dpg.receive_transition(
  ''https://student.example.com'', ''meera'',
  ''yellow_dot'', ''connect'', ''77777777-7777-4777-8777-777777777777'', ''withdrawn''
)';
--! EndIncluded actions/receive_transition.sql
--! Included actions/get_action.sql
create or replace function dpg.get_action(actor text, partition_network text, action_type text, action_id uuid)
returns dpg.item_actions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  action dpg.item_actions;
  mirrored dpg.item_actions;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_action_key(partition_network, action_type, action_id);
  leaf := dpg_private.find_leaf('item_actions', partition_network, action_type);
  if leaf is not null then
    execute format('select * from %s a where %s', leaf, dpg_private.action_key_sql())
    into action
    using partition_network, action_type, action_id;
  end if;
  if dpg_private.ownership_roles(
    actor, action.source_item_owner, action.source_item_is_local, action.target_item_owner, true
  ) <> '{}' then
    return action;
  end if;

  -- One that lives on another instance, as its mirrored events describe it. Other instances chose the ids, so there
  -- may be several.
  select
    m.partition_network, m.action_type, m.action_id, m.action_status, m.update_count, m.requirements_snapshot,
    m.remarks, m.source_item_network, m.source_item_domain, m.source_item_type, m.source_item_id,
    m.source_item_instance_url, m.source_item_owner, m.target_item_network, m.target_item_domain, m.target_item_type,
    m.target_item_id, m.target_item_instance_url, m.target_item_owner, m.created_at, m.updated_at,
    m.source_item_latitude, m.source_item_longitude, m.target_item_latitude, m.target_item_longitude,
    m.source_item_is_local, m.source_local_item_id
  into mirrored
  from dpg_private.mirrored_actions m
  where m.partition_network = get_action.partition_network
    and m.action_type = get_action.action_type
    and m.action_id = get_action.action_id
  order by m.source_item_owner = get_action.actor desc, m.updated_at desc
  limit 1;
  if mirrored.source_item_owner = actor then
    return mirrored;
  end if;
  if action.action_id is null then
    action := mirrored;
  end if;
  if action.action_id is null then
    perform dpg_private.refuse_action_not_found(partition_network, action_type, action_id);
  end if;
  perform dpg_private.refuse_not_action_party(actor, action);
  return null;
end
$body$;

comment on function dpg.get_action(text, text, text, uuid) is
  'One action, for its parties. Also one that lives on another instance, as its mirrored events describe it
(target_item_instance_url says where).
Raises DP001, DP004, DP005.
Example: select * from dpg.get_action(
  ''asha'', ''yellow_dot'', ''connect'', ''33333333-3333-4333-8333-333333333333''
)';
--! EndIncluded actions/get_action.sql
--! Included actions/find_actions.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.found_action') is null then
    create type dpg.found_action as (
      partition_network text,
      action_type text,
      action_id uuid,
      action_status text,
      update_count integer,
      requirements_snapshot jsonb,
      remarks text,
      source_item_network text,
      source_item_domain text,
      source_item_type text,
      source_item_id uuid,
      source_item_instance_url text,
      source_item_owner text,
      target_item_network text,
      target_item_domain text,
      target_item_type text,
      target_item_id uuid,
      target_item_instance_url text,
      target_item_owner text,
      created_at timestamptz,
      updated_at timestamptz,
      source_item_latitude double precision,
      source_item_longitude double precision,
      target_item_latitude double precision,
      target_item_longitude double precision,
      source_item_is_local boolean,
      source_local_item_id uuid,
      ownership_roles text[],
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_action is
  'A row of dpg.find_actions: the columns of dpg.item_actions, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

create or replace function dpg.find_actions(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_status text default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_action
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  binding bigint;
  page_start bytea;
  keys jsonb; -- partition_network, action_type and target_item_instance_url of the row that the page starts after
  added_conditions text;
  searches text[];
begin
  -- check
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_key_or_none('action_status', action_status),
    dpg_private.check_page_size(page_size)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('find_actions', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_status, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- search: one for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when action_status is not null then ' and a.action_status = $2' end,
    case when page_start is not null then
      ' and a.updated_at <= $6
        and (
          a.updated_at < $6
          or (a.partition_network, a.action_type, a.action_id, a.target_item_instance_url) > ($7, $8, $9, $10)
        )'
    end
  );
  searches := array(
    select format(
      'select %s, dpg_private.ownership_roles(
         $1, a.source_item_owner, a.source_item_is_local, a.target_item_owner, true
       ) as ownership_roles
       from %s a
       where %s%s',
      dpg_private.action_columns_sql('a.'), l.leaf, c.condition, added_conditions
    )
    from unnest(dpg_private.find_party_leaves('item_actions', actor, partition_network, action_type)) l(leaf)
    cross join unnest(
      dpg_private.party_conditions_sql(
        ownership_role,
        concat(
          'a.source_item_owner = $1 and a.source_item_is_local',
          case when item_id is not null then ' and a.source_item_id = $3' end
        ),
        concat('a.target_item_owner = $1', case when item_id is not null then ' and a.target_item_id = $3' end)
      )
    ) c(condition)
  );
  -- Actions that live on other instances are in one table. The owners of their targets are users there, nobody here.
  if ownership_role <> 'received' then
    searches := searches || format(
      'select %s, array[''initiated''] as ownership_roles
       from dpg_private.mirrored_actions a
       where a.source_item_owner = $1%s%s%s%s',
      dpg_private.action_columns_sql('a.'),
      case when item_id is not null then ' and a.source_item_id = $3' end,
      case when partition_network is not null then ' and a.partition_network = $11' end,
      case when action_type is not null then ' and a.action_type = $12' end,
      added_conditions
    );
  end if;
  if searches = '{}' then
    return;
  end if;

  -- page
  return query execute dpg_private.page_of_searches_sql(
    searches, 'a',
    'a.updated_at desc, a.partition_network, a.action_type, a.action_id, a.target_item_instance_url', '$5',
    dpg_private.page_token_sql(
      '$4',
      'timestamptz_send(a.updated_at) || uuid_send(a.action_id)
       || convert_to(jsonb_build_array(a.partition_network, a.action_type, a.target_item_instance_url)::text, ''UTF8'')'
    )
  )
  using actor, action_status, item_id, binding, page_size,
    dpg_private.page_time(page_start), keys ->> 0, keys ->> 1, dpg_private.page_id(page_start), keys ->> 2,
    partition_network, action_type;
end
$body$;

comment on function dpg.find_actions(text, text, text, text, text, uuid, integer, text) is
  'The actions of which the actor is a party, latest change first (updated_at descending, then partition_network,
action_type, action_id). Also those that live on other instances, as far as their events were mirrored:
target_item_instance_url says where, requirements_snapshot is {}. ownership_role is initiated (the actor owned the
source), received (the target) or all. item_id means the item on that side. A page has page_size rows (1 to 1,000,
default 20). To continue after a row, pass its next_page_token as page_token with the same filters. Fewer rows than
page_size means the end.
Raises DP001, DP011.
Example: select * from dpg.find_actions(''ravi'', ''received'', ''yellow_dot'', ''connect'', ''created'')';
--! EndIncluded actions/find_actions.sql
--! Included events/find_events.sql
do $body$
begin
  if pg_catalog.to_regtype('dpg.found_event') is null then
    create type dpg.found_event as (
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
      target_item_is_local boolean,
      ownership_roles text[],
      next_page_token text
    );
  end if;
end
$body$;

comment on type dpg.found_event is
  'A row of dpg.find_events: the columns of dpg.action_events, then ownership_roles (initiated, received or both:
the part of the actor in it) and next_page_token, which continues after this row.';

create or replace function dpg.find_events(
  actor text,
  ownership_role text default 'all',
  partition_network text default null,
  action_type text default null,
  action_id uuid default null,
  action_status text default null,
  update_count integer default null,
  item_id uuid default null,
  page_size integer default 20,
  page_token text default null
)
returns setof dpg.found_event
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  checked integer; -- see sql/README.md, "Checks"
  binding bigint;
  page_start bytea;
  keys jsonb; -- update_count, partition_network and action_type of the row that the page starts after
  added_conditions text;
  searches text[];
begin
  -- check
  ownership_role := coalesce(ownership_role, 'all');
  page_size := coalesce(page_size, 20);
  checked := num_nonnulls(
    dpg_private.check_actor(actor),
    dpg_private.check_ownership_role(ownership_role),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_key_or_none('action_status', action_status),
    dpg_private.check_page_size(page_size),
    dpg_private.check_count_or_none('update_count', update_count)
  );
  select b.binding
  into binding
  from dpg_private.page_binding('find_events', jsonb_build_array(
    actor, ownership_role, partition_network, action_type, action_id, action_status, update_count, item_id
  )) b;
  page_start := dpg_private.page_position(binding, page_token);
  keys := convert_from(substr(page_start, 25), 'UTF8')::jsonb;

  -- search: one for each leaf and role, each answered by an index in the order of the page
  added_conditions := concat(
    case when action_id is not null then ' and e.action_id = $2' end,
    case when action_status is not null then ' and e.action_status = $3' end,
    case when update_count is not null then ' and e.update_count = $4' end,
    case when page_start is not null then
      ' and e.created_at <= $8
        and (
          e.created_at < $8
          or e.update_count < $9
          or (e.update_count = $9 and (e.partition_network, e.action_type, e.event_id) > ($10, $11, $12))
        )'
    end
  );
  searches := array(
    select format(
      'select %s from %s e where %s%s', dpg_private.event_columns_sql('e.'), l.leaf, c.condition, added_conditions
    )
    from unnest(dpg_private.find_party_leaves('action_events', actor, partition_network, action_type)) l(leaf)
    cross join unnest(
      dpg_private.party_conditions_sql(
        ownership_role,
        concat(
          'e.source_item_owner = $1 and e.source_item_is_local',
          case when item_id is not null then ' and e.source_item_id = $5' end
        ),
        concat(
          'e.target_item_owner = $1 and e.target_item_is_local',
          case when item_id is not null then ' and e.target_item_id = $5' end
        )
      )
    ) c(condition)
  );
  if searches = '{}' then
    return;
  end if;

  -- page
  return query execute dpg_private.page_of_searches_sql(
    searches, 'e', 'e.created_at desc, e.update_count desc, e.partition_network, e.action_type, e.event_id', '$7',
    concat(
      'dpg_private.ownership_roles(
         $1, e.source_item_owner, e.source_item_is_local, e.target_item_owner, e.target_item_is_local
       ), ',
      dpg_private.page_token_sql(
        '$6',
        'timestamptz_send(e.created_at) || uuid_send(e.event_id)
         || convert_to(jsonb_build_array(e.update_count, e.partition_network, e.action_type)::text, ''UTF8'')'
      )
    )
  )
  using actor, action_id, action_status, update_count, item_id, binding, page_size,
    dpg_private.page_time(page_start), (keys ->> 0)::integer, keys ->> 1, keys ->> 2, dpg_private.page_id(page_start);
end
$body$;

comment on function dpg.find_events(text, text, text, text, uuid, text, integer, uuid, integer, text) is
  'The events of which the actor is a party, also mirrored ones, newest first (created_at and update_count
descending, then partition_network, action_type, event_id). ownership_role is initiated (the actor owned the
source), received (the target) or all. item_id means the item on that side. Pages as in dpg.find_actions.
Raises DP001, DP011.
Example: select * from dpg.find_events(
  ''asha'',
  partition_network => ''yellow_dot'', action_type => ''connect'', action_id => ''33333333-3333-4333-8333-333333333333''
)';
--! EndIncluded events/find_events.sql
--! Included feed/check_transaction.sql
create or replace function dpg_private.check_transaction(called text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if current_setting('transaction_read_only')::boolean then
    raise exception using
      errcode = '25006',
      message = format(
        '%s cannot run %s',
        called,
        case when pg_is_in_recovery() then 'on a standby' else 'in a read-only transaction' end
      ),
      hint = 'Call it on the primary server, in a transaction that may write.',
      detail = jsonb_build_object('function', called, 'is_standby', pg_is_in_recovery())::text;
  end if;
  -- Sequences and locks are always read as of now. A transaction of these levels reads rows as they were when it began.
  -- Events that were committed in between would then count as seen, and nobody would ever find them.
  if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
    raise exception using
      errcode = '25000',
      message = format('%s cannot run in a %s transaction', called, current_setting('transaction_isolation')),
      hint = 'Call it in a transaction of its own under read committed; where default_transaction_isolation is another '
        'level: begin isolation level read committed.',
      detail = jsonb_build_object('function', called, 'isolation', current_setting('transaction_isolation'))::text;
  end if;
end
$body$;

comment on function dpg_private.check_transaction(text) is
  'For functions that write and must see what is committed now; called is the name of the function. Raises 25006 in a
read-only transaction, as each transaction on a standby is, and 25000 in repeatable read and serializable.';
--! EndIncluded feed/check_transaction.sql
--! Included feed/event_queue.sql
create table if not exists dpg_private.event_queue (
  seq bigint generated always as identity,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  constraint event_queue_pkey primary key (seq)
)
with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_insert_threshold = -1);

comment on table dpg_private.event_queue is
  'The events of this instance that have no position in the feed yet. The transaction of an event writes its row here;
dpg_private.place_events moves it to event_feed.';
comment on column dpg_private.event_queue.seq is
  'The order in which visible events are placed. It is drawn under the row lock of the action, so within an action it
rises with update_count. It says nothing about the order of commits.';
comment on column dpg_private.event_queue.partition_network is 'Of the event.';
comment on column dpg_private.event_queue.action_type is 'Of the event.';
comment on column dpg_private.event_queue.event_id is 'The event.';
comment on column dpg_private.event_queue.source_item_instance_url is 'Of the event: the instance that it is for.';
comment on column dpg_private.event_queue.created_at is 'Of the event.';
--! EndIncluded feed/event_queue.sql
--! Included feed/event_feed.sql
create table if not exists dpg_private.event_feed (
  "position" bigint generated always as identity,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  constraint event_feed_pkey primary key ("position")
);

comment on table dpg_private.event_feed is
  'The events of this instance in the order of the feed. A row is written once and never changes. Rows are not cleaned
up, because a new subscription begins at the first event; only dpg.confirm_lost_events takes rows away.';
comment on column dpg_private.event_feed."position" is
  'Place of the event in the feed, from 1. Rises with each commit that places events. Has gaps.
Is never given to another event.';
comment on column dpg_private.event_feed.partition_network is 'Of the event.';
comment on column dpg_private.event_feed.action_type is 'Of the event.';
comment on column dpg_private.event_feed.event_id is 'The event.';
comment on column dpg_private.event_feed.source_item_instance_url is 'Of the event: the instance that it is for.';
comment on column dpg_private.event_feed.created_at is 'Of the event.';

create index if not exists event_feed_source_idx
on dpg_private.event_feed (dpg_private.normalised_url(source_item_instance_url), "position");

comment on index dpg_private.event_feed_source_idx is
  'For dpg.peers, and for subscriptions to the events for one instance, in any spelling of its URL: reading for a peer
costs in proportion to what the peer gets.';
--! EndIncluded feed/event_feed.sql
--! Included feed/feed_state.sql
create table if not exists dpg_private.feed_state (
  is_only boolean not null default true,
  home text,
  swept_seq bigint not null default 0,
  sweeping_seq bigint,
  sweeping_behind text[],
  constraint feed_state_pkey primary key (is_only),
  constraint feed_state_one_row_check check (is_only)
);

insert into dpg_private.feed_state (is_only)
values (true)
on conflict do nothing;

comment on table dpg_private.feed_state is
  'One row: what dpg_private.place_events remembers from one call to the next.';
comment on column dpg_private.feed_state.is_only is 'True: there is only one row.';
comment on column dpg_private.feed_state.home is
  'The dpg_private.database_identity at the time when events were placed last. Null when none were placed yet.';
comment on column dpg_private.feed_state.swept_seq is
  'Nothing more will come into the queue up to this seq. So nobody searches there, among dead rows.';
comment on column dpg_private.feed_state.sweeping_seq is
  'The next swept_seq: the highest seq that was drawn when sweeping_behind was noted.';
comment on column dpg_private.feed_state.sweeping_behind is
  'The transactions (pg_locks.virtualtransaction) that could have drawn a seq up to sweeping_seq and had not ended.';

create table if not exists dpg_private.feed_turn (
  is_empty boolean
);

comment on table dpg_private.feed_turn is
  'Has no rows. dpg_private.place_events locks it (SHARE UPDATE EXCLUSIVE) while it gives positions. It is a table and
not an advisory lock, because every login can take an advisory lock of any key.';
comment on column dpg_private.feed_turn.is_empty is 'Never used.';

create or replace function dpg_private.database_identity()
returns text
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return concat_ws(
    '/',
    (select c.system_identifier from pg_control_system() c),
    left(pg_walfile_name(pg_current_wal_lsn()), 8), -- the timeline, which changes with each promotion
    (select d.oid from pg_database d where d.datname = current_database())
  );
end
$body$;

comment on function dpg_private.database_identity() is
  'Names this database, of this cluster, on this timeline. The name changes after a restore and after the promotion of
a replica.';

create or replace function dpg_private.skip_positions_after_restore()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  here constant text := dpg_private.database_identity();
  last_position bigint;
begin
  if exists (select from dpg_private.feed_state s where s.is_only and s.home = here) then
    return;
  end if;
  select max(f."position") into last_position from dpg_private.event_feed f;
  if last_position is not null then
    -- The former home has given out positions that are not here: after the dump was made, or before they reached this
    -- replica. A reader that remembers such a position must not find another event at it.
    perform setval('dpg_private.event_feed_position_seq', last_position + 1000000000);
  end if;
  update dpg_private.feed_state s
  set home = here,
    swept_seq = 0,
    sweeping_seq = null,
    sweeping_behind = null
  where s.is_only;
end
$body$;

comment on function dpg_private.skip_positions_after_restore() is
  'After a restore or a promotion: skips a billion positions. Positions that were given out before, and are lost, are
then not given to other events.';
--! EndIncluded feed/feed_state.sql
--! Included feed/place_events.sql
create or replace function dpg_private.find_queue_writers()
returns text[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- A transaction that inserts takes this lock before it draws a seq, and holds it until it ends. When it is prepared,
  -- it holds the lock under another name than before ('-1/' and its transaction id), and has no pid.
  return array(
    select l.virtualtransaction
    from pg_locks l
    where l.locktype = 'relation'
      and l.relation = 'dpg_private.event_queue'::regclass
      and l.database = (select d.oid from pg_database d where d.datname = current_database())
      and l.mode = 'RowExclusiveLock'
      and l.pid is distinct from pg_backend_pid()
  );
end
$body$;

comment on function dpg_private.find_queue_writers() is
  'The open transactions, except this one, that may have put events into the queue.';

create or replace function dpg_private.place_events()
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
-- Deleted rows stay in the queue until it is vacuumed, and reading them is slow. So the queue is never read whole. The
-- planner would read some of them as well, to estimate how many rows are beyond a known value. A generic plan knows no
-- value.
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $body$
declare
  former_lock constant bigint := 7237117967450113; -- the advisory lock of 0.1.0: see dpg_private.is_former_turn
  state dpg_private.feed_state;
  writers text[];
  is_swept boolean := false;
  seqs bigint[];
  taken bigint;
  placed bigint;
begin
  -- check
  perform dpg_private.check_transaction('dpg_private.place_events');
  select s.* into state from dpg_private.feed_state s where s.is_only;
  perform q.seq from dpg_private.event_queue q where q.seq > state.swept_seq order by q.seq limit 1;
  if not found then
    return false;
  end if;

  -- lock. dpg.subscription_status looks for this lock.
  begin
    lock table dpg_private.feed_turn in share update exclusive mode nowait;
  exception
    when lock_not_available then
      return false;
  end;
  if not pg_try_advisory_xact_lock(former_lock)
    and dpg_private.is_former_turn(former_lock, 'dpg_private.feed_state')
  then
    return false;
  end if;
  -- A reader may remember a position that it got. If the position did not survive a crash, another event could get it.
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);
  end if;
  perform dpg_private.skip_positions_after_restore();
  select s.* into state from dpg_private.feed_state s where s.is_only;

  -- sweep: up to which seq can nothing come any more? The order must not change: note the last seq that was drawn, and
  -- then who is writing. When those writers have ended, a search that begins afterwards finds all there will ever be.
  if state.sweeping_seq is null then
    select q.last_value into state.sweeping_seq from dpg_private.event_queue_seq_seq q;
    if state.sweeping_seq - state.swept_seq < 500 then
      state.sweeping_seq := null;
    else
      state.sweeping_behind := dpg_private.find_queue_writers();
      is_swept := state.sweeping_behind = '{}';
      if not is_swept then
        update dpg_private.feed_state s
        set sweeping_seq = state.sweeping_seq, sweeping_behind = state.sweeping_behind
        where s.is_only;
      end if;
    end if;
  else
    writers := dpg_private.find_queue_writers();
    is_swept := not writers && state.sweeping_behind and array_to_string(writers, ' ') not like '%-1/%';
  end if;

  -- place. The search is a statement of its own, so that its snapshot is younger than the lock: it sees what the last
  -- holder has done. If it sees update 2 of an action, it sees update 1 as well, because the row lock of the action let
  -- them commit in that order.
  seqs := array(
    select q.seq
    from dpg_private.event_queue q
    where q.seq > state.swept_seq
    order by q.seq
    limit 1000
  );
  with taken as (
    delete from dpg_private.event_queue q
    where q.seq = any (seqs)
    returning q.seq, q.partition_network, q.action_type, q.event_id, q.source_item_instance_url, q.created_at
  ),
  placed as (
    insert into dpg_private.event_feed (partition_network, action_type, event_id, source_item_instance_url, created_at)
    select t.partition_network, t.action_type, t.event_id, t.source_item_instance_url, t.created_at
    from taken t
    order by t.seq
    returning 1
  )
  select (select count(*) from taken), (select count(*) from placed) into taken, placed;
  if taken < cardinality(seqs) then
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.event_queue');
  end if;
  if placed < taken then
    perform dpg_private.refuse_suppressed('insert', 'dpg_private.event_feed');
  end if;

  -- nothing is left up to that seq: nobody needs to look there again
  if is_swept and not exists (
    select
    from dpg_private.event_queue q
    where q.seq > state.swept_seq
      and q.seq <= state.sweeping_seq
  ) then
    update dpg_private.feed_state s
    set swept_seq = state.sweeping_seq, sweeping_seq = null, sweeping_behind = null
    where s.is_only;
  end if;
  return true;
end
$body$;

comment on function dpg_private.place_events() is
  'Gives positions in the feed to the next visible events that have none, 1,000 at most. Returns whether there were any.
One transaction at a time can do this, until it ends; for others there is nothing to place meanwhile.
Raises 25006, 25000 (dpg_private.check_transaction), DP018.';
--! EndIncluded feed/place_events.sql
--! Included feed/subscriptions.sql
create table if not exists dpg.subscriptions (
  subscription text not null,
  partition_network text,
  action_type text,
  source_item_instance_url text,
  acknowledged_position bigint not null default 0,
  leased_position bigint,
  leased_until timestamptz,
  handed_out_position bigint not null default 0,
  passed_position bigint not null default 0,
  created_at timestamptz not null default clock_timestamp(),
  leased_at timestamptz,
  acknowledged_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  lease_id uuid,
  constraint subscriptions_pkey primary key (subscription),
  constraint subscriptions_order_check check (
    acknowledged_position >= 0
    and acknowledged_position <= handed_out_position
    and leased_position <= handed_out_position
  )
)
with (fillfactor = 50); -- rows change often: the page has room for the new versions

comment on table dpg.subscriptions is
  'Who reads the feed of events, and how far. Written by dpg.create_subscription, read_events, acknowledge,
release_events, fail_event and drop_subscription. dpg.subscription_status says how far behind each is.';
comment on column dpg.subscriptions.subscription is 'Name of the subscription, a key.';
comment on column dpg.subscriptions.partition_network is 'Only events of this network; all when null.';
comment on column dpg.subscriptions.action_type is 'Only events of this action type; all when null.';
comment on column dpg.subscriptions.source_item_instance_url is
  'Only events for this instance, that of the action''s source, in any spelling of its URL; all when null.';
comment on column dpg.subscriptions.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscriptions.leased_position is
  'Last position of the batch that a reader works on; null when there is none.';
comment on column dpg.subscriptions.leased_until is
  'Until then nobody else gets events: a reader works on a batch, or the batch waits for its next try. Null when the
next batch can be read.';
comment on column dpg.subscriptions.handed_out_position is
  'The highest position that was ever handed out. No position beyond it can be acknowledged.';
comment on column dpg.subscriptions.passed_position is
  'Events up to here are acknowledged or do not match the filters, so a search can begin after them.';
comment on column dpg.subscriptions.created_at is 'When the subscription was created.';
comment on column dpg.subscriptions.leased_at is 'When a batch was last handed out.';
comment on column dpg.subscriptions.acknowledged_at is 'When acknowledged_position last moved.';
comment on column dpg.subscriptions.last_error is
  'The last error that a reader reported. It stays when things go well again.';
comment on column dpg.subscriptions.last_error_at is 'When it was reported.';
comment on column dpg.subscriptions.lease_id is
  'Names the lease of the batch that was handed out last; null when that is acknowledged to its end or given back.
A reader whose lease has another name cannot end this one.';
comment on constraint subscriptions_pkey on dpg.subscriptions is 'One subscription of each name.';
comment on constraint subscriptions_order_check on dpg.subscriptions is
  'Only what was handed out is acknowledged or leased.';
comment on index dpg.subscriptions_pkey is 'For each call that names a subscription.';

create or replace function dpg_private.refuse_subscription(subscription text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.refuse_argument(
    'subscription', to_jsonb(subscription), 'is no subscription', 'Make it first with dpg.create_subscription.'
  );
end
$body$;

comment on function dpg_private.refuse_subscription(text) is
  'Raises DP001 for a name that no subscription has.';

create or replace function dpg_private.get_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform dpg_private.check_key('subscription', subscription);
  select s.* into stored from dpg.subscriptions s where s.subscription = get_subscription.subscription;
  if not found then
    perform dpg_private.refuse_subscription(subscription);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.get_subscription(text) is
  'The subscription of this name. Raises DP001 when there is none.';

create or replace function dpg_private.lock_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform dpg_private.check_key('subscription', subscription);
  select s.* into stored from dpg.subscriptions s where s.subscription = lock_subscription.subscription for update;
  if not found then
    perform dpg_private.refuse_subscription(subscription);
  end if;
  return stored;
end
$body$;

comment on function dpg_private.lock_subscription(text) is
  'The subscription of this name under a row lock. A call that locks failures of a subscription locks the subscription
first, and then the failures by position, so that no two calls wait for one another. Raises DP001 when there is none.';
--! EndIncluded feed/subscriptions.sql
--! Included feed/create_subscription.sql
create or replace function dpg.create_subscription(
  subscription text,
  partition_network text default null,
  action_type text default null,
  source_item_instance_url text default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions;
begin
  perform
    dpg_private.check_key('subscription', subscription),
    dpg_private.check_key_or_none('partition_network', partition_network),
    dpg_private.check_key_or_none('action_type', action_type),
    dpg_private.check_url_or_none('source_item_instance_url', source_item_instance_url);

  select s.* into stored from dpg.subscriptions s where s.subscription = create_subscription.subscription;
  if not found then
    -- Another call may create the same subscription at this moment. The conflict finds that row, and an update that
    -- changes nothing returns it. Under repeatable read this ends in 40001.
    insert into dpg.subscriptions as s (subscription, partition_network, action_type, source_item_instance_url)
    values (
      create_subscription.subscription, create_subscription.partition_network, create_subscription.action_type,
      create_subscription.source_item_instance_url
    )
    on conflict on constraint subscriptions_pkey do update
    set created_at = s.created_at
    returning s.* into stored;
    if not found then
      perform dpg_private.refuse_suppressed(
        'insert', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
  end if;
  if (stored.partition_network, stored.action_type, dpg_private.normalised_url(stored.source_item_instance_url))
    is distinct from (partition_network, action_type, dpg_private.normalised_url(source_item_instance_url))
  then
    raise exception using
      errcode = 'DP008',
      message = dpg_private.text_for_client(
        format('subscription %L is there already, with other filters', subscription)
      ),
      hint = 'Give another subscription another name, or drop this one first: dpg.drop_subscription.',
      detail = dpg_private.text_for_client(jsonb_build_object(
        'subscription', subscription, 'partition_network', stored.partition_network,
        'action_type', stored.action_type, 'source_item_instance_url', stored.source_item_instance_url
      )::text);
  end if;
  return stored;
end
$body$;

comment on function dpg.create_subscription(text, text, text, text) is
  'Creates a subscription to the events of this instance, from the first one on. Without filters it gets all events.
Each filter narrows them, and filters can be combined: a network (partition_network), an action type (action_type),
an instance (source_item_instance_url: the instance of the action''s source, in any spelling of its URL).
The same call again returns the row as it is now. The same name with other filters is DP008.
Raises DP001, DP008, DP018.
Example: select * from dpg.create_subscription(
  ''to student'', source_item_instance_url => ''https://student.example.com''
)';
--! EndIncluded feed/create_subscription.sql
--! Included feed/drop_subscription.sql
create or replace function dpg.drop_subscription(subscription text)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.subscriptions := dpg_private.lock_subscription(subscription);
  failed bigint[];
begin
  failed := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = drop_subscription.subscription
    order by f."position"
    for update
  );
  perform dpg_private.forget_failures(subscription, failed);
  delete from dpg.subscriptions s where s.subscription = drop_subscription.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'delete', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return stored;
end
$body$;

comment on function dpg.drop_subscription(text) is
  'Ends a subscription. Forgets how far it was and which events it could not deliver. Returns its last state.
No event is lost: a new subscription of the same name begins at the first event. An unknown name is DP001.
Raises DP001, DP018.
Example: select * from dpg.drop_subscription(''to student'')';
--! EndIncluded feed/drop_subscription.sql
--! Included feed/failed_events.sql
create table if not exists dpg.failed_events (
  subscription text not null,
  "position" bigint not null,
  state text not null,
  attempts integer not null,
  last_error text,
  first_failed_at timestamptz not null default clock_timestamp(),
  last_failed_at timestamptz not null default clock_timestamp(),
  leased_until timestamptz,
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  lease_id uuid,
  constraint failed_events_pkey primary key (subscription, "position"),
  constraint failed_events_state_check check (state in ('failing', 'dead', 'retrying')),
  constraint failed_events_subscription_fkey foreign key (subscription) references dpg.subscriptions (subscription)
);

comment on table dpg.failed_events is
  'Events that a reader of a subscription could not deal with, and how often it has tried. Written by dpg.fail_event,
retry_events, read_retries, settle_event and acknowledge.';
comment on column dpg.failed_events.subscription is 'The subscription whose reader failed.';
comment on column dpg.failed_events."position" is 'The event, by its position in the feed.';
comment on column dpg.failed_events.state is
  'failing: not acknowledged, and tried again. dead: given up after so many attempts; the subscription goes on without
it. retrying: was dead, and is tried again because dpg.retry_events was called.';
comment on column dpg.failed_events.attempts is 'How often it failed since it was first tried or last revived.';
comment on column dpg.failed_events.last_error is 'What went wrong last.';
comment on column dpg.failed_events.first_failed_at is 'When it failed first.';
comment on column dpg.failed_events.last_failed_at is 'When it failed last.';
comment on column dpg.failed_events.leased_until is
  'Of a retrying event: until then a reader works on it, or it waits for its next try.';
comment on column dpg.failed_events.partition_network is 'Of the event.';
comment on column dpg.failed_events.action_type is 'Of the event.';
comment on column dpg.failed_events.event_id is 'The event.';
comment on column dpg.failed_events.lease_id is
  'Of a retrying event: the lease under which dpg.read_retries handed it out last. Null when it is not leased.';
comment on constraint failed_events_pkey on dpg.failed_events is 'One row for each event of a subscription.';
comment on constraint failed_events_state_check on dpg.failed_events is 'The states that there are.';
comment on constraint failed_events_subscription_fkey on dpg.failed_events is
  'A failed event belongs to a subscription.';
comment on index dpg.failed_events_pkey is 'For each call that names a failed event.';

create or replace function dpg_private.check_failure(error text, retry_seconds double precision)
returns void
language plpgsql
stable -- an immutable call with constants would already run, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if octet_length(error) > 65536 then
    perform dpg_private.refuse_argument(
      'error', to_jsonb(error), 'is too long', 'Say what went wrong in at most 65,536 bytes; never put a secret there.'
    );
  end if;
  if retry_seconds is null or not retry_seconds between 0 and 86400 then
    perform dpg_private.refuse_argument(
      'retry_seconds', to_jsonb(dpg_private.json_of_number(retry_seconds) #>> array[]::text[]), 'is out of range',
      'The next try is 0 to 86,400 seconds away.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_failure(text, double precision) is
  'Raises DP001 for an error of more than 65,536 bytes, or a next try that is not 0 to 86,400 seconds away.';

create or replace function dpg_private.forget_failures(subscription text, positions bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  forgotten integer;
begin
  if positions = '{}' then
    return;
  end if;
  delete from dpg.failed_events f
  where f.subscription = forget_failures.subscription
    and f."position" = any (positions);
  get diagnostics forgotten = row_count;
  if forgotten < cardinality(positions) then
    perform dpg_private.refuse_suppressed(
      'delete', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
end
$body$;

comment on function dpg_private.forget_failures(text, bigint[]) is
  'Deletes the failures of a subscription at these positions. The caller has locked them in the order of the positions.
Raises DP018 where a trigger kept one.';
--! EndIncluded feed/failed_events.sql
--! Included feed/feed_event.sql
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
  'A row of dpg.read_events and dpg.read_retries: its position in the feed, the lease under which it was handed out,
then the columns of dpg.action_events.';

create or replace function dpg_private.check_batch(max_events integer, lease_seconds double precision)
returns void
language plpgsql
stable -- an immutable call with constants would already run, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if max_events is null or not max_events between 1 and 10000 then
    perform dpg_private.refuse_argument(
      'max_events', to_jsonb(max_events), 'is out of range', 'A batch has 1 to 10,000 events.'
    );
  end if;
  if lease_seconds is null or not lease_seconds between 0.001 and 86400 then
    perform dpg_private.refuse_argument(
      'lease_seconds', to_jsonb(dpg_private.json_of_number(lease_seconds) #>> array[]::text[]), 'is out of range',
      'A lease lasts 0.001 to 86,400 seconds.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_batch(integer, double precision) is
  'Raises DP001 unless the batch has 1 to 10,000 events and the lease lasts 0.001 to 86,400 seconds.';

create or replace function dpg_private.find_missing_events(partition_network text, action_type text, event_ids uuid[])
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  missing uuid[];
begin
  -- The leaf may have been renamed. So the statement reads the root, with the keys in its text: PostgreSQL finds the
  -- leaf by its bound.
  execute format(
    'select array(
       select w.event_id
       from unnest($1) w(event_id)
       where not exists (
         select
         from dpg.action_events e
         where e.partition_network = %L
           and e.action_type = %L
           and e.event_id = w.event_id
       )
     )',
    partition_network, action_type
  )
  into missing
  using event_ids;
  return missing;
end
$body$;

comment on function dpg_private.find_missing_events(text, text, uuid[]) is
  'Those of these events of a network and action type that dpg.action_events does not have.';

create or replace function dpg_private.refuse_lost_events(positions bigint[])
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  missing uuid[];
begin
  for wanted in
    select f.partition_network, f.action_type, array_agg(f.event_id) as ids
    from dpg_private.event_feed f
    where f."position" = any (positions)
    group by f.partition_network, f.action_type
    order by min(f."position")
  loop
    missing := dpg_private.find_missing_events(wanted.partition_network, wanted.action_type, wanted.ids);
    if missing <> '{}' then
      raise exception using
        errcode = 'DP010',
        message = dpg_private.text_for_client(format(
          '%s events of %L/%L are in the feed and not in dpg.action_events: '
          'their partition was taken away or made anew',
          cardinality(missing), wanted.partition_network, wanted.action_type
        )),
        hint = 'If the table is still there, attach it again. '
          'If the events are lost for good, dpg_admin says so with dpg.confirm_lost_events; '
          'the feed then goes on after them.',
        detail = dpg_private.text_for_client(jsonb_build_object(
          'root', 'action_events', 'network', wanted.partition_network, 'key', wanted.action_type,
          'missing', cardinality(missing),
          'positions', (
            select jsonb_agg(l."position" order by l."position")
            from (
              select f."position"
              from dpg_private.event_feed f
              where f."position" = any (refuse_lost_events.positions)
                and f.partition_network = wanted.partition_network
                and f.action_type = wanted.action_type
                and f.event_id = any (missing)
              order by f."position"
              limit 100
            ) l
          )
        )::text);
    end if;
  end loop;
  raise exception using
    errcode = '40001',
    message = 'events of the feed were missing and are there again: their partition came back at this moment',
    hint = 'Repeat the call.';
end
$body$;

comment on function dpg_private.refuse_lost_events(bigint[]) is
  'Raises DP010 when events at these positions of the feed are missing: for the first network and action type that
misses some. DETAIL has how many of these positions that are, and the first 100 of them. Raises 40001 when no event
is missing any more.';

create or replace function dpg_private.find_events_at(positions bigint[], lease_id uuid)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  wanted record;
  searches text[] := array[]::text[];
  expected bigint := 0::bigint;
  returned bigint;
begin
  -- One search for each leaf, by the primary key. A leaf that is not found by its name may have been renamed:
  -- PostgreSQL finds it from the root, by its bound.
  for wanted in
    select f.partition_network, f.action_type,
      coalesce(dpg_private.find_leaf('action_events', f.partition_network, f.action_type), 'dpg.action_events') as leaf,
      array_agg(f."position" order by f."position") as positions,
      array_agg(f.event_id order by f."position") as ids
    from dpg_private.event_feed f
    where f."position" = any (find_events_at.positions)
    group by f.partition_network, f.action_type
  loop
    expected := expected + cardinality(wanted.positions);
    -- The columns are named, because an application may add others to the table.
    searches := searches || format(
      'select w."position", $1, e.partition_network, e.action_type, e.event_id, e.origin_instance_domain,
         e.action_id, e.action_status, e.update_count,
         e.source_item_network, e.source_item_domain, e.source_item_type, e.source_item_id,
         e.source_item_instance_url, e.source_item_owner, e.source_item_latitude, e.source_item_longitude,
         e.target_item_network, e.target_item_domain, e.target_item_type, e.target_item_id,
         e.target_item_instance_url, e.target_item_owner, e.target_item_latitude, e.target_item_longitude,
         e.event_payload, e.remarks, e.created_at, e.source_item_is_local, e.target_item_is_local
       from unnest(%L::bigint[], %L::uuid[]) w("position", event_id)
       join %s e on e.partition_network = %L and e.action_type = %L and e.event_id = w.event_id',
      wanted.positions, wanted.ids, wanted.leaf, wanted.partition_network, wanted.action_type
    );
  end loop;
  if searches = '{}' then
    return;
  end if;
  return query execute array_to_string(searches, ' union all ') || ' order by 1' using lease_id;
  get diagnostics returned = row_count;
  if returned < expected then
    -- It is better to stop than to skip events silently.
    perform dpg_private.refuse_lost_events(positions);
  end if;
end
$body$;

comment on function dpg_private.find_events_at(bigint[], uuid) is
  'The events at these positions of the feed, in order, each with this lease. Raises DP010 when one is missing.';
--! EndIncluded feed/feed_event.sql
--! Included feed/read_events.sql
create or replace function dpg_private.find_next_positions(reader dpg.subscriptions, max_events integer)
returns bigint[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  positions bigint[];
begin
  -- The statement has only the filters that the subscription has, so that the planner can choose the right index.
  execute format(
    'select array(
       select f."position"
       from dpg_private.event_feed f
       where f."position" > $1 %s %s %s
       order by f."position"
       limit $2
     )',
    case
      when reader.source_item_instance_url is not null
        then 'and dpg_private.normalised_url(f.source_item_instance_url) = $3'
    end,
    case when reader.partition_network is not null then 'and f.partition_network = $4' end,
    case when reader.action_type is not null then 'and f.action_type = $5' end
  )
  into positions
  using greatest(reader.acknowledged_position, reader.passed_position), max_events,
    dpg_private.normalised_url(reader.source_item_instance_url), reader.partition_network, reader.action_type;
  return positions;
end
$body$;

comment on function dpg_private.find_next_positions(dpg.subscriptions, integer) is
  'The next positions for a subscription, in order: not acknowledged, and committed by now.';

create or replace function dpg.read_events(
  subscription text,
  max_events integer default 1000,
  lease_seconds double precision default 60
)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  seen dpg.subscriptions;
  reader dpg.subscriptions;
  feed_end bigint;
  positions bigint[];
  lease uuid;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_events');
  max_events := coalesce(max_events, 1000);
  lease_seconds := coalesce(lease_seconds, 60);
  perform dpg_private.check_batch(max_events, lease_seconds);
  seen := dpg_private.get_subscription(subscription);
  if seen.leased_until > clock_timestamp() then
    return;
  end if;

  -- Look first, without a lock, so that a reader at the end of the feed writes nothing. Events are placed only when
  -- those that have positions do not fill the batch.
  reader := seen;
  loop
    select max(f."position") into feed_end from dpg_private.event_feed f;
    positions := dpg_private.find_next_positions(reader, max_events);
    if positions = '{}' then
      reader.passed_position := greatest(reader.passed_position, feed_end);
    end if;
    exit when cardinality(positions) = max_events or not dpg_private.place_events();
  end loop;
  if positions = '{}' and reader.passed_position - seen.passed_position < 1000 then
    return;
  end if;

  -- lock
  select s.* into reader
  from dpg.subscriptions s
  where s.subscription = read_events.subscription
  for update skip locked;
  if not found or reader.leased_until > clock_timestamp() then
    return; -- another reader was faster
  end if;
  -- The subscription may have changed since the look without a lock.
  if row(reader.created_at, reader.acknowledged_position, reader.passed_position)
    is distinct from row(seen.created_at, seen.acknowledged_position, seen.passed_position)
  then
    positions := dpg_private.find_next_positions(reader, max_events);
  elsif positions = '{}' then
    update dpg.subscriptions s
    set passed_position = feed_end
    where s.subscription = read_events.subscription;
    if not found then
      perform dpg_private.refuse_suppressed(
        'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
      );
    end if;
  end if;
  if positions = '{}' then
    return;
  end if;

  -- lease
  lease := gen_random_uuid();
  update dpg.subscriptions s
  set leased_position = positions[cardinality(positions)],
    leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    leased_at = clock_timestamp(),
    lease_id = lease,
    handed_out_position = greatest(s.handed_out_position, positions[cardinality(positions)])
  where s.subscription = read_events.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query select e.* from dpg_private.find_events_at(positions, lease) e;
end
$body$;

comment on function dpg.read_events(text, integer, double precision) is
  'Returns the next events of a subscription in the order of the feed, max_events (1 to 10,000) at most, and leases them
for lease_seconds (0.001 to 86,400): meanwhile no other call gets events of this subscription. No rows: there is
nothing now, or another reader works on it.
Events that are not acknowledged in that time come again, so each event is delivered at least once. A reader that stores
the position together with what it did with the event applies each event exactly once.
All rows have one lease_id. Pass it to acknowledge, release_events and fail_event, so that a late reader does not end
the lease of the next one.
Call it in a transaction of its own and end that at once: until then nobody else can lease events of this
subscription, and nobody else can put new events into the feed.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable. Missing events are DP010.
Raises DP001, DP010, DP018.
Example: select e."position", e.action_status, e.event_payload from dpg.read_events(''to student'', 100) e';
--! EndIncluded feed/read_events.sql
--! Included feed/acknowledge.sql
create or replace function dpg.acknowledge(subscription text, "position" bigint, lease_id uuid default null)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  is_present boolean;
  ends_lease boolean;
  failing bigint[];
begin
  -- check
  perform dpg_private.check_present('position', acknowledge."position" is not null);

  -- lock
  reader := dpg_private.lock_subscription(subscription);

  -- check what the lock has found
  if not acknowledge."position" between 0 and reader.handed_out_position then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(acknowledge."position"), 'was not handed out',
      format('Pass the position of an event that read_events returned; the highest was %s.', reader.handed_out_position)
    );
  end if;
  -- A reader whose lease has ended may still move the position, but must not end the lease of the next reader.
  is_present := acknowledge.lease_id is null or acknowledge.lease_id is not distinct from reader.lease_id;
  if acknowledge."position" <= reader.acknowledged_position
    and not (is_present and reader.leased_position is not null)
  then
    return reader.acknowledged_position;
  end if;
  ends_lease := is_present and (reader.leased_position > acknowledge."position") is not true;

  -- change
  update dpg.subscriptions s
  set acknowledged_position = greatest(s.acknowledged_position, acknowledge."position"),
    acknowledged_at = clock_timestamp(),
    leased_position = case when not ends_lease then s.leased_position end,
    leased_until = case when not ends_lease then s.leased_until end,
    lease_id = case when not ends_lease then s.lease_id end
  where s.subscription = acknowledge.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  failing := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = acknowledge.subscription
      and f."position" <= acknowledge."position"
      and f.state = 'failing'
    order by f."position"
    for update
  );
  perform dpg_private.forget_failures(subscription, failing);
  return greatest(reader.acknowledged_position, acknowledge."position");
end
$body$;

comment on function dpg.acknowledge(text, bigint, uuid) is
  'Marks everything up to this position as done. Returns the position up to which everything is done: it moves
forward, never back. When the position is the end of the leased batch, the lease ends and the next batch can be read.
Pass the lease_id of the batch. If that lease has ended and another reader has the events now, the position still
moves forward, and the lease of the other reader stays. Without lease_id, any lease counts as that of the caller.
A position that was not handed out is DP001.
Raises DP001, DP018.
Example: select dpg.acknowledge(s.subscription, s.handed_out_position, s.lease_id)
from dpg.subscriptions s
where s.subscription = ''to student''';
--! EndIncluded feed/acknowledge.sql
--! Included feed/release_events.sql
create or replace function dpg.release_events(
  subscription text,
  error text default null,
  retry_seconds double precision default 0,
  lease_id uuid default null
)
returns dpg.subscriptions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  ends_lease boolean;
begin
  retry_seconds := coalesce(retry_seconds, 0);
  perform dpg_private.check_failure(error, retry_seconds);
  reader := dpg_private.lock_subscription(subscription);
  -- A reader whose lease has ended may still report its error, but must not end the lease of the next reader.
  ends_lease := release_events.lease_id is null or release_events.lease_id is not distinct from reader.lease_id;
  update dpg.subscriptions s
  set leased_position = case when not ends_lease then s.leased_position end,
    leased_until = case
      when not ends_lease then s.leased_until
      when retry_seconds > 0 then clock_timestamp() + make_interval(secs => retry_seconds)
    end,
    lease_id = case when not ends_lease then s.lease_id end,
    last_error = coalesce(release_events.error, s.last_error),
    last_error_at = case when release_events.error is null then s.last_error_at else clock_timestamp() end
  where s.subscription = release_events.subscription
  returning s.* into reader;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return reader;
end
$body$;

comment on function dpg.release_events(text, text, double precision, uuid) is
  'Gives a leased batch back. What is not acknowledged comes again after retry_seconds (0 to 86,400), to the next
reader. Returns the subscription as it is now. error says what went wrong, and dpg.subscription_status shows it: do
not put a secret there.
Pass the lease_id of the batch. If that lease has ended and another reader has the events now, only the error is
noted, and the lease of the other reader stays. Without lease_id, any lease counts as that of the caller.
Raises DP001, DP018.
Example: select dpg.release_events(''to student'', ''connection refused'', 30)';
--! EndIncluded feed/release_events.sql
--! Included feed/fail_event.sql
create or replace function dpg.fail_event(
  subscription text,
  "position" bigint,
  error text,
  max_attempts integer default 10,
  retry_seconds double precision default 0,
  lease_id uuid default null
)
returns dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  failed dpg.failed_events;
  event record;
  is_known boolean;
begin
  -- check
  max_attempts := coalesce(max_attempts, 10);
  retry_seconds := coalesce(retry_seconds, 0);
  perform
    dpg_private.check_present('position', fail_event."position" is not null),
    dpg_private.check_failure(error, retry_seconds);
  if max_attempts < 1 then
    perform dpg_private.refuse_argument(
      'max_attempts', to_jsonb(max_attempts), 'is out of range', 'Try at least once.'
    );
  end if;

  -- lock
  reader := dpg_private.lock_subscription(subscription);
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = fail_event.subscription
    and f."position" = fail_event."position"
  for update;
  is_known := found;

  -- check what the lock has found
  select e.partition_network, e.action_type, e.event_id into event
  from dpg_private.event_feed e
  where e."position" = fail_event."position"
    and e."position" <= reader.handed_out_position;
  if not found then
    perform dpg_private.refuse_argument(
      'position', to_jsonb(fail_event."position"), 'was not handed out',
      'Pass the position of an event that read_events returned.'
    );
  end if;

  -- change
  if fail_event.lease_id is null
    or fail_event.lease_id is not distinct from coalesce(failed.lease_id, reader.lease_id)
  then
    insert into dpg.failed_events as f (
      subscription, "position", state, attempts, last_error, partition_network, action_type, event_id
    )
    values (
      reader.subscription, fail_event."position", case when max_attempts > 1 then 'failing' else 'dead' end, 1,
      fail_event.error, event.partition_network, event.action_type, event.event_id
    )
    on conflict on constraint failed_events_pkey do update
    set attempts = f.attempts + 1,
      state = case when f.attempts + 1 >= max_attempts then 'dead' else f.state end,
      last_error = excluded.last_error,
      last_failed_at = excluded.last_failed_at,
      leased_until = case
        when f.state = 'retrying' and f.attempts + 1 < max_attempts
          then clock_timestamp() + make_interval(secs => retry_seconds)
      end,
      lease_id = null
    returning f.* into failed;
    if not found then
      perform dpg_private.refuse_suppressed(
        case when is_known then 'update' else 'insert' end, 'dpg.failed_events',
        jsonb_build_object('subscription', subscription, 'position', "position")
      );
    end if;
  elsif not is_known then
    -- Another reader has the event now, and no failure of it is stored. The row below is returned and not stored.
    failed.subscription := reader.subscription;
    failed."position" := fail_event."position";
    failed.state := 'failing';
    failed.attempts := 0;
    failed.first_failed_at := clock_timestamp();
    failed.last_failed_at := failed.first_failed_at;
    failed.partition_network := event.partition_network;
    failed.action_type := event.action_type;
    failed.event_id := event.event_id;
  end if;
  update dpg.subscriptions s
  set last_error = coalesce(fail_event.error, s.last_error),
    last_error_at = clock_timestamp()
  where s.subscription = fail_event.subscription;
  if not found then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.subscriptions', jsonb_build_object('subscription', subscription)
    );
  end if;
  return failed;
end
$body$;

comment on function dpg.fail_event(text, bigint, text, integer, double precision, uuid) is
  'Notes that a reader could not deal with an event. Returns the failed event with its state and attempts: how often
that happened. After max_attempts failures the state is dead: acknowledge beyond the event and go on without it.
Before that, do not acknowledge it, and release the batch. An event that came from read_retries comes again after
retry_seconds (0 to 86,400). Do not put a secret into error.
Pass the lease_id of the event. If that lease has ended and another reader has the event now, the failure is not
counted, the lease of the other reader stays, and the result says how often others have failed (attempts 0: nobody).
Without lease_id the failure is counted in any case.
Raises DP001, DP018.
Example: select (dpg.fail_event(
  s.subscription, s.handed_out_position, ''answer 500'', max_attempts => 1, lease_id => s.lease_id
)).state
from dpg.subscriptions s
where s.subscription = ''to student''';
--! EndIncluded feed/fail_event.sql
--! Included feed/retry_events.sql
create or replace function dpg.retry_events(subscription text, "position" bigint default null)
returns setof dpg.failed_events
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  dead bigint[];
  revived integer;
begin
  perform dpg_private.lock_subscription(subscription);
  dead := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = retry_events.subscription
      and f."position" = coalesce(retry_events."position", f."position")
      and f.state = 'dead'
    order by f."position"
    for update
  );
  return query
  update dpg.failed_events f
  set state = 'retrying',
    attempts = 0,
    leased_until = null,
    lease_id = null
  where f.subscription = retry_events.subscription
    and f."position" = any (dead)
  returning f.*;
  get diagnostics revived = row_count;
  if revived < cardinality(dead) then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
end
$body$;

comment on function dpg.retry_events(text, bigint) is
  'For an operator: revives the dead events of a subscription, all or the one at this position, so that
dpg.read_retries hands them out again. Returns them. An unknown subscription is DP001.
Raises DP001, DP018.
Example: select f."position", f.last_error from dpg.retry_events(''to student'') f';
--! EndIncluded feed/retry_events.sql
--! Included feed/read_retries.sql
create or replace function dpg.read_retries(
  subscription text,
  max_events integer default 100,
  lease_seconds double precision default 60
)
returns setof dpg.feed_event
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  lease uuid;
  positions bigint[];
  leased integer;
begin
  -- check
  perform dpg_private.check_transaction('dpg.read_retries');
  max_events := coalesce(max_events, 100);
  lease_seconds := coalesce(lease_seconds, 60);
  perform
    dpg_private.check_batch(max_events, lease_seconds),
    dpg_private.get_subscription(subscription);

  -- Look first, without a lock, so that a call that finds nothing writes nothing.
  perform f."position"
  from dpg.failed_events f
  where f.subscription = read_retries.subscription
    and f.state = 'retrying'
    and (f.leased_until is null or f.leased_until <= clock_timestamp())
  limit 1;
  if not found then
    return;
  end if;

  -- lock: the subscription first, then its failures by position
  perform s.subscription
  from dpg.subscriptions s
  where s.subscription = read_retries.subscription
  for update skip locked;
  if not found then
    return; -- another reader was faster
  end if;
  positions := array(
    select f."position"
    from dpg.failed_events f
    where f.subscription = read_retries.subscription
      and f.state = 'retrying'
      and (f.leased_until is null or f.leased_until <= clock_timestamp())
    order by f."position"
    limit max_events
    for update skip locked
  );
  if positions = '{}' then
    return;
  end if;

  -- lease
  lease := gen_random_uuid();
  update dpg.failed_events f
  set leased_until = clock_timestamp() + make_interval(secs => lease_seconds),
    lease_id = lease
  where f.subscription = read_retries.subscription
    and f."position" = any (positions);
  get diagnostics leased = row_count;
  if leased < cardinality(positions) then
    perform dpg_private.refuse_suppressed(
      'update', 'dpg.failed_events', jsonb_build_object('subscription', subscription)
    );
  end if;
  return query select e.* from dpg_private.find_events_at(positions, lease) e;
end
$body$;

comment on function dpg.read_retries(text, integer, double precision) is
  'Returns the events that dpg.retry_events revived, in the order of the feed, max_events (1 to 10,000) at most, and
leases them to the caller for lease_seconds (0.001 to 86,400). Then call dpg.settle_event or dpg.fail_event for each,
with its lease_id; an event without either comes again.
The first check is of the transaction: 25006 on a standby or in a read-only transaction, 25000 in repeatable read and
serializable. Missing events are DP010.
Raises DP001, DP010, DP018.
Example: select e."position" from dpg.read_retries(''to student'') e';
--! EndIncluded feed/read_retries.sql
--! Included feed/settle_event.sql
create or replace function dpg.settle_event(subscription text, "position" bigint, lease_id uuid default null)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  reader dpg.subscriptions;
  failed dpg.failed_events;
begin
  perform dpg_private.check_present('position', settle_event."position" is not null);
  reader := dpg_private.lock_subscription(subscription);
  select f.* into failed
  from dpg.failed_events f
  where f.subscription = settle_event.subscription
    and f."position" = settle_event."position"
  for update;
  if not found
    or (
      settle_event.lease_id is not null
      and settle_event.lease_id is distinct from coalesce(failed.lease_id, reader.lease_id)
    )
  then
    return false;
  end if;
  perform dpg_private.forget_failures(subscription, array[settle_event."position"]);
  return true;
end
$body$;

comment on function dpg.settle_event(text, bigint, uuid) is
  'Takes an event out of dpg.failed_events: a reader got it from read_retries and dealt with it, or an operator has
settled it in another way. Returns false when it is not there.
Pass the lease_id of the event. If that lease has ended and another reader has the event now, the event stays and the
result is false: the other reader settles it. Without lease_id it is taken out in any case.
Raises DP001, DP018.
Example: select dpg.settle_event(f.subscription, f."position", f.lease_id)
from dpg.failed_events f
where f.subscription = ''to student''';
--! EndIncluded feed/settle_event.sql
--! Included feed/peers.sql
create or replace view dpg.peers as
with recursive instances as (
  -- Each step goes to the next instance in the index, so that the cost does not depend on the length of the feed.
  select min(dpg_private.normalised_url(f.source_item_instance_url)) as form
  from dpg_private.event_feed f
  union all
  select (
    select min(dpg_private.normalised_url(f.source_item_instance_url))
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) > i.form
  )
  from instances i
  where i.form is not null
)
select p.instance_url
from (
  -- The spelling that came first must stay the one that is shown: a mirror names its subscription after it.
  select i.form, f.source_item_instance_url as instance_url
  from instances i
  cross join lateral (
    select f.source_item_instance_url
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) = i.form
    order by f."position"
    limit 1
  ) f
  where i.form is not null
  union all
  select q.form, q.instance_url
  from (
    select distinct on (dpg_private.normalised_url(q.source_item_instance_url))
      dpg_private.normalised_url(q.source_item_instance_url) as form,
      q.source_item_instance_url as instance_url
    from dpg_private.event_queue q
    order by dpg_private.normalised_url(q.source_item_instance_url), q.seq
  ) q
  where not exists (
    select
    from dpg_private.event_feed f
    where dpg_private.normalised_url(f.source_item_instance_url) = q.form
  )
) p
where not exists (
  select
  from dpg_private.instance_url_sightings s
  where dpg_private.normalised_url(s.instance_url) = p.form
);

comment on view dpg.peers is
  'The other instances that there are events for: each is the source of an event, and is not this instance. A mirror
needs a subscription for each. One row for each instance; of several spellings of its URL, the one whose event came
first.';
comment on column dpg.peers.instance_url is 'URL of the other instance.';
--! EndIncluded feed/peers.sql
--! Included feed/subscription_status.sql
create or replace view dpg.subscription_status as
select
  s.subscription,
  s.partition_network,
  s.action_type,
  s.source_item_instance_url,
  s.acknowledged_position,
  lag.lag_events,
  coalesce(extract(epoch from clock_timestamp() - lag.oldest_at), 0)::double precision as lag_seconds,
  coalesce(s.leased_until > clock_timestamp(), false) as is_leased,
  -- Nobody has read or acknowledged for an hour, and there was something to read for as long.
  coalesce(
    greatest(s.created_at, s.leased_at, s.acknowledged_at, lag.oldest_at) < clock_timestamp() - interval '1 hour', false
  )
  and lag.lag_events > 0 as is_dead,
  (select count(*) from dpg.failed_events f where f.subscription = s.subscription and f.state = 'dead') as dead_events,
  s.last_error,
  s.last_error_at,
  holder.pid as held_back_by_pid,
  holder.reason as held_back_by,
  extract(epoch from clock_timestamp() - holder.since)::double precision as held_back_seconds
from dpg.subscriptions s
cross join lateral (
  select count(*) as lag_events, min(l.created_at) as oldest_at
  -- The filters are written twice. Written once, around the union, counting takes 1.1 (PostgreSQL 15) to 1.2 times
  -- (PostgreSQL 18) as long.
  from (
    select f.created_at
    from dpg_private.event_feed f
    where f."position" > greatest(s.acknowledged_position, s.passed_position)
      and (
        s.source_item_instance_url is null
        or f.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(f.source_item_instance_url)
          = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or f.partition_network = s.partition_network)
      and (s.action_type is null or f.action_type = s.action_type)
    union all
    select q.created_at
    from dpg_private.event_queue q
    where (
        s.source_item_instance_url is null
        or q.source_item_instance_url = s.source_item_instance_url
        or dpg_private.normalised_url(q.source_item_instance_url)
          = dpg_private.normalised_url(s.source_item_instance_url)
      )
      and (s.partition_network is null or q.partition_network = s.partition_network)
      and (s.action_type is null or q.action_type = s.action_type)
  ) l
) lag
left join lateral (
  select l.pid, a.xact_start as since,
    case
      when l.relation = 'dpg_private.feed_turn'::regclass then 'it places events and has not ended: nobody else can'
      when l.relation = 'dpg.subscriptions'::regclass then 'it has read or acknowledged and has not ended'
      else 'it has made events and has not committed: they come when it does'
    end as reason
  from pg_locks l
  left join pg_stat_activity a on a.pid = l.pid
  where l.granted
    and l.pid <> pg_backend_pid()
    and l.database = (select d.oid from pg_database d where d.datname = current_database())
    and l.locktype = 'relation'
    and (
      -- the lock of dpg_private.place_events
      (l.mode = 'ShareUpdateExclusiveLock' and l.relation = 'dpg_private.feed_turn'::regclass)
      or (
        l.mode = 'RowExclusiveLock'
        and l.relation in ('dpg.subscriptions'::regclass, 'dpg_private.event_queue'::regclass)
      )
    )
  order by
    l.relation = 'dpg_private.feed_turn'::regclass desc,
    l.relation = 'dpg.subscriptions'::regclass desc,
    a.xact_start
  limit 1
) holder on true;

comment on view dpg.subscription_status is
  'How far behind each subscription is, and why. Counting takes time in proportion to the lag.
Times and locks are always as of now, so ask under read committed, where rows are as of now as well. In an older
snapshot is_leased, is_dead and held_back_by do not belong to the rows beside them.';
comment on column dpg.subscription_status.subscription is 'Name of the subscription.';
comment on column dpg.subscription_status.partition_network is 'Its filter.';
comment on column dpg.subscription_status.action_type is 'Its filter.';
comment on column dpg.subscription_status.source_item_instance_url is 'Its filter.';
comment on column dpg.subscription_status.acknowledged_position is 'Everything up to here is done.';
comment on column dpg.subscription_status.lag_events is 'How many events are not acknowledged. Dead ones do not count.';
comment on column dpg.subscription_status.lag_seconds is
  'Age of the oldest of these events in seconds; 0 when there is none.';
comment on column dpg.subscription_status.is_leased is
  'Whether a reader works on a batch, or the batch waits for its next try.';
comment on column dpg.subscription_status.is_dead is
  'Whether nobody has read or acknowledged for an hour although there was something to read: its reader is gone.
Nothing is lost. Drop the subscription if no reader will come back.';
comment on column dpg.subscription_status.dead_events is
  'How many events were given up: rows of dpg.failed_events that dpg.retry_events can revive.';
comment on column dpg.subscription_status.last_error is 'The last error that a reader has reported.';
comment on column dpg.subscription_status.last_error_at is 'When.';
comment on column dpg.subscription_status.held_back_by_pid is
  'The server process whose open transaction holds back the feed or the subscription; null when there is none.';
comment on column dpg.subscription_status.held_back_by is 'How that transaction holds it back.';
comment on column dpg.subscription_status.held_back_seconds is
  'Age of that transaction in seconds; null when the role of this session may not see it (pg_read_all_stats may).';
--! EndIncluded feed/subscription_status.sql
--! Included feed/confirm_lost_events.sql
create table if not exists dpg_private.lost_events (
  partition_network text not null,
  action_type text not null,
  event_id uuid not null,
  "position" bigint,
  source_item_instance_url text not null,
  created_at timestamptz not null,
  redaction_id bigint not null,
  constraint lost_events_pkey primary key (partition_network, action_type, event_id)
);

comment on table dpg_private.lost_events is
  'Events that dpg.confirm_lost_events has taken out of the feed, because they are gone with their partition: their
former rows in event_feed and event_queue. No function reads it. It is the record of what was lost.';
comment on column dpg_private.lost_events.partition_network is 'Of the event.';
comment on column dpg_private.lost_events.action_type is 'Of the event.';
comment on column dpg_private.lost_events.event_id is 'The event.';
comment on column dpg_private.lost_events."position" is 'Its position in the feed; null when it had none yet.';
comment on column dpg_private.lost_events.source_item_instance_url is 'Of the event: the instance that it was for.';
comment on column dpg_private.lost_events.created_at is 'Of the event.';
comment on column dpg_private.lost_events.redaction_id is
  'The record in dpg.redactions: who confirmed the loss, when and why.';

create or replace function dpg.confirm_lost_events(actor text, partition_network text, action_type text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  redaction dpg.redactions;
  missing uuid[];
  taken bigint;
  kept bigint;
begin
  -- check
  perform
    dpg_private.check_transaction('dpg.confirm_lost_events'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_reason(reason);

  -- lock. Every call of the feed reads this table first, so this waits for the calls that are under way. They have
  -- found positions already, and would miss the events that are taken away now.
  lock table dpg.subscriptions in access exclusive mode;

  -- check what the lock has found
  missing := dpg_private.find_missing_events(
    partition_network, action_type,
    array(
      select f.event_id
      from dpg_private.event_feed f
      where f.partition_network = confirm_lost_events.partition_network
        and f.action_type = confirm_lost_events.action_type
      union all
      select q.event_id
      from dpg_private.event_queue q
      where q.partition_network = confirm_lost_events.partition_network
        and q.action_type = confirm_lost_events.action_type
    )
  );
  if missing = '{}' then
    perform dpg_private.refuse_argument(
      'action_type', to_jsonb(action_type), 'has lost no events',
      'Every event of these keys that is in the feed is there. Look at the keys in the message of DP010.'
    );
  end if;

  -- change
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type)
  values (
    confirm_lost_events.actor, 'loss', confirm_lost_events.reason,
    confirm_lost_events.partition_network, confirm_lost_events.action_type
  )
  returning * into redaction;
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.redactions');
  end if;
  with gone as (
    delete from dpg_private.event_feed f
    using unnest(missing) m(event_id)
    where f.partition_network = confirm_lost_events.partition_network
      and f.action_type = confirm_lost_events.action_type
      and f.event_id = m.event_id
    returning f."position", f.event_id, f.source_item_instance_url, f.created_at
  ),
  unplaced as (
    delete from dpg_private.event_queue q
    using unnest(missing) m(event_id)
    where q.partition_network = confirm_lost_events.partition_network
      and q.action_type = confirm_lost_events.action_type
      and q.event_id = m.event_id
    returning q.event_id, q.source_item_instance_url, q.created_at
  ),
  noted as (
    insert into dpg_private.lost_events (
      partition_network, action_type, event_id, "position", source_item_instance_url, created_at, redaction_id
    )
    select confirm_lost_events.partition_network, confirm_lost_events.action_type, o.event_id, o."position",
      o.source_item_instance_url, o.created_at, redaction.redaction_id
    from (
      select g.event_id, g."position", g.source_item_instance_url, g.created_at from gone g
      union all
      select u.event_id, null, u.source_item_instance_url, u.created_at from unplaced u
    ) o
    returning 1
  )
  select (select count(*) from gone) + (select count(*) from unplaced), (select count(*) from noted)
  into taken, kept;
  if taken < cardinality(missing) or kept < taken then
    perform dpg_private.refuse_suppressed('delete', 'dpg_private.event_feed');
  end if;

  -- A lost event cannot be tried again.
  delete from dpg.failed_events f
  using unnest(missing) m(event_id)
  where f.partition_network = confirm_lost_events.partition_network
    and f.action_type = confirm_lost_events.action_type
    and f.event_id = m.event_id;
  return redaction;
end
$body$;

comment on function dpg.confirm_lost_events(text, text, text, text) is
  'For dpg_admin: confirms that events of a network and action type are lost for good: those that are in the feed and
not in dpg.action_events, because their partition was dropped. Keeps on record who confirmed it and why. Returns that
record, of kind loss.
Without this, reads of the feed end in DP010. Afterwards the feed goes on after the lost events. Events that are
there, and later ones, stay in the feed. dpg_private.lost_events lists the lost ones.
The call reads the whole feed. Every other call of the feed waits until its transaction has ended. It cannot run in a
read-only transaction (25006), nor in repeatable read or serializable (25000). It is DP001
when no event is missing.
Raises DP001, DP018.
Example: select dpg.confirm_lost_events(''dba'', ''yellow_dot'', ''connect'', ''dropped by mistake, no backup has it'')
where to_regclass(''dpg.e_p_yellowdot_connect'') is null';
--! EndIncluded feed/confirm_lost_events.sql
--! Included redactions/redact_event.sql
create or replace function dpg.redact_event(
  actor text,
  partition_network text,
  action_type text,
  event_id uuid,
  reason text
)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  event dpg.action_events;
  action dpg.item_actions;
  emptied dpg.action_events;
  emptied_action dpg.item_actions;
  action_leaf regclass;
  redaction dpg.redactions;
  is_beside boolean := false; -- whether only dpg.differing_events has the event
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_key('partition_network', partition_network),
    dpg_private.check_key('action_type', action_type),
    dpg_private.check_present('event_id', event_id is not null),
    dpg_private.check_reason(reason);

  event := dpg_private.find_event(partition_network, action_type, event_id);
  if event.event_id is null then
    -- The event may be one that differs from the stored one and was accepted.
    select (dpg_private.parse_event(d.event)).*
    into event
    from dpg.differing_events d
    where d.event_id = redact_event.event_id
      and d.partition_network = redact_event.partition_network
      and d.action_type = redact_event.action_type
    limit 1;
    event.target_item_is_local := false;
    is_beside := event.event_id is not null;
  end if;
  if event.event_id is null then
    perform dpg_private.refuse_argument(
      'event_id', to_jsonb(event_id), 'is no event here', 'Check network, type and id of the event.'
    );
  end if;

  -- change. The record comes first: without it the triggers refuse every change of an event.
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type, action_id, event_id)
  values (
    redact_event.actor, 'event', redact_event.reason,
    event.partition_network, event.action_type, event.action_id, event.event_id
  )
  returning * into redaction;

  -- change the action, or the mirrored action
  action_leaf := dpg_private.find_leaf('item_actions', partition_network, action_type);
  if event.target_item_is_local and action_leaf is not null then
    action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    execute format(
      'update %s a
       set remarks = null, requirements_snapshot = ''{}''
       where a.partition_network = $1 and a.action_type = $2 and a.action_id = $3',
      action_leaf
    )
    using partition_network, action_type, event.action_id;
    emptied_action := dpg_private.find_action(action_leaf, partition_network, action_type, event.action_id);
    -- A trigger of the application may write something else there, but must not put back what was there.
    if emptied_action.remarks = action.remarks
      or (emptied_action.requirements_snapshot = action.requirements_snapshot and action.requirements_snapshot <> '{}')
    then
      perform dpg_private.refuse_suppressed('update', action_leaf, jsonb_build_object('action_id', event.action_id));
    end if;
  end if;
  if not event.target_item_is_local then
    update dpg_private.mirrored_actions m
    set remarks = null
    where m.partition_network = redact_event.partition_network
      and m.action_type = redact_event.action_type
      and m.action_id = event.action_id
      and dpg_private.normalised_url(m.origin_instance_domain)
        = dpg_private.normalised_url(event.origin_instance_domain);
  end if;

  -- change the event
  update dpg.differing_events d
  set event = d.event || '{"event_payload": {}, "remarks": null}'
  where d.event_id = redact_event.event_id
    and d.partition_network = redact_event.partition_network
    and d.action_type = redact_event.action_type;
  if is_beside then
    return redaction;
  end if;
  execute format(
    'update %s e
     set event_payload = ''{}'', remarks = null
     where e.partition_network = $1 and e.action_type = $2 and e.event_id = $3
       and (e.event_payload <> ''{}'' or e.remarks is not null)',
    dpg_private.find_leaf('action_events', partition_network, action_type)
  )
  using partition_network, action_type, event_id;
  emptied := dpg_private.find_event(partition_network, action_type, event_id);
  if emptied.remarks = event.remarks
    or (emptied.event_payload = event.event_payload and event.event_payload <> '{}')
  then
    perform dpg_private.refuse_suppressed(
      'update',
      dpg_private.find_leaf('action_events', partition_network, action_type),
      jsonb_build_object('event_id', event_id)
    );
  end if;
  -- A digest of what was taken away must not stay either.
  delete from dpg_private.sent_contents s
  where s.id in (redact_event.event_id, event.action_id)
    and s.network = redact_event.partition_network
    and s.key = redact_event.action_type
    and s.root in ('item_actions', 'action_events');
  return redaction;
end
$body$;

comment on function dpg.redact_event(text, text, text, uuid, text) is
  'For dpg_admin: empties payload and remarks of an event, and remarks and requirements of its action. Keeps on record
who asked for it and why. Returns that record. dpg.store_event of the event does not restore them. An event in
dpg.differing_events is emptied there.
Raises DP001, DP018.
Example: select * from dpg.redact_event(
  ''dpo'', ''yellow_dot'', ''connect'', ''44444444-4444-4444-8444-444444444444'', ''request 17 under article 17''
)';
--! EndIncluded redactions/redact_event.sql
--! Included redactions/accept_differing_event.sql
create or replace function dpg.accept_differing_event(actor text, event jsonb, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  proposed dpg.action_events;
  stored dpg.action_events;
  spelling text;
  redaction dpg.redactions;
begin
  -- check
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_reason(reason);
  proposed := dpg_private.parse_event(event);
  if dpg_private.is_instance_url(proposed.origin_instance_domain)
    or dpg_private.normalised_url(proposed.target_item_instance_url)
      <> dpg_private.normalised_url(proposed.origin_instance_domain)
  then
    perform dpg_private.refuse_origin(proposed);
  end if;

  -- lock: one call at a time, so that an event is not accepted twice. dpg.store_event only reads the table and does not
  -- wait.
  lock table dpg.differing_events in share row exclusive mode;

  -- check which event is stored under this id, or of this update, and whether it says something else
  stored := dpg_private.find_event(proposed.partition_network, proposed.action_type, proposed.event_id);
  for spelling in
    select proposed.origin_instance_domain
    union
    select p.instance_url
    from dpg_private.peer_url_sightings p
    where dpg_private.normalised_url(p.instance_url) = dpg_private.normalised_url(proposed.origin_instance_domain)
  loop
    exit when stored.event_id is not null;
    stored := dpg_private.find_event_of_update(
      proposed.partition_network, proposed.action_type, spelling, proposed.action_id, proposed.update_count
    );
  end loop;
  proposed.source_item_is_local := coalesce(stored.source_item_is_local, false);
  proposed.target_item_is_local := false;
  if stored.event_id is null
    or dpg_private.is_same_event(stored, dpg_private.fill_missing_fields(event, proposed, stored))
  then
    perform dpg_private.refuse_argument(
      'event', to_jsonb(proposed.event_id), 'differs from no event here',
      'Pass to dpg.store_event what can be stored. This function is for an event that it refuses with DP008.'
    );
  end if;
  if (dpg_private.find_differing_event(event, proposed)).event_id is not null then
    select r.*
    into redaction
    from dpg.differing_events d
    join dpg.redactions r using (redaction_id)
    where d.event_id = proposed.event_id
      and d.partition_network = proposed.partition_network
      and d.action_type = proposed.action_type
    order by d.redaction_id desc
    limit 1;
    return redaction;
  end if;
  -- An event of another action, or between other items, is not the same update done again.
  if (
    stored.action_id,
    stored.source_item_network, stored.source_item_domain, stored.source_item_type, stored.source_item_id,
    stored.target_item_network, stored.target_item_domain, stored.target_item_type, stored.target_item_id,
    dpg_private.normalised_url(stored.origin_instance_domain),
    dpg_private.normalised_url(stored.source_item_instance_url)
  ) is distinct from (
    proposed.action_id,
    proposed.source_item_network, proposed.source_item_domain, proposed.source_item_type, proposed.source_item_id,
    proposed.target_item_network, proposed.target_item_domain, proposed.target_item_type, proposed.target_item_id,
    dpg_private.normalised_url(proposed.origin_instance_domain),
    dpg_private.normalised_url(proposed.source_item_instance_url)
  ) then
    perform dpg_private.refuse_event_of_other_items(proposed);
  end if;

  -- change
  insert into dpg.redactions (actor, kind, reason, partition_network, action_type, action_id, event_id)
  values (
    accept_differing_event.actor, 'difference', accept_differing_event.reason,
    proposed.partition_network, proposed.action_type, proposed.action_id, proposed.event_id
  )
  returning * into redaction;
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.redactions');
  end if;
  insert into dpg.differing_events (
    redaction_id, partition_network, action_type, event_id, origin_instance_domain, action_id, update_count,
    source_item_owner, source_item_is_local, event
  )
  values (
    redaction.redaction_id, proposed.partition_network, proposed.action_type, proposed.event_id,
    proposed.origin_instance_domain, proposed.action_id, proposed.update_count,
    proposed.source_item_owner, proposed.source_item_is_local, dpg_private.event_to_json(proposed)
  );
  if not found then
    perform dpg_private.refuse_suppressed('insert', 'dpg.differing_events');
  end if;
  -- The origin says now that the update ended like this. What later updates said stays.
  update dpg_private.mirrored_actions m
  set action_status = proposed.action_status,
    update_count = proposed.update_count,
    updated_at = proposed.created_at,
    remarks = case
      when proposed.update_count >= coalesce(m.remarks_update_count, -1) then coalesce(proposed.remarks, m.remarks)
      else m.remarks
    end,
    remarks_update_count = case
      when proposed.remarks is not null then greatest(m.remarks_update_count, proposed.update_count)
      else m.remarks_update_count
    end
  where m.action_id = proposed.action_id
    and m.partition_network = proposed.partition_network
    and m.action_type = proposed.action_type
    and dpg_private.normalised_url(m.origin_instance_domain)
      = dpg_private.normalised_url(proposed.origin_instance_domain)
    and proposed.update_count >= m.update_count;
  return redaction;
end
$body$;

comment on function dpg.accept_differing_event(text, jsonb, text) is
  'For dpg_admin: accepts an event of another instance that dpg.store_event refuses with DP008, because the stored event
of the same update of the action, or under the same id, says something else. This happens when the other instance was
restored from a backup and did the update again.
event is the object that was refused. Keeps on record who accepted it and why. Returns that record, of kind
difference. The same event again returns the first record.
No event is changed or lost: the stored one stays, and dpg.differing_events keeps the accepted one. From then on
dpg.store_event answers the accepted event with what was accepted. When it is the newest event of a mirrored action,
dpg.get_action and dpg.find_actions show its status, time and remarks.
An event that differs from no stored event is DP001. One between other items is DP008.
Raises DP001, DP008, DP018.
Example: select kind, reason from dpg.accept_differing_event(
  ''dba'',
  ''{
    "partition_network": "yellow_dot", "action_type": "connect",
    "event_id": "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb",
    "origin_instance_domain": "https://tutor.example.com",
    "action_id": "88888888-8888-4888-8888-888888888888", "action_status": "rejected", "update_count": 0,
    "source_item_network": "yellow_dot", "source_item_domain": "student", "source_item_type": "profile_1.0",
    "source_item_id": "11111111-1111-4111-8111-111111111111", "source_item_owner": "asha",
    "source_item_instance_url": "https://yellowdot.example.com",
    "target_item_network": "yellow_dot", "target_item_domain": "tutor", "target_item_type": "profile_1.0",
    "target_item_id": "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa", "target_item_owner": "kiran",
    "target_item_instance_url": "https://tutor.example.com",
    "event_payload": {"status": "rejected"}, "created_at": "2026-01-02T00:00:00.000000Z"
  }'',
  ''the tutors restored their database of Monday''
)';
--! EndIncluded redactions/accept_differing_event.sql
--! Included redactions/replace_owner.sql
create or replace function dpg_private.replace_owner(owner text, successor text, empties_items boolean)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  root_name text;
  partition dpg.partitions;
  items dpg.item_ref[];
  id text; -- column of the root that names a row within its leaf
  is_target text; -- condition on a row of the leaf: the owner of its target is a user of this instance
  ids uuid[];
  changed_rows bigint; -- fewer than were locked: a trigger of the application has suppressed a change
begin
  -- Rows are locked in the order of their keys: items, then actions, then events. A second statement changes them, for
  -- the reason that dpg_private.replace_items gives.
  -- "for update" on the items waits for calls that are creating an action from or for one of them, so that no row with
  -- the former owner comes in later. Such a call may have created a leaf. So the leaves are listed again for each root.

  -- lock and change items
  for partition in
    select p.* from dpg.partitions p where p.root = 'items' order by p.network collate "C", p.key collate "C"
  loop
    -- The leaf is locked before its rows, in the mode that the update needs. A call that creates a leaf of actions also
    -- locks the leaves of items before it locks items.
    execute format('lock table only %s in row exclusive mode', partition.leaf);
    execute format(
      'select array_agg(o.item)
       from (
         select row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref as item
         from %s i
         where i.created_by = $1
         order by i.item_type collate "C", i.item_id
         for update of i
       ) o', partition.leaf
    )
    into items
    using owner;
    execute format(
      'with changed as (
         update %1$s i
         set %2$s created_by = $2,
           updated_at = greatest(clock_timestamp(), i.updated_at + interval ''1 microsecond'')
         from unnest($1) o
         join %1$s b using (item_network, item_domain, item_type, item_id)
         where (i.item_network, i.item_domain, i.item_type, i.item_id)
           = (o.item_network, o.item_domain, o.item_type, o.item_id)
         returning i.created_by, i.item_latitude, i.item_state, b.item_state as state_before
       )
       select count(*)
       from changed c
       where c.created_by = $2 %3$s',
      partition.leaf,
      case when empties_items then 'item_state = ''{}'', item_latitude = null, item_longitude = null,' end,
      -- A trigger of the application may write something else there, but must not put back what was there.
      case
        when empties_items
          then 'and c.item_latitude is null and (c.item_state <> c.state_before or c.state_before = ''{}'')'
      end
    )
    into changed_rows
    using items, successor;
    if changed_rows < cardinality(items) then
      perform dpg_private.refuse_suppressed('update', partition.leaf);
    end if;
    -- Digests of what was sent, which contain the owner, must not stay.
    delete from dpg_private.sent_contents s
    using unnest(items) o
    where s.id = o.item_id
      and s.network = o.item_network
      and s.key = o.item_domain
      and s.item_type = o.item_type
      and s.root = 'items';
  end loop;

  foreach root_name in array array['item_actions', 'action_events'] loop
    id := case root_name when 'item_actions' then 'action_id' else 'event_id' end;
    is_target := case root_name when 'item_actions' then 'true' else 'r.target_item_is_local' end;

    -- lock and change mirrored actions. They come before events: a call that stores a mirrored event locks the mirrored
    -- action, or else the item, before it stores the event (dpg_private.find_source_owner).
    if root_name = 'action_events' then
      perform m.action_id
      from dpg_private.mirrored_actions m
      where m.source_item_owner = replace_owner.owner
      order by
        m.action_id,
        m.partition_network collate "C",
        m.action_type collate "C",
        m.origin_instance_domain collate "C"
      for update;
      update dpg_private.mirrored_actions m
      set source_item_owner = successor
      where m.source_item_owner = replace_owner.owner;
      update dpg.differing_events d
      set source_item_owner = successor, event = d.event || jsonb_build_object('source_item_owner', successor)
      where d.source_item_owner = replace_owner.owner
        and d.source_item_is_local;
    end if;

    -- lock and change actions, or events
    for partition in
      select p.* from dpg.partitions p where p.root = root_name order by p.network collate "C", p.key collate "C"
    loop
      execute format(
        'select array_agg(o.id)
         from (
           select r.%2$s as id
           from %1$s r
           where (r.source_item_owner = $1 and r.source_item_is_local) or (r.target_item_owner = $1 and %3$s)
           order by r.%2$s
           for no key update of r
         ) o', partition.leaf, id, is_target
      )
      into ids
      using owner;
      execute format(
        'with changed as (
           update %1$s r
           set source_item_owner
               = case when r.source_item_owner = $2 and r.source_item_is_local then $3 else r.source_item_owner end,
             target_item_owner
               = case when r.target_item_owner = $2 and %3$s then $3 else r.target_item_owner end
           where r.partition_network = $4
             and r.action_type = $5
             and r.%2$s = any ($1)
           returning r.*
         )
         select count(*)
         from changed r
         where not ((r.source_item_owner = $2 and r.source_item_is_local) or (r.target_item_owner = $2 and %3$s))',
        partition.leaf, id, is_target
      )
      into changed_rows
      using ids, owner, successor, partition.network, partition.key;
      if changed_rows < cardinality(ids) then
        perform dpg_private.refuse_suppressed('update', partition.leaf);
      end if;
    end loop;
  end loop;
end
$body$;

comment on function dpg_private.replace_owner(text, text, boolean) is
  'Puts successor in the place of owner, a user of this instance, in items, actions, events and mirrored actions, leaf
by leaf. With empties_items the items lose state and place as well. The caller has written to dpg.redactions what
allows it, and has locked that table. Raises DP018.';
--! EndIncluded redactions/replace_owner.sql
--! Included redactions/erase_user.sql
create or replace function dpg_private.ensure_tombstone()
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  columns text;
  contents text;
begin
  if exists (select from public."user" u where u.id = dpg_private.tombstone()) then
    return;
  end if;
  -- The table may lack some of Better Auth's core columns. Only those that it has are written.
  select
    string_agg(format('%I', c.name), ', ' order by c.position),
    string_agg(c.content, ', ' order by c.position)
  into columns, contents
  from (
    values
      (1, 'id', quote_literal(dpg_private.tombstone())),
      (2, 'name', '''Erased user'''),
      (3, 'email', '''erased-user@invalid'''),
      (4, 'emailVerified', 'false'),
      (5, 'createdAt', 'current_timestamp'),
      (6, 'updatedAt', 'current_timestamp')
  ) c(position, name, content)
  join pg_attribute a
    on a.attrelid = 'public."user"'::regclass
    and a.attname = c.name
    and not a.attisdropped;
  begin
    execute format('insert into public."user" (%s) values (%s) on conflict do nothing', columns, contents);
    -- A conflict: either another call has created the user, or another user has the address.
    if not exists (select from public."user" u where u.id = dpg_private.tombstone()) then
      raise unique_violation using message = 'another user has the e-mail address erased-user@invalid';
    end if;
  exception
    when insufficient_privilege or not_null_violation or check_violation or foreign_key_violation or unique_violation
    then
      raise exception using
        errcode = 'DP009',
        message = dpg_private.text_for_client(
          format(
            'the user %L, who stands for erased users, is missing and cannot be made: %s',
            dpg_private.tombstone(), sqlerrm
          )
        ),
        hint = dpg_private.text_for_client(
          format('Create a user with the id %L in public."user", then repeat the call.', dpg_private.tombstone())
        ),
        detail = dpg_private.text_for_client(jsonb_build_object('actor', dpg_private.tombstone())::text);
  end;
end
$body$;

comment on function dpg_private.ensure_tombstone() is
  'Creates the user who stands for erased users, where it is missing. Raises DP009 where that is impossible.';

create or replace function dpg.erase_user(actor text, user_id text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  redaction dpg.redactions;
begin
  -- check. Each leaf must be read as it is now: an older snapshot would silently leave out what was written since.
  perform
    dpg_private.check_transaction('dpg.erase_user'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('user_id', user_id),
    dpg_private.check_reason(reason);
  if user_id = tombstone then
    perform dpg_private.refuse_argument(
      'user_id', to_jsonb(user_id), 'stands for erased users', 'Pass the id of a user.'
    );
  end if;

  -- lock: one erasure at a time, so that each sees which users the records of the others name
  lock table dpg.redactions in share update exclusive mode;
  -- A user whose row is deleted already may have left traces. So the user must exist only when there are none.
  if not exists (select from dpg_private.party_leaves p where p.owner = erase_user.user_id)
    and not exists (select from dpg.redactions r where erase_user.user_id in (r.actor, r.from_user, r.to_user))
  then
    perform dpg_private.check_user(user_id);
  end if;
  -- The lock of the user waits for calls that are creating items of this user: their foreign key locks the user. Later
  -- calls wait for it. So no item comes between erasing and deleting the user in one transaction.
  -- The table is locked first, in the mode that the deletion needs: a call that creates a partition holds the table
  -- while it waits for the user.
  -- Where the table belongs to the application and we may only read it, an item can be created meanwhile. It stays, and
  -- keeps the user from being deleted until a second call erases it.
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = erase_user.user_id for update;
  end if;
  perform dpg_private.ensure_tombstone();

  -- change. The record comes first: without it the triggers refuse every change of an event. It does not say who was
  -- erased.
  insert into dpg.redactions (actor, kind, reason)
  values (
    case erase_user.actor when erase_user.user_id then tombstone else erase_user.actor end,
    'user',
    erase_user.reason
  )
  returning * into redaction;

  perform dpg_private.replace_owner(user_id, tombstone, true);
  delete from dpg_private.party_leaves p where p.owner = erase_user.user_id;
  update dpg.redactions r
  set actor = case r.actor when erase_user.user_id then tombstone else r.actor end,
    from_user = case r.from_user when erase_user.user_id then tombstone else r.from_user end,
    to_user = case r.to_user when erase_user.user_id then tombstone else r.to_user end
  where erase_user.user_id in (r.actor, r.from_user, r.to_user);
  return redaction;
end
$body$;

comment on function dpg.erase_user(text, text, text) is
  'For dpg_admin: erases a user, so that the row in public."user" can be deleted; delete it in the same transaction.
Empties the items of the user (item_state and coordinates). Puts the tombstone user dpg_erased_user in the place of
the user: as owner of items, in the owner snapshots of actions and events, and in dpg.redactions. Keeps on record who
asked for it and why. Returns that record.
What the user wrote into payloads and remarks stays: use dpg.redact_event for that.
Reads every leaf, each as it is when its turn comes. So it runs under READ COMMITTED only (25000).
Raises DP001, DP009, DP018.
Example: select * from dpg.erase_user(''dpo'', ''asha'', ''request 18 under article 17'')';
--! EndIncluded redactions/erase_user.sql
--! Included redactions/move_items.sql
create or replace function dpg.move_items(actor text, from_user text, to_user text, reason text)
returns dpg.redactions
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  redaction dpg.redactions;
begin
  -- check. Each leaf must be read as it is now, as in dpg.erase_user.
  perform
    dpg_private.check_transaction('dpg.move_items'),
    dpg_private.check_actor(actor),
    dpg_private.check_key('from_user', from_user),
    dpg_private.check_key('to_user', to_user),
    dpg_private.check_reason(reason);
  if from_user = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'from_user', to_jsonb(from_user), 'stands for erased users',
      'What was erased goes to nobody; pass the id of a user.'
    );
  end if;
  if to_user = dpg_private.tombstone() then
    perform dpg_private.refuse_argument(
      'to_user', to_jsonb(to_user), 'stands for erased users', 'Pass the id of a user, or call dpg.erase_user.'
    );
  end if;
  if to_user = from_user then
    perform dpg_private.refuse_argument(
      'to_user', to_jsonb(to_user), 'is from_user', 'Pass the ids of two users.'
    );
  end if;

  -- lock: one move or erasure at a time
  lock table dpg.redactions in share update exclusive mode;
  perform dpg_private.check_user(to_user);
  -- A user whose row is deleted already may have left traces. So the user must exist only when there are none.
  if not exists (select from dpg_private.party_leaves p where p.owner = move_items.from_user) then
    perform dpg_private.check_user(from_user);
  end if;
  -- Table and from_user are locked as in dpg.erase_user, and for the same reasons. The lock of to_user keeps that user
  -- from being deleted before this is committed.
  if has_table_privilege('public."user"', 'update') then
    lock table only public."user" in row exclusive mode;
    perform u.id from public."user" u where u.id = move_items.from_user for update;
    perform u.id from public."user" u where u.id = move_items.to_user for key share;
    perform dpg_private.check_user(to_user);
  end if;

  -- change. The record comes first: without it the triggers refuse every change of an event.
  insert into dpg.redactions (actor, kind, reason, from_user, to_user)
  values (move_items.actor, 'move', move_items.reason, move_items.from_user, move_items.to_user)
  returning * into redaction;
  perform dpg_private.replace_owner(from_user, to_user, false);
  -- The rows of from_user stay. This user may go on acting, and a call of theirs may have found such a row just now.
  insert into dpg_private.party_leaves (owner, partition_network, action_type)
  select distinct move_items.to_user, p.partition_network, p.action_type
  from dpg_private.party_leaves p
  where p.owner = move_items.from_user
    and not exists (
      select
      from dpg_private.party_leaves t
      where t.owner = move_items.to_user
        and t.partition_network = p.partition_network
        and t.action_type = p.action_type
    );
  return redaction;
end
$body$;

comment on function dpg.move_items(text, text, text, text) is
  'For dpg_admin: moves the items of from_user to to_user, as when an anonymous user signs up. Puts to_user in the place
of from_user as owner of items, and in the owner snapshots of actions and events of this instance. Keeps on record
who asked for it, why, and both users. Returns that record.
Afterwards to_user finds, changes and transitions what from_user did. from_user stays a user and may be deleted.
An action on another instance keeps from_user as its owner there. Name from_user in what is sent to that instance
(dpg.receive_transition). Here to_user finds its events.
Reads every leaf, each as it is when its turn comes. So it runs under READ COMMITTED only (25000).
Raises DP001, DP009, DP018.
Example: select * from dpg.move_items(''dba'', ''ravi'', ''asha'', ''one person with two accounts'')';
--! EndIncluded redactions/move_items.sql
--! Included access/comments.sql
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
--! EndIncluded access/comments.sql
--! Included access/privileges.sql
-- Each migration grants everything anew, so that each role has what this file says and nothing else. PUBLIC gets
-- nothing.
do $body$
declare
  -- The functions that each role may call, by name. A function that no list names is nobody's.
  -- dpg_readonly, dpg_app and dpg_admin
  reading constant text[] := array[
    'get_item', 'find_items', 'count_items', 'nearest_items', 'get_action', 'find_actions', 'find_events'
  ];
  -- dpg_app and dpg_admin
  writing constant text[] := array[
    'ensure_item_partition', 'ensure_action_partition', 'ensure_action_event_partition',
    'upsert_item', 'upsert_items', 'update_item', 'delete_item',
    'define_action', 'perform_action', 'receive_action', 'transition_action', 'receive_transition',
    'store_event',
    'create_subscription', 'drop_subscription', 'read_events', 'acknowledge', 'release_events',
    'fail_event', 'retry_events', 'read_retries', 'settle_event'
  ];
  -- dpg_admin alone
  administering constant text[] := array[
    'register_network', 'unregister_network', 'forget_instance_url', 'confirm_lost_events',
    'redact_event', 'accept_differing_event', 'erase_user', 'move_items'
  ];
  -- Of dpg_private, all three roles: a view calls functions with the rights of its reader. No role can name them in a
  -- statement, because the schema is closed.
  used_by_views constant text[] := array['normalised_url', 'rewritten_url'];
  unknown text;
  object record;
  known text[] := pg_catalog.string_to_array(nullif(pg_catalog.current_setting('dpg.known_objects', true), ''), ' ');
begin
  -- New objects: "alter default privileges" gives grants of its own when an object is created. They are taken back
  -- here. Objects that were there before this migration (access/known_objects.sql) keep the grants that others gave
  -- on purpose.
  for object in
    select o.kind, o.name,
      pg_catalog.string_agg(
        distinct case when a.grantee = 0 then 'public' else pg_catalog.quote_ident(r.rolname) end, ', '
      ) as grantees
    from (
      select 'schema' as kind, pg_catalog.quote_ident(n.nspname) as name, 'n' || n.oid as id, n.nspacl as acl,
        n.nspowner as owner
      from pg_catalog.pg_namespace n
      where n.nspname in ('dpg', 'dpg_private')
      union all
      select 'function', p.oid::pg_catalog.regprocedure::text, 'p' || p.oid, p.proacl, p.proowner
      from pg_catalog.pg_proc p
      where p.pronamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select 'type', pg_catalog.format('%I.%I', t.typnamespace::pg_catalog.regnamespace, t.typname), 't' || t.oid,
        t.typacl, t.typowner
      from pg_catalog.pg_type t
      where t.typnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
      union all
      select case c.relkind when 'S' then 'sequence' else 'table' end, c.oid::pg_catalog.regclass::text, 'c' || c.oid,
        c.relacl, c.relowner
      from pg_catalog.pg_class c
      where c.relnamespace in ('dpg'::pg_catalog.regnamespace, 'dpg_private'::pg_catalog.regnamespace)
        and c.relkind in ('r', 'p', 'v', 'S')
        and not c.relispartition
    ) o
    cross join lateral pg_catalog.aclexplode(o.acl) a
    left join pg_catalog.pg_roles r on r.oid = a.grantee
    where a.grantee <> o.owner
      and o.id <> all (known)
    group by o.kind, o.name
  loop
    execute pg_catalog.format('revoke all on %s %s from %s', object.kind, object.name, object.grantees);
  end loop;

  -- Schemas.
  revoke all on schema dpg, dpg_private from public;
  grant usage on schema dpg to dpg_app, dpg_readonly, dpg_admin;

  -- Functions. The lists count for every function of a name, whatever its arguments are.
  select pg_catalog.string_agg(l.name, ', ')
  into unknown
  from (
    select 'dpg' as schema, l.name
    from pg_catalog.unnest(reading || writing || administering) l(name)
    union all
    select 'dpg_private', l.name
    from pg_catalog.unnest(used_by_views) l(name)
  ) l
  where not exists (
    select
    from pg_catalog.pg_proc p
    where p.pronamespace = l.schema::pg_catalog.regnamespace
      and p.proname = l.name
  );
  if unknown is not null then
    raise exception 'no function has this name: %', unknown
      using
        errcode = 'undefined_function',
        hint = 'Take the name out of the lists in access/privileges.sql, or correct it.';
  end if;

  for object in
    select
      p.oid::pg_catalog.regprocedure as signature,
      case
        when n.nspname = 'dpg_private' and p.proname = any (used_by_views) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (reading) then 'dpg_app, dpg_readonly, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (writing) then 'dpg_app, dpg_admin'
        when n.nspname = 'dpg' and p.proname = any (administering) then 'dpg_admin'
      end as roles
    from pg_catalog.pg_proc p
    join pg_catalog.pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('dpg', 'dpg_private')
  loop
    execute pg_catalog.format(
      'revoke all on function %s from public, dpg_app, dpg_readonly, dpg_admin', object.signature
    );
    if object.roles is not null then
      execute pg_catalog.format('grant execute on function %s to %s', object.signature, object.roles);
    end if;
  end loop;

  -- Types of the arguments and results of functions.
  for object in
    select pg_catalog.format('%I.%I', n.nspname, t.typname) as name
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    join pg_catalog.pg_class c on c.oid = t.typrelid
    where n.nspname = 'dpg'
      and c.relkind = 'c'
  loop
    execute pg_catalog.format('revoke all on type %s from public', object.name);
    execute pg_catalog.format('grant usage on type %s to dpg_app, dpg_readonly, dpg_admin', object.name);
  end loop;
end
$body$;

revoke all on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls,
  dpg.partitions, dpg.limits, dpg.redactions, dpg.networks, dpg.differing_events
from dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.items, dpg.item_actions, dpg.action_events, dpg.action_definitions, dpg.instance_urls,
  dpg.partitions, dpg.limits, dpg.subscriptions, dpg.failed_events, dpg.subscription_status, dpg.peers, dpg.networks,
  dpg.differing_events
to dpg_app, dpg_readonly, dpg_admin;

grant select on dpg.redactions to dpg_admin;
grant update (limit_value) on dpg.limits to dpg_admin;
--! EndIncluded access/privileges.sql
--! Included partitions/guard_partitions.sql
-- Gives row level security to partitions that were created before there was any, or whose root has other policies now.
-- Locks nothing where nothing is missing.
do $body$
declare
  part record;
begin
  for part in
    select r.oid::pg_catalog.regclass as root, t.relid as partition
    from (values ('dpg.item_actions'::pg_catalog.regclass), ('dpg.action_events')) r(oid)
    cross join lateral pg_catalog.pg_partition_tree(r.oid) t
    where t.level > 0
    order by t.relid
  loop
    perform dpg_private.copy_row_level_security(part.root, part.partition);
  end loop;
end
$body$;
--! EndIncluded partitions/guard_partitions.sql

-- Where all migrations are run again on a database that has everything, the first ones have created the old names anew, and
-- have given them the triggers.
do $body$
declare
  function_names text;
  trigger_of_old record;
begin
  for trigger_of_old in
    select t.tgrelid::regclass as relation, t.tgname as name, t.tgenabled,
      replace(
        replace(pg_catalog.pg_get_triggerdef(t.oid), 'CREATE TRIGGER', 'CREATE OR REPLACE TRIGGER'),
        'dpg_private.' || n.old_name || '(', 'dpg_private.' || n.new_name || '('
      ) as definition
    from pg_catalog.jsonb_each_text(pg_catalog.current_setting('dpg.renamed_functions')::jsonb) n(old_name, new_name)
    join pg_catalog.pg_proc p on p.proname = n.old_name and p.pronamespace = 'dpg_private'::regnamespace
    join pg_catalog.pg_trigger t on t.tgfoid = p.oid
    where t.tgparentid = 0
  loop
    execute trigger_of_old.definition;
    if trigger_of_old.tgenabled = 'A' then
      execute pg_catalog.format(
        'alter table %s enable always trigger %I', trigger_of_old.relation, trigger_of_old.name
      );
    end if;
  end loop;
  select pg_catalog.string_agg(p.oid::regprocedure::text, ', ')
  into function_names
  from pg_catalog.jsonb_each_text(pg_catalog.current_setting('dpg.renamed_functions')::jsonb) n(old_name, new_name)
  join pg_catalog.pg_proc p on p.proname = n.old_name and p.pronamespace = 'dpg_private'::regnamespace;
  if function_names is not null then
    execute 'drop function ' || function_names;
  end if;
end
$body$;
