create or replace function dpg_private.refuse_item_in_use(
  item dpg.item_ref,
  refusing_schema text,
  refusing_table text,
  refusing_constraint text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  relation constant text := format('%I.%I', refusing_schema, refusing_table);
  is_action constant boolean :=
    pg_partition_root(to_regclass(relation)) is not distinct from 'dpg.item_actions'::regclass;
begin
  -- a key to the root has a clone for each leaf, under a name that PostgreSQL has made
  with recursive constraints as (
    select c.conname, c.conparentid
    from pg_constraint c
    where c.conrelid = to_regclass(relation)
      and c.conname = refusing_constraint
    union all
    select p.conname, p.conparentid
    from constraints c
    join pg_constraint p on p.oid = c.conparentid
  )
  select c.conname
  into refusing_constraint
  from constraints c
  where c.conparentid = 0;

  raise exception using
    errcode = 'DP013',
    message = dpg_private.text_for_client(format(
      '%s item %L/%L/%L/%s',
      case
        when is_action then 'an action refers to'
        else format('constraint %I of table %s of the application keeps', refusing_constraint, relation)
      end,
      item.item_network, item.item_domain, item.item_type, item.item_id
    )),
    hint = dpg_private.text_for_client(case
      when is_action then 'An item that an action of its network refers to stays; empty its item_state instead.'
      else format('Delete or change the rows of %s that refer to the item, then repeat the call.', relation)
    end),
    detail = dpg_private.text_for_client((
      to_jsonb(item)
      || case
        when is_action then '{}'
        else jsonb_build_object('constraint', refusing_constraint, 'relation', relation)
      end
    )::text);
end
$body$;

comment on function dpg_private.refuse_item_in_use(dpg.item_ref, text, text, text) is
  'Raises DP013 for an item that a foreign key keeps: one of ours, from an action, or the named one of the application.';
