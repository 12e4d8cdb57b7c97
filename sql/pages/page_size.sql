create or replace function dpg_private.check_page_size(page_size integer)
returns void
language plpgsql
stable -- else a call with constants would be made, and raise, when its caller is planned
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if page_size is null or not page_size between 1 and 1000 then
    perform dpg_private.refuse_argument(
      'page_size', to_jsonb(page_size), 'is out of range', 'A page has 1 to 1,000 rows.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_page_size(integer) is
  'Raises DP001 unless page_size is from 1 to 1,000.';
