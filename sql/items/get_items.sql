create or replace function dpg.get_items(items dpg.item_ref[])
returns setof dpg.items
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  of_leaf record;
  stored dpg.items[] := array[]::dpg.items[];
  of_this dpg.items[];
begin
  perform dpg_private.check_present('items', items is not null);
  if cardinality(items) > 1000 then
    perform dpg_private.refuse_argument('items', null, 'has too many elements', 'Ask for 1,000 items at most.');
  end if;
  perform dpg_private.check_item_ref(format('items[%s]', i.number - 1), i.item)
  from unnest(items) with ordinality r(item_network, item_domain, item_type, item_id, number)
  cross join lateral (
    select row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref as item, r.number
  ) i
  order by i.number;

  for of_leaf in
    select dpg_private.find_leaf('items', r.item_network, r.item_domain) as leaf,
      array_agg(row(r.item_network, r.item_domain, r.item_type, r.item_id)::dpg.item_ref) as refs,
      count(*) over () as leaves
    from unnest(items) r
    group by r.item_network, r.item_domain
  loop
    continue when of_leaf.leaf is null;
    begin
      execute format(
        'select array_agg(i::dpg.items)
         from (select distinct * from unnest($1)) r
         join %s i using (item_network, item_domain, item_type, item_id)',
        of_leaf.leaf
      )
      into of_this
      using of_leaf.refs;
      stored := stored || of_this;
      if of_leaf.leaves > 16 then
        raise exception using errcode = 'DP000';
      end if;
    exception
      when sqlstate 'DP000' then
        null; -- the locks are gone, and stored has its value: see dpg_private.items_of_leaves
    end;
  end loop;
  -- dynamic: a kept plan would return the columns that the table had when it was planned
  return query execute
    'select s.*
     from unnest($1) with ordinality r(item_network, item_domain, item_type, item_id, number)
     join unnest($2) s using (item_network, item_domain, item_type, item_id)
     order by r.number'
  using items, stored;
end
$body$;

comment on function dpg.get_items(dpg.item_ref[]) is
  'Up to 1,000 items by their keys, in the order asked. What is missing is absent.
Raises DP001.
Example: select * from dpg.get_items(array[
  row(''yellow_dot'', ''student'', ''profile_1.0'', ''11111111-1111-4111-8111-111111111111''),
  row(''yellow_dot'', ''tutor'', ''profile_1.0'', ''22222222-2222-4222-8222-222222222222'')
]::dpg.item_ref[])';
