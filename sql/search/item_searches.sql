-- The language is a name, since pg_upgrade refuses databases with columns of type regconfig.
create table if not exists dpg.item_searches (
  item_network text not null,
  item_domain text not null,
  item_type text not null,
  fields text[] not null,
  language text not null,
  version integer not null,
  is_refreshed boolean not null,
  refresh_from uuid,
  constraint item_searches_pkey primary key (item_network, item_domain, item_type)
);

comment on table dpg.item_searches is
  'By which fields items are searched. Written by dpg.define_search and dpg.refresh_search; items of a type without a
row are found by no search.';
comment on column dpg.item_searches.item_network is 'Network of the items.';
comment on column dpg.item_searches.item_domain is 'Domain of the items.';
comment on column dpg.item_searches.item_type is 'Type of the items.';
comment on column dpg.item_searches.fields is 'Names of fields of item_state, the weightiest first.';
comment on column dpg.item_searches.language is 'Text search configuration of pg_catalog.';
comment on column dpg.item_searches.version is
  'Rises with each change of a definition in the domain. Words of an item carry the version that they were made by.';
comment on column dpg.item_searches.is_refreshed is
  'Whether every item has words of this version. Until then dpg.refresh_search has work to do, and a search takes the
words of the others out of item_state.';
comment on column dpg.item_searches.refresh_from is
  'Where dpg.refresh_search goes on: items of lower ids have words of this version. Null: at the first.';
comment on constraint item_searches_pkey on dpg.item_searches is 'One definition for each type of a domain.';
comment on index dpg.item_searches_pkey is 'For define_search, refresh_search, and each search.';

create table if not exists dpg_private.searched_domains (
  item_network text not null,
  item_domain text not null,
  version integer not null,
  constraint searched_domains_pkey primary key (item_network, item_domain)
);

comment on table dpg_private.searched_domains is
  'Domains that have, or have had, a row in dpg.item_searches, or that a registered network declares. Whoever changes a
definition or a document changes this row first: one at a time, and one that reads them as they were before ends in
40001.';
comment on column dpg_private.searched_domains.item_network is 'Network of the items.';
comment on column dpg_private.searched_domains.item_domain is 'Domain of the items.';
comment on column dpg_private.searched_domains.version is 'The last version that a definition of the domain got.';
comment on constraint searched_domains_pkey on dpg_private.searched_domains is 'One row for each domain.';
comment on index dpg_private.searched_domains_pkey is 'For define_search, and when a leaf is created.';

-- Has no rows. Each leaf with searched items has a table like this one, of the leaf's name, in this schema.
create table if not exists dpg_private.item_words (
  item_type text not null,
  item_id uuid not null,
  created_at timestamptz not null,
  version integer not null,
  words tsvector not null,
  constraint item_words_pkey primary key (item_type, item_id)
);

create index if not exists item_words_idx
on dpg_private.item_words
using gin (words);

comment on table dpg_private.item_words is
  'The pattern of the tables of words: has no rows. A leaf of dpg.items with searched items has a table like this, of
the leaf''s name, in dpg_private; the triggers items_words_... of the leaf keep it.';
comment on column dpg_private.item_words.item_type is 'Type of the item.';
comment on column dpg_private.item_words.item_id is 'Id of the item.';
comment on column dpg_private.item_words.created_at is
  'created_at of the item, so that the newest of the matching ones are found without reading the items.';
comment on column dpg_private.item_words.version is
  'Version of the definition (dpg.item_searches) that made the words.';
comment on column dpg_private.item_words.words is 'The words of the item: see dpg_private.words_of.';
comment on constraint item_words_pkey on dpg_private.item_words is 'One row for each item.';
comment on index dpg_private.item_words_pkey is 'For the triggers, and for searches with other filters.';
comment on index dpg_private.item_words_idx is 'For search_items, and for the search of the other finders.';

create or replace function dpg_private.words_table(leaf_name text)
returns text
language sql
immutable
parallel safe
security invoker
return format('dpg_private.%I', leaf_name);

comment on function dpg_private.words_table(text) is
  'The table with the words of a leaf, as SQL; its trigger function has that name, too.';

create or replace function dpg_private.has_words(leaf regclass)
returns boolean
language sql
stable
parallel safe
security invoker
return (
  select to_regclass(dpg_private.words_table(c.relname)) is not null
    and (
      select count(*) = 4
      from pg_trigger t
      where t.tgrelid = c.oid
        and t.tgname in ('items_words_insert', 'items_words_update', 'items_words_delete', 'items_words_truncate')
        and t.tgenabled = 'A'
    )
  from pg_class c
  where c.oid = leaf
);

comment on function dpg_private.has_words(regclass) is
  'Whether the leaf has a table of words, and triggers that keep it.';

create or replace function dpg_private.words_function_sql(
  item_network text,
  item_domain text,
  leaf_name text
)
returns text
language plpgsql
stable
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  return format(
    'create or replace function %s() returns trigger language plpgsql volatile security definer '
      'set search_path = pg_catalog, pg_temp as %L',
    dpg_private.words_table(leaf_name),
    format(
      $function$
        declare
          version integer;
          words tsvector;
        begin
          if tg_op = 'TRUNCATE' then
            truncate %1$s;
            return null;
          end if;
          if tg_op = 'UPDATE'
            and old.item_state = new.item_state
            and (old.item_type, old.item_id, old.created_at) = (new.item_type, new.item_id, new.created_at)
          then
            return null;
          end if;
          if tg_op = 'DELETE' or (tg_op = 'UPDATE' and (old.item_type, old.item_id) <> (new.item_type, new.item_id))
          then
            delete from %1$s w
            where w.item_type = old.item_type
              and w.item_id = old.item_id;
          end if;
          if tg_op = 'DELETE' then
            return null;
          end if;
          case new.item_type
            %2$s
            else
              return null;
          end case;
          insert into %1$s
          values (new.item_type, new.item_id, new.created_at, version, words)
          on conflict (item_type, item_id) do update
          set created_at = excluded.created_at,
            version = excluded.version,
            words = excluded.words;
          return null;
        end
      $function$,
      dpg_private.words_table(leaf_name),
      (
        select coalesce(
          string_agg(
            format(
              'when %L then version := %s; words := dpg_private.words_of(new.item_state, %L, %L);',
              s.item_type, s.version, s.fields, s.language
            ),
            ' ' order by s.item_type
          ),
          'when null then null;'
        )
        from dpg.item_searches s
        where s.item_network = words_function_sql.item_network
          and s.item_domain = words_function_sql.item_domain
      )
    )
  );
end
$body$;

comment on function dpg_private.words_function_sql(text, text, text) is
  'The statement that creates the trigger function which keeps the words of a leaf. The definitions are in its text: no
write looks them up, and a write sees them as they are now, whatever its transaction sees.';

create or replace function dpg_private.may_have_items(leaf regclass, item_type text)
returns boolean
language plpgsql
volatile -- so that it sees what was committed before the caller got its lock
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  has_items boolean;
begin
  execute format('select exists (select from %s i where i.item_type = $1)', leaf)
  into has_items
  using item_type;
  return has_items or current_setting('transaction_isolation') <> 'read committed';
end
$body$;

comment on function dpg_private.may_have_items(regclass, text) is
  'Whether the leaf has items of a type; also true where an older snapshot might not show them.';

create or replace function dpg_private.keep_words(item_network text, item_domain text, leaf regclass)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $body$
declare
  leaf_name constant text := (select c.relname from pg_class c where c.oid = leaf);
  words constant text := dpg_private.words_table(leaf_name);
  types constant text := (
    select string_agg(quote_literal(s.item_type), ', ' order by s.item_type)
    from dpg.item_searches s
    where s.item_network = keep_words.item_network
      and s.item_domain = keep_words.item_domain
  );
  has_triggers constant boolean := exists (
    select
    from pg_trigger t
    where t.tgrelid = leaf
      and t.tgname = 'items_words_insert'
  );
  trigger_of record;
begin
  if types is null and not has_triggers then
    return;
  end if;
  if not dpg_private.has_words(leaf) then
    -- The first definition; or the triggers did not fire for some time, or the table was lost. What is there is of no
    -- use.
    if to_regclass(words) is not null then
      execute format('drop table %s', words);
    end if;
    -- Comparing words is dearer than the planner takes it for. With parallel workers, whose start alone takes longer
    -- than most searches, reading the whole table would look better than the index.
    execute format(
      'create table %s (like dpg_private.item_words including all excluding comments) with (parallel_workers = 0)',
      words
    );
    execute format(
      'comment on table %s is %L', words,
      format('Words of the items of network %s, domain %s.', to_json(item_network), to_json(item_domain))
    );
    perform dpg_private.revoke_default_privileges(words::regclass);
    update dpg.item_searches s
    set is_refreshed = false,
      refresh_from = null
    where s.item_network = keep_words.item_network
      and s.item_domain = keep_words.item_domain
      and dpg_private.may_have_items(leaf, s.item_type);
  end if;
  execute dpg_private.words_function_sql(item_network, item_domain, leaf_name);
  execute format('revoke all on function %s() from public', words);
  execute format(
    'comment on function %s() is %L', words,
    'Trigger: keeps the table of words of the same name. Written by dpg_private.keep_words.'
  );
  for trigger_of in
    select v.name, v.events, v.condition
    from (values
      ('items_words_insert', 'after insert on %s for each row', 'new.item_type in (%1$s)'),
      -- PostgreSQL reads the conditions anew for each statement: what can be asked in the function is asked there
      ('items_words_update', 'after update on %s for each row', 'old.item_type in (%1$s) or new.item_type in (%1$s)'),
      ('items_words_delete', 'after delete on %s for each row', 'old.item_type in (%1$s)'),
      ('items_words_truncate', 'after truncate on %s for each statement', null)
    ) v(name, events, condition)
  loop
    execute format(
      'create or replace trigger %I %s %s execute function %s()',
      trigger_of.name, format(trigger_of.events, leaf),
      'when (' || case when types is null then 'false' else format(trigger_of.condition, types) end || ')', words
    );
    -- always: also where changes come by replication
    execute format('alter table %s enable always trigger %I', leaf, trigger_of.name);
    execute format(
      'comment on trigger %I on %s is %L', trigger_of.name, leaf,
      format('Keeps %s, the words by which items of this leaf are searched.', words)
    );
  end loop;
end
$body$;

comment on function dpg_private.keep_words(text, text, regclass) is
  'Creates the table of words of a leaf, its trigger function and its triggers, as the definitions of the domain demand.
Where the table is created, dpg.refresh_search has to fill it. Without definitions nothing is created, and triggers that
are there fire no more: dropping them would lock out readers. For a caller that has locked the leaf (SHARE ROW
EXCLUSIVE), or has created it.';
