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
      format(
        'there is no item %L/%L/%s/%s here',
        item.item_network, item.item_domain, coalesce(quote_literal(item.item_type), 'of any type'), item.item_id
      )
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
