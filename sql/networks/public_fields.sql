create or replace function dpg_private.is_public_field(
  item_fields jsonb,
  item_domains text[],
  item_type text,
  field text
)
returns boolean
language sql
immutable
parallel safe
security invoker
return (
  select bool_or(coalesce(f.of_field -> 'declared' ? item_type, f.of_field -> 'declared' <> '[]'))
    and not bool_or(coalesce(f.of_field -> 'closed' ? item_type, f.of_field -> 'closed' <> '[]'))
  from unnest(coalesce(item_domains, array(select jsonb_object_keys(item_fields)))) d(domain)
  cross join lateral (select item_fields -> d.domain -> field as of_field) f
  where f.of_field is not null
);

comment on function dpg_private.is_public_field(jsonb, text[], text, text) is
  'Whether facets, counts and search may use a field of the items in these domains (null: in all) of a registered
network, of one type or of all. Null for a field that none of them declares or closes. item_fields is the column of
dpg.networks.';

create or replace function dpg_private.refuse_field_of_network(
  item_network text,
  item_domains text[],
  item_type text,
  field text
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  document constant jsonb := (
    select n.document || '{}' from dpg.networks n where n.network = refuse_field_of_network.item_network
  );
  item_fields constant jsonb := (
    select n.item_fields || '{}' from dpg.networks n where n.network = refuse_field_of_network.item_network
  );
  place constant text :=
    case when item_type is null then '' else format(' of item type %L', item_type) end
    || case when item_domains is null then '' else format(
      ' in domain %s',
      (
        select string_agg(format('%L', d.domain), ', ' order by d.number)
        from unnest(item_domains) with ordinality d(domain, number)
      )
    ) end;
  keys constant jsonb := jsonb_strip_nulls(jsonb_build_object(
    'item_domain', case when cardinality(item_domains) = 1 then item_domains[1] end,
    'item_domains', case when cardinality(item_domains) <> 1 then to_jsonb(item_domains) end,
    'item_type', item_type
  )) || jsonb_build_object('item_network', item_network, 'field', field);
  -- no more than a hint has room for
  public_fields constant text[] := array(
    select s.name
    from (
      select distinct f.name collate "C" as name
      from jsonb_each(item_fields) d(domain, fields)
      cross join jsonb_object_keys(d.fields) f(name)
      where item_domains is null or d.domain = any (item_domains)
      order by 1
      offset 0
    ) s
    where dpg_private.is_public_field(item_fields, item_domains, item_type, s.name)
    limit 100
  );
  closing_path text[];
begin
  select array['domains', (d.number - 1)::text, 'item_schemas', t.item_type] || c.path
  into closing_path
  from jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
  cross join lateral (select item_fields -> dpg_private.name_of_part(d.domain, 'name') -> field -> 'closed' as types) s
  cross join jsonb_array_elements_text(s.types) t(item_type)
  cross join dpg_private.closed_at(
    d.domain -> 'item_schemas' -> t.item_type, refuse_field_of_network.field
  ) c(path)
  where (item_domains is null or dpg_private.name_of_part(d.domain, 'name') = any (item_domains))
    and (refuse_field_of_network.item_type is null or t.item_type = refuse_field_of_network.item_type)
  order by d.number, t.item_type
  limit 1;
  if closing_path is null then
    perform dpg_private.refuse_not_in_network(
      item_network, 'field', format('field %L%s', field, place), public_fields, keys
    );
  end if;
  raise exception using
    errcode = 'DP014',
    message = dpg_private.text_for_client(
      format('network %L marks field %L%s private', item_network, field, place)
    ),
    hint = dpg_private.text_for_client(format(
      'Facets, counts and search may use: %s. dpg_admin replaces its document by dpg.register_network.',
      coalesce(nullif(left(array_to_string(public_fields, ', '), 500), ''), 'none')
    )),
    detail = dpg_private.text_for_client((
      keys || jsonb_build_object(
        'network', item_network, 'private', 'field', 'path', dpg_private.pointer_of_path(closing_path)
      )
    )::text);
end
$body$;

comment on function dpg_private.refuse_field_of_network(text, text[], text, text) is
  'Raises DP014 for a field that a registered network does not declare, or closes. For a closed one the DETAIL has the
path in the document to what closes it, as a JSON pointer.';

create or replace function dpg_private.check_public_fields(
  item_network text,
  item_domains text[],
  item_type text,
  fields text[]
)
returns void
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- With {} added, PostgreSQL reads the stored form once, not for each field.
  item_fields constant jsonb := (
    select n.item_fields || '{}' from dpg.networks n where n.network = check_public_fields.item_network
  );
  refused text;
begin
  if item_fields is null then
    return;
  end if;
  select f.field
  into refused
  from unnest(fields) with ordinality f(field, number)
  where dpg_private.is_public_field(item_fields, item_domains, check_public_fields.item_type, f.field) is not true
  order by f.number
  limit 1;
  if found then
    perform dpg_private.refuse_field_of_network(item_network, item_domains, item_type, refused);
  end if;
end
$body$;

comment on function dpg_private.check_public_fields(text, text[], text, text[]) is
  'Raises DP014 when the network is registered and facets, counts and search may not use one of these fields of
item_state. No schema of these domains (null: of all), of the item type if one is given, declares it; or one of them
marks it private, or all of the item. Of several types one that closes it is enough. Names are compared exactly.';

create or replace function dpg_private.searched_fields(item_network text)
returns table (item_domain text, item_type text, field text)
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
rows 10
as $body$
begin
  return query
    select s.item_domain, s.item_type, f.field
    from dpg.item_searches s
    cross join unnest(s.fields) f(field)
    where s.item_network = searched_fields.item_network;
end
$body$;

comment on function dpg_private.searched_fields(text) is
  'The fields that definitions of search use in a network.';

create or replace function dpg_private.check_searched_fields(document jsonb)
returns void
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  closed record;
begin
  select array['domains', (d.number - 1)::text, 'item_schemas', s.item_type] || c.path as path, s.*
  into closed
  from dpg_private.searched_fields(document ->> 'name') s
  join jsonb_array_elements(document -> 'domains') with ordinality d(domain, number)
    on d.domain ->> 'name' = s.item_domain
  cross join lateral dpg_private.closed_at(d.domain -> 'item_schemas' -> s.item_type, s.field) c(path)
  where c.path is not null
  order by d.number, s.item_type, s.field
  limit 1;
  if found then
    perform dpg_private.refuse_network_document(
      closed.path, document #> closed.path, format('closes field %L, which is searched', closed.field),
      format(
        'Take the field out of the search of %L/%L by dpg.define_search first.', closed.item_domain, closed.item_type
      )
    );
  end if;
end
$body$;

comment on function dpg_private.check_searched_fields(jsonb) is
  'Raises DP001 for a network document that makes a field private that a definition of search uses. The document was
checked, and its domains have names.';
