import type { Check, Finding } from './check.js';

interface BrokenSlot {
  root: string;
  network: string;
  key: string;
  name: string;
  functions: string[];
  mend: string;
}

/**
 * A function that is made for a leaf that has a slot, or anew for all of them, or for networks with statuses or rules: which there
 * are, and what they contain, depends on the rows, so no migration names them.
 */
export const ofSlot = (procedure: string) => `(
    ${procedure}.pronamespace = 'dpg_private'::regnamespace
    and (
      ${procedure}.proname ~ '_in_slot$'
      or ${procedure}.proname in ('slot_keys', 'slot_leaves', 'defined_networks', 'ruled_networks', 'moved_networks')
      or ${procedure}.proname ~ '_rows$' and exists (
        select
        from pg_type t
        where t.oid = ${procedure}.proargtypes[0] and t.typnamespace = ${procedure}.pronamespace
          and t.typname ~ '^slot_[0-9]+$'
      )
    )
  )`;

/** Leaves of which plans are kept have functions of their own: sql/README.md, "Plans that are kept". */
export const slots: Check = {
  name: 'slots',
  async find(sql, { declarations }) {
    if (!declarations.functions.some(({ name }) => name === 'dpg_private.find_broken_slots')) return [];
    const [there] =
      await sql`select to_regprocedure('dpg_private.find_broken_slots()') is not null as is_there`;
    if (!there?.is_there) return []; // objects.ts says so
    const broken = await sql<BrokenSlot[]>`
      select s.*, format('select dpg_private.give_slot(%L, %L, %L);', s.root, s.network, s.key) as mend
      from dpg_private.find_broken_slots() s
      order by s.name`;
    return broken.map(
      ({ name, functions, mend }): Finding => ({
        severity: 'error',
        object: `partition dpg.${name}`,
        problem: `Functions of its slot are missing or changed, and calls that need them fail or miss the leaf: ${functions.join(', ')}.`,
        mend: [mend],
        mend_with: 'sql',
      }),
    );
  },
};
