create or replace function dpg_private.check_network_rules(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part record;
begin
  if coalesce(document -> 'max_actions_per_pair', 'null') <> 'null'
    and not dpg_private.is_rule_limit(document -> 'max_actions_per_pair')
  then
    perform dpg_private.refuse_network_document(
      '{max_actions_per_pair}', document -> 'max_actions_per_pair', 'is no limit',
      'A limit is a whole number from 1 to 1,000,000.'
    );
  end if;
  for part in
    select array['actions', a.name, 'interactions', (i.number - 1)::text, 'metric_categories'] as path,
      i.interaction -> 'metric_categories' as categories
    from jsonb_each(coalesce(document -> 'actions', '{}')) a(name, action)
    cross join jsonb_array_elements(a.action -> 'interactions') with ordinality i(interaction, number)
    where i.interaction -> 'metric_categories' <> 'null'
    order by a.name, i.number
  loop
    if jsonb_typeof(part.categories) <> 'object' then
      perform dpg_private.refuse_network_document(
        part.path, part.categories, 'is malformed', dpg_private.field_hint('object')
      );
    end if;
    perform dpg_private.refuse_network_document(
      part.path || c.name, part.categories -> c.name, 'is no array of statuses',
      'Name the statuses of the category: an array of strings of 1 to 120 characters.'
    )
    from unnest(array['accept', 'reject', 'cancel']) c(name)
    where part.categories -> c.name <> 'null'
      and (
        jsonb_typeof(part.categories -> c.name) <> 'array'
        or exists (
          select
          from jsonb_array_elements(
            case jsonb_typeof(part.categories -> c.name) when 'array' then part.categories -> c.name else '[]' end
          ) s(status)
          where not dpg_private.is_field('key', s.status)
        )
      );
  end loop;
end
$body$;

comment on function dpg_private.check_network_rules(jsonb) is
  'Raises DP001 unless what a network document says of rules can be read: max_actions_per_pair, and metric_categories of
interactions. The actions of the document were checked.';

create or replace function dpg_private.rules_of_document(document jsonb)
returns table (action_type text, rules jsonb)
language sql
immutable
security invoker
begin atomic
  -- the actions of this network: an interaction with a target elsewhere is an action there
  select a.name,
    jsonb_build_object(
      'final_statuses',
      (
        select coalesce(jsonb_agg(s.status order by s.status collate "C"), '[]')
        from (
          select distinct s.status
          from jsonb_array_elements(a.action -> 'interactions') i(interaction)
          cross join unnest(array['accept', 'reject', 'cancel']) c(name)
          cross join jsonb_array_elements_text(
            case jsonb_typeof(i.interaction -> 'metric_categories' -> c.name)
              when 'array' then i.interaction -> 'metric_categories' -> c.name
              else '[]'
            end
          ) s(status)
          where coalesce(i.interaction ->> 'to_network', rules_of_document.document ->> 'name')
            = rules_of_document.document ->> 'name'
        ) s
      )
    )
  from jsonb_each(coalesce(rules_of_document.document -> 'actions', '{}')) a(name, action)
  where exists (
    select
    from jsonb_array_elements(a.action -> 'interactions') i(interaction)
    where coalesce(i.interaction ->> 'to_network', rules_of_document.document ->> 'name')
        = rules_of_document.document ->> 'name'
      and i.interaction -> 'metric_categories' ?| array['accept', 'reject', 'cancel']
      and exists (
        select
        from unnest(array['accept', 'reject', 'cancel']) c(name)
        where jsonb_typeof(i.interaction -> 'metric_categories' -> c.name) = 'array'
      )
  );
end;

comment on function dpg_private.rules_of_document(jsonb) is
  'The rules that a network document sets for action types: the statuses under accept, reject and cancel in the
metric_categories of any of its interactions are final. The document has its name.';

create or replace function dpg_private.register_rules(network text, document jsonb)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  stored dpg.network_rules;
  wanted jsonb := case
    when coalesce(document -> 'max_actions_per_pair', 'null') <> 'null'
      then jsonb_build_object('max_open_per_pair', document -> 'max_actions_per_pair')
  end;
  changed record;
begin
  if document is null
    and not exists (select from dpg.network_rules n where n.network = register_rules.network)
    and not exists (select from dpg.action_definitions d where d.partition_network = register_rules.network)
  then
    return;
  end if;
  perform dpg_private.take_turns(array[dpg_private.turn_of_rules(network)]);
  select n.* into stored from dpg.network_rules n where n.network = register_rules.network;
  if stored.registered_rules is distinct from wanted then
    perform dpg_private.store_network_rules(network, stored.rules, wanted);
  end if;
  for changed in
    select action_type, r.rules
    from dpg_private.rules_of_document(document) r
    full join (
      select d.action_type, d.registered_rules
      from dpg.action_definitions d
      where d.partition_network = register_rules.network
        and d.registered_rules is not null
    ) d using (action_type)
    where r.rules is distinct from d.registered_rules
    order by action_type collate "C"
  loop
    perform dpg_private.note_changed_rules(network);
    insert into dpg.action_definitions as d (
      partition_network, action_type, initial_status, transitions, registered_rules, final_statuses
    )
    values (
      network, changed.action_type, 'created', null, changed.rules,
      dpg_private.final_statuses_of('created', null, null, changed.rules)
    )
    on conflict on constraint action_definitions_pkey do update
    set registered_rules = excluded.registered_rules,
      final_statuses = dpg_private.final_statuses_of(
        d.initial_status, d.transitions, d.rules, excluded.registered_rules
      );
    perform dpg_private.forget_empty_definition(network, changed.action_type);
  end loop;
end
$body$;

comment on function dpg_private.register_rules(text, jsonb) is
  'Sets the rules that a network document sets, in place of those that the former one set; document null: none. Rules
that were set by hand stay.';
