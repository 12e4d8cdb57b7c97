-- What of a text is searched: its words, in one form for documents and for queries. Nothing here asks the locale of the
-- database, which differs between instances, and whose rules differ between PostgreSQL 15 and 18.

-- The letters that have a small form, as {first, last, step, distance to the small form}: Unicode's simple case folding
-- of what NFKC leaves as it is. translate() compares a character with each letter of its list, so a text is translated
-- only by the blocks that it has letters of. ASCII is left to lower(), which is the same everywhere under "C".
do $body$
declare
  folds constant integer[] := '{
    {192,214,1,32}, {216,222,1,32}, {256,302,2,1}, {304,304,1,-199}, {308,310,2,1}, {313,317,2,1}, {321,327,2,1},
    {330,374,2,1}, {376,376,1,-121}, {377,381,2,1}, {385,385,1,210}, {386,388,2,1}, {390,390,1,206}, {391,391,1,1},
    {393,394,1,205}, {395,395,1,1}, {398,398,1,79}, {399,399,1,202}, {400,400,1,203}, {401,401,1,1},
    {403,403,1,205}, {404,404,1,207}, {406,406,1,211}, {407,407,1,209}, {408,408,1,1}, {412,412,1,211},
    {413,413,1,213}, {415,415,1,214}, {416,420,2,1}, {422,422,1,218}, {423,423,1,1}, {425,425,1,218}, {428,428,1,1},
    {430,430,1,218}, {431,431,1,1}, {433,434,1,217}, {435,437,2,1}, {439,439,1,219}, {440,440,1,1}, {444,444,1,1},
    {461,475,2,1}, {478,494,2,1}, {500,500,1,1}, {502,502,1,-97}, {503,503,1,-56}, {504,542,2,1}, {544,544,1,-130},
    {546,562,2,1}, {570,570,1,10795}, {571,571,1,1}, {573,573,1,-163}, {574,574,1,10792}, {577,577,1,1},
    {579,579,1,-195}, {580,580,1,69}, {581,581,1,71}, {582,590,2,1}, {837,837,1,116}, {880,882,2,1}, {886,886,1,1},
    {895,895,1,116}, {902,902,1,38}, {904,906,1,37}, {908,908,1,64}, {910,911,1,63}, {913,929,1,32}, {931,939,1,32},
    {962,962,1,1}, {975,975,1,8}, {984,1006,2,1}, {1015,1015,1,1}, {1018,1018,1,1}, {1021,1023,1,-130},
    {1024,1039,1,80}, {1040,1071,1,32}, {1120,1152,2,1}, {1162,1214,2,1}, {1216,1216,1,15}, {1217,1229,2,1},
    {1232,1326,2,1}, {1329,1366,1,48}, {4256,4293,1,7264}, {4295,4295,1,7264}, {4301,4301,1,7264}, {5112,5117,1,-8},
    {7296,7296,1,-6222}, {7297,7297,1,-6221}, {7298,7298,1,-6212}, {7299,7300,1,-6210}, {7301,7301,1,-6211},
    {7302,7302,1,-6204}, {7303,7303,1,-6180}, {7304,7304,1,35267}, {7312,7354,1,-3008}, {7357,7359,1,-3008},
    {7680,7828,2,1}, {7838,7838,1,-7615}, {7840,7934,2,1}, {7944,7951,1,-8}, {7960,7965,1,-8}, {7976,7983,1,-8},
    {7992,7999,1,-8}, {8008,8013,1,-8}, {8025,8031,2,-8}, {8040,8047,1,-8}, {8072,8079,1,-8}, {8088,8095,1,-8},
    {8104,8111,1,-8}, {8120,8121,1,-8}, {8122,8122,1,-74}, {8124,8124,1,-9}, {8136,8138,2,-86}, {8140,8140,1,-9},
    {8152,8153,1,-8}, {8154,8154,1,-100}, {8168,8169,1,-8}, {8170,8170,1,-112}, {8172,8172,1,-7},
    {8184,8184,1,-128}, {8186,8186,1,-126}, {8188,8188,1,-9}, {8498,8498,1,28}, {8579,8579,1,1}, {11264,11311,1,48},
    {11360,11360,1,1}, {11362,11362,1,-10743}, {11363,11363,1,-3814}, {11364,11364,1,-10727}, {11367,11371,2,1},
    {11373,11373,1,-10780}, {11374,11374,1,-10749}, {11375,11375,1,-10783}, {11376,11376,1,-10782},
    {11378,11378,1,1}, {11381,11381,1,1}, {11390,11391,1,-10815}, {11392,11490,2,1}, {11499,11501,2,1},
    {11506,11506,1,1}, {42560,42604,2,1}, {42624,42650,2,1}, {42786,42798,2,1}, {42802,42862,2,1},
    {42873,42875,2,1}, {42877,42877,1,-35332}, {42878,42886,2,1}, {42891,42891,1,1}, {42893,42893,1,-42280},
    {42896,42898,2,1}, {42902,42920,2,1}, {42922,42922,1,-42308}, {42923,42923,1,-42319}, {42924,42924,1,-42315},
    {42925,42925,1,-42305}, {42926,42926,1,-42308}, {42928,42928,1,-42258}, {42929,42929,1,-42282},
    {42930,42930,1,-42261}, {42931,42931,1,928}, {42932,42946,2,1}, {42948,42948,1,-48}, {42949,42949,1,-42307},
    {42950,42950,1,-35384}, {42951,42953,2,1}, {42960,42960,1,1}, {42966,42968,2,1}, {42997,42997,1,1},
    {43888,43967,1,-38864}, {66560,66599,1,40}, {66736,66771,1,40}, {66928,66938,1,39}, {66940,66954,1,39},
    {66956,66962,1,39}, {66964,66965,1,39}, {68736,68786,1,64}, {71840,71871,1,32}, {93760,93791,1,32},
    {125184,125217,1,34}
  }';
  backslash constant text := pg_catalog.chr(92);
begin
  execute (
    select pg_catalog.format(
      $function$
        create or replace function dpg_private.fold_case(value text)
        returns text
        language plpgsql
        immutable
        parallel safe
        security invoker
        set search_path = pg_catalog, pg_temp
        as $fold$
        begin
          if value collate "C" ~ E'[%1$s]' then
            %2$s
          end if;
          return value;
        end
        $fold$
      $function$,
      pg_catalog.string_agg(b.class, '' order by b.block),
      pg_catalog.string_agg(
        pg_catalog.format(
          $block$
            if value collate "C" ~ E'[%s]' then
              value := translate(value, E'%s', E'%s');
            end if;
          $block$,
          b.class, b.capitals, b.small
        ),
        '' order by b.block
      )
    )
    from (
      select l.block,
        backslash || min(l.letter_code) || '-' || backslash || max(l.letter_code) as class,
        pg_catalog.string_agg(l.letter_code, '' order by l.letter_code) as capitals,
        pg_catalog.string_agg(l.small_code, '' order by l.letter_code) as small
      from (
        select
          backslash || 'U' || pg_catalog.lpad(pg_catalog.to_hex(n.letter), 8, '0') as letter_code,
          backslash || 'U' || pg_catalog.lpad(pg_catalog.to_hex(n.letter + folds[f.number][4]), 8, '0') as small_code,
          pg_catalog.width_bucket(
            n.letter, array[256, 592, 1024, 1329, 4256, 7680, 7936, 8498, 11392, 42560, 43888, 65536]
          ) as block
        from pg_catalog.generate_subscripts(folds, 1) f(number)
        cross join lateral pg_catalog.generate_series(
          folds[f.number][1], folds[f.number][2], folds[f.number][3]
        ) n(letter)
      ) l
      group by l.block
    ) b
  );
end
$body$;

comment on function dpg_private.fold_case(text) is
  'The text with small letters, ASCII excepted: letter by letter, in every database the same. The Turkish capital I with
a dot becomes i, the Greek final sigma becomes sigma.';

create or replace function dpg_private.plain_words(value text)
returns text
language plpgsql
immutable
parallel safe
security invoker
set search_path = pg_catalog, pg_temp
as $body$
begin
  -- so that no document is too long for a tsvector (1 MB), and no document makes a write slow
  if length(value) > 50000 then
    value := left(value, 50000);
  end if;
  if octet_length(value) <> length(value) then
    -- marks that do not show, such as soft hyphens, joiners and variation selectors, part no word
    value := regexp_replace(
      dpg_private.fold_case(normalize(value, NFKC)) collate "C",
      E'[\\u00ad\\u0600-\\u0605\\u061c\\u06dd\\u070f\\u180b-\\u180e\\u200c-\\u200f\\u202a-\\u202e\\u2060-\\u206f'
        '\\ufe00-\\ufe0f\\ufeff\\ufff9-\\ufffb\\U000e0001-\\U000e01ef]',
      '', 'g'
    );
    -- punctuation, symbols and white space: what Unicode says is no letter, no mark and no number
    value := left(regexp_replace(
      value collate "C",
      E'[\\u0080-\\u00ac\\u00ae-\\u00bf\\u00d7\\u00f7\\u02c2-\\u02c5\\u02d2-\\u02eb\\u02ed\\u02ef-\\u02ff\\u0375'
        '\\u03f6\\u0482\\u055a-\\u055f\\u0589-\\u058f\\u05be\\u05c0\\u05c3\\u05c6\\u05f3-\\u05f4\\u0606-\\u060f'
        '\\u061b\\u061d-\\u061f\\u066a-\\u066d\\u06d4\\u06de\\u06e9\\u06fd-\\u06fe\\u0700-\\u070d\\u07f6-\\u07f9'
        '\\u07fe-\\u07ff\\u0830-\\u083e\\u085e\\u0888\\u0964-\\u0965\\u0970\\u09f2-\\u09f3\\u09fa-\\u09fb\\u09fd'
        '\\u0a76\\u0af0-\\u0af1\\u0b70\\u0bf3-\\u0bfa\\u0c77\\u0c7f\\u0c84\\u0d4f\\u0d79\\u0df4\\u0e3f\\u0e4f'
        '\\u0e5a-\\u0e5b\\u0f01-\\u0f17\\u0f1a-\\u0f1f\\u0f34\\u0f36\\u0f38\\u0f3a-\\u0f3d\\u0f85\\u0fbe-\\u0fc5'
        '\\u0fc7-\\u0fda\\u104a-\\u104f\\u109e-\\u109f\\u10fb\\u1360-\\u1368\\u1390-\\u1399\\u1400\\u166d-\\u166e'
        '\\u1680\\u169b-\\u169c\\u16eb-\\u16ed\\u1735-\\u1736\\u17d4-\\u17d6\\u17d8-\\u17db\\u1800-\\u180a'
        '\\u1940-\\u1945\\u19de-\\u19ff\\u1a1e-\\u1a1f\\u1aa0-\\u1aa6\\u1aa8-\\u1aad\\u1b5a-\\u1b6a'
        '\\u1b74-\\u1b7e\\u1bfc-\\u1bff\\u1c3b-\\u1c3f\\u1c7e-\\u1c7f\\u1cc0-\\u1cc7\\u1cd3\\u2000-\\u200b'
        '\\u2010-\\u2029\\u202f-\\u205f\\u20a0-\\u20c0\\u2104-\\u212e\\u213a-\\u214d\\u214f\\u218a-\\u244a'
        '\\u2500-\\u2775\\u2794-\\u2bff\\u2ce5-\\u2cea\\u2cf9-\\u2cfc\\u2cfe-\\u2cff\\u2d70\\u2e00-\\u2e2e'
        '\\u2e30-\\u3004\\u3008-\\u3020\\u3030\\u3037\\u303d-\\u303f\\u30a0\\u30fb\\u3190-\\u3191\\u31c0-\\u31e3'
        '\\u327f\\u4dc0-\\u4dff\\ua490-\\ua4c6\\ua4fe-\\ua4ff\\ua60d-\\ua60f\\ua673\\ua67e\\ua6f2-\\ua716'
        '\\ua720-\\ua721\\ua789-\\ua78a\\ua828-\\ua82b\\ua836-\\ua839\\ua874-\\ua877\\ua8ce-\\ua8cf'
        '\\ua8f8-\\ua8fa\\ua8fc\\ua92e-\\ua92f\\ua95f\\ua9c1-\\ua9cd\\ua9de-\\ua9df\\uaa5c-\\uaa5f\\uaa77-\\uaa79'
        '\\uaade-\\uaadf\\uaaf0-\\uaaf1\\uab5b\\uab6a-\\uab6b\\uabeb\\ufbb2-\\ufdff\\ufe45-\\ufe46\\ufffc-\\ufffd'
        '\\U00010100-\\U00010102\\U0001cf50-\\U0001d241\\U0001d300-\\U0001d356\\U0001f000-\\U0001faff]+',
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
