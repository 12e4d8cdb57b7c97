create or replace function dpg_private.check_ids_differ(rows dpg.items[])
returns void
language plpgsql
stable -- as dpg_private.check_page_size
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  again record;
begin
  if (select count(*) from (select distinct r.item_id from unnest(rows) r) d) = cardinality(rows) then
    return;
  end if;
  select d.item_id, d.position
  into again
  from (
    select r.item_id, r.position, row_number() over (partition by r.item_id order by r.position) as occurrence
    from unnest(rows) with ordinality r(
      item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
      item_latitude, item_longitude, created_by, created_at, updated_at, position
    )
  ) d
  where d.occurrence > 1
  order by d.position
  limit 1;
  perform dpg_private.refuse_argument(
    'item_id', to_jsonb(again.item_id), 'is there twice', 'Give each element an id of its own.', (again.position - 1)::integer
  );
end
$body$;

comment on function dpg_private.check_ids_differ(dpg.items[]) is
  'Raises DP001 with the index of the first element whose item_id an earlier one has.';
