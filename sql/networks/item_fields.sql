-- Which fields of items are public: open to facets, counts and search. It is read out of the schemas once, when a
-- network is registered. A field is closed when any part of a schema that may apply to its value is marked private.
-- What cannot be followed counts as private.

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
  if position('%' in pointer) > 0 then
    if pointer ~ '%(?![0-9A-Fa-f]{2})' then
      return null;
    end if;
    pointer := convert_from(
      (
        select string_agg(
          case
            when left(p.part[1], 1) = '%' then decode(substr(p.part[1], 2), 'hex')
            else convert_to(p.part[1], 'UTF8')
          end,
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

create or replace function dpg_private.is_portable_pattern(pattern text)
returns boolean
language sql
immutable
parallel safe
security invoker
return pattern not like '***%'
  and pattern ~ (
    E'^(?:[^][\\\\(){}*+?]|\\\\[]\\\\.^$|(){}*+?/[dw-]|\\[\\^?[A-Za-z0-9_ .,:@-]+\\]'
    || E'|\\((?:\\?:|(?!\\?))|[)*+?]|\\{[0-9]{1,2}(?:,[0-9]{0,2})?\\})*$'
  );

comment on function dpg_private.is_portable_pattern(text) is
  'Whether a regular expression of JavaScript means the same in PostgreSQL: it has characters, escaped punctuation,
classes of digits and of word characters, plain brackets, groups, alternatives, and small numbers of repetitions. False
where that is not certain.';

create or replace function dpg_private.may_match(pattern text, name text)
returns boolean
language plpgsql
immutable -- not parallel safe: a subtransaction
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not dpg_private.is_portable_pattern(pattern) then
    return true;
  end if;
  return name collate "C" ~ pattern;
exception
  when invalid_regular_expression then
    return true;
end
$body$;

comment on function dpg_private.may_match(text, text) is
  'Whether a pattern of a JSON Schema, a regular expression of JavaScript, matches a name. True for a pattern that may
mean something else in PostgreSQL.';

create or replace function dpg_private.schemas_within(part jsonb)
returns table (use text, steps text[])
language sql
immutable
parallel safe
security invoker
begin atomic
  select k.use, s.steps
  from jsonb_each(case jsonb_typeof(part) when 'object' then part else '{}' end) m(keyword, value)
  cross join lateral (
    select case
      when m.keyword in ('allOf', 'anyOf', 'oneOf', 'then', 'else', 'dependentSchemas', 'dependencies') then 'same'
      when m.keyword in ('if', 'not') then 'tested'
      when m.keyword in (
        'items', 'prefixItems', 'additionalItems', 'unevaluatedItems', 'contains', 'contentSchema'
      ) then 'element'
      when m.keyword = 'properties' then 'property'
      when m.keyword = 'patternProperties' then 'pattern'
      when m.keyword in ('additionalProperties', 'unevaluatedProperties') then 'others'
    end as use
  ) k
  cross join lateral (
    -- several by name, several in an array, or one
    select array[m.keyword, n.name] as steps, n.schema
    from jsonb_each(case jsonb_typeof(m.value) when 'object' then m.value else '{}' end) n(name, schema)
    where m.keyword in ('properties', 'patternProperties', 'dependentSchemas', 'dependencies')
    union all
    select array[m.keyword, (e.number - 1)::text], e.schema
    from jsonb_array_elements(
      case jsonb_typeof(m.value) when 'array' then m.value else '[]' end
    ) with ordinality e(schema, number)
    union all
    select array[m.keyword], m.value
    where m.keyword not in ('properties', 'patternProperties', 'dependentSchemas', 'dependencies')
  ) s
  where k.use is not null
    and jsonb_typeof(s.schema) in ('object', 'boolean');
end;

comment on function dpg_private.schemas_within(jsonb) is
  'The schemas right within a schema: the steps to each, and what it is for. same: the same value. tested: the same
value, but only to ask. element: a part of a value that is no field of it. property, pattern, others: fields of it.';

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
    return '{}';
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
    ),
    names as (
      select n.name, jsonb_agg(c.path) as paths
      from containers c
      cross join lateral (select schema #> c.path as part offset 0) p
      cross join lateral (
        select p.part ->> '$id' as id
        where jsonb_typeof(p.part) = 'object'
      ) i
      cross join lateral (
        values
          ('#' || (p.part ->> '$anchor')), ('#' || (p.part ->> '$dynamicAnchor')),
          (case when i.id like '#%' then i.id end),
          (case when i.id not like '#%' then 'base ' || c.path::text end),
          -- by the last segment: no base is needed, and what is named alike is followed as well
          (case when i.id not like '#%' then 'id ' || substring(rtrim(i.id, '#') from '[^/]*$') end)
      ) n(name)
      where n.name is not null
      group by n.name
    )
    select coalesce(jsonb_object_agg(n.name, n.paths), '{}')
    from names n
  );
end
$body$;

comment on function dpg_private.schema_names(jsonb) is
  'What references in a schema can name, each with an array of paths: # and an anchor; "id " and the last segment of an
$id; "base " and the path of a part that has an $id. Most schemas have none.';

create or replace function dpg_private.reference_targets(schema jsonb, names jsonb, path text[], reference text)
returns setof text[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
rows 1
as $body$
declare
  uri constant text := split_part(reference, '#', 1);
  fragment constant text := substr(reference, length(uri) + 2);
  steps constant text[] := case when fragment like '/%' then dpg_private.pointer_steps(fragment) else '{}' end;
  bases jsonb; -- paths
begin
  if fragment <> '' and fragment not like '/%' then
    -- of several anchors of one name each may be meant
    bases := names -> ('#' || fragment);
  elsif uri <> '' then
    bases := names -> ('id ' || substring(uri from '[^/]*$'));
  else
    bases := '[[]]';
    for length in reverse case when names = '{}' then 0 else cardinality(path) end .. 1 loop
      if names ? ('base ' || path[1:length]::text) then
        bases := jsonb_build_array(path[1:length]);
        exit;
      end if;
    end loop;
  end if;
  return query
    select t.target
    from jsonb_array_elements(bases) b(base)
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
set enable_nestloop = off -- the planner knows nothing of how many parts there are
set enable_mergejoin = off
set jit = off
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
  'What the schema of an item says of its fields, each with the path to it in the schema. use property: the field of
this name is declared there or not, and closed or not. pattern: the same of fields that match. others: of those beside
the properties of the same part. all: every field is closed, because what applies to the whole item is private.';

create or replace function dpg_private.closes_field(
  document jsonb,
  use text,
  name text,
  path text[],
  field text
)
returns boolean
language sql
immutable
security invoker
return case use
  when 'all' then true
  when 'property' then name = field
  when 'pattern' then dpg_private.may_match(name, field)
  when 'others' then (document #> path[1:cardinality(path) - 1] -> 'properties' ? field) is not true
end;

comment on function dpg_private.closes_field(jsonb, text, text, text[], text) is
  'Whether a closed row of dpg_private.fields_of_schema is about a field. path leads from document to where it stands.';

create or replace function dpg_private.network_item_fields(document jsonb)
returns jsonb
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    with
    said as materialized (
      select d.number, t.item_type, s.use, s.name, s.is_declared, s.is_closed,
        array['domains', (d.number - 1)::text, 'item_schemas', t.item_type] || s.path as path
      from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
      cross join jsonb_each(d.domain -> 'item_schemas') t(item_type, schema)
      cross join dpg_private.fields_of_schema(t.schema) s
      where s.is_declared or s.is_closed
    ),
    -- also those of other domains: a search in several meets them all
    declared as materialized (
      select distinct s.name as field
      from said s
      where s.is_declared
    ),
    fields as (
      select e.number, e.field,
        coalesce(jsonb_agg(distinct e.item_type) filter (where not e.is_closing), '[]') as declared,
        coalesce(jsonb_agg(distinct e.item_type) filter (where e.is_closing), '[]') as closed
      from (
        select s.number, s.name as field, s.item_type, false as is_closing
        from said s
        where s.is_declared
        union all
        select s.number, f.field, s.item_type, true
        from said s
        join declared f on f.field = s.name
        where s.is_closed
          and s.use = 'property'
        union all
        select s.number, f.field, s.item_type, true
        from said s
        cross join declared f
        where s.is_closed
          and s.use <> 'property'
          and dpg_private.closes_field(document, s.use, s.name, s.path, f.field)
      ) e
      group by e.number, e.field
    )
    select coalesce(
      jsonb_object_agg(
        d.domain ->> 'name',
        (
          select coalesce(
            jsonb_object_agg(f.field, jsonb_build_object('declared', f.declared, 'closed', f.closed)), '{}'
          )
          from fields f
          where f.number = d.number
        )
      ),
      '{}'
    )
    from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
  );
end
$body$;

comment on function dpg_private.network_item_fields(jsonb) is
  'What a network document says of the fields of items: the column item_fields of dpg.networks. The domains of the
document were checked.';

create or replace function dpg_private.closed_at(schema jsonb, field text)
returns text[]
language plpgsql
immutable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return (
    select s.path
    from dpg_private.fields_of_schema(schema) s
    where s.is_closed
      and dpg_private.closes_field(schema, s.use, s.name, s.path, closed_at.field)
    order by cardinality(s.path), s.path
    limit 1
  );
end
$body$;

comment on function dpg_private.closed_at(jsonb, text) is
  'The path in the schema of an item to what closes a field. Null for a field that is not closed.';

-- What is registered already is read as it would be now: this file is in each migration that changes the reading.
update dpg.networks n
set item_fields = dpg_private.network_item_fields(dpg_private.with_names(n.document))
where n.item_fields <> dpg_private.network_item_fields(dpg_private.with_names(n.document));
