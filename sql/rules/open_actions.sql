create or replace function dpg_private.count_open_sql(leaf text, condition text)
returns text
language sql
immutable
parallel safe
security invoker
-- The indexes of actions by item have the status after the item: one look finds the next status that is there. So
-- thousands of closed actions cost one look for each of their statuses.
return format(
  'with recursive present(action_status) as (
     (select a.action_status from %1$s a where %2$s order by a.action_status limit 1)
     union all
     select n.action_status
     from present p
     cross join lateral (
       select a.action_status
       from %1$s a
       where %2$s and a.action_status > p.action_status
       order by a.action_status
       limit 1
     ) n
   )
   select coalesce(sum(o.open_actions), 0)::bigint
   from present p
   cross join lateral (
     select count(*) as open_actions
     from %1$s a
     where %2$s
       and a.action_status = p.action_status
       and (a.source_item_network, a.source_item_domain, a.source_item_type)
         = (($1).item_network, ($1).item_domain, ($1).item_type)
       and a.source_item_is_local = ($2 is null)
       and ($2 is null or dpg_private.is_same_url(a.source_item_instance_url, $2))
       and (
         ($3).item_id is null
         or (a.target_item_domain, a.target_item_type) = (($3).item_domain, ($3).item_type)
       )
   ) o
   where p.action_status <> all ($4)',
  leaf, condition
);

comment on function dpg_private.count_open_sql(text, text) is
  'The statement that counts the open actions of a leaf. condition is one that an index of actions by item serves.
Parameters: $1 source, $2 the URL of its instance, null for this one, $3 target, or null for any, $4 final statuses.';

create or replace function dpg_private.condition_of_open(what text)
returns text
language sql
immutable
parallel safe
security invoker
return case what
  when 'between' then 'a.target_item_id = ($3).item_id and a.source_item_id = ($1).item_id'
  when 'source' then 'a.source_local_item_id = ($1).item_id'
  when 'other_source' then 'a.source_local_item_id is null and a.source_item_id = ($1).item_id'
end;

comment on function dpg_private.condition_of_open(text) is
  'Which actions are counted: between two items, from a source of the network of the action, or from another source. The
condition for dpg_private.count_open_sql.';

create or replace function dpg_private.count_open(
  what text,
  partition_network text,
  action_type text,
  source dpg.item_ref,
  source_item_instance_url text,
  target dpg.item_ref,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  slot constant smallint := dpg_private.slot_of('item_actions', partition_network, action_type);
  leaf constant regclass := dpg_private.find_leaf_by_slot('item_actions', slot, partition_network, action_type);
  open_actions bigint := 0;
begin
  if leaf is not null then
    execute
      case
        when slot is not null then
          format(
            'select dpg_private.count_open_%s_of_slot(null::dpg_private.slot_%s, $1, $2, $3, $4)', what, slot
          )
        else dpg_private.count_open_sql(leaf::text, dpg_private.condition_of_open(what))
      end
    into open_actions
    using source, source_item_instance_url, target, final_statuses;
  end if;
  return open_actions;
end
$body$;

comment on function dpg_private.count_open(text, text, text, dpg.item_ref, text, dpg.item_ref, text[]) is
  'How many open actions of a type there are: between two items, from a source of the network of the action, or from
another source (dpg_private.condition_of_open). source_item_instance_url is null for a source of this instance, target
for any.';

create or replace function dpg_private.count_open_between(
  action dpg.item_actions,
  action_type text,
  final_statuses text[]
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  source constant dpg.item_ref := row(
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id
  );
  target constant dpg.item_ref := row(
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id
  );
begin
  return
    dpg_private.count_open(
      'between', action.partition_network, action_type, source,
      case when not action.source_item_is_local then action.source_item_instance_url end, target, final_statuses
    )
    + case
      -- the other way round: from an item of this instance, in the network of the actions
      when action.source_item_is_local and action.source_item_network = action.partition_network then
        dpg_private.count_open(
          'between', action.partition_network, action_type, target, null, source, final_statuses
        )
      else 0
    end;
end
$body$;

comment on function dpg_private.count_open_between(dpg.item_actions, text, text[]) is
  'How many open actions of a type of its network there are between the items of an action, in both directions.';

create or replace function dpg_private.count_open_of_network(action dpg.item_actions)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select coalesce(
      sum(dpg_private.count_open_between(action, p.key, coalesce(d.final_statuses, '{}'))), 0
    )
    from dpg_private.partition_names p
    left join dpg.action_definitions d on d.partition_network = p.network and d.action_type = p.key
    where p.root = 'item_actions'
      and p.network = action.partition_network
      and p.key is not null
  );
end
$body$;

comment on function dpg_private.count_open_of_network(dpg.item_actions) is
  'How many open actions of all types of its network there are between the items of an action, in both directions.';

create or replace function dpg_private.count_open_of_source(action dpg.item_actions, final_statuses text[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return dpg_private.count_open(
    case when action.source_local_item_id is not null then 'source' else 'other_source' end,
    action.partition_network, action.action_type,
    row(
      action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id
    ),
    case when not action.source_item_is_local then action.source_item_instance_url end,
    null, final_statuses
  );
end
$body$;

comment on function dpg_private.count_open_of_source(dpg.item_actions, text[]) is
  'How many open actions of its type there are from the source of an action.';
