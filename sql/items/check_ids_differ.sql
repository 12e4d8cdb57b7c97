create or replace function dpg_private.check_ids_differ(items dpg_private.sent_item[])
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
  if (select count(distinct i.item_id) from unnest(items) i) = cardinality(items) then
    return;
  end if;
  select d.item_id, d.index
  into again
  from (
    select i.item_id, i.index, row_number() over (partition by i.item_id order by i.index) as occurrence
    from unnest(items) i
  ) d
  where d.occurrence > 1
  order by d.index
  limit 1;
  perform dpg_private.refuse_argument(
    'item_id', to_jsonb(again.item_id), 'is there twice', 'Give each element an id of its own.', again.index
  );
end
$body$;

comment on function dpg_private.check_ids_differ(dpg_private.sent_item[]) is
  'Raises DP001 with the index of the first element whose item_id an earlier one has.';
