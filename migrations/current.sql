-- Statements for one migration go here, above the include: CONTRIBUTING.md, "What a file cannot say".
-- Each locks nothing: a call in flight that names one can end once in 42883.
drop function if exists dpg_private.lock_leaf_of_search(text, text, regclass);
drop function if exists dpg_private.check_batch(integer, double precision);
drop function if exists dpg_private.find_queue_writers();
--!include all.sql
