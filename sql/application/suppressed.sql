create or replace function dpg_private.suppressed_refusal(operation text, relation regclass, detail jsonb default '{}')
returns dpg_private.refusal
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
  where t.tgrelid = suppressed_refusal.relation
    and not t.tgisinternal
    and t.tgenabled <> 'D'
    and p.pronamespace <> 'dpg_private'::regnamespace;

  return row(
    'DP018',
    format('%s of %s was suppressed: nothing was written', operation, relation),
    case
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
    end,
    jsonb_build_object('operation', operation, 'relation', relation::text) || detail
  )::dpg_private.refusal;
end
$body$;

comment on function dpg_private.suppressed_refusal(text, regclass, jsonb) is
  'DP018 for a write (insert, update or delete) that should have changed a row and changed none: a trigger of the
application suppressed it. The hint names the triggers of the application on that table. detail is added to the
DETAIL.';

create or replace function dpg_private.refuse_suppressed(operation text, relation regclass, detail jsonb default '{}')
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  perform dpg_private.raise_refusal(dpg_private.suppressed_refusal(operation, relation, detail));
end
$body$;

comment on function dpg_private.refuse_suppressed(text, regclass, jsonb) is
  'Raises dpg_private.suppressed_refusal.';
