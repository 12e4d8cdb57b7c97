create table if not exists dpg_private.mirrored_actions (
  like dpg.item_actions including comments,
  origin_instance_domain text not null,
  remarks_update_count integer,
  constraint mirrored_actions_pkey primary key (action_id, partition_network, action_type, origin_instance_domain)
);

-- The last column, as in databases of before 0.2.0, which get it here.
do $body$
begin
  if (
      select p.attnum < o.attnum
      from pg_catalog.pg_attribute p
      join pg_catalog.pg_attribute o on o.attrelid = p.attrelid and o.attname = 'origin_instance_domain'
      where p.attrelid = 'dpg_private.mirrored_actions'::pg_catalog.regclass
        and p.attname = 'performed_by'
    )
  then
    alter table dpg_private.mirrored_actions drop column performed_by;
  end if;
end
$body$;

alter table dpg_private.mirrored_actions add column if not exists performed_by text;

create index if not exists mirrored_actions_owner_idx
on dpg_private.mirrored_actions (source_item_owner, updated_at);

create index if not exists mirrored_actions_status_idx
on dpg_private.mirrored_actions (source_item_owner, action_status, updated_at)
include (partition_network, action_type);

create index if not exists mirrored_actions_source_item_idx
on dpg_private.mirrored_actions (source_item_id);

comment on table dpg_private.mirrored_actions is
  'Actions that live on other instances, from an item of this one, as their mirrored events tell of them: the
columns of dpg.item_actions, then two more. Kept by dpg_private.note_mirrored_action, found by dpg.find_actions and
get_action.';
comment on column dpg_private.mirrored_actions.requirements_snapshot is 'Not in an event, so {} here.';
comment on column dpg_private.mirrored_actions.remarks is
  'The latest short note in the events that came; null when none had one.';
comment on column dpg_private.mirrored_actions.performed_by is
  'As the event of the highest update_count says, null included.';
comment on column dpg_private.mirrored_actions.target_item_id is 'Id of the target item, on the other instance.';
comment on column dpg_private.mirrored_actions.origin_instance_domain is
  'URL of the instance on which the action lives, as its events say.';
comment on column dpg_private.mirrored_actions.remarks_update_count is
  'update_count of the event that had those remarks: an older one that comes later does not replace them.';
comment on index dpg_private.mirrored_actions_owner_idx is
  'For find_actions of the party that initiated, latest change first.';
comment on index dpg_private.mirrored_actions_status_idx is
  'For find_actions by status and count_actions of the party that initiated.';
comment on index dpg_private.mirrored_actions_source_item_idx is
  'For find_actions with item_id, and for count_item_actions.';

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
  -- Whichever order the events come in, the row ends the same: status, time and performed_by of the highest
  -- update_count, remarks of the highest that has some, the time of the first. Between which items it is does not
  -- change: that is as the event says which made the row, and of two at once the second waits here for the first.
  insert into dpg_private.mirrored_actions as m (
    partition_network, action_type, action_id, action_status, update_count, requirements_snapshot, remarks,
    source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
    source_item_owner,
    target_item_network, target_item_domain, target_item_type, target_item_id, target_item_instance_url,
    target_item_owner,
    created_at, updated_at, source_item_latitude, source_item_longitude, target_item_latitude, target_item_longitude,
    source_item_is_local, source_local_item_id, origin_instance_domain, remarks_update_count, performed_by
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
    case when event.remarks is not null then event.update_count end,
    event.performed_by
  )
  on conflict on constraint mirrored_actions_pkey do update
  set action_status = case
      when excluded.update_count > m.update_count then excluded.action_status else m.action_status
    end,
    performed_by = case
      when excluded.update_count > m.update_count then excluded.performed_by else m.performed_by
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
