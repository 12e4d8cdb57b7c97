-- What our functions say and how they are written depends on no setting and no encoding of a session.
begin;
select plan(8);
create temp view ours as
select
  p.*,
  p.oid::regprocedure::text as signature,
  -- without comments; a body that is stored parsed has none
  regexp_replace(regexp_replace(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc), '--[^\n]*', '', 'g'), '/[*].*?[*]/', '', 'g') as code
from pg_proc p
where p.pronamespace in ('dpg'::regnamespace, 'dpg_private'::regnamespace);

select cmp_ok((select count(*) from ours), '>', 150::bigint, 'all are looked at');
select is(
  (
    select string_agg(signature, ', ')
    from ours
    where code ~ '[^\u0001-\u007f]'
      -- the last three take words apart, and raise nothing
      or (prosqlbody is null and code ~* '\\u[0-9a-f]{4}' and proname not in ('fold_case', 'plain_words', 'search_terms'))
  ),
  null,
  'no message, hint or DETAIL has a character that an encoding lacks: the client would get 22P05 instead'
);
select is(
  (
    select string_agg(signature, ', ')
    from ours
    where prosqlbody is null
      -- E'...' means the same always; in another string a backslash is one only with standard_conforming_strings
      and regexp_replace(code, '\mE''([^''\\]|''''|\\.)*''', '', 'gi') ~ '\\'
  ),
  null,
  'no string of a body that is parsed when it runs has a backslash'
);
select is(
  (
    select string_agg(signature, ', ')
    from ours
    where proparallel <> 'u'
      and (code ~* '\mexception\s+when\M')
  ),
  null,
  'what catches an exception starts a subtransaction, which a parallel plan must not'
);
-- between a look at the clock and another one any time can pass: below 0 is an error, and 0 waits for ever
select is(
  (
    select string_agg(signature, ', ')
    from ours
    where code ~* 'set_config\(\s*''(lock|statement|transaction)_timeout''[^;]*_timestamp\('
  ),
  null,
  'no time-out is computed from the clock in the moment in which it is set'
);
-- who calls one that is not parallel safe is not either
select is(
  (
    select string_agg(format('%s calls %s', caller.signature, called.signature), ', ')
    from ours caller
    join ours called on called.proparallel = 'u'
      and called.proname not in (select o.proname from ours o group by o.proname having count(*) > 1)
      and called.prorettype <> 'trigger'::regtype -- named, for a look into pg_trigger, and not called
    where caller.proparallel <> 'u'
      and caller.code ~ format('\mdpg(_private)?\.%s\(', called.proname)
  ),
  null,
  'and nobody promises more than those that it calls'
);
-- refusals tell what they were given, in whatever writing: through dpg_private.text_for_client
select is(
  (
    select string_agg(signature || ': ' || (o.option)[2], ', ')
    from ours
    cross join regexp_matches(code, '\m(message|hint|detail) =\s+([^\n]*)', 'g') o(option)
    where code ~* '\mraise exception\M'
      and (o.option)[2] !~ '^dpg_private[.]text_for_client[(]|^''([^'']|'''')*''[,;]?$'
      -- they say names of our own objects and of isolation levels, or one of two sentences
      and proname not in ('refuse_event_change', 'refuse_redaction_change', 'check_transaction')
      and (proname, (o.option)[1], (o.option)[2]) <> ('refuse_stale_item', 'hint', 'case')
  ),
  null,
  'what a refusal says reaches clients of every encoding'
);
select is(
  (
    select string_agg(signature, ', ')
    from ours
    where code ~* '\mto_jsonb\((latitude|longitude|radius_meters|lease_seconds|retry_seconds)\)'
      or code ~* '\m(created_at|updated_at)::text'
  ),
  null,
  'numbers and times are shown by functions that no setting bends'
);
select * from finish();
rollback;
