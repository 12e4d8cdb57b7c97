create or replace function dpg_private.page_of_searches_sql(
  searches text[],
  alias text,
  order_by text,
  row_limit text,
  added_columns text
)
returns text
language sql
stable
parallel safe
security invoker
return format(
  'select %2$s.*, %5$s from (select * from (%1$s) %2$s order by %3$s limit %4$s) %2$s order by %3$s',
  '(' || array_to_string(searches, format(' order by %s limit %s) union all (', order_by, row_limit))
    || format(' order by %s limit %s)', order_by, row_limit),
  alias, order_by, row_limit, added_columns
);

comment on function dpg_private.page_of_searches_sql(text[], text, text, text, text) is
  'The SQL statement that takes one page from several searches. Each search is a select without order and limit,
over a table named alias; it gets both here, so that an index answers it and reads no more than a page. order_by is
the same for each search and for the page. row_limit: the parameter that holds the size of the page. added_columns
are computed for the rows of the page only. There must be a search.';
