create or replace function dpg_private.refuse_suppressed(operation text, relation regclass, detail jsonb default '{}')
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  triggers text;
begin
  -- A trigger is ours if its function is in dpg_private. Triggers of the root are on its leaves, too.
  select string_agg(distinct format('%I', t.tgname), ', ' order by format('%I', t.tgname))
  into triggers
  from pg_trigger t
  join pg_proc p on p.oid = t.tgfoid
  where t.tgrelid = refuse_suppressed.relation
    and not t.tgisinternal
    and t.tgenabled <> 'D'
    and p.pronamespace <> 'dpg_private'::regnamespace;

  raise exception using
    errcode = 'DP018',
    message = dpg_private.text_for_client(format('%s of %s was suppressed: nothing was written', operation, relation)),
    hint = dpg_private.text_for_client(case
      when triggers is null then
        format(
          'No trigger of the application is on %s: look for a rule, '
            || 'or for row level security that is forced on its owner.',
          relation
        )
      else
        format(
          'A trigger of the application returned null or changed the key. On %s there are: %s.', relation, triggers
        )
    end),
    detail = dpg_private.text_for_client(
      (jsonb_build_object('operation', operation, 'relation', relation::text) || detail)::text
    );
end
$body$;

comment on function dpg_private.refuse_suppressed(text, regclass, jsonb) is
  'Raises DP018 for a write (insert, update or delete) that should have changed a row and changed none: a
trigger of the application suppressed it. The hint names the triggers of the application on that table.
detail is added to the DETAIL.';
