create table if not exists dpg.item_definitions (
  item_network text not null,
  item_domain text not null,
  initial_status text not null,
  statuses jsonb not null,
  constraint item_definitions_pkey primary key (item_network, item_domain)
);

comment on table dpg.item_definitions is
  'The declared statuses of items. Written by dpg.define_item; an item of a domain without a row may take any status, is
found, and may be a side of an action.';
comment on column dpg.item_definitions.item_network is 'Network of the items.';
comment on column dpg.item_definitions.item_domain is 'Domain of the items.';
comment on column dpg.item_definitions.initial_status is 'Status of a new item. It is known without being listed.';
comment on column dpg.item_definitions.statuses is
  'The statuses: an array of {"status": <key>, "found": <boolean>, "acts": <boolean>, "final": <boolean>}. found
(default true): finders that are told no statuses find the item. acts (default true): the item may be a side of a new
action. final (default false): no other status comes after it.';
comment on constraint item_definitions_pkey on dpg.item_definitions is 'One definition for each domain.';
comment on index dpg.item_definitions_pkey is 'For define_item, changes of a status, and searches.';

create or replace function dpg_private.statuses_without(statuses jsonb, property text)
returns text[]
language sql
immutable
parallel safe
security invoker
return array(
  select e.element ->> 'status'
  from jsonb_array_elements(statuses) e(element)
  where e.element -> property = 'false'
);

comment on function dpg_private.statuses_without(jsonb, text) is
  'The statuses of a definition of which a property (found, acts) is false.';

create or replace function dpg_private.is_final_status(statuses jsonb, item_status text)
returns boolean
language sql
immutable
parallel safe
security invoker
return statuses @> jsonb_build_array(jsonb_build_object('status', item_status, 'final', true));

comment on function dpg_private.is_final_status(jsonb, text) is
  'Whether no other status comes after this one in a definition. Null where there is no definition.';

-- Which networks have, or have had, a definition: a constant of whoever asks, so that calls in other networks look up
-- nothing. dpg.define_item creates it anew with a network more. None is taken out: under an older snapshot there may
-- still be a definition.
do $body$
begin
  if pg_catalog.to_regprocedure('dpg_private.defined_networks()') is null then
    create function dpg_private.defined_networks()
    returns text[]
    language sql
    stable
    parallel safe
    security invoker
    return '{}'::text[];
  end if;
end
$body$;

comment on function dpg_private.defined_networks() is
  'The networks of items with a row in dpg.item_definitions, or where there was one. Inlined: a constant.';

create or replace function dpg_private.note_defined_network(item_network text)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if item_network = any (dpg_private.defined_networks()) then
    return;
  end if;
  -- one at a time: two would change the same function. In the mode that lets those who only define go on
  lock table dpg.item_definitions in share update exclusive mode;
  if item_network = any (dpg_private.defined_networks()) then
    return;
  end if;
  execute format(
    'create or replace function dpg_private.defined_networks()
     returns text[]
     language sql
     stable
     parallel safe
     security invoker
     return %L::text[]',
    dpg_private.defined_networks() || item_network
  );
end
$body$;

comment on function dpg_private.note_defined_network(text) is
  'Adds a network to dpg_private.defined_networks.';

create or replace function dpg_private.find_item_definition(item_network text, item_domain text)
returns dpg.item_definitions
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  definition dpg.item_definitions;
begin
  select *
  into definition
  from dpg.item_definitions d
  where d.item_network = find_item_definition.item_network
    and d.item_domain = find_item_definition.item_domain;
  return definition;
end
$body$;

comment on function dpg_private.find_item_definition(text, text) is
  'The definition of the items of a domain; all columns are null where there is none. For a network of
dpg_private.defined_networks.';

create or replace function dpg_private.find_hidden_statuses(item_network text, item_domain text, item_domains text[])
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select array_agg(dpg_private.slot_key(d.item_domain, s.status))
    from dpg.item_definitions d
    cross join unnest(dpg_private.statuses_without(d.statuses, 'found')) s(status)
    where d.item_network = find_hidden_statuses.item_network
      and d.item_domain = coalesce(find_hidden_statuses.item_domain, d.item_domain)
      and (find_hidden_statuses.item_domains is null or d.item_domain = any (find_hidden_statuses.item_domains))
  );
end
$body$;

comment on function dpg_private.find_hidden_statuses(text, text, text[]) is
  'What a search over one domain, several, or all of a network does not find when it is told no statuses: domain and
status as one text, by dpg_private.slot_key. Null where there is no such status.';

create or replace function dpg_private.refuse_item_status(
  item dpg.item_ref,
  stored_status text,
  item_status text,
  definition dpg.item_definitions,
  index integer default null
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  known constant text[] := array(
    select definition.initial_status
    union
    select e.element ->> 'status' from jsonb_array_elements(definition.statuses) e(element)
    order by 1
  );
begin
  raise exception using
    errcode = 'DP006',
    message = dpg_private.text_for_client(case
      when item_status = any (known) then format(
        'item %s is %L, after which no other status comes: it cannot become %L',
        item.item_id, stored_status, item_status
      )
      else format('%L is no status of an item of %L/%L', item_status, item.item_network, item.item_domain)
    end),
    hint = dpg_private.text_for_client(case
      when item_status = any (known) then 'Create another item.'
      else format(
        'The statuses are: %s. They were declared by dpg.define_item.',
        (select string_agg(format('%L', k.status), ', ') from unnest(known) k(status))
      )
    end),
    detail = dpg_private.text_for_client(
      jsonb_strip_nulls(
        to_jsonb(item) || jsonb_build_object('from', stored_status, 'to', item_status, 'index', index)
      )::text
    );
end
$body$;

comment on function dpg_private.refuse_item_status(dpg.item_ref, text, text, dpg.item_definitions, integer) is
  'Raises DP006: the definition does not know the status, or the stored one is final.';

create or replace function dpg_private.check_item_status(
  item dpg.item_ref,
  stored_status text,
  item_status text,
  definition dpg.item_definitions,
  index integer default null
)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if definition.statuses is not null
    and item_status is distinct from stored_status
    and (
      dpg_private.is_final_status(definition.statuses, stored_status)
      or not (
        item_status = definition.initial_status
        or definition.statuses @> jsonb_build_array(jsonb_build_object('status', item_status))
      )
    )
  then
    perform dpg_private.refuse_item_status(item, stored_status, item_status, definition, index);
  end if;
end
$body$;

comment on function dpg_private.check_item_status(dpg.item_ref, text, text, dpg.item_definitions, integer) is
  'Raises DP006 unless an item of this status (null: a new one) may get that status. Without a definition any may.';

create or replace function dpg_private.find_inert_statuses(item_network text, item_domain text)
returns text[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select nullif(dpg_private.statuses_without(d.statuses, 'acts'), '{}')
    from dpg.item_definitions d
    where d.item_network = find_inert_statuses.item_network
      and d.item_domain = find_inert_statuses.item_domain
  );
end
$body$;

comment on function dpg_private.find_inert_statuses(text, text) is
  'The statuses in which an item of the domain may not be a side of a new action; null where there are none. For a
network of dpg_private.defined_networks.';

create or replace function dpg_private.refuse_inert_item(item dpg.items)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  raise exception using
    errcode = 'DP015',
    message = dpg_private.text_for_client(
      format('item %s is %L and takes part in no new action', item.item_id, item.item_status)
    ),
    hint = 'Choose another item, or wait until its owner changes its status. dpg.define_item says which statuses act.',
    detail = dpg_private.text_for_client(
      (to_jsonb(dpg_private.ref_of_item(item)) || jsonb_build_object('item_status', item.item_status))::text
    );
end
$body$;

comment on function dpg_private.refuse_inert_item(dpg.items) is
  'Raises DP015 for an item in a status in which it may not be a side of a new action.';
