create or replace trigger redactions_append_only
before update or delete on dpg.redactions
for each row
execute function dpg_private.keep_redactions();

alter table dpg.redactions enable always trigger redactions_append_only;

comment on trigger redactions_append_only on dpg.redactions is
  'Records of redactions are never changed or removed (DP012).';
