create or replace function dpg_private.check_undeclared_items(items dpg_private.sent_item[])
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
  -- under one snapshot, so that all are held to one document
  for undeclared in
    select
      row(i.item_network, i.item_domain, i.item_type, i.item_id)::dpg.item_ref as item,
      i.index,
      dpg_private.leaf('items', i.item_network, i.item_domain) as leaf
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

comment on function dpg_private.check_undeclared_items(dpg_private.sent_item[]) is
  'The ids of those of the rows that their networks do not declare; raises DP014, with the index, for the first that is not there already. Locks none of them: whoever goes on must refuse those that turn out to be gone.';
