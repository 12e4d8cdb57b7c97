create or replace function dpg_private.check_search_fields(fields text[])
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if cardinality(fields) not between 1 and 20 or array_ndims(fields) <> 1 then
    perform dpg_private.refuse_argument(
      'fields', to_jsonb(fields), 'has no element, too many, or other arrays',
      'Pass the names of 1 to 20 fields, the weightiest first, or null to remove the definition.'
    );
  end if;
  perform dpg_private.refuse_argument(
    'fields', to_jsonb(f.field), case when f.field is null then 'is missing' else 'is there twice' end,
    'Pass each name once.', f.number::integer - 1
  )
  from (
    select n.field, n.number, row_number() over (partition by n.field order by n.number) as occurrence
    from unnest(fields) with ordinality n(field, number)
  ) f
  where f.field is null
    or f.occurrence > 1;
end
$body$;

comment on function dpg_private.check_search_fields(text[]) is
  'Raises DP001 unless fields are 1 to 20 different names, or null.';

create or replace function dpg_private.check_language(language regconfig)
returns void
language plpgsql
stable
parallel safe
security definer
set search_path = pg_catalog, pg_temp
as $body$
begin
  if not exists (
    select
    from pg_ts_config c
    where c.oid = check_language.language
      and c.cfgnamespace = 'pg_catalog'::regnamespace
  ) then
    perform dpg_private.refuse_argument(
      'language', to_jsonb(language::text), 'is no language of PostgreSQL''s own',
      'Pass one that pg_catalog.pg_ts_config has in schema pg_catalog, such as simple or english. '
        'Another one could be dropped, and no item could be written then.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_language(regconfig) is
  'Raises DP001 unless the text search configuration is one that PostgreSQL came with.';

create or replace function dpg.define_search(
  item_network text,
  item_domain text,
  item_type text,
  fields text[],
  language regconfig default 'simple'
)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  version integer;
  is_empty boolean := true;
begin
  language := coalesce(language, 'simple'::regconfig);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    dpg_private.check_key('item_type', item_type),
    dpg_private.check_search_fields(fields),
    dpg_private.check_language(language),
    dpg_private.check_here(item_network);
  if fields is not null then
    fields := array(select n.field from unnest(fields) with ordinality n(field, number) order by n.number);
    perform
      dpg_private.check_domain_declared(item_network, item_domain),
      dpg_private.check_public_fields(item_network, array[item_domain], item_type, fields);
  end if;

  -- the same again, as an application says it at each start: no lock
  if fields is not distinct from (
    select s.fields
    from dpg.item_searches s
    where s.item_network = define_search.item_network
      and s.item_domain = define_search.item_domain
      and s.item_type = define_search.item_type
      and s.language = define_search.language::text
  )
  and (
    fields is not null
    or not exists (
      select
      from dpg.item_searches s
      where s.item_network = define_search.item_network
        and s.item_domain = define_search.item_domain
        and s.item_type = define_search.item_type
    )
  ) then
    return;
  end if;

  -- lock: registered documents, so that none closes a field meanwhile; the definitions of the domain; then the leaf, or
  -- whoever would create it
  if fields is not null then
    lock table dpg.networks in share mode;
    perform dpg_private.check_public_fields(item_network, array[item_domain], item_type, fields);
  end if;
  insert into dpg_private.searched_domains as d
  values (item_network, item_domain, 1)
  on conflict on constraint searched_domains_pkey do update
  set version = d.version + 1
  returning d.version into version;
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    perform dpg_private.take_partition_turn('items', item_network, item_domain);
    leaf := dpg_private.find_leaf('items', item_network, item_domain);
  end if;
  if leaf is not null then
    perform dpg_private.lock_leaves(
      array[leaf], item_network, item_domain,
      format('the search of %L/%L cannot be defined', item_network, item_domain)
    );
    is_empty := not dpg_private.may_have_items(leaf, item_type);
  end if;

  -- change
  if fields is null then
    delete from dpg.item_searches s
    where s.item_network = define_search.item_network
      and s.item_domain = define_search.item_domain
      and s.item_type = define_search.item_type;
  else
    insert into dpg.item_searches as s
    values (item_network, item_domain, item_type, fields, language::text, version, is_empty)
    on conflict on constraint item_searches_pkey do update
    set fields = excluded.fields,
      language = excluded.language,
      version = excluded.version,
      is_refreshed = excluded.is_refreshed,
      refresh_from = null;
  end if;
  if leaf is not null then
    perform dpg_private.keep_words(item_network, item_domain, leaf);
    if fields is null and dpg_private.has_words(leaf) then
      execute format(
        'delete from %s w where w.item_type = $1',
        dpg_private.words_table((select c.relname from pg_class c where c.oid = leaf))
      )
      using item_type;
    end if;
  end if;
end
$body$;

comment on function dpg.define_search(text, text, text, text[], regconfig) is
  'Declares by which top-level fields of item_state (strings, arrays of strings) items of a type are searched, the
weightiest first, and replaces the former declaration; null removes it. language is a text search configuration of
PostgreSQL''s own: its stemmer finds running by runs; simple (default) has none. From then on each write keeps the words
of its item. Items that are there already are searched slowly until dpg.refresh_search has made their words. Writers of
the domain wait while the call changes triggers, until its transaction ends.
Raises DP001, DP010, DP014.
Example: select dpg.define_search(''yellow_dot'', ''tutor'', ''profile_1.0'', ''{name,subject}'', ''english'')';
