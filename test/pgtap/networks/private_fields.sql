-- "private": true closes a field wherever it stands in a schema that may apply to the field's value, and to nothing else.
begin;
select plan(63);

-- the public fields when this is the schema of the items
create function pg_temp.public_fields(schema jsonb)
returns text
language plpgsql
as $body$
begin
  perform dpg.register_network(jsonb_build_object(
    'name', 'net private', 'domains', jsonb_build_array(jsonb_build_object(
      'name', 'd', 'item_schemas', jsonb_build_object('t', schema)
    ))
  ));
  return (
    select coalesce(string_agg(f.name, ' ' order by f.name collate "C"), 'none')
    from dpg.networks n
    cross join jsonb_each(n.item_fields -> 'd') f(name, said)
    where n.network = 'net private'
      and f.said ->> 'closed' = '[]'
  );
end
$body$;

select is(pg_temp.public_fields(schema), expected, description)
from (
  values
    -- the mark
    ('{"properties": {"a": {"private": true}, "b": {}}}'::jsonb, 'b', 'a private field'),
    ('{"properties": {"a": {"private": false}, "b": {"private": null}}}', 'a b', 'false and null mark nothing'),
    ('{"properties": {"private": true, "b": {"properties": {"private": true}}}}', 'b private', 'a field named private'),
    ('{"properties": {"a": {"const": {"private": true}, "examples": [{"private": true}], "default": {"private": true}}}}', 'a', 'a value is no schema'),
    ('{"properties": {"a": {"title": "private", "x-of": {"private": true}}}}', 'a', 'nor is an unknown keyword'),
    ('{"properties": {"a": {"properties": {"b": {"private": true}}, "additionalProperties": {"private": true}}}}', 'a', 'a field inside is not the field'),
    ('true', 'none', 'a schema that is true declares nothing'),
    ('{"required": ["a"], "type": "object"}', 'none', 'nor does required'),
    ('{"properties": {"a": false, "b": true, "c": 1, "d": null}}', 'a b', 'only schemas declare'),
    ('{"properties": []}', 'none', 'no properties'),
    -- all of the item
    ('{"private": true, "properties": {"a": {}}}', 'none', 'all of the item'),
    ('{"allOf": [{"private": true}], "properties": {"a": {}}}', 'none', 'by a part of it'),
    ('{"if": {"private": true}, "properties": {"a": {}}}', 'none', 'by a condition'),
    ('{"$ref": "#/$defs/x", "$defs": {"x": {"private": true}}, "properties": {"a": {}}}', 'none', 'by a reference'),
    ('{"$defs": {"x": {"private": true}}, "properties": {"a": {}}}', 'a', 'not by what applies to nothing'),
    ('{"items": {"private": true}, "properties": {"a": {}}}', 'a', 'an item is no array'),
    -- parts that apply to the item
    ('{"allOf": [{"properties": {"a": {}}}, {"properties": {"b": {"private": true}}}]}', 'a', 'allOf'),
    ('{"anyOf": [{"properties": {"a": {}, "b": {}}}, {"properties": {"b": {"private": true}}}]}', 'a', 'anyOf: what a branch closes is closed'),
    ('{"oneOf": [{"properties": {"a": {"private": true}}}, {"properties": {"a": {}, "b": {}}}]}', 'b', 'oneOf, the other way round'),
    ('{"properties": {"a": {}, "b": {}}, "if": {"properties": {"c": {}}}, "then": {"properties": {"a": {"private": true}}}}', 'b', 'then; if declares nothing'),
    ('{"properties": {"a": {}, "b": {}}, "else": {"properties": {"a": {"private": true}, "d": {}}}}', 'b d', 'else declares'),
    ('{"properties": {"a": {}, "b": {}}, "if": {"properties": {"a": {"private": true}}}}', 'b', 'if closes'),
    ('{"properties": {"a": {}, "b": {}}, "not": {"properties": {"a": {"private": true}, "c": {}}}}', 'b', 'not closes and declares nothing'),
    ('{"properties": {"a": {}, "b": {}}, "dependentSchemas": {"b": {"properties": {"a": {"private": true}}}}}', 'b', 'dependentSchemas'),
    ('{"properties": {"a": {}, "b": {}}, "dependencies": {"b": {"properties": {"a": {"private": true}}}, "a": ["b"]}}', 'b', 'dependencies'),
    ('{"allOf": [{"anyOf": [{"then": {"$ref": "#/$defs/x"}}]}], "$defs": {"x": {"properties": {"a": {"private": true}, "b": {}}}}}', 'b', 'one in another'),
    -- parts that apply to the value of a field
    ('{"properties": {"a": {"allOf": [{"private": true}]}, "b": {"anyOf": [{}, {"private": true}]}, "c": {"oneOf": [{"private": true}]}}}', 'none', 'allOf, anyOf, oneOf'),
    ('{"properties": {"a": {"if": {}, "then": {"private": true}}, "b": {"else": {"private": true}}, "c": {"not": {"private": true}}, "d": {}}}', 'd', 'then, else, not'),
    ('{"properties": {"a": {"items": {"private": true}}, "b": {"prefixItems": [{}, {"private": true}]}, "c": {"contains": {"private": true}}, "d": {"items": [{"private": true}]}, "e": {"items": {}}}}', 'e', 'elements of an array'),
    ('{"properties": {"a": {"items": {"items": {"private": true}}}, "b": {"unevaluatedItems": {"private": true}}, "c": {"additionalItems": {"private": true}}, "d": {"contentSchema": {"private": true}}, "e": {}}}', 'e', 'and further ones'),
    ('{"properties": {"a": {"items": {"properties": {"b": {"private": true}}}}}}', 'a', 'a field of an element is not the field'),
    -- references
    ('{"properties": {"a": {"$ref": "#/$defs/x"}, "b": {"$ref": "#/$defs/y"}}, "$defs": {"x": {"$ref": "#/$defs/z"}, "y": {}, "z": {"private": true}}}', 'b', 'over another one'),
    ('{"properties": {"a": {"$ref": "#/properties/b"}, "b": {"private": true}, "c": {"$ref": "#/properties/a/$ref"}}}', 'none', 'to a property; one that leads nowhere closes'),
    ('{"properties": {"a": {"$ref": "#/$defs/a~1b~0c%25%C3%A9%20d"}, "b": {}}, "$defs": {"a/b~c%é d": {"private": true}}}', 'b', 'escapes'),
    ('{"properties": {"a": {"$ref": "#/$defs/a%2Fb"}, "b": {}}, "$defs": {"a": {"b": {}}, "a/b": {"private": true}}}', 'a b', 'an escaped slash is a slash'),
    ('{"properties": {"a": {"$ref": "#/$defs/%zz"}, "b": {"$ref": "#/$defs/%ff"}, "c": {"$ref": "#/$defs/%00"}, "d": {"$ref": 5}, "e": {}}, "$defs": {"%zz": {}}}', 'e', 'malformed ones close'),
    ('{"properties": {"a": {"$ref": "https://elsewhere.example.com/s.json"}, "b": {"$ref": "other.json#/x"}, "c": {"$ref": "#none"}, "d": {}}}', 'd', 'what leads out closes'),
    ('{"properties": {"a": {"$ref": "#x"}, "b": {"$dynamicRef": "#y"}, "c": {"$ref": "#z"}, "d": {"$ref": "#w"}}, "$defs": {"p": {"$anchor": "x", "private": true}, "q": {"$dynamicAnchor": "y", "private": true}, "r": {"$id": "#z", "private": true}, "s": {"$anchor": "w"}}}', 'd', 'anchors'),
    ('{"$id": "https://s.test/root.json", "properties": {"a": {"$ref": "https://s.test/root.json#/$defs/x"}, "b": {"$ref": "root.json"}, "c": {"$ref": "in.json#/$defs/x"}, "d": {"$ref": "in.json"}}, "$defs": {"x": {"private": true}, "in": {"$id": "in.json", "$defs": {"x": {}}}}}', 'b c d', 'by an $id'),
    ('{"properties": {"a": {"$ref": "in.json"}, "b": {"$ref": "#/$defs/x"}}, "$defs": {"x": {}, "in": {"$id": "in.json", "$ref": "#/$defs/x", "$defs": {"x": {"private": true}}}}}', 'b', 'a pointer is within the nearest $id'),
    ('{"properties": {"a": {"$recursiveRef": "#"}, "b": {"$ref": "#"}}}', 'a b', 'to the whole, which is not private'),
    ('{"$ref": "#", "properties": {"a": {"$ref": "#/properties/a"}, "b": {"$ref": "#/properties/c"}, "c": {"allOf": [{"$ref": "#/properties/b"}]}}}', 'a b c', 'round and round'),
    ('{"properties": {"a": {"$ref": "#/properties/b"}, "b": {"anyOf": [{"$ref": "#/properties/a"}, {"private": true}]}}}', 'none', 'round and closed'),
    ('{"$ref": "https://elsewhere.example.com/s.json", "properties": {"a": {}}}', 'none', 'an item of a schema that is not here'),
    -- patterns and others
    ('{"properties": {"id_a": {}, "a_id_": {}, "b": {}}, "patternProperties": {"^id_": {"private": true}}}', 'a_id_ b', 'a pattern'),
    ('{"properties": {"id_a": {}, "a_id_": {}, "b": {}}, "patternProperties": {"id_": {"private": true}, "b": {}}}', 'b', 'an unanchored one'),
    ('{"properties": {"ab1": {}, "abc": {}, "x.y": {}, "xzy": {}}, "patternProperties": {"^[a-z]{2}\\d$": {"private": true}, "^x\\.y$": {"private": true}}}', 'abc xzy', 'brackets, numbers, escapes'),
    ('{"properties": {"fee": {}, "id": {}, "b": {}}, "patternProperties": {"^(?:fee|id)$": {"items": {"private": true}}}}', 'b', 'alternatives; private elements'),
    ('{"properties": {"a": {}, "b": {}}, "patternProperties": {"(?<!x)a": {"private": true}}}', 'none', 'a pattern that PostgreSQL may read otherwise closes all'),
    ('{"properties": {"a": {}, "b": {}}, "patternProperties": {"(": {"private": true}}}', 'none', 'so does one that is none'),
    ('{"properties": {"a": {}, "b": {}}, "patternProperties": {"***=x": {"private": true}}}', 'none', 'and one with a meaning in PostgreSQL alone'),
    ('{"properties": {"a": {}, "A": {}}, "patternProperties": {"(?i)A": {"private": true}}}', 'none', 'or with options'),
    ('{"properties": {"a": {}}, "additionalProperties": {"private": true}}', 'a', 'others do not close the properties beside'),
    ('{"allOf": [{"properties": {"a": {}}, "additionalProperties": {"private": true}}, {"properties": {"b": {}}}]}', 'a', 'but those of another part'),
    ('{"properties": {"a": {}}, "allOf": [{"properties": {"b": {}}}], "unevaluatedProperties": {"private": true}}', 'a', 'unevaluatedProperties, carefully'),
    ('{"properties": {"a": {}}, "unevaluatedProperties": false, "additionalProperties": false}', 'a', 'false closes nothing'),
    -- names
    ('{"properties": {"": {}, "a.b": {"private": true}, "a": {}, "A": {"private": true}, "$.a": {}, "a\"]": {}, "'' or 1": {}, "\\": {}, "%": {}, "__proto__": {}}}', ' $.a % '' or 1 \ __proto__ a a"]', 'names are compared exactly, whatever is in them'),
    ('{"properties": {"allOf": {"private": true}, "properties": {}, "$ref": {}, "items": {}}}', '$ref items properties', 'names that are keywords')
) t(schema, expected, description);

-- deep and large
select is(
  pg_temp.public_fields(
    (repeat('{"allOf": [', 250) || '{"properties": {"a": {"private": true}, "b": {}}}' || repeat(']}', 250))::jsonb
  ),
  'b', '500 levels deep'
);
select is(
  pg_temp.public_fields(jsonb_build_object(
    'properties', '{"a": {"$ref": "#/$defs/x1"}, "b": {"$ref": "#/$defs/y1"}}'::jsonb,
    '$defs', (
      select jsonb_object_agg(c.chain || n, case
        when n < 500 then jsonb_build_object('$ref', '#/$defs/' || c.chain || n + 1)
        else jsonb_build_object('private', c.chain = 'x')
      end)
      from generate_series(1, 500) n, (values ('x'), ('y')) c(chain)
    )
  )),
  'b', '500 references in a row'
);
select is(
  (
    select length(pg_temp.public_fields(jsonb_build_object('properties', jsonb_object_agg(
      'f' || n, jsonb_build_object('$ref', case when n % 10 = 0 then '#/$defs/open' else '#/$defs/closed' end)
    ), '$defs', '{"open": {"items": {"$ref": "#/$defs/open"}}, "closed": {"private": true}}'::jsonb)))
    from generate_series(1000, 1999) n
  ),
  100 * 6 - 1, '1,000 fields, of which 100 are public'
);

-- several types
select dpg.register_network('{"name": "net private", "domains": [
  {"name": "d", "item_schemas": {
    "t": {"properties": {"a": {}, "b": {}, "c": {"private": true}}}, "u": {"properties": {"b": {"private": true}, "c": {}, "x_1": {}}}
  }},
  {"id": "e", "item_schemas": {"t": {"properties": {"a": {"private": true}, "e": {}}, "patternProperties": {"^x_": {"private": true}}}}}
]}');
select is(
  (select item_fields from dpg.networks where network = 'net private'),
  '{
    "d": {
      "a": {"declared": ["t"], "closed": []}, "b": {"declared": ["t", "u"], "closed": ["u"]},
      "c": {"declared": ["t", "u"], "closed": ["t"]}, "x_1": {"declared": ["u"], "closed": []}
    },
    "e": {
      "a": {"declared": ["t"], "closed": ["t"]}, "e": {"declared": ["t"], "closed": []},
      "x_1": {"declared": [], "closed": ["t"]}
    }
  }',
  'what each type declares and closes, also of a field of another domain'
);
select is(
  array(
    select c.field || ' ' || dpg_test.refusal(format(
      'select dpg.count_facets(''net private'', %L, %L, item_type => %L, item_domains => %L)',
      c.domain, array[c.field], c.item_type, c.domains
    ))
    from (
      values
        ('a', 'd', null, null::text[]), ('b', 'd', null, null), ('b', 'd', 't', null), ('c', 'd', 'u', null), ('c', 'd', 't', null),
        ('a', null, null, null), ('a', null, null, '{d}'), ('x_1', null, null, '{d,e}'), ('e', null, null, '{d,e}'),
        ('a', 'nowhere', null, null), ('a', 'd', 'nothing', null), ('a', null, 't', null), ('a', null, null, '{}')
    ) c(field, domain, item_type, domains)
  ),
  array[
    'a no refusal', 'b DP014 /domains/0/item_schemas/u/properties/b', 'b no refusal', 'c no refusal',
    'c DP014 /domains/0/item_schemas/t/properties/c',
    'a DP014 /domains/1/item_schemas/t/properties/a', 'a no refusal', 'x_1 DP014 /domains/1/item_schemas/t/patternProperties/^x_',
    'e no refusal', 'a DP014 field', 'a DP014 field', 'a DP014 /domains/1/item_schemas/t/properties/a', 'a DP014 field'
  ],
  'a field is taken when one of the types asked declares it and none closes it'
);
select * from finish();
rollback;
