-- The objects that are there are noted before others are created.
--!include geo/extensions.sql
--!include access/known_objects.sql

-- Got another argument.
drop function if exists dpg_private.lock_leaves(regclass[], text, text, text);
--!include all.sql
