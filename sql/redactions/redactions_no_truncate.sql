create or replace trigger redactions_no_truncate
before truncate on dpg.redactions
for each statement
execute function dpg_private.keep_redactions();

alter table dpg.redactions enable always trigger redactions_no_truncate;

comment on trigger redactions_no_truncate on dpg.redactions is
  'Records of redactions are never removed (DP012).';
