create or replace function dpg_private.missing_events(partition_network text, action_type text, event_ids uuid[])
returns uuid[]
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  missing uuid[];
begin
  -- Through the root, with the keys in the text: by its bound the leaf is found under any name.
  execute format(
    'select array(
       select w.event_id
       from unnest($1) w(event_id)
       where not exists (
         select
         from dpg.action_events e
         where e.partition_network = %L
           and e.action_type = %L
           and e.event_id = w.event_id
       )
     )',
    partition_network, action_type
  )
  into missing
  using event_ids;
  return missing;
end
$body$;

comment on function dpg_private.missing_events(text, text, uuid[]) is
  'Those of the events of these keys that dpg.action_events does not have.';
