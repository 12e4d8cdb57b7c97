create or replace function dpg_private.check_page_size(page_size integer)
returns void
language sql
stable
parallel safe
security invoker
return case
  when (page_size between 1 and 1000) is not true then
    dpg_private.refuse_argument('page_size', to_jsonb(page_size), 'is out of range', 'A page has 1 to 1,000 rows.')
end;

comment on function dpg_private.check_page_size(integer) is
  'Raises DP001 unless page_size is from 1 to 1,000.';
