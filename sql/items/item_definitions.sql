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
  'The statuses: an array of {"status": <key>, "found": <boolean>, "acts": <boolean>, "final": <boolean>}. found (default
true): finders that are told no statuses find the item. acts (default true): the item may be a side of a new action.
final (default false): no other status comes after it.';
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
