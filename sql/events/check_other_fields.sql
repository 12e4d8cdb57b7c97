create or replace function dpg_private.check_other_fields(others jsonb)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  version constant jsonb := others -> 'version';
  unknown text;
begin
  if others ? 'version' and (not dpg_private.is_field('count', version) or version = '0') then
    perform dpg_private.refuse_argument(
      'event.version', version, 'is not a version',
      format('The version of an event is a whole number from 1 on; this instance knows up to %s.', dpg_private.event_version())
    );
  end if;
  if (version #>> '{}')::numeric > dpg_private.event_version() then
    return; -- what a newer version has more, we could not keep
  end if;
  -- Columns that an application has added to its table on both instances: here they take their default.
  select k.field
  into unknown
  from jsonb_object_keys(others) k(field)
  where k.field <> 'version'
    and not exists (
      select
      from pg_attribute a
      where a.attrelid = 'dpg.action_events'::regclass
        and a.attname = k.field
        and a.attnum > 0
        and not a.attisdropped
    )
  order by k.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'event.' || left(unknown, 120), others -> unknown, 'is not a field of an event',
      format(
        'An event has the fields %s. Leave out what an application has added to the table on the other instance, as the rows of dpg.read_events do. Fields of a version that is newer than %s are ignored when the event names it: "version".',
        array_to_string(dpg_private.event_fields(), ', '), dpg_private.event_version()
      )
    );
  end if;
end
$body$;

comment on function dpg_private.check_other_fields(jsonb) is
  'What stands in an event beside its fields: its version, columns that an application has added to the table here, whose values are not taken over, and, in a newer version than ours, anything. Raises DP001 for all else.';
