create or replace function dpg_private.is_unchanged_event(before dpg.action_events, after dpg.action_events)
returns boolean
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
set extra_float_digits = 1 -- JSON must not round coordinates
as $body$
declare
  generated constant text[] := array(
    select a.attname::text
    from pg_attribute a
    where a.attrelid = 'dpg.action_events'::regclass
      and a.attgenerated <> ''
      and not a.attisdropped
  );
begin
  -- As JSON, since a column of an application may be of a type without "=". What an application lets PostgreSQL compute is
  -- not computed yet where a BEFORE trigger looks.
  return to_jsonb(after) - generated = to_jsonb(before) - generated;
end
$body$;

comment on function dpg_private.is_unchanged_event(dpg.action_events, dpg.action_events) is
  'Whether a change of an event, as a BEFORE trigger sees it, changes nothing, in columns of an application as well; generated columns follow from the others and are left out.';
