-- Statements for one migration only go above this line; see README.md, "Develop".

-- dpg.redactions has on record from whom to whom items were moved. Locked in ACCESS EXCLUSIVE until this transaction ends: it
-- waits for redactions and erasures under way, and new ones wait, as do the few calls that look there. Nothing is rewritten;
-- the checks read the table once, which has a row for each redaction that ever was.
alter table dpg.redactions add column if not exists from_user text, add column if not exists to_user text;
alter table dpg.redactions
drop constraint if exists redactions_kind_check,
add constraint redactions_kind_check check (kind in ('event', 'user', 'loss', 'move'));
alter table dpg.redactions
drop constraint if exists redactions_move_check,
add constraint redactions_move_check check (num_nonnulls(from_user, to_user) = case kind when 'move' then 2 else 0 end);

--!include all.sql
