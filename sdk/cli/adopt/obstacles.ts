// What is in the way of all rows: missing privileges, limits of dpg that would be exceeded, not one row that fits.

import type postgres from 'postgres';
import type { Leaf } from './leaves.js';
import type { Obstacle } from './obstacle.js';
import type { AdoptionReport } from './report.js';
import type { Source } from './source.js';
import { roots } from './tables.js';

/** All items are refused, or all rows where there are no items: what else might be moved has lost its meaning. */
export function nothingFits(tables: AdoptionReport['tables']): Obstacle[] {
  const filled = tables.filter((table) => table.rows > 0);
  const items = filled.filter(({ root }) => root === 'items');
  const decisive = items.length > 0 ? items : filled;
  if (decisive.length === 0 || decisive.some((table) => table.refused < table.rows)) return [];
  return [
    {
      message: `not one ${items.length > 0 ? 'item' : 'row'} fits: that is no matter of single rows, and quarantine is not for it`,
      hint: 'Look at the reasons above: is this the right database, and are the users in its public."user"?',
      may_stay: false,
    },
  ];
}

export async function missingPrivileges(
  tx: postgres.ISql,
  source: Source,
  options: { leaveWritable?: boolean },
): Promise<Obstacle[]> {
  const [role] = await tx<{ name: string; is_owner: boolean; may_create: boolean }[]>`
    select quote_ident(current_user) as name,
      (
        select pg_has_role(c.relowner, 'usage')
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'dpg' and c.relname = 'items'
      ) as is_owner,
      has_schema_privilege(${source.schema}, 'create') as may_create`;
  const obstacles: Obstacle[] = [];
  const missing = (message: string, hint: string) => obstacles.push({ message, hint, may_stay: false });
  if (!role?.is_owner) {
    missing(
      `${role?.name} does not own the tables of dpg`,
      'Connect as the role that ran the migrations, or as one that is a member of it.',
    );
  }
  if (!options.leaveWritable && !role?.may_create) {
    missing(
      `${role?.name} may not create a function in schema ${source.schema}, which refuses writes to the old tables afterwards`,
      `Its owner must run: grant create on schema ${source.schema_name} to ${role?.name}; or leave the tables writable with --leave-writable.`,
    );
  }
  for (const root of roots) {
    const table = source.tables[root];
    if (!table) continue;
    const [owner] = await tx<{ name: string; is_ours: boolean }[]>`
      select quote_ident(pg_get_userbyid(c.relowner)) as name, pg_has_role(c.relowner, 'usage') as is_ours
      from pg_class c
      where c.oid = ${table.name}::regclass`;
    if (!options.leaveWritable && !owner?.is_ours) {
      // a comment on the trigger says when they were adopted, and only an owner may write it
      missing(
        `${role?.name} does not own ${table.name}, which is to refuse writes afterwards`,
        `An administrator must run: grant ${owner?.name} to ${role?.name}; or leave the tables writable with --leave-writable.`,
      );
      continue;
    }
    const needed = options.leaveWritable ? ['select', 'update'] : ['select', 'update', 'trigger'];
    const lacking = await tx<{ privilege: string }[]>`
      select p.privilege
      from unnest(${needed}::text[]) with ordinality p(privilege, place)
      where not has_table_privilege(${table.name}, p.privilege)
      order by p.place`;
    if (lacking.length > 0) {
      const list = lacking.map(({ privilege }) => privilege).join(', ');
      missing(
        `${role?.name} lacks on ${table.name}: ${list}`,
        `Its owner must run: grant ${list} on ${table.name} to ${role?.name};`,
      );
    }
  }
  return obstacles;
}

/** Limits of dpg that the partitions to be made would meet. */
export async function limits(tx: postgres.ISql, leaves: readonly Leaf[]): Promise<Obstacle[]> {
  const obstacles: Obstacle[] = [];
  const [limit] = await tx<{ leaves: string | null; networks: string | null }[]>`
    select dpg_private.limit_of('leaves_per_network')::text as leaves,
      dpg_private.limit_of('networks')::text as networks`;
  for (const root of roots) {
    const wanted = leaves.filter((leaf) => leaf.root === root && leaf.to_move > 0);
    const there = await tx<{ network: string; key: string }[]>`
      select p.network, p.key from dpg.partitions p where p.root = ${root}`;
    const keys = new Map<string, Set<string>>();
    for (const { network, key } of [...there, ...wanted] as { network: string; key: string }[]) {
      keys.set(network, (keys.get(network) ?? new Set()).add(key));
    }
    const exceeds = (name: string, most: string | null, count: number, what: string) => {
      if (most === null || count <= Number(most)) return;
      obstacles.push({
        message: `${what} would be ${count}, and the limit ${name} is ${most}`,
        hint: `dpg_admin can raise it: update dpg.limits set limit_value = ${count} where limit_name = '${name}';`,
        may_stay: false,
      });
    };
    exceeds('networks', limit?.networks ?? null, keys.size, `the networks of ${root}`);
    for (const [network, ofNetwork] of keys) {
      exceeds(
        'leaves_per_network',
        limit?.leaves ?? null,
        ofNetwork.size,
        `the leaves of ${root} of network '${network}'`,
      );
    }
  }
  return obstacles;
}
