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
