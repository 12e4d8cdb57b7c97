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
  'Inserts a row of a root table once more, after "on conflict do nothing" inserted nothing. Where a unique index of the
application has such a row, this raises the 23505 that belongs to it: only the primary key is a conflict here. False, and
nothing written, where the primary key is there, or where a trigger of the application suppresses the row.
columns_sql: the columns of ours.';
