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

do $body$
begin
  if pg_catalog.to_regtype('dpg_private.party_leaf') is null then
    create type dpg_private.party_leaf as (
      leaf regclass,
      slot smallint,
      partition_network text,
      action_type text
    );
  elsif not exists (
    select
    from pg_catalog.pg_attribute a
    where a.attrelid = pg_catalog.to_regclass('dpg_private.party_leaf')
      and a.attname = 'action_type'
  ) then
    alter type dpg_private.party_leaf
      add attribute partition_network text,
      add attribute action_type text;
  end if;
end
$body$;

comment on type dpg_private.party_leaf is
  'A leaf in which a party has rows, its slot and its keys.';

create or replace function dpg_private.find_leaves_of_party(
  root text,
  actor text,
  partition_network text,
  action_type text,
  action_types text[] default null
)
returns dpg_private.party_leaf[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- as in dpg_private.find_leaf
as $body$
begin
  if partition_network is not null and action_type is not null then
    return array(
      select row(l.leaf, l.slot, partition_network, action_type)::dpg_private.party_leaf
      from dpg_private.look_up_leaf_and_slot(root, partition_network, action_type) l
    );
  end if;
  return array(
    select row(l.leaf, l.slot, p.partition_network, p.action_type)::dpg_private.party_leaf
    from (
      select distinct p.partition_network, p.action_type
      from dpg_private.party_leaves p
      where p.owner = find_leaves_of_party.actor
        and (
          find_leaves_of_party.partition_network is null
          or p.partition_network = find_leaves_of_party.partition_network
        )
        and (find_leaves_of_party.action_type is null or p.action_type = find_leaves_of_party.action_type)
        and (find_leaves_of_party.action_types is null or p.action_type = any (find_leaves_of_party.action_types))
    ) p
    cross join lateral dpg_private.look_up_leaf_and_slot(
      find_leaves_of_party.root, p.partition_network, p.action_type
    ) l
    order by l.leaf
  );
end
$body$;

comment on function dpg_private.find_leaves_of_party(text, text, text, text, text[]) is
  'The leaves that can hold rows of which the actor is a party: the one that the keys name, or those in which the
actor has rows, of one action type, of several or of all.';

create or replace function dpg_private.is_kept_for_leaves(leaves dpg_private.party_leaf[], page_size integer)
returns boolean
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf dpg_private.party_leaf;
begin
  if cardinality(leaves) > 1 and cardinality(leaves) * page_size > 200 then
    return false;
  end if;
  foreach leaf in array leaves loop
    if leaf.slot is null then
      return false;
    end if;
  end loop;
  return true;
end
$body$;

comment on function dpg_private.is_kept_for_leaves(dpg_private.party_leaf[], integer) is
  'Whether a page of these leaves is found faster by kept plans: each has one, and together they read few rows. A kept
plan reads a page of its leaf, whatever the others have; a statement over all leaves stops when the page is full.';
