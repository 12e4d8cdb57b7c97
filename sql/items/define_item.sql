create or replace function dpg.define_item(
  item_network text,
  item_domain text,
  statuses jsonb,
  initial_status text default 'live'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  entry record;
begin
  initial_status := coalesce(initial_status, 'live');
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('initial_status', initial_status),
    dpg_private.check_here(item_network);

  if statuses is null then
    delete from dpg.item_definitions d
    where d.item_network = define_item.item_network
      and d.item_domain = define_item.item_domain;
    -- the writes may have waited for the switch of a move
    perform dpg_private.check_still_here(item_network);
    return;
  end if;

  if jsonb_typeof(statuses) <> 'array' then
    perform dpg_private.refuse_argument(
      'statuses', statuses, 'is not a JSON array',
      'Pass an array of statuses, [] to allow the initial one alone, null to remove the definition.'
    );
  end if;
  if octet_length(statuses::text) > dpg_private.limit_of('json_bytes_per_document') then
    perform dpg_private.refuse_argument(
      'statuses', statuses, 'has too many statuses',
      format(
        'A definition may have %s bytes as text; dpg_admin can raise the limit json_bytes_per_document in dpg.limits.',
        dpg_private.limit_of('json_bytes_per_document')
      )
    );
  end if;
  for entry in
    select t.element, (t.position - 1)::integer as index,
      count(*) over (partition by t.element -> 'status' order by t.position) > 1 as is_repeated
    from jsonb_array_elements(statuses) with ordinality t(element, position)
    order by t.position
  loop
    if jsonb_typeof(entry.element) <> 'object'
      or entry.element - array['status', 'found', 'acts', 'final'] <> '{}'
      or not dpg_private.is_field('key', entry.element -> 'status')
      or coalesce(jsonb_typeof(entry.element -> 'found'), 'boolean') <> 'boolean'
      or coalesce(jsonb_typeof(entry.element -> 'acts'), 'boolean') <> 'boolean'
      or coalesce(jsonb_typeof(entry.element -> 'final'), 'boolean') <> 'boolean'
    then
      perform dpg_private.refuse_argument(
        'statuses', entry.element, 'is no status',
        'A status is {"status": <text of 1 to 120 characters>, "found": true | false, "acts": true | false, '
          '"final": true | false}; all but the first may be left out.',
        entry.index
      );
    end if;
    if entry.is_repeated then
      perform dpg_private.refuse_argument(
        'statuses', entry.element -> 'status', 'is there twice', 'List each status once.', entry.index
      );
    end if;
  end loop;

  perform dpg_private.check_domain_declared(item_network, item_domain);
  perform dpg_private.note_defined_network(item_network);
  insert into dpg.item_definitions as d
  values (item_network, item_domain, initial_status, statuses)
  on conflict on constraint item_definitions_pkey do update
  set initial_status = excluded.initial_status,
    statuses = excluded.statuses
  where (d.initial_status, d.statuses) is distinct from (excluded.initial_status, excluded.statuses);
  -- the writes may have waited for the switch of a move
  perform dpg_private.check_still_here(item_network);
end
$body$;

comment on function dpg.define_item(text, text, jsonb, text) is
  'Declares the statuses of the items of a domain and replaces the former declaration: statuses is an array of
{"status", "found", "acts", "final"}. found (default true): finders that are told no statuses find the item. acts
(default true): it may be a side of a new action, else DP015. final (default false): no other status comes after it.
The initial status is known without being listed. [] allows it alone; null removes the declaration. Items that are
there keep their status; one that is not listed is found and acts.
Raises DP001, DP014.
Example: select dpg.define_item(''yellow_dot'', ''tutor'', ''[
  {"status": "draft", "found": false, "acts": false},
  {"status": "retired", "found": false, "acts": false, "final": true}
]'')';
