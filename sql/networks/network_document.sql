create or replace function dpg_private.refuse_network_document(path text[], value jsonb, problem text, hint text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer text;
  shown jsonb := coalesce(value, 'null');
begin
  select string_agg('/' || replace(replace(p.step, '~', '~0'), '/', '~1'), '' order by p.position)
  into pointer
  from unnest(path) with ordinality p(step, position);
  if octet_length(shown::text) > 1000 then
    shown := to_jsonb(left(coalesce(value #>> array[]::text[], ''), 200) || '...');
  end if;
  raise exception using
    errcode = 'DP001',
    message = dpg_private.text_for_client(
      format('document at %s %s: %s', left(pointer, 500), problem, left(shown::text, 220))
    ),
    hint = dpg_private.text_for_client(hint),
    detail = dpg_private.text_for_client(
      jsonb_build_object('argument', 'document', 'path', pointer, 'value', shown)::text
    );
end
$body$;

comment on function dpg_private.refuse_network_document(text[], jsonb, text, text) is
  'Raises DP001 for a part of a network document. path leads to the part; the DETAIL has it as a JSON pointer.
problem completes the sentence "document at ... ...".';

create or replace function dpg_private.check_network_part(document jsonb, path text[], kind text)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  part constant jsonb := document #> path;
begin
  if not dpg_private.is_field(kind, part) then
    perform dpg_private.refuse_network_document(
      path, part, case when part is null then 'is missing' else 'is malformed' end, dpg_private.field_hint(kind)
    );
  end if;
end
$body$;

comment on function dpg_private.check_network_part(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path is of this kind of dpg_private.is_field.';

create or replace function dpg_private.check_network_domains(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
  item_type text;
  names text[] := array[]::text[];
begin
  perform dpg_private.check_network_part(document, '{domains}', 'array');
  for domain in 0 .. jsonb_array_length(document -> 'domains') - 1 loop
    path := array['domains', domain::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['name'], 'key'),
      dpg_private.check_network_part(document, path || array['item_schemas'], 'object');
    for item_type in select t.name from jsonb_object_keys(document #> path -> 'item_schemas') t(name) loop
      if not dpg_private.is_key(item_type) then
        perform dpg_private.refuse_network_document(
          path || array['item_schemas', item_type], to_jsonb(item_type), 'is not an item type',
          'An item type is text of 1 to 120 characters that is not all white space.'
        );
      end if;
      perform dpg_private.check_network_part(document, path || array['item_schemas', item_type], 'schema');
    end loop;
    if document #> path ->> 'name' = any (names) then
      perform dpg_private.refuse_network_document(
        path || array['name'], document #> path -> 'name', 'is there twice',
        'A domain is declared once, with all of its item types.'
      );
    end if;
    names := names || (document #> path ->> 'name');
  end loop;
end
$body$;

comment on function dpg_private.check_network_domains(jsonb) is
  'Raises DP001 unless the domains of a network document are an array of objects, each with item_schemas and
with a name that no other domain has.';

create or replace function dpg_private.check_network_instances(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  path text[];
begin
  if not document ? 'instances' then
    return;
  end if;
  perform dpg_private.check_network_part(document, '{instances}', 'array');
  for instance in 0 .. jsonb_array_length(document -> 'instances') - 1 loop
    path := array['instances', instance::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['domain_name'], 'key'),
      dpg_private.check_network_part(document, path || array['instance_url'], 'url');
    if not item_types ? (document #> path ->> 'domain_name') then
      perform dpg_private.refuse_network_document(
        path || array['domain_name'], document #> path -> 'domain_name', 'is no declared domain',
        'An instance serves one of the domains of the document.'
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_network_instances(jsonb, jsonb) is
  'Raises DP001 unless the instances of a network document are an array of objects, each with an instance_url
and with the domain_name of a declared domain. A document may have no instances. item_types is the column of
dpg.networks.';

create or replace function dpg_private.check_network_actions(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array[
    'from_network', 'from_domain', 'from_items', 'to_network', 'to_domain', 'to_items',
    'requirement_schema', 'event_schema'
  ];
  action_type text;
  path text[];
  interaction jsonb;
  field text;
  side text;
  is_ours boolean;
begin
  if not document ? 'actions' then
    return;
  end if;
  -- check: action types
  perform dpg_private.check_network_part(document, '{actions}', 'object');
  for action_type in select a.name from jsonb_object_keys(document -> 'actions') a(name) loop
    path := array['actions', action_type];
    if not dpg_private.is_key(action_type) then
      perform dpg_private.refuse_network_document(
        path, to_jsonb(action_type), 'is not an action type',
        'An action type is text of 1 to 120 characters that is not all white space.'
      );
    end if;
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_part(document, path || array['interactions'], 'array');

    -- check: the fields of each interaction
    for place in 0 .. jsonb_array_length(document #> path -> 'interactions') - 1 loop
      path := array['actions', action_type, 'interactions', place::text];
      perform dpg_private.check_network_part(document, path, 'object');
      interaction := document #> path;
      -- no unknown field: with a misspelt from_items the interaction would permit more than was meant
      select f.name
      into field
      from jsonb_object_keys(interaction) f(name)
      where f.name <> all (fields)
      limit 1;
      if found then
        perform dpg_private.refuse_network_document(
          path || array[field], interaction -> field, 'is not a field of an interaction',
          format('An interaction may have the fields %s.', array_to_string(fields, ', '))
        );
      end if;
      foreach field in array array['requirement_schema', 'event_schema'] loop
        if interaction ? field then
          perform dpg_private.check_network_part(document, path || array[field], 'schema');
        end if;
      end loop;

      -- check: both sides of each interaction
      foreach side in array array['from', 'to'] loop
        if interaction ? (side || '_network') then
          perform dpg_private.check_network_part(document, path || array[side || '_network'], 'key');
        end if;
        perform dpg_private.check_network_part(document, path || array[side || '_domain'], 'key');
        is_ours := coalesce(interaction ->> (side || '_network'), document ->> 'name') = document ->> 'name';
        if is_ours and not item_types ? (interaction ->> (side || '_domain')) then
          perform dpg_private.refuse_network_document(
            path || array[side || '_domain'], interaction -> (side || '_domain'), 'is no declared domain',
            format('Name a domain of the document, or say in %s_network whose it is.', side)
          );
        end if;
        field := side || '_items';
        continue when not interaction ? field;
        perform dpg_private.check_network_part(document, path || array[field], 'array');
        if interaction -> field = '[]' then
          perform dpg_private.refuse_network_document(
            path || array[field], interaction -> field, 'is empty',
            format('Leave %s out to mean every item type.', field)
          );
        end if;
        for item in 0 .. jsonb_array_length(interaction -> field) - 1 loop
          perform dpg_private.check_network_part(document, path || array[field, item::text], 'key');
          if is_ours and not item_types -> (interaction ->> (side || '_domain')) ? (interaction -> field ->> item) then
            perform dpg_private.refuse_network_document(
              path || array[field, item::text], interaction -> field -> item, 'is no declared item type',
              'Name an item type of the domain.'
            );
          end if;
        end loop;
      end loop;
      if document ->> 'name' <> all (array[
        coalesce(interaction ->> 'from_network', document ->> 'name'),
        coalesce(interaction ->> 'to_network', document ->> 'name')
      ]) then
        perform dpg_private.refuse_network_document(
          path, interaction, 'is between other networks', 'One side of an interaction is the network of the document.'
        );
      end if;
    end loop;
  end loop;
end
$body$;

comment on function dpg_private.check_network_actions(jsonb, jsonb) is
  'Raises DP001 unless the actions of a network document are an object of objects, each with an array of
interactions. A document may have no actions. An interaction is between declared domains and item types, or
between those and ones of one other network. item_types is the column of dpg.networks.';
