-- Which fields of items are public: open to facets, counts and search. It is read out of the schemas once, when a network
-- is registered. A field is closed when any part of a schema that may apply to its value is marked private. What cannot be
-- followed counts as private.

create or replace function dpg_private.pointer_steps(fragment text)
returns text[]
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  pointer text := fragment;
begin
  if pointer like '%\%%' escape '\' then
    if pointer ~ '%(?![0-9A-Fa-f]{2})' then
      return null;
    end if;
    pointer := convert_from(
      (
        select string_agg(
          case when p.part[1] like '\%%' then decode(substr(p.part[1], 2), 'hex') else convert_to(p.part[1], 'UTF8') end,
          '' order by p.number
        )
        from regexp_matches(pointer, '%..|[^%]+', 'g') with ordinality p(part, number)
      ),
      'UTF8'
    );
  end if;
  if pointer = '/' then
    return array[''];
  end if;
  return array(
    select replace(replace(s.step, '~1', '/'), '~0', '~')
    from unnest(string_to_array(substr(pointer, 2), '/')) with ordinality s(step, number)
    order by s.number
  );
exception
  when data_exception then
    return null;
end
$body$;

comment on function dpg_private.pointer_steps(text) is
  'The steps of a JSON pointer as the fragment of a URI has it, without #. Null for one that is malformed.';

create or replace function dpg_private.may_match(pattern text, name text)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- Characters, escaped punctuation, \d, \w, plain brackets, groups, alternatives, and small numbers of repetitions: what
  -- means the same in JavaScript and in PostgreSQL.
  if pattern !~ '^(?:[^][\\(){}*+?]|\\[]\\.^$|(){}*+?/[dw-]|\[\^?[A-Za-z0-9_ .,:@-]+\]|\(\?:|[()*+?]|\{[0-9]{1,2}(?:,[0-9]{0,2})?\})*$' then
    return true;
  end if;
  return name collate "C" ~ pattern;
exception
  when invalid_regular_expression then
    return true;
end
$body$;

comment on function dpg_private.may_match(text, text) is
  'Whether a pattern of a JSON Schema, a regular expression of JavaScript, matches a name. True for a pattern that may mean
something else in PostgreSQL.';

create or replace function dpg_private.schemas_within(part jsonb)
returns table (use text, steps text[])
language sql
immutable
parallel safe
security invoker
begin atomic
  select k.use, s.steps
  from (
    values
      ('allOf', 'list', 'same'), ('anyOf', 'list', 'same'), ('oneOf', 'list', 'same'),
      ('then', 'one', 'same'), ('else', 'one', 'same'),
      ('dependentSchemas', 'named', 'same'), ('dependencies', 'named', 'same'),
      ('if', 'one', 'tested'), ('not', 'one', 'tested'),
      ('items', 'one', 'element'), ('items', 'list', 'element'), ('prefixItems', 'list', 'element'),
      ('additionalItems', 'one', 'element'), ('unevaluatedItems', 'one', 'element'), ('contains', 'one', 'element'),
      ('contentSchema', 'one', 'element'),
      ('properties', 'named', 'property'), ('patternProperties', 'named', 'pattern'),
      ('additionalProperties', 'one', 'others'), ('unevaluatedProperties', 'one', 'others')
  ) k(keyword, form, use)
  cross join lateral (
    select array[k.keyword] as steps, part -> k.keyword as schema
    where k.form = 'one'
    union all
    select array[k.keyword, (e.number - 1)::text], e.schema
    from jsonb_array_elements(
      case when k.form = 'list' and jsonb_typeof(part -> k.keyword) = 'array' then part -> k.keyword else '[]' end
    ) with ordinality e(schema, number)
    union all
    select array[k.keyword, m.name], m.schema
    from jsonb_each(
      case when k.form = 'named' and jsonb_typeof(part -> k.keyword) = 'object' then part -> k.keyword else '{}' end
    ) m(name, schema)
  ) s
  where jsonb_typeof(part) = 'object'
    and part ? k.keyword
    and jsonb_typeof(s.schema) in ('object', 'boolean');
end;

comment on function dpg_private.schemas_within(jsonb) is
  'The schemas right within a schema: the steps to each, and what it is for. same: the same value. tested: the same value,
but only to ask. element: a part of a value that is no field of it. property, pattern, others: fields of the value.';

create or replace function dpg_private.schema_names(schema jsonb)
returns jsonb
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not (
    jsonb_path_exists(schema, '$.**."$id"') or jsonb_path_exists(schema, '$.**."$anchor"')
    or jsonb_path_exists(schema, '$.**."$dynamicAnchor"')
  ) then
    return '[]';
  end if;
  return (
    with recursive containers(path) as (
      select array[]::text[]
      union all
      select c.path || m.step
      from containers c
      cross join lateral (select schema #> c.path as part offset 0) p
      cross join lateral (
        select o.name as step, o.value
        from jsonb_each(case jsonb_typeof(p.part) when 'object' then p.part else '{}' end) o(name, value)
        union all
        select (e.number - 1)::text, e.value
        from jsonb_array_elements(
          case jsonb_typeof(p.part) when 'array' then p.part else '[]' end
        ) with ordinality e(value, number)
      ) m
      where jsonb_typeof(m.value) in ('object', 'array')
    )
    select coalesce(
      jsonb_agg(jsonb_build_object(
        'path', c.path,
        'id', case when p.part ->> '$id' not like '#%' then rtrim(p.part ->> '$id', '#') end,
        'anchors', array_remove(
          array[p.part ->> '$anchor', p.part ->> '$dynamicAnchor', substring(p.part ->> '$id' from '^#(.+)')], null
        )
      )),
      '[]'
    )
    from containers c
    cross join lateral (select schema #> c.path as part offset 0) p
    where jsonb_typeof(p.part) = 'object'
      and p.part ?| array['$id', '$anchor', '$dynamicAnchor']
  );
end
$body$;

comment on function dpg_private.schema_names(jsonb) is
  'What references in a schema can name: an array of {"path", "id", "anchors"}. Most schemas have none.';

create or replace function dpg_private.reference_targets(schema jsonb, names jsonb, path text[], reference text)
returns setof text[]
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
rows 1
as $body$
declare
  uri constant text := split_part(reference, '#', 1);
  fragment constant text := substr(reference, length(uri) + 2);
  steps text[];
  targets jsonb; -- paths
begin
  if fragment <> '' and fragment not like '/%' then
    -- of several anchors of one name each may be meant
    targets := jsonb_path_query_array(names, '$[*] ? (@.anchors[*] == $anchor).path', jsonb_build_object('anchor', fragment));
  elsif uri <> '' then
    -- by the last segment: no base is needed, and what is named alike is followed as well
    select jsonb_agg(n.name -> 'path')
    into targets
    from jsonb_array_elements(names) n(name)
    where substring(n.name ->> 'id' from '[^/]*$') = substring(uri from '[^/]*$');
  else
    select jsonb_agg(b.path)
    into targets
    from (
      select n.name -> 'path' as path
      from jsonb_array_elements(names) n(name)
      cross join lateral (select array(select jsonb_array_elements_text(n.name -> 'path')) as steps) p
      where n.name ->> 'id' is not null
        and p.steps = reference_targets.path[1:cardinality(p.steps)]
      order by cardinality(p.steps) desc
      limit 1
    ) b;
    targets := coalesce(targets, '[[]]');
  end if;
  steps := case when fragment like '/%' then dpg_private.pointer_steps(fragment) else '{}' end;
  return query
    select t.target
    from jsonb_array_elements(targets) b(base)
    cross join lateral (select array(select jsonb_array_elements_text(b.base)) || steps as target) t
    where steps is not null
      and jsonb_typeof(schema #> t.target) in ('object', 'boolean');
end
$body$;

comment on function dpg_private.reference_targets(jsonb, jsonb, text[], text) is
  'The paths in a schema to which a reference ($ref) of the part at path may lead. None: it leads out of the schema, or
nowhere. names are those of dpg_private.schema_names.';

create or replace function dpg_private.fields_of_schema(schema jsonb)
returns table (use text, name text, is_declared boolean, is_closed boolean, path text[])
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
rows 50
as $body$
declare
  names constant jsonb := dpg_private.schema_names(schema);
begin
  return query
    with recursive
    -- The schemas that may apply to the item (item), that only ask something of it (tested), and that may apply to the
    -- value of one of its fields (value).
    nodes(path, role) as (
      select array[]::text[], 'item'
      union
      select l.path, l.role
      from nodes n
      cross join lateral (select schema #> n.path as part offset 0) p
      cross join lateral (
        select n.path || w.steps as path,
          case
            when n.role = 'value' or w.use in ('property', 'pattern', 'others') then 'value'
            when w.use = 'tested' then 'tested'
            else n.role
          end as role
        from dpg_private.schemas_within(p.part) w
        where case when n.role = 'value' then w.use in ('same', 'tested', 'element') else w.use <> 'element' end
        union all
        select t.path, n.role
        from unnest(array['$ref', '$dynamicRef', '$recursiveRef']) k(keyword)
        cross join lateral dpg_private.reference_targets(schema, names, n.path, p.part ->> k.keyword) t(path)
        where p.part ->> k.keyword is not null
      ) l
    ),
    marked as materialized (
      select n.path, n.role
      from nodes n
      cross join lateral (select schema #> n.path as part offset 0) p
      where p.part -> 'private' = 'true'
        or exists (
          select
          from unnest(array['$ref', '$dynamicRef', '$recursiveRef']) k(keyword)
          where p.part ->> k.keyword is not null
            and not exists (
              select from dpg_private.reference_targets(schema, names, n.path, p.part ->> k.keyword)
            )
        )
    ),
    links as materialized (
      select n.path as from_path, l.path as to_path
      from nodes n
      cross join lateral (select schema #> n.path as part offset 0) p
      cross join lateral (
        select n.path || w.steps as path
        from dpg_private.schemas_within(p.part) w
        where w.use in ('same', 'tested', 'element')
        union all
        select t.path
        from unnest(array['$ref', '$dynamicRef', '$recursiveRef']) k(keyword)
        cross join lateral dpg_private.reference_targets(schema, names, n.path, p.part ->> k.keyword) t(path)
        where p.part ->> k.keyword is not null
      ) l
      where n.role = 'value'
        and exists (select from marked m where m.role = 'value')
    ),
    closed(path) as (
      select m.path
      from marked m
      where m.role = 'value'
      union
      select l.from_path
      from closed c
      join links l on l.to_path = c.path
    )
    select 'all', null, false, true, m.path
    from marked m
    where m.role <> 'value'
    union all
    select w.use, case when w.use <> 'others' then w.steps[2] end, n.role = 'item' and w.use = 'property',
      c.path is not null, n.path || w.steps
    from nodes n
    cross join lateral (select schema #> n.path as part offset 0) p
    cross join lateral dpg_private.schemas_within(p.part) w
    left join (select distinct d.path from closed d) c on c.path = n.path || w.steps
    where n.role <> 'value'
      and w.use in ('property', 'pattern', 'others');
end
$body$;

comment on function dpg_private.fields_of_schema(jsonb) is
  'What the schema of an item says of its fields, each with the path to it in the schema. use property: the field of this
name is declared there or not, and closed or not. pattern: the same of fields that match. others: of those beside the
properties of the same part. all: every field is closed, because what applies to the whole item is private.';

create or replace function dpg_private.closed_fields(schema jsonb, fields text[])
returns table (field text, path text[])
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
rows 1
as $body$
begin
  return query
    with closing as materialized (
      select s.*
      from dpg_private.fields_of_schema(schema) s
      where s.is_closed
    )
    select s.name, s.path
    from closing s
    join unnest(fields) f(field) on f.field = s.name
    where s.use = 'property'
    union all
    select f.field, s.path
    from closing s
    cross join unnest(fields) f(field)
    where case s.use
      when 'all' then true
      when 'pattern' then dpg_private.may_match(s.name, f.field)
      when 'others' then (schema #> s.path[1:cardinality(s.path) - 1] -> 'properties' ? f.field) is not true
    end;
end
$body$;

comment on function dpg_private.closed_fields(jsonb, text[]) is
  'Those of the fields that the schema of an item closes, each with the path to what closes it; more than once where
several do.';

create or replace function dpg_private.network_item_fields(document jsonb)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  declared constant text[] := array(
    select distinct s.name
    from jsonb_array_elements(document -> 'domains') d(domain)
    cross join jsonb_each(d.domain -> 'item_schemas') t(item_type, schema)
    cross join dpg_private.fields_of_schema(t.schema) s
    where s.is_declared
  );
begin
  return (
    select coalesce(jsonb_object_agg(d.domain ->> 'name', of_domain.fields), '{}')
    from jsonb_array_elements(document -> 'domains') d(domain)
    cross join lateral (
      select coalesce(
        jsonb_object_agg(f.field, jsonb_build_object('declared', f.declared, 'closed', f.closed)), '{}'
      ) as fields
      from (
        select e.field,
          coalesce(jsonb_agg(distinct e.item_type) filter (where e.is_declaration), '[]') as declared,
          coalesce(jsonb_agg(distinct e.item_type) filter (where not e.is_declaration), '[]') as closed
        from (
          select s.name as field, t.item_type, true as is_declaration
          from jsonb_each(d.domain -> 'item_schemas') t(item_type, schema)
          cross join dpg_private.fields_of_schema(t.schema) s
          where s.is_declared
          union all
          select c.field, t.item_type, false
          from jsonb_each(d.domain -> 'item_schemas') t(item_type, schema)
          cross join dpg_private.closed_fields(t.schema, declared) c
        ) e
        group by e.field
      ) f
    ) of_domain
  );
end
$body$;

comment on function dpg_private.network_item_fields(jsonb) is
  'What a network document says of the fields of items: the column item_fields of dpg.networks. The domains of the
document were checked.';
