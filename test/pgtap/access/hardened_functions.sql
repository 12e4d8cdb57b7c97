-- Each function says what it may do, looks up names in fixed places, and belongs to nobody but its roles.
begin;
select plan(8);
create temp view ours as
select p.*, p.oid::regprocedure::text as signature
from pg_proc p
where p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace);

select is((select string_agg(signature, ', ') from ours where has_function_privilege('public', oid, 'execute')), null, 'PUBLIC may call none');
select is(
  (
    select string_agg(signature, ', ')
    from ours
    where coalesce((select c from unnest(proconfig) c where c like 'search_path=%'), '') <> 'search_path=pg_catalog, pg_temp'
      and (prosecdef or prosqlbody is null)
      -- parts of functions that have this path: a setting takes as long as what they do
      and not (not prosecdef and proname ~ '_in_slot$|^has_additions_to_(item|action)$')
  ),
  null,
  'each looks up names in pg_catalog, then pg_temp; only one that is stored parsed, and not security definer, needs no path'
);
select is(
  (select string_agg(signature, ', ') from ours where pronamespace = 'dpg'::regnamespace and not prosecdef),
  null,
  'the functions of the API run as their owner, since callers may not write the tables'
);
select is((select string_agg(signature, ', ') from ours where prosecdef and prosrc ~* '\mset_config\(''(search_path|role|session_authorization)'), null, 'none changes the path or the role');
select is((select string_agg(signature, ', ') from ours where obj_description(oid, 'pg_proc') is null), null, 'each has a comment');
select is(
  (
    select string_agg(signature, ', ')
    from ours
    where pronamespace = 'dpg'::regnamespace
      and obj_description(oid, 'pg_proc') !~ (E'\nRaises DP\\d{3}(, DP\\d{3})*[.]\nExample: select .*dpg\\.' || proname || E'\\(')
  ),
  null,
  'that of an API function ends with a line that says what it raises, and with an example of its call'
);
select is(
  (select string_agg(signature, ', ') from ours where pronamespace = 'dpg'::regnamespace and provolatile <> case when proname ~ '^(get|find|count|nearest|map|search)_' then 's' else 'v' end),
  null,
  'reads are stable, everything else is volatile'
);
select is((select string_agg(signature, ', ') from ours where proowner <> (select relowner from pg_class where oid = 'dpg.items'::regclass)), null, 'the owner of the tables owns them');
select * from finish();
rollback;
