import type { Check } from './check.js';

/** How much of each leaf is looked at, in pages of 8 kB: all of a small one, a sample of another. */
const PAGES = 100;

const NOTED = `exists (
  select
  from dpg_private.owner_leaves o
  where o.owner = i.created_by and o.item_network = i.item_network and o.item_domain = i.item_domain
)`;

/** find_own_items reads only leaves that a trigger has noted for the owner. */
export const ownItems: Check = {
  name: 'own items',
  async find(sql, { declarations }) {
    if (!declarations.objects.some(({ name }) => name === 'dpg_private.owner_leaves')) return [];
    const [there] = await sql`
      select to_regclass('dpg_private.owner_leaves') is not null and to_regclass('dpg.partitions') is not null as is_there`;
    if (!there?.is_there) return []; // objects.ts says so
    const leaves = await sql<{ leaf: string }[]>`
      select p.leaf::text as leaf from dpg.partitions p where p.root = 'items' order by 1`;
    const unnoted: string[] = [];
    for (const { leaf } of leaves) {
      let row: unknown;
      await sql
        .savepoint(async (savepoint) => {
          [row] = await savepoint.unsafe(`
            select
            from ${leaf} i tablesample system ((
              select least(100, 100.0 * ${PAGES} * current_setting('block_size')::integer
                / greatest(pg_relation_size('${leaf}'), 1))::real
            )) repeatable (1)
            where not ${NOTED}
            limit 1`);
          throw new Error('done'); // rolled back, so that the locks of the leaf are given back
        })
        .catch(() => undefined); // what keeps the leaf from being read is a finding of another check
      if (row) unnoted.push(leaf);
    }
    return unnoted.map((leaf) => ({
      severity: 'error',
      object: `partition ${leaf}`,
      problem:
        'Owners of its items are not noted in dpg_private.owner_leaves, so find_own_items does not find these: the trigger items_note_owner did not fire when they were written.',
      mend: [
        `insert into dpg_private.owner_leaves (owner, item_network, item_domain) select distinct i.created_by, i.item_network, i.item_domain from ${leaf} i where not ${NOTED.replace(/\s+/g, ' ')};`,
      ],
      mend_with: 'sql',
    }));
  },
};
