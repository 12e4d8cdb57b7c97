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
  perform dpg_private.check_here(proposed.partition_network);
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
    -- as it was sent when one of both did not know these fields
    sent.performed_by := case when stored.performed_by is null then null else compared.performed_by end;
    sent.acting_side := case when stored.acting_side is null then null else compared.acting_side end;
    -- and before the other instance moved its items to another of its users
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
have been moved. performed_by (a key or null) and acting_side (source, target or null) are missing in events of before
version 2: one that is stored without them stays so when it comes again with them. DP008 is: other content under the
same id, or for the same origin, action and update_count; and an event between other items than those of its action
here. Once dpg.accept_differing_event has accepted such an event,
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
