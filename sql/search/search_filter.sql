-- The filter by words, as a condition on each leaf. What it needs is looked up once for a search: the definitions of
-- its domains, and whether their leaves have words of every item.

create or replace function dpg_private.leaf_words_of(
  leaf regclass,
  definitions dpg.item_searches[],
  search text,
  item_type text
)
returns dpg_private.leaf_words
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  words constant text := dpg_private.words_table((select c.relname from pg_class c where c.oid = leaf));
  has_words constant boolean := dpg_private.has_words(leaf);
  definition dpg.item_searches;
  queries text[] := '{}';
  types text[] := '{}';
  query tsquery;
  query_sql text;
  positive text := '';
  words_of_item text;
  of_words text;
  vector text := '';
  query_of_type text;
  branches text := '';
  is_complete boolean := has_words;
  result dpg_private.leaf_words;
begin
  -- parts of the expressions, for each type: its query and where its words are
  foreach definition in array definitions loop
    continue when item_type <> definition.item_type;
    query := dpg_private.search_query(search, definition.language::regconfig);
    query_sql := format('%L::tsquery', query);
    queries := queries || query_sql;
    types := types || definition.item_type;
    is_complete := is_complete and definition.is_refreshed;
    words_of_item := format('dpg_private.words_of(i.item_state, %L, %L)', definition.fields, definition.language);
    vector := vector || format(
      ' when %L then %s', definition.item_type,
      case
        when has_words then format(
          'coalesce(
             (select w.words from %s w where w.item_type = %L and w.item_id = i.item_id and w.version = %s), %s
           )',
          words, definition.item_type, definition.version, words_of_item
        )
        else words_of_item
      end
    );
    branches := branches || format(' when %L then %s', definition.item_type, query_sql);
    -- what must not be there makes no item better: the rank is by the other words
    positive := positive || format(' when %L then %L::tsquery', definition.item_type, nullif(querytree(query), 'T'));
  end loop;

  result.leaf := leaf;
  result.item_domain := definitions[1].item_domain;
  if queries = '{}' then
    result.condition := 'false';
    return result;
  end if;
  if (select count(distinct q.query) = 1 from unnest(queries) q(query)) then
    query_of_type := queries[1];
    of_words := format('w.words @@ %s', queries[1]);
    if item_type is not null then
      of_words := of_words || format(' and w.item_type = %L', item_type);
    end if;
  else
    query_of_type := format('case %s.item_type%s end', case when is_complete then 'w' else 'i' end, branches);
    of_words := (
      select '(' || string_agg(
        format('(w.item_type = %L and w.words @@ %s)', q.item_type, q.query), ' or ' order by q.item_type
      ) || ')'
      from unnest(types, queries) q(item_type, query)
    );
  end if;
  if is_complete then
    result.words := words;
    result.of_words := of_words;
    result.key_of_words := format(
      'i.item_network = %L and i.item_domain = %L and (i.item_type, i.item_id) = (w.item_type, w.item_id)',
      definition.item_network, definition.item_domain
    );
    result.condition := format('exists (select from %s w where %s and %s)', words, of_words, result.key_of_words);
    result.relevance := format('coalesce(ts_rank(w.words, case w.item_type%s end), 0)', positive);
  else
    vector := format('case i.item_type%s end', vector);
    result.condition := format('%s @@ %s', vector, query_of_type);
    result.relevance := format('coalesce(ts_rank(%s, case i.item_type%s end), 0)', vector, positive);
  end if;
  return result;
end
$body$;

comment on function dpg_private.leaf_words_of(regclass, dpg.item_searches[], text, text) is
  'How a leaf is searched for words, by the definitions of its domain: see the type. What is not ours stands in the SQL
as a literal.';

create or replace function dpg_private.find_leaf_words(
  item_network text,
  item_domain text,
  item_domains text[],
  item_type text,
  search text
)
returns dpg_private.leaf_words[]
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  domains constant text[] := case when item_domain is not null then array[item_domain] else item_domains end;
  of_domain record;
  found_words dpg_private.leaf_words[] := '{}';
  is_defined boolean := false;
begin
  perform dpg_private.check_search(search);
  for of_domain in
    select d.definitions, l.leaf
    from (
      select s.item_domain, array_agg(s order by s.item_type) as definitions
      from dpg.item_searches s
      where s.item_network = find_leaf_words.item_network
        and (domains is null or s.item_domain = any (domains))
      group by s.item_domain
    ) d
    left join dpg_private.look_up_item_leaves(item_network, domains) l on l.item_domain = d.item_domain
  loop
    is_defined := true;
    if of_domain.leaf is not null then
      found_words := found_words
        || dpg_private.leaf_words_of(of_domain.leaf, of_domain.definitions, search, item_type);
    end if;
  end loop;
  if not is_defined and domains is distinct from '{}' then
    perform dpg_private.refuse_argument(
      'search', to_jsonb(search),
      case when item_domain is null then 'asks for domains without a definition of search'
        else 'asks for a domain without a definition of search' end,
      'Declare by dpg.define_search which fields are searched.'
    );
  end if;
  return found_words;
end
$body$;

comment on function dpg_private.find_leaf_words(text, text, text[], text, text) is
  'How the leaves of these domains, or of all of the network, are searched for words; those without a definition are
not in the result, and match nothing.
Raises DP001: for what is no search, and where no domain has a definition.';

create or replace function dpg_private.words_condition_sql(words dpg_private.leaf_words[], leaf regclass)
returns text
language sql
stable
parallel safe
security invoker
return coalesce((select w.condition from unnest(words) w where w.leaf = words_condition_sql.leaf), 'false');

comment on function dpg_private.words_condition_sql(dpg_private.leaf_words[], regclass) is
  'The condition that the items of a leaf, named i, have the words of a search. False for a leaf without a definition.';

create or replace function dpg_private.only_words(search dpg_private.item_search, leaf regclass)
returns dpg_private.leaf_words
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  others dpg_private.item_search := search;
  words dpg_private.leaf_words;
begin
  others.words := null;
  others.item_type := null; -- of_words asks for it
  if others.hidden_statuses is null and not dpg_private.has_filters(others) and not dpg_private.is_bounded(others) then
    select w.*
    into words
    from unnest(search.words) w
    where w.leaf = only_words.leaf
      and w.words is not null;
  end if;
  return words;
end
$body$;

comment on function dpg_private.only_words(dpg_private.item_search, regclass) is
  'How a leaf is searched for words, where a search asks for nothing else and every item has words: then their table
alone says which items match. Else all columns are null.';
