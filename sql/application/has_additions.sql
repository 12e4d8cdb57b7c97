create or replace function dpg_private.look_for_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
volatile -- so that it sees what is committed now, and not what was when the caller's statement began
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (select c.relnatts > own_columns from pg_class c where c.oid = root)
    or exists (
      select
      from pg_trigger t
      join pg_proc p on p.oid = t.tgfoid
      where t.tgrelid = root
        and not t.tgisinternal
        and t.tgenabled <> 'D'
        and p.pronamespace <> 'dpg_private'::regnamespace
    );
end
$body$;

comment on function dpg_private.look_for_additions(regclass, integer) is
  'Whether an application has added columns or triggers to a root table, which has own_columns of ours.';

create or replace function dpg_private.has_additions(root regclass, own_columns integer)
returns boolean
language plpgsql
immutable -- not true: so that it is asked once, when a statement is planned
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  return dpg_private.look_for_additions(root, own_columns);
end
$body$;

comment on function dpg_private.has_additions(regclass, integer) is
  'dpg_private.look_for_additions for statements that name the root: PostgreSQL asks when it plans the statement, keeps the answer with the plan, and plans anew when a column or trigger comes or goes. Only where the caller holds a lock on the root by then, with which no trigger can come any more.';
