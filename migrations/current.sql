-- its second argument is now whether the value is there
drop function if exists dpg_private.check_present(text, anyelement);
-- Statements for one migration only go above this line; see sql/README.md.
--!include all.sql
