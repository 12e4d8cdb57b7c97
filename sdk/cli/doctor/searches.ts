import type { Check, Finding } from './check.js';

/** The table with the words of a leaf, and the function that keeps it: which there are depends on the leaves. */
export const ofWords = (namespace: string, name: string) => `(
    ${namespace} = 'dpg_private'::regnamespace
    and (
      exists (select from dpg_private.partition_names words_of where words_of.root = 'items' and words_of.name = ${name}::text)
      -- a leaf that is not on record: a finding of partitions
      or exists (
        select from pg_class leaf where leaf.relnamespace = 'dpg'::regnamespace and leaf.relname = ${name} and leaf.relispartition
      )
    )
  )`;

interface SlowSearch {
  leaf: string;
  has_words: boolean;
  types: string;
  mend: string;
}

/** Searches that find everything, but read the items themselves for it: docs/discover.md. */
export const searches: Check = {
  name: 'searches',
  async find(sql, { declarations }) {
    if (!declarations.functions.some(({ name }) => name === 'dpg_private.has_words')) return [];
    const [there] = await sql`
      select to_regclass('dpg.item_searches') is not null
        and to_regprocedure('dpg_private.has_words(regclass)') is not null as is_there`;
    if (!there?.is_there) return []; // objects.ts says so
    const slow = await sql<SlowSearch[]>`
      select l.leaf::text, dpg_private.has_words(l.leaf),
        string_agg(to_json(s.item_type)::text, ', ' order by s.item_type) as types,
        format('select dpg.refresh_search(%L, %L, 1000000);', s.item_network, s.item_domain) as mend
      from dpg.item_searches s
      cross join lateral dpg_private.look_up_item_leaves(s.item_network, array[s.item_domain]) l
      where not (s.is_refreshed and dpg_private.has_words(l.leaf))
      group by l.leaf, s.item_network, s.item_domain
      order by 1`;
    return slow.map(
      ({ leaf, has_words, types, mend }): Finding => ({
        severity: 'warning',
        object: `partition ${leaf}`,
        problem: has_words
          ? `A search reads items of these types one by one, since they were there before it was defined and were not refreshed: ${types}.`
          : 'A search reads its items one by one: the table of their words is missing, or a trigger that keeps it (items_words_...) is not enabled always.',
        mend: [mend],
        mend_with: 'sql',
      }),
    );
  },
};
