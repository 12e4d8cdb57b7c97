-- its second argument is now whether the value is there
drop function if exists dpg_private.check_present(text, anyelement);
-- it is on place_box now
do $body$
begin
  if pg_get_indexdef(to_regclass('dpg.items_place_idx')) not like '%place_box%' then
    drop index dpg.items_place_idx;
  end if;
end
$body$;
-- Statements for one migration only go above this line; see sql/README.md.
--!include all.sql
