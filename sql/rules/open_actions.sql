create or replace function dpg_private.count_open_sql(leaf regclass, condition text)
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
   select coalesce(sum(o.open_actions), 0)
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

comment on function dpg_private.count_open_sql(regclass, text) is
  'The statement that counts the open actions of a leaf. condition is one that an index of actions by item serves.
Parameters: $1 source, $2 the URL of its instance, null for this one, $3 target, or null for any, $4 final statuses.';

create or replace function dpg_private.count_open_between(action dpg.item_actions, action_types text[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  source constant dpg.item_ref := row(
    action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id
  );
  target constant dpg.item_ref := row(
    action.target_item_network, action.target_item_domain, action.target_item_type, action.target_item_id
  );
  url constant text := case when not action.source_item_is_local then action.source_item_instance_url end;
  condition constant text := 'a.target_item_id = ($3).item_id and a.source_item_id = ($1).item_id';
  of_type record;
  open_actions bigint;
  open_in_all bigint := 0;
begin
  for of_type in
    select dpg_private.find_leaf('item_actions', p.network, p.key) as leaf,
      coalesce(d.final_statuses, '{}') as final_statuses
    from dpg_private.partition_names p
    left join dpg.action_definitions d on d.partition_network = p.network and d.action_type = p.key
    where p.root = 'item_actions'
      and p.network = action.partition_network
      and p.key is not null
      and (action_types is null or p.key = any (action_types))
  loop
    continue when of_type.leaf is null;
    execute dpg_private.count_open_sql(of_type.leaf, condition)
    into open_actions
    using source, url, target, of_type.final_statuses;
    open_in_all := open_in_all + open_actions;
    -- the other way round: from an item of this instance, in the network of the actions
    if action.source_item_is_local and source.item_network = action.partition_network then
      execute dpg_private.count_open_sql(of_type.leaf, condition)
      into open_actions
      using target, null::text, source, of_type.final_statuses;
      open_in_all := open_in_all + open_actions;
    end if;
  end loop;
  return open_in_all;
end
$body$;

comment on function dpg_private.count_open_between(dpg.item_actions, text[]) is
  'How many open actions of these types of its network there are between the items of an action, in both directions; of
all types where action_types is null.';

create or replace function dpg_private.count_open_of_source(action dpg.item_actions, final_statuses text[])
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $body$
declare
  leaf constant regclass := dpg_private.find_leaf('item_actions', action.partition_network, action.action_type);
  open_actions bigint := 0;
begin
  if leaf is not null then
    execute dpg_private.count_open_sql(
      leaf,
      case
        when action.source_local_item_id is not null then 'a.source_local_item_id = ($1).item_id'
        else 'a.source_local_item_id is null and a.source_item_id = ($1).item_id'
      end
    )
    into open_actions
    using
      row(
        action.source_item_network, action.source_item_domain, action.source_item_type, action.source_item_id
      )::dpg.item_ref,
      case when not action.source_item_is_local then action.source_item_instance_url end,
      null::dpg.item_ref, final_statuses;
  end if;
  return open_actions;
end
$body$;

comment on function dpg_private.count_open_of_source(dpg.item_actions, text[]) is
  'How many open actions of its type there are from the source of an action.';
