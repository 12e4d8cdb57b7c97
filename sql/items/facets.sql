create or replace function dpg_private.refuse_facets(facets jsonb)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  odd_one record;
begin
  if jsonb_typeof(facets) <> 'object' then
    perform dpg_private.refuse_argument(
      'facets', facets, 'is not a JSON object', 'Pass {"field": [values]}, such as {"subject": ["math", "physics"]}.'
    );
  end if;
  select f.field, f.values, v.value
  into odd_one
  from jsonb_each(facets) f(field, values)
  left join lateral (
    select e.value
    from jsonb_array_elements(case jsonb_typeof(f.values) when 'array' then f.values else '[]' end) e(value)
    where jsonb_typeof(e.value) in ('object', 'array')
    limit 1
  ) v on true
  where jsonb_typeof(f.values) <> 'array'
    or v.value is not null
  order by f.field
  limit 1;
  if found then
    perform dpg_private.refuse_argument(
      'facets.' || left(odd_one.field, 120), coalesce(odd_one.value, odd_one.values),
      case when odd_one.value is null then 'is not an array' else 'is no scalar' end,
      'The values of a field are an array of JSON scalars: strings, numbers, true, false, null.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'facets', null, 'has too many values or fields',
    format('Pass %s values at most, of all fields together, and as many fields.', dpg_private.most_facet_values())
  );
end
$body$;

comment on function dpg_private.refuse_facets(jsonb) is
  'Raises DP001 for what are no facets.';

create or replace function dpg_private.most_facet_values()
returns integer
language sql
immutable
parallel safe
security invoker
return 100;

comment on function dpg_private.most_facet_values() is
  'How many values the facets of a search may have together, and how many fields. Each is compared with each row that is
read, and what is longer by far exceeds the stack of jsonpath (54001).';

create or replace function dpg_private.check_facets(facets jsonb)
returns void
language sql
stable
parallel safe
security invoker
return case
  when facets is null then null
  when jsonb_typeof(facets) <> 'object'
    or facets @? 'strict $.* ? (@.type() != "array" || exists(@[*] ? (@.type() == "object" || @.type() == "array")))'
    or jsonb_array_length(jsonb_path_query_array(facets, '$.*[*]')) > dpg_private.most_facet_values()
    or jsonb_array_length(jsonb_path_query_array(facets, '$.*')) > dpg_private.most_facet_values()
  then dpg_private.refuse_facets(facets)
end;

comment on function dpg_private.check_facets(jsonb) is
  'Raises DP001 unless facets are {"field": [JSON scalars]}, or null.';

create or replace function dpg_private.facets_path(facets jsonb)
returns jsonpath
language sql
immutable
parallel safe
security invoker
return (
  select coalesce(
    string_agg(
      (
        select coalesce(
          '(' || string_agg(format('$.%s == %s', to_jsonb(f.field), v.value), ' || ' order by v.number) || ')',
          '(1 == 0)' -- no value: no item
        )
        from jsonb_array_elements(f.values) with ordinality v(value, number)
      ),
      ' && ' order by f.field
    ),
    '(1 == 1)'
  )::jsonpath
  from jsonb_each(facets) f(field, values)
);

comment on function dpg_private.facets_path(jsonb) is
  'The condition of facets on item_state: one of the values in each field; a field that holds an array has each of its
elements. Nothing can be injected: names and values are written as JSON, of which each string, number,
true, false and null is the same in jsonpath, and nothing else gets into the text. The GIN index on item_state serves
it.';
