alter table dpg.items
drop constraint items_coordinates_check,
add constraint items_coordinates_check check (
  (item_latitude is null) = (item_longitude is null)
  and point(item_latitude, item_longitude) <@ box '(90, 180), (-90, -180)'
);

drop function if exists dpg_private.lock_item(dpg.item_ref, text);
drop function if exists dpg_private.page_position(text, text);
drop function if exists dpg_private.page_scope(text, jsonb);
drop function if exists dpg_private.page_token(text, jsonb);
drop function if exists dpg_private.distance_of(double precision);

-- Statements for one migration only go above this line; see README.md, "Develop".
--!include all.sql
