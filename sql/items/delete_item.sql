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
  -- a foreign key to the root has a clone for each leaf, under a name that PostgreSQL chose: find the one that was
  -- declared
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
  select c.conname::text
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
  'Raises DP013 for an item that a foreign key keeps: one of ours, from an action, or the named one of the
application.';

create or replace function dpg.delete_item(
  actor text,
  item_network text,
  item_domain text,
  item_type text,
  item_id uuid
)
returns dpg.items
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  item constant dpg.item_ref := row(item_network, item_domain, item_type, item_id);
  leaf regclass;
  stored dpg.items;
  deleted_rows bigint;
  refusing_schema text;
  refusing_table text;
  refusing_constraint text;
begin
  perform
    dpg_private.check_actor(actor),
    dpg_private.check_item_ref(null, item);

  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  stored := dpg_private.lock_item(leaf, item, 'update');
  if stored.item_id is null then
    perform dpg_private.refuse_item_not_found(item);
  end if;
  if stored.created_by <> actor then
    perform dpg_private.refuse_not_item_owner(actor, item);
  end if;

  begin
    execute format('delete from %s i where %s', leaf, dpg_private.item_key_sql())
    using item_network, item_domain, item_type, item_id;
    get diagnostics deleted_rows = row_count;
  exception
    when foreign_key_violation or restrict_violation then -- restrict_violation: from 18 on, for "on delete restrict"
      get stacked diagnostics
        refusing_schema = schema_name, refusing_table = table_name, refusing_constraint = constraint_name;
      if refusing_constraint = '' then
        raise; -- from a trigger of the application, in its own words
      end if;
      perform dpg_private.refuse_item_in_use(item, refusing_schema, refusing_table, refusing_constraint);
  end;
  if deleted_rows = 0 then
    perform dpg_private.refuse_suppressed('delete', leaf, to_jsonb(item));
  end if;
  delete from dpg_private.sent_contents s
  where s.id = delete_item.item_id
    and s.network = delete_item.item_network
    and s.key = delete_item.item_domain
    and s.item_type = delete_item.item_type
    and s.root = 'items';
  return stored;
end
$body$;

comment on function dpg.delete_item(text, text, text, text, uuid) is
  'Deletes an owned item, and returns it as it was. An item to which an action of its network or a row of the
application refers is DP013, which names the constraint. A repeated call is DP002.
Raises DP001, DP002, DP003, DP013, DP018.
Example: select * from dpg.delete_item(
  ''asha'', ''yellow_dot'', ''student'', ''profile_1.0'', ''55555555-5555-4555-8555-555555555555''
)';
