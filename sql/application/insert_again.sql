create or replace function dpg_private.insert_again(root text, columns_sql text, new_row anyelement)
returns boolean
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  inserted_rows bigint;
begin
  execute format(
    'insert into dpg.%I (%s) select %s from (select ($1).*) r on conflict on constraint %I do nothing',
    root, columns_sql, columns_sql, root || '_pkey'
  )
  using new_row;
  get diagnostics inserted_rows = row_count;
  return inserted_rows > 0;
end
$body$;

comment on function dpg_private.insert_again(text, text, anyelement) is
  'Inserts a row of a root table again, after "on conflict do nothing" inserted nothing. Now only the primary
key is a conflict: where a unique index of the application has such a row, this raises its 23505. Returns
false, and writes nothing, where the primary key is there already, or where a trigger of the application
suppresses the row. columns_sql is the list of our columns.';
