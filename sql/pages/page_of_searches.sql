create or replace function dpg_private.page_of_searches_sql(
  searches text[],
  alias text,
  order_by text,
  row_limit text,
  added_columns text
)
returns text
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  page constant text := format('order by %s limit %s', order_by, row_limit);
begin
  return format(
    'select %2$s.*, %5$s from (select * from (%1$s) %2$s %3$s) %2$s order by %4$s',
    (select string_agg(format('(%s %s)', s.search, page), ' union all ') from unnest(searches) s(search)),
    alias, page, order_by, added_columns
  );
end
$body$;

comment on function dpg_private.page_of_searches_sql(text[], text, text, text, text) is
  'The SQL statement that takes one page from several searches. Each search is a select without order and limit,
over a table named alias; it gets both here, so that an index answers it and reads no more than a page. order_by is
the same for each search and for the page. row_limit: the parameter that holds the size of the page. added_columns
are computed for the rows of the page only. Null without searches.';
