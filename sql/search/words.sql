-- What of a text is searched: its words, in one form for documents and for queries. Nothing here asks the locale of the
-- database, which differs between instances, and whose rules differ between PostgreSQL 15 and 18.

create or replace function dpg_private.plain_words(value text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- Marks that normalize() sorts when several follow one another: the canonical combining class is not 0, or a
  -- decomposition begins with one of these. A few others stand between them.
  marks text;
begin
  -- so that no document is too long for a tsvector (1 MB), and no document makes a write slow
  if length(value) > 50000 then
    value := left(value, 50000);
  end if;
  if octet_length(value) <> length(value) then
    if length(value) > 1000 then
      -- PostgreSQL sorts a run of marks in the square of its length, and cannot be interrupted: 10 s for 50,000
      marks := E'[\\u0300-\\u036f\\u0483-\\u0487\\u0591-\\u05c7\\u0610-\\u061a\\u064b-\\u065f\\u0670\\u06d6-\\u06ed'
        || E'\\u0711\\u0730-\\u074a\\u07eb-\\u07f3\\u07fd\\u0816-\\u082d\\u0859-\\u085b\\u0897-\\u089f'
        || E'\\u08ca-\\u08ff\\u093c\\u094d-\\u0954\\u09bc\\u09cd\\u09fe\\u0a3c\\u0a4d\\u0abc\\u0acd\\u0b3c\\u0b4d'
        || E'\\u0bcd\\u0c3c\\u0c4d\\u0c55-\\u0c56\\u0cbc\\u0ccd\\u0d3b-\\u0d3c\\u0d4d\\u0dca\\u0e38-\\u0e3a'
        || E'\\u0e48-\\u0e4b\\u0eb8-\\u0eba\\u0ec8-\\u0ecb\\u0f18-\\u0f19\\u0f35-\\u0f39\\u0f71-\\u0f75'
        || E'\\u0f7a-\\u0f87\\u0fc6\\u1037-\\u103a\\u108d\\u135d-\\u135f\\u1714-\\u1715\\u1734\\u17d2\\u17dd'
        || E'\\u18a9\\u1939-\\u193b\\u1a17-\\u1a18\\u1a60\\u1a75-\\u1a7f\\u1ab0-\\u1ace\\u1b34\\u1b44'
        || E'\\u1b6b-\\u1b73\\u1baa-\\u1bab\\u1be6\\u1bf2-\\u1bf3\\u1c37\\u1cd0-\\u1ce8\\u1ced\\u1cf4-\\u1cf9'
        || E'\\u1dc0-\\u1dff\\u20d0-\\u20dc\\u20e1-\\u20f0\\u2cef-\\u2cf1\\u2d7f\\u2de0-\\u2dff\\u302a-\\u302f'
        || E'\\u3099-\\u309a\\ua66f\\ua674-\\ua67d\\ua69e-\\ua69f\\ua6f0-\\ua6f1\\ua806\\ua82c\\ua8c4'
        || E'\\ua8e0-\\ua8f1\\ua92b-\\ua92d\\ua953\\ua9b3\\ua9c0\\uaab0-\\uaab8\\uaabe-\\uaac1\\uaaf6\\uabed'
        || E'\\ufb1e\\ufe20-\\ufe2f\\uff9e-\\uff9f\\U000101fd\\U000102e0\\U00010376-\\U0001037a'
        || E'\\U00010a0d-\\U00010a0f\\U00010a38-\\U00010a3f\\U00010ae5-\\U00010ae6\\U00010d24-\\U00010d27'
        || E'\\U00010d69-\\U00010d6d\\U00010eab-\\U00010eac\\U00010efd-\\U00010eff\\U00010f46-\\U00010f50'
        || E'\\U00010f82-\\U00010f85\\U00011046\\U00011070-\\U0001107f\\U000110b9-\\U000110ba'
        || E'\\U00011100-\\U00011102\\U00011133-\\U00011134\\U00011173\\U000111c0-\\U000111ca'
        || E'\\U00011235-\\U00011236\\U000112e9-\\U000112ea\\U0001133b-\\U0001134d\\U00011366-\\U00011374'
        || E'\\U000113ce-\\U000113d0\\U00011442-\\U0001145e\\U000114c2-\\U000114c3\\U000115bf-\\U000115c0'
        || E'\\U0001163f\\U000116b6-\\U000116b7\\U0001172b\\U00011839-\\U0001183a\\U0001193d-\\U00011943'
        || E'\\U000119e0\\U00011a34-\\U00011a47\\U00011a99\\U00011c3f\\U00011d42-\\U00011d45\\U00011d97'
        || E'\\U00011f41-\\U00011f42\\U0001612f\\U00016af0-\\U00016af4\\U00016b30-\\U00016b36'
        || E'\\U00016ff0-\\U00016ff1\\U0001bc9e\\U0001d165-\\U0001d18b\\U0001d1aa-\\U0001d1ad'
        || E'\\U0001d242-\\U0001d244\\U0001e000-\\U0001e02a\\U0001e08f\\U0001e130-\\U0001e136\\U0001e2ae'
        || E'\\U0001e2ec-\\U0001e2ef\\U0001e4ec-\\U0001e4ef\\U0001e5ee-\\U0001e5ef\\U0001e8d0-\\U0001e8d6'
        || E'\\U0001e944-\\U0001e94a]';
      value := regexp_replace(value collate "C", '(' || marks || '{30})' || marks || '+', E'\\1', 'g');
    end if;
    -- marks that do not show, such as soft hyphens, joiners and variation selectors, part no word
    value := regexp_replace(
      dpg_private.fold_case(normalize(value, NFKC)) collate "C",
      E'[\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u180b-\\u180e\\u200c-\\u200f\\u202a-\\u202e\\u2060-\\u206f'
      || E'\\ufe00-\\ufe0f\\ufeff\\ufff9-\\ufffb\\U000e0001-\\U000e01ef]',
      '', 'g'
    );
    -- punctuation, symbols and white space: what Unicode says is no letter, no mark and no number
    value := left(regexp_replace(
      value collate "C",
      E'[\\u0080-\\u00ac\\u00ae-\\u00bf\\u00d7\\u00f7\\u02c2-\\u02c5\\u02d2-\\u02eb\\u02ed\\u02ef-\\u02ff'
      || E'\\u0375\\u03f6\\u0482\\u055a-\\u055f\\u0589-\\u058f\\u05be\\u05c0\\u05c3\\u05c6\\u05f3-\\u05f4'
      || E'\\u0606-\\u060f\\u061b\\u061d-\\u061f\\u066a-\\u066d\\u06d4\\u06de\\u06e9\\u06fd-\\u06fe'
      || E'\\u0700-\\u070d\\u07f6-\\u07f9\\u07fe-\\u07ff\\u0830-\\u083e\\u085e\\u0888\\u0964-\\u0965\\u0970'
      || E'\\u09f2-\\u09f3\\u09fa-\\u09fb\\u09fd\\u0a76\\u0af0-\\u0af1\\u0b70\\u0bf3-\\u0bfa\\u0c77\\u0c7f\\u0c84'
      || E'\\u0d4f\\u0d79\\u0df4\\u0e3f\\u0e4f\\u0e5a-\\u0e5b\\u0f01-\\u0f17\\u0f1a-\\u0f1f\\u0f34\\u0f36\\u0f38'
      || E'\\u0f3a-\\u0f3d\\u0f85\\u0fbe-\\u0fc5\\u0fc7-\\u0fda\\u104a-\\u104f\\u109e-\\u109f\\u10fb'
      || E'\\u1360-\\u1368\\u1390-\\u1399\\u1400\\u166d-\\u166e\\u1680\\u169b-\\u169c\\u16eb-\\u16ed'
      || E'\\u1735-\\u1736\\u17d4-\\u17d6\\u17d8-\\u17db\\u1800-\\u180a\\u1940-\\u1945\\u19de-\\u19ff'
      || E'\\u1a1e-\\u1a1f\\u1aa0-\\u1aa6\\u1aa8-\\u1aad\\u1b5a-\\u1b6a\\u1b74-\\u1b7e\\u1bfc-\\u1bff'
      || E'\\u1c3b-\\u1c3f\\u1c7e-\\u1c7f\\u1cc0-\\u1cc7\\u1cd3\\u2000-\\u200b\\u2010-\\u2029\\u202f-\\u205f'
      || E'\\u20a0-\\u20c0\\u2104-\\u212e\\u213a-\\u214d\\u214f\\u218a-\\u244a\\u2500-\\u2775\\u2794-\\u2bff'
      || E'\\u2ce5-\\u2cea\\u2cf9-\\u2cfc\\u2cfe-\\u2cff\\u2d70\\u2e00-\\u2e2e\\u2e30-\\u3004\\u3008-\\u3020'
      || E'\\u3030\\u3037\\u303d-\\u303f\\u30a0\\u30fb\\u3190-\\u3191\\u31c0-\\u31e3\\u327f\\u4dc0-\\u4dff'
      || E'\\ua490-\\ua4c6\\ua4fe-\\ua4ff\\ua60d-\\ua60f\\ua673\\ua67e\\ua6f2-\\ua716\\ua720-\\ua721'
      || E'\\ua789-\\ua78a\\ua828-\\ua82b\\ua836-\\ua839\\ua874-\\ua877\\ua8ce-\\ua8cf\\ua8f8-\\ua8fa\\ua8fc'
      || E'\\ua92e-\\ua92f\\ua95f\\ua9c1-\\ua9cd\\ua9de-\\ua9df\\uaa5c-\\uaa5f\\uaa77-\\uaa79\\uaade-\\uaadf'
      || E'\\uaaf0-\\uaaf1\\uab5b\\uab6a-\\uab6b\\uabeb\\ufbb2-\\ufdff\\ufe45-\\ufe46\\ufffc-\\ufffd'
      || E'\\U00010100-\\U00010102\\U0001cf50-\\U0001d241\\U0001d300-\\U0001d356\\U0001f000-\\U0001faff]+',
      ' ', 'g'
    ), 50000);
  end if;
  value := btrim(regexp_replace(
    lower(value collate "C") collate "C", E'[\\u0001-/:-@\\[-`{-\\u007f]+', ' ', 'g'
  ));
  if length(value) > 255 then
    value := regexp_replace(value collate "C", '([^ ]{255})[^ ]+', E'\\1', 'g'); -- a longer word is in no tsvector
  end if;
  return value;
end
$body$;

comment on function dpg_private.plain_words(text) is
  'The words of a text with a space between: in small letters, in the composed form of Unicode (NFKC), without
punctuation and symbols. Of a long text the first 50,000 characters, of a long word 255.';

create or replace function dpg_private.words_of(item_state jsonb, fields text[], language regconfig)
returns tsvector
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
declare
  -- Two words that nobody searches for. The first stands between fields, and between elements of an array, while
  -- positions are counted, so that a phrase does not reach from one to the next. The second parts the fields: the words
  -- of all are made plain at once.
  gap constant text := ' dpg0gap0 ';
  next_field constant text := ' dpg0gap1 ';
  after_field constant tsvector := 'dpg0gap0:1';
  value jsonb;
  elements text[];
  content text := '';
  contents text[];
  words tsvector;
begin
  -- Few expressions: this is part of every write, and each takes longer than what it does.
  for number in 1 .. cardinality(fields) loop
    value := item_state -> fields[number];
    if jsonb_typeof(value) = 'string' then
      content := content || (value #>> '{}');
    elsif jsonb_typeof(value) = 'array' then
      elements := '{}';
      for index in 0 .. least(jsonb_array_length(value), 50000) - 1 loop
        if jsonb_typeof(value -> index) = 'string' then
          elements := elements || (value ->> index);
        end if;
      end loop;
      content := content || array_to_string(elements, gap);
    end if;
    content := content || next_field;
  end loop;
  contents := string_to_array(dpg_private.plain_words(content), btrim(next_field));
  words := setweight(to_tsvector(language, contents[1]), 'A') || after_field
    || setweight(to_tsvector(language, coalesce(contents[2], '')), 'B') || after_field
    || setweight(to_tsvector(language, coalesce(contents[3], '')), 'C') || after_field;
  if cardinality(contents) > 4 then -- the last one is what stands behind the last field: nothing
    words := words || to_tsvector(language, array_to_string(contents[4:], gap)) || after_field;
  end if;
  if language <> 'simple'::regconfig then
    words := words || setweight(to_tsvector('simple', contents[1]), 'A') || after_field
      || setweight(to_tsvector('simple', coalesce(contents[2], '')), 'B') || after_field
      || setweight(to_tsvector('simple', coalesce(contents[3], '')), 'C') || after_field
      || to_tsvector('simple', coalesce(array_to_string(contents[4:], gap), ''));
  end if;
  return ts_delete(words, btrim(gap));
end
$body$;

comment on function dpg_private.words_of(jsonb, text[], regconfig) is
  'The words by which an item is searched: of these fields (strings and arrays of strings; others have none), the first
with weight A, then B, C, and D for all further ones. In a language with a stemmer the words as they stand are there,
too: by them the beginning of a word is found, and words that the language leaves out. Of all fields together the first
50,000 characters count.';

create or replace function dpg_private.search_terms(search text)
returns table (number bigint, words text, is_negated boolean, is_or boolean, is_prefix boolean)
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
rows 5
as $body$
#variable_conflict use_column
begin
  return query
    with searched(value) as (
      select regexp_replace(
        search_terms.search collate "C",
        E'[\\t\\n\\v\\f\\r\\u0085\\u00a0\\u1680\\u2000-\\u200b\\u2028\\u2029\\u202f\\u205f\\u3000\\ufeff]', ' ', 'g'
      )
    ),
    tokens as (
      select t.number, dpg_private.plain_words(coalesce(t.parts[2], t.parts[3])) as words,
        t.parts[1] = '-' as is_negated, t.parts[2] is not null as is_quoted, max(t.number) over () = t.number as is_last
      from searched s
      cross join lateral regexp_matches(
        s.value collate "C", '(-?)(?:"([^"]*)(?:"|$)|([^ "]+))', 'g'
      ) with ordinality t(parts, number)
    ),
    terms as (
      select t.*,
        not t.is_negated and not t.is_quoted and t.words = 'or'
          and lag(t.number) over in_order is not null
          and lead(t.number) over in_order is not null as may_be_or
      from tokens t
      where t.words <> ''
      window in_order as (order by t.number)
    )
    select t.number, t.words, t.is_negated,
      t.may_be_or and not lag(t.may_be_or, 1, false) over (order by t.number),
      t.is_last and not t.is_negated and not t.is_quoted and right(s.value, 1) <> ' '
    from terms t
    cross join searched s;
end
$body$;

comment on function dpg_private.search_terms(text) is
  'The terms of a search in their order, as websearch_to_tsquery takes it apart: what stands between quotes is one, and
so is a word; a dash before one negates it; "or" between two is none. The last word is a prefix, unless white space
follows or it is quoted or negated. A term with punctuation within is several words, a phrase.';

create or replace function dpg_private.search_query(search text, language regconfig)
returns tsquery
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
set client_min_messages = error -- that the language leaves a word out is no news
as $body$
declare
  term record;
  operand tsquery;
  all_of tsquery := '';
  any_of tsquery := '';
begin
  for term in
    select *
    from dpg_private.search_terms(search) t
    order by t.number
  loop
    if term.is_or then
      any_of := any_of || all_of;
      all_of := '';
    else
      operand := case
        when not term.is_prefix or language <> 'simple'::regconfig then phraseto_tsquery(language, term.words)
        else ''
      end;
      if term.is_prefix then
        -- the words as they stand: a word that is not finished has no stem
        operand := operand || (
          phraseto_tsquery('simple', regexp_replace(term.words, '(^| )[^ ]+$', ''))
          <-> to_tsquery('simple', format('''%s'':*', regexp_replace(term.words, '^.* ', '')))
        );
      end if;
      all_of := all_of && case when term.is_negated then !!operand else operand end;
    end if;
  end loop;
  any_of := any_of || all_of;
  if numnode(any_of) = 0 and language <> 'simple'::regconfig then
    return dpg_private.search_query(search, 'simple'); -- nothing but words that the language leaves out
  end if;
  return any_of;
end
$body$;

comment on function dpg_private.search_query(text, regconfig) is
  'The query that a search means in a language, over words of dpg_private.words_of.';

create or replace function dpg_private.check_search(search text)
returns void
language plpgsql
stable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  if length(search) > 1000 then
    perform dpg_private.refuse_argument(
      'search', to_jsonb(search), format('is too long with its %s characters', length(search)),
      'A search has 1,000 characters at most.'
    );
  end if;
  if not exists (select from dpg_private.search_terms(search)) then
    perform dpg_private.refuse_argument(
      'search', to_jsonb(search), 'has no word', 'Pass words to search for, or null to search by other filters only.'
    );
  end if;
end
$body$;

comment on function dpg_private.check_search(text) is
  'Raises DP001 unless a search has a word, and 1,000 characters at most.';
