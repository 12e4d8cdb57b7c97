create or replace function dpg_private.refresh_words(definition dpg.item_searches, leaf regclass, max_items integer)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off -- the table of words grows while it is read: what looks best at first does not stay so
as $body$
declare
  words constant text := dpg_private.words_table((select c.relname from pg_class c where c.oid = leaf));
  is_left constant text := format(
    'i.item_network = ($1).item_network
     and i.item_domain = ($1).item_domain
     and i.item_type = ($1).item_type
     and i.item_id >= coalesce(($1).refresh_from, ''00000000-0000-0000-0000-000000000000'')
     and coalesce(
       (select w.version from %s w where w.item_type = ($1).item_type and w.item_id = i.item_id), 0
     ) < ($1).version',
    words
  );
  refreshed integer;
  first_left uuid;
begin
  -- An item is locked while its words are made, and one that a writer has locked is left for later. So no writer has
  -- its words overwritten, and nobody waits for one lock while it holds another.
  execute format(
    'with wanted as (
       select i.item_id, i.created_at, i.item_state
       from %s i
       where %s
       order by i.item_id
       limit $2
       for no key update skip locked
     )
     insert into %s as w
     select ($1).item_type, i.item_id, i.created_at, ($1).version,
       dpg_private.words_of(i.item_state, ($1).fields, ($1).language::regconfig)
     from wanted i
     on conflict (item_type, item_id) do update
     set created_at = excluded.created_at,
       version = excluded.version,
       words = excluded.words
     where w.version < excluded.version',
    leaf, is_left, words
  )
  using definition, max_items;
  get diagnostics refreshed = row_count;

  execute format('select i.item_id from %s i where %s order by i.item_id limit 1', leaf, is_left)
  into first_left
  using definition;
  if first_left is not null and refreshed = 0 then
    -- others have locked what is left: wait for the first, since 0 would mean that nothing is left
    execute format('select from %s i where %s order by i.item_id limit 1 for no key update', leaf, is_left)
    using definition;
    return dpg_private.refresh_words(definition, leaf, 1);
  end if;
  update dpg.item_searches s
  set is_refreshed = first_left is null,
    refresh_from = first_left
  where s.item_network = definition.item_network
    and s.item_domain = definition.item_domain
    and s.item_type = definition.item_type
    and s.version = definition.version;
  if first_left is null then
    execute format('analyze %s', words); -- the next searches are planned by it
  end if;
  return refreshed;
end
$body$;

comment on function dpg_private.refresh_words(dpg.item_searches, regclass, integer) is
  'Makes the words of at most so many items of a type that lack words of the definition''s version, in the order of
their ids, and notes where to go on. Returns how many it made.';

create or replace function dpg.refresh_search(item_network text, item_domain text, max_items integer default 10000)
returns integer
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf regclass;
  definition dpg.item_searches;
  refreshed integer := 0;
begin
  max_items := coalesce(max_items, 10000);
  perform
    dpg_private.check_key('item_network', item_network),
    dpg_private.check_key('item_domain', item_domain),
    case
      when (max_items between 1 and 1000000) is not true then
        dpg_private.refuse_argument(
          'max_items', to_jsonb(max_items), 'is out of range', 'A call refreshes 1 to 1,000,000 items.'
        )
    end;
  leaf := dpg_private.find_leaf('items', item_network, item_domain);
  if leaf is null then
    return 0;
  end if;

  -- lock: the definitions of the domain. One that was removed meanwhile would leave words behind that no item has, and
  -- whoever changes one waits here, before it makes writers wait.
  perform
  from dpg_private.searched_domains d
  where d.item_network = refresh_search.item_network
    and d.item_domain = refresh_search.item_domain
  for share;

  -- a leaf that came to the domain otherwise than by a call of ours, or whose triggers were disabled
  if not dpg_private.has_words(leaf)
    and exists (
      select
      from dpg.item_searches s
      where s.item_network = refresh_search.item_network
        and s.item_domain = refresh_search.item_domain
    )
  then
    update dpg_private.searched_domains d
    set version = d.version
    where d.item_network = refresh_search.item_network
      and d.item_domain = refresh_search.item_domain;
    perform dpg_private.lock_leaves(
      array[leaf], item_network, item_domain,
      format('the search of %L/%L cannot be defined', item_network, item_domain)
    );
    perform dpg_private.keep_words(item_network, item_domain, leaf);
  end if;

  for definition in
    select s.*
    from dpg.item_searches s
    where s.item_network = refresh_search.item_network
      and s.item_domain = refresh_search.item_domain
      and not s.is_refreshed
    order by s.item_type
  loop
    refreshed := refreshed + dpg_private.refresh_words(definition, leaf, max_items - refreshed);
    exit when refreshed >= max_items;
  end loop;
  return refreshed;
end
$body$;

comment on function dpg.refresh_search(text, text, integer) is
  'Makes the words of items that were there before dpg.define_search, of at most max_items (1 to 1,000,000, default
10,000). Returns how many it made; 0: finished. Call it again and again, each call in a transaction of its own: writers
of these items wait until it ends. Until then a search finds what was not refreshed by reading the items themselves.
Raises DP001, DP010.
Example: select dpg.refresh_search(''yellow_dot'', ''tutor'')';
