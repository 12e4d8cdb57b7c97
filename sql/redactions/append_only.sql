create or replace function dpg_private.refuse_redaction_change()
returns trigger
language plpgsql
volatile
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  tombstone constant text := dpg_private.tombstone();
  allowed dpg.redactions;
begin
  if tg_op = 'UPDATE' and dpg_private.is_erasing() then
    allowed := old;
    allowed.actor := case new.actor when tombstone then tombstone else old.actor end;
    allowed.from_user := case new.from_user when tombstone then tombstone else old.from_user end;
    allowed.to_user := case new.to_user when tombstone then tombstone else old.to_user end;
    if new is not distinct from allowed then
      return new;
    end if;
  end if;
  raise exception using
    errcode = 'DP012',
    message = format('%s of dpg.redactions is refused: what was redacted stays on record', lower(tg_op)),
    hint = 'The record of redactions is append-only.',
    detail = jsonb_build_object('operation', tg_op, 'relation', 'dpg.redactions')::text;
end
$body$;

comment on function dpg_private.refuse_redaction_change() is
  'Trigger: refuses to change or remove a record of dpg.redactions (DP012). Only the users that it names may change, to
the tombstone, when one of them is erased.';

create or replace trigger redactions_append_only
before update or delete on dpg.redactions
for each row
execute function dpg_private.refuse_redaction_change();

alter table dpg.redactions enable always trigger redactions_append_only;

comment on trigger redactions_append_only on dpg.redactions is
  'Records of redactions are never changed or removed (DP012).';

create or replace trigger redactions_no_truncate
before truncate on dpg.redactions
for each statement
execute function dpg_private.refuse_redaction_change();

alter table dpg.redactions enable always trigger redactions_no_truncate;

comment on trigger redactions_no_truncate on dpg.redactions is
  'Records of redactions are never removed (DP012).';
