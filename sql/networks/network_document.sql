create or replace function dpg_private.pointer_of_path(path text[])
returns text
language sql
immutable
parallel safe
security invoker
return (
  select coalesce(string_agg('/' || replace(replace(p.step, '~', '~0'), '/', '~1'), '' order by p.position), '')
  from unnest(path) with ordinality p(step, position)
);

comment on function dpg_private.pointer_of_path(text[]) is
  'A path as a JSON pointer.';

create or replace function dpg_private.refuse_network_document(path text[], value jsonb, problem text, hint text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer constant text := nullif(dpg_private.pointer_of_path(path), '');
  shown jsonb := coalesce(value, 'null');
begin
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

create or replace function dpg_private.name_of_part(part jsonb, field text)
returns text
language sql
immutable
parallel safe
security invoker
return coalesce(
  part -> field,
  part -> case field when 'name' then 'id' when 'domain_name' then 'domain_id' end
) #>> '{}';

comment on function dpg_private.name_of_part(jsonb, text) is
  'The field name or domain_name of a part of a network document; id and domain_id are synonyms of them.';

create or replace function dpg_private.check_network_name(document jsonb, path text[], field text default 'name')
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  synonym constant text := case field when 'name' then 'id' when 'domain_name' then 'domain_id' end;
  part constant jsonb := document #> path;
begin
  if part ? field and part ? synonym and part -> field <> part -> synonym then
    perform dpg_private.refuse_network_document(
      path || synonym, part -> synonym, format('is not the %s', field),
      format('%1$s is a synonym of %2$s: leave one of them out, or give both one value.', synonym, field)
    );
  end if;
  perform dpg_private.check_network_part(
    document, path || case when part ? synonym and not part ? field then synonym else field end, 'key'
  );
end
$body$;

comment on function dpg_private.check_network_name(jsonb, text[], text) is
  'Raises DP001 unless the part of a network document at path has a key as its name (or domain_name), by that name or by
the synonym id (or domain_id). If it has both, they are the same.';

create or replace function dpg_private.with_names(document jsonb)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return document || jsonb_build_object(
    'name', dpg_private.name_of_part(document, 'name'),
    'domains', (
      select coalesce(
        jsonb_agg(
          d.domain || jsonb_build_object('name', dpg_private.name_of_part(d.domain, 'name')) order by d.number
        ),
        '[]'
      )
      from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
    )
  );
end
$body$;

comment on function dpg_private.with_names(jsonb) is
  'A network document with the name of the network and of each domain where ours have it. Its domains were checked.';

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
  name text;
  names text[] := array[]::text[];
begin
  perform dpg_private.check_network_part(document, '{domains}', 'array');
  for domain in 0 .. jsonb_array_length(document -> 'domains') - 1 loop
    path := array['domains', domain::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_name(document, path),
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
    name := dpg_private.name_of_part(document #> path, 'name');
    if name = any (names) then
      perform dpg_private.refuse_network_document(
        path || case when document #> path ? 'name' then 'name' else 'id' end, to_jsonb(name), 'is there twice',
        'A domain is declared once, with all of its item types.'
      );
    end if;
    names := names || name;
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
  domain text;
begin
  if not document ? 'instances' then
    return;
  end if;
  perform dpg_private.check_network_part(document, '{instances}', 'array');
  for instance in 0 .. jsonb_array_length(document -> 'instances') - 1 loop
    path := array['instances', instance::text];
    perform
      dpg_private.check_network_part(document, path, 'object'),
      dpg_private.check_network_name(document, path, 'domain_name'),
      dpg_private.check_network_part(document, path || array['instance_url'], 'url');
    domain := dpg_private.name_of_part(document #> path, 'domain_name');
    if not item_types ? domain then
      perform dpg_private.refuse_network_document(
        path || case when document #> path ? 'domain_name' then 'domain_name' else 'domain_id' end,
        to_jsonb(domain), 'is no declared domain', 'An instance serves one of the domains of the document.'
      );
    end if;
  end loop;
end
$body$;

comment on function dpg_private.check_network_instances(jsonb, jsonb) is
  'Raises DP001 unless the instances of a network document are an array of objects, each with an instance_url
and with the domain_name of a declared domain. A document may have no instances. item_types is the column of
dpg.networks.';

create or replace function dpg_private.edit_distance(one text, other text)
returns integer
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  former integer[];
  present integer[] := array(select n from generate_series(0, length(other)) n order by n);
begin
  for i in 1 .. length(one) loop
    former := present;
    present := array[i];
    for j in 1 .. length(other) loop
      present := present || least(
        former[j + 1] + 1, present[j] + 1, former[j] + (substr(one, i, 1) <> substr(other, j, 1))::integer
      );
    end loop;
  end loop;
  return present[length(other) + 1];
end
$body$;

comment on function dpg_private.edit_distance(text, text) is
  'How many characters must be added, taken away or replaced to get from one text to the other. For short texts.';

create or replace function dpg_private.misspelt_field(name text, fields text[])
returns text
language sql
immutable
parallel safe
security invoker
return (
  select f.field
  from unnest(fields) with ordinality f(field, number)
  where name <> all (fields)
    and case when abs(length(name) - length(f.field)) <= 2 then dpg_private.edit_distance(name, f.field) <= 2 end
  order by dpg_private.edit_distance(name, f.field), f.number
  limit 1
);

comment on function dpg_private.misspelt_field(text, text[]) is
  'Which of the fields a name is that is one or two characters away from it. Null for one of the fields itself, and for
any other name.';

create or replace function dpg_private.instance_item_types(document jsonb, item_domain text)
returns text[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return array(
    select t.item_type
    from jsonb_array_elements(coalesce(document -> 'instances', '[]')) i(instance)
    cross join jsonb_each(i.instance) m(name, value)
    cross join jsonb_object_keys(case jsonb_typeof(m.value) when 'object' then m.value else '{}' end) t(item_type)
    where dpg_private.name_of_part(i.instance, 'domain_name') = instance_item_types.item_domain
      and position('item_schema' in m.name) > 0
  );
end
$body$;

comment on function dpg_private.instance_item_types(jsonb, text) is
  'The item types for which instances of a domain have schemas of their own, such as by custom_item_schema_urls. The
instances of the document were checked.';

create or replace function dpg_private.check_network_actions(document jsonb, item_types jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  fields constant text[] := array['from_network', 'from_domain', 'from_items', 'to_network', 'to_domain', 'to_items'];
  action_type text;
  path text[];
  interaction jsonb;
  field text;
  meant text;
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
      -- Unknown fields are kept. With a misspelt from_items the interaction would permit more than was meant.
      select f.name, dpg_private.misspelt_field(f.name, fields)
      into field, meant
      from jsonb_object_keys(interaction) f(name)
      where dpg_private.misspelt_field(f.name, fields) is not null
      limit 1;
      if found then
        perform dpg_private.refuse_network_document(
          path || array[field], interaction -> field, 'is not a field of an interaction',
          format('It seems to be %s, misspelt.', meant)
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
        for item in 0 .. jsonb_array_length(interaction -> field) - 1 loop
          perform dpg_private.check_network_part(document, path || array[field, item::text], 'key');
          continue when not is_ours
            or item_types -> (interaction ->> (side || '_domain')) ? (interaction -> field ->> item);
          if interaction -> field ->> item
            <> all (dpg_private.instance_item_types(document, interaction ->> (side || '_domain')))
          then
            perform dpg_private.refuse_network_document(
              path || array[field, item::text], interaction -> field -> item, 'is no declared item type',
              'Name an item type of the domain.'
            );
          end if;
          raise warning using message = dpg_private.text_for_client(format(
            'document at %s: no schema of domain %L declares item type %L: it takes no part in actions',
            dpg_private.pointer_of_path(path || array[field, item::text]),
            interaction ->> (side || '_domain'), interaction -> field ->> item
          )),
            hint = 'Only an instance has a schema of it. Add the item type to the item_schemas of the domain.';
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
between those and ones of one other network. An item type that only an instance of the domain has a schema of is a
warning. The instances were checked, and the document has its name. item_types is the column of dpg.networks.';
