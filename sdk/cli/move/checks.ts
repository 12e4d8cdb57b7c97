// What is looked at before a move begins, and in a dry run: what is in the way, what should be known, how much there is to
// copy. Reads only, but for a subscription that is tried and rolled back.

import { migrationStatus } from '../../migrate/status.js';
import { count } from '../text.js';
import { COPIED, tryToSubscribe } from './copy.js';
import { moveName, USERS } from './names.js';
import { readRecord } from './record.js';
import type { Obstacle, Plan, PlannedLeaf } from './report.js';
import type { Home } from './servers.js';
import { compareUsers, type Users } from './users.js';

/** Bytes a second that one copy has taken on a small machine; a guess needs no more. */
const COPY_SPEED = 12_000_000;
const FEWER = 10_001;

export interface Question {
  sender: Home;
  receiver: Home;
  network: string;
  from: string;
  users: Users;
  /** Whether the move has begun: then the leaves on the receiver are its own. */
  isUnderWay: boolean;
  /** Actions between networks are counted in a dry run alone: that reads all actions of all networks. */
  isDryRun: boolean;
}

export async function plan(question: Question): Promise<Plan> {
  const { sender, receiver, network } = question;
  const leaves = await readLeaves(sender, network);
  const bytes = leaves.reduce((sum, leaf) => sum + leaf.bytes, 0n);
  const obstacles: Obstacle[] = [];
  const notes: string[] = [];
  const others = question.isDryRun ? await actionsBetweenNetworks(sender, network) : null;
  for (const look of [
    isHere(question, leaves),
    sameMigrations(sender, receiver),
    databases(sender, receiver),
    senderSettings(question),
    receiverSettings(question),
    tables(sender, receiver, network),
    usersTable(question),
    onReceiver(question),
  ]) {
    const found = await look;
    obstacles.push(...found.obstacles);
    notes.push(...found.notes);
  }
  if (obstacles.length === 0) obstacles.push(...(await reaches(question)));
  if (others) notes.push(...betweenNetworks(others));
  return {
    leaves,
    bytes,
    seconds: Math.ceil(5 + Number(bytes) / COPY_SPEED),
    actions_from_others: others?.from ?? null,
    actions_to_others: others?.to ?? null,
    obstacles,
    notes,
  };
}

function betweenNetworks(others: { from: number; to: number }): string[] {
  const notes: string[] = [];
  const told = (number: number) => (number >= FEWER ? 'more than 10,000 actions' : count(number, 'action'));
  if (others.from > 0) {
    notes.push(
      `${told(others.from)} of this network ${others.from === 1 ? 'has its' : 'have their'} source in another network: they are rows of this one and go with it`,
    );
  }
  if (others.to > 0) {
    notes.push(
      `${told(others.to)} of other networks ${others.to === 1 ? 'has its' : 'have their'} source in this one: they are rows of the target's network and stay`,
    );
  }
  if (others.from + others.to > 0) {
    notes.push(
      'new actions between networks on two servers are refused (DP017): one transaction cannot lock items on both; what is there can be changed where it lies',
    );
  }
  return notes;
}

interface Found {
  obstacles: Obstacle[];
  notes: string[];
}

async function readLeaves({ aside }: Home, network: string): Promise<PlannedLeaf[]> {
  const rows = await aside<PlannedLeaf[]>`
    select l.root, l.key, greatest(c.reltuples, 0)::bigint::float8 as estimated_rows,
      pg_total_relation_size(c.oid)::text as bytes
    from dpg_private.find_leaves_of_network(${network}) l
    join pg_class c on c.oid = l.leaf`;
  return rows.map((leaf) => ({ ...leaf, bytes: BigInt(leaf.bytes) }));
}

async function isHere({ sender, network }: Question, leaves: PlannedLeaf[]): Promise<Found> {
  const obstacles: Obstacle[] = [];
  const [home] = await sender.aside`select h.server from dpg.homes h where h.network = ${network}`;
  if (home) {
    obstacles.push({
      message: `the network ${network} does not live on the sender: its home is ${home.server}`,
      hint: 'Name the server where it lives with --database-url.',
    });
  } else if (leaves.length === 0) {
    obstacles.push({
      message: `the sender has no network ${network}: it has no leaves`,
      hint: 'See dpg-database partitions. A network without rows need not be moved: put it into dpg.homes.',
    });
  }
  return { obstacles, notes: [] };
}

async function sameMigrations(sender: Home, receiver: Home): Promise<Found> {
  const obstacles: Obstacle[] = [];
  for (const { side, server, aside } of [sender, receiver]) {
    const wrong = (await migrationStatus(aside)).filter(({ state }) => state !== 'applied');
    if (wrong.length > 0) {
      obstacles.push({
        message: `the ${side} (${server}) has not the migrations of this package: ${wrong[0]?.name} is ${wrong[0]?.state}`,
        hint: 'Both servers need the same. Run there: npx dpg-database migrate',
      });
    }
  }
  return { obstacles, notes: [] };
}

async function databases(sender: Home, receiver: Home): Promise<Found> {
  const read = async ({ aside }: Home) => {
    const [row] = await aside`
      select pg_encoding_to_char(d.encoding) as encoding, d.datcollate as collation, pg_is_in_recovery() as is_standby
      from pg_database d
      where d.datname = current_database()`;
    return row;
  };
  const [here, there] = await Promise.all([read(sender), read(receiver)]);
  const obstacles: Obstacle[] = [];
  const notes: string[] = [];
  for (const [home, row] of [
    [sender, here],
    [receiver, there],
  ] as const) {
    if (row?.is_standby) {
      obstacles.push({
        message: `the ${home.side} (${home.server}) is a standby`,
        hint: 'Name its primary.',
      });
    }
  }
  if (here?.encoding !== there?.encoding) {
    obstacles.push({
      message: `the databases have other encodings: ${here?.encoding} and ${there?.encoding}`,
      hint: 'Text that the receiver cannot hold would stop the copy. Create a database there with the encoding of the sender.',
    });
  }
  if (here?.collation !== there?.collation) {
    notes.push(
      `the databases have other collations (${here?.collation} and ${there?.collation}): a caller's own "order by" of texts may differ; that of dpg does not depend on it`,
    );
  }
  if (receiver.version < Math.floor(sender.version / 10000) * 10000) {
    obstacles.push({
      message: `the receiver runs an older PostgreSQL (${major(receiver)}) than the sender (${major(sender)})`,
      hint: 'A network moves to a server of the same or a later version.',
    });
  }
  return { obstacles, notes };
}

const major = ({ version }: Home) => Math.floor(version / 10000);

async function senderSettings({ sender, network, from, users }: Question): Promise<Found> {
  const obstacles: Obstacle[] = [];
  const notes: string[] = [];
  const user = decodeURIComponent(new URL(from).username) || null;
  const copied = COPIED.map(([table]) => table);
  if (users.home === 'sender' && !users.is_subscribed) copied.push('public."user"');
  const [row] = await sender.aside`
    select current_setting('wal_level') as wal_level,
      current_setting('max_replication_slots')::integer - (select count(*)::integer from pg_replication_slots) as free_slots,
      current_setting('max_wal_senders')::integer - (select count(*)::integer from pg_stat_replication) as free_senders,
      current_setting('max_slot_wal_keep_size') as keep_size,
      exists (select from pg_replication_slots s where s.slot_name = ${moveName(network)}) as has_slot,
      current_user as role,
      (select r.rolsuper or r.rolreplication from pg_roles r where r.rolname = current_user) as may_replicate,
      has_database_privilege(current_database(), 'create') as may_publish,
      exists (
        select from pg_class c where c.oid = 'dpg.items'::regclass and pg_has_role(c.relowner, 'usage')
      ) as is_owner,
      coalesce(pg_has_role((select c.relowner from pg_class c where c.oid = 'public."user"'::regclass), 'usage'), false)
        as owns_users,
      u.rolname as copier, u.rolsuper or u.rolreplication as copier_replicates,
      u.rolsuper or pg_has_role(u.oid, (select c.relowner from pg_class c where c.oid = 'dpg.items'::regclass), 'usage')
        as copier_is_owner,
      u.rolsuper or has_table_privilege(u.oid, 'public."user"', 'select') as copier_reads_users,
      array(
        select c.oid::regclass::text
        from unnest(${copied}::text[]) with ordinality t(relation, place)
        join pg_class c on c.oid = t.relation::regclass
        where not (u.rolsuper or u.rolbypassrls)
          and c.relrowsecurity
          and (c.relforcerowsecurity or not pg_has_role(u.oid, c.relowner, 'usage'))
        order by t.place
      ) as hidden
    from (values (coalesce(${user}, current_user::text))) given(name)
    left join pg_roles u on u.rolname = given.name`;
  if (!row) return { obstacles, notes };
  if (row.wal_level !== 'logical') {
    obstacles.push({
      message: `the sender has wal_level = ${row.wal_level}`,
      hint: 'Set wal_level = logical there, and restart it.',
    });
  }
  if (!row.is_owner || !row.may_publish || !row.may_replicate) {
    obstacles.push({
      message: `role ${row.role} may not begin a move on the sender: it must own the tables of dpg, create publications and replicate`,
      hint: `Connect as a superuser; or as the role that migrates, after an administrator has run: alter role "${row.role}" replication; grant create on database ... to "${row.role}";`,
    });
  }
  if (users.home === 'sender' && !users.is_subscribed && !row.owns_users) {
    obstacles.push({
      message: `role ${row.role} may not publish public."user" of the sender: it is another role's table`,
      hint: 'Connect as a superuser, or as a member of the role that owns the table.',
    });
  }
  if (row.copier === null) {
    obstacles.push({
      message: `the sender has no role ${user}, by which the receiver would connect`,
      hint: 'Give another URL with --from.',
    });
  } else if (!row.copier_replicates || !row.copier_is_owner || !row.copier_reads_users) {
    obstacles.push({
      message: `role ${row.copier}, by which the receiver connects to the sender, may not copy: it must replicate, be a member of the owner of dpg's tables and read public."user"`,
      hint: `Run on the sender: alter role "${row.copier}" replication; or name another role with --from.`,
    });
  }
  // what policies hide is left out of a copy without an error
  for (const relation of row.hidden) {
    obstacles.push({
      message: `role ${row.copier}, by which the receiver connects to the sender, may not see all rows of ${relation}: the table has row level security`,
      hint: `Run on the sender: alter role "${row.copier}" bypassrls; or name another role with --from.`,
    });
  }
  // one for the move, one or two for tables that are copied, one for the users
  const needed = row.has_slot ? 2 : users.is_subscribed ? 3 : 5;
  for (const [setting, free] of [
    ['max_replication_slots', row.free_slots],
    ['max_wal_senders', row.free_senders],
  ]) {
    if (free < needed) {
      obstacles.push({
        message: `the sender has ${free} of ${setting} left, and the move needs ${needed}`,
        hint: `Raise ${setting} there, and restart it; or drop what nobody uses: select * from pg_replication_slots;`,
      });
    }
  }
  if (row.keep_size === '-1') {
    notes.push(
      'the sender keeps WAL for a receiver that has stopped without a limit (max_slot_wal_keep_size = -1): look at --status',
    );
  }
  return { obstacles, notes };
}

async function receiverSettings({ receiver, users, isUnderWay }: Question): Promise<Found> {
  const obstacles: Obstacle[] = [];
  const [row] = await receiver.aside`
    select current_user as role,
      current_setting('max_logical_replication_workers')::integer
        - (select count(*)::integer from pg_stat_subscription s where s.pid is not null) as free_workers,
      coalesce(
          current_setting('max_active_replication_origins', true), current_setting('max_replication_slots')
        )::integer - (select count(*)::integer from pg_replication_origin) as free_origins,
      r.rolsuper as is_super,
      exists (
        select
        from pg_roles p
        where p.rolname = 'pg_create_subscription' and pg_has_role(r.oid, p.oid, 'usage')
      ) and has_database_privilege(current_database(), 'create') as may_subscribe,
      exists (
        select from pg_class c where c.oid = 'dpg.items'::regclass and pg_has_role(r.oid, c.relowner, 'usage')
      ) and pg_has_role(r.oid, (select c.relowner from pg_class c where c.oid = 'public."user"'::regclass), 'usage')
        as is_owner
    from pg_roles r
    where r.rolname = current_user`;
  if (!row) return { obstacles, notes: [] };
  if (receiver.version < 160000 ? !row.is_super : !row.is_super && !(row.may_subscribe && row.is_owner)) {
    obstacles.push({
      message: `role ${row.role} may not subscribe on the receiver`,
      hint:
        receiver.version < 160000
          ? 'On PostgreSQL 15 only a superuser may.'
          : `Connect as a superuser; or as the role that owns dpg's tables and public."user", after an administrator has run: grant pg_create_subscription to "${row.role}"; grant create on database ... to "${row.role}";`,
    });
  }
  // what follows the sender, and one table or two that are copied at the same time; one table after the other does as well
  const followers = 1 + (users.is_subscribed ? 0 : 1);
  const origins = receiver.version >= 180000 ? 'max_active_replication_origins' : 'max_replication_slots';
  for (const [setting, free, needed] of [
    ['max_logical_replication_workers', row.free_workers, isUnderWay ? 1 : followers + 1],
    [origins, row.free_origins, isUnderWay ? 1 : followers + 2],
  ]) {
    if (free < needed) {
      obstacles.push({
        message: `the receiver has ${free} of ${setting} left, and the move needs ${needed}`,
        hint: `Raise ${setting} there (and max_worker_processes), and restart it.`,
      });
    }
  }
  return { obstacles, notes: [] };
}

interface Column {
  relation: string;
  name: string;
  type: string;
  generated: string;
  is_required: boolean;
}

async function readColumns({ aside }: Home, relations: readonly string[]): Promise<Column[]> {
  return await aside<Column[]>`
    select t.relation, a.attname::text as name, format_type(a.atttypid, a.atttypmod) as type,
      a.attgenerated::text as generated,
      a.attnotnull and not a.atthasdef and a.attidentity = '' as is_required
    from unnest(${relations as string[]}::text[]) t(relation)
    join pg_attribute a on a.attrelid = t.relation::regclass and a.attnum > 0 and not a.attisdropped
    order by t.relation, a.attnum`;
}

async function differentColumns(
  sender: Home,
  receiver: Home,
  relations: readonly string[],
): Promise<Obstacle[]> {
  const [here, there] = await Promise.all([readColumns(sender, relations), readColumns(receiver, relations)]);
  const obstacles: Obstacle[] = [];
  const find = (columns: Column[], { relation, name }: Column) =>
    columns.find((column) => column.relation === relation && column.name === name);
  for (const column of here) {
    const other = find(there, column);
    const problem = !other
      ? 'is missing on the receiver'
      : other.type !== column.type
        ? `is ${column.type} on the sender and ${other.type} on the receiver`
        : other.generated !== column.generated
          ? 'is generated on one of the two only'
          : undefined;
    if (problem === undefined) continue;
    obstacles.push({
      message: `${column.relation}: the column ${column.name} ${problem}`,
      hint: 'Give the tables of both servers the same columns: what the application has added here it must add there.',
    });
  }
  for (const column of there) {
    if (column.is_required && !find(here, column)) {
      obstacles.push({
        message: `${column.relation}: the receiver has a column ${column.name} that must be given, and the sender has none`,
        hint: 'Give it a default on the receiver, or add it on the sender.',
      });
    }
  }
  return obstacles;
}

async function tables(sender: Home, receiver: Home, network: string): Promise<Found> {
  const obstacles = await differentColumns(
    sender,
    receiver,
    COPIED.map(([table]) => table),
  );
  const notes: string[] = [];
  // a root that is published makes every change of a leaf fail that has no key to tell rows by
  const identities = await sender.aside`
    select c.oid::regclass::text as relation
    from (values ('dpg.items'), ('dpg.item_actions'), ('dpg.action_events')) r(root)
    cross join lateral pg_partition_tree(r.root::regclass) t
    join pg_class c on c.oid = t.relid
    where c.relreplident not in ('d', 'f')
    limit 5`;
  for (const { relation } of identities) {
    obstacles.push({
      message: `${relation} has a replica identity other than its primary key`,
      hint: `Set it back: alter table ${relation} replica identity default;`,
    });
  }
  const unlogged = await sender.aside`
    select l.leaf::text as relation
    from dpg_private.find_leaves_of_network(${network}) l
    join pg_class c on c.oid = l.leaf
    where c.relpersistence <> 'p'`;
  for (const { relation } of unlogged) {
    obstacles.push({
      message: `${relation} is unlogged: its changes are not replicated`,
      hint: `Run there: alter table ${relation} set logged;`,
    });
  }
  const triggersOf = async ({ aside }: Home) =>
    await aside`
      select distinct r.root, t.tgname::text as name
      from (values ('dpg.items'), ('dpg.item_actions'), ('dpg.action_events')) r(root)
      join pg_trigger t on t.tgrelid = r.root::regclass and not t.tgisinternal
      order by 1, 2`;
  const [here, there] = await Promise.all([triggersOf(sender), triggersOf(receiver)]);
  for (const { root, name } of here) {
    if (there.some((other) => other.root === root && other.name === name)) continue;
    notes.push(
      `the receiver lacks the trigger ${name} of ${root}: what it does for this application is not done there`,
    );
  }
  const referring = await sender.aside`
    select distinct k.conrelid::regclass::text as relation, k.confrelid::regclass::text as referred
    from pg_constraint k
    where k.contype = 'f'
      and k.confrelid in ('dpg.items'::regclass, 'dpg.item_actions'::regclass, 'dpg.action_events'::regclass)
      and k.conparentid = 0`;
  for (const { relation, referred } of referring) {
    notes.push(
      `${relation} refers to ${referred} by a foreign key: its rows stay on the sender, and while some refer to this network --finish cannot take it away`,
    );
  }
  return { obstacles, notes };
}

async function usersTable({ sender, receiver, users }: Question): Promise<Found> {
  const obstacles: Obstacle[] = [];
  const notes: string[] = [];
  if (users.home === 'sender') notes.push(...(await hearsOfOwners(sender, receiver)));
  if (users.is_subscribed) return { obstacles, notes };
  if (users.home === 'another') {
    notes.push(
      `the home of the users is a third server: the receiver will follow it as the sender does, by a subscription ${USERS}`,
    );
    const [row] = await receiver.aside`select count(*)::integer as users from public."user"`;
    if (Number(row?.users) > 0) {
      obstacles.push({
        message: `the receiver has ${count(Number(row?.users), 'user')}, and is to follow a third server`,
        hint: `Empty public."user" there, or create the subscription ${USERS} by hand: docs/moving.md, "Users".`,
      });
    }
    return { obstacles, notes };
  }
  obstacles.push(...(await differentColumns(sender, receiver, ['public."user"'])));
  const [identity] = await sender.aside`
    select c.relreplident in ('d') and not exists (
        select from pg_index i where i.indrelid = c.oid and i.indisprimary
      ) or c.relreplident = 'n' as is_missing
    from pg_class c
    where c.oid = 'public."user"'::regclass`;
  if (identity?.is_missing) {
    obstacles.push({
      message: 'public."user" has no primary key: once it is replicated no user could be changed',
      hint: 'Run there: alter table public."user" add primary key (id);',
    });
  }
  const [taken] = await receiver.aside`
    select exists (select from public."user") and not has_parameter_privilege('session_replication_role', 'set')
        as is_refused,
      current_user as role`;
  if (taken?.is_refused) {
    obstacles.push({
      message: `role ${taken.role} may not copy the users of the receiver anew: without foreign keys, as that is done, it needs session_replication_role`,
      hint: `Connect as a superuser; or let one run there: grant set on parameter session_replication_role to "${taken.role}"; or empty public."user" there.`,
    });
  }
  if (obstacles.length > 0) return { obstacles, notes };
  const found = await compareUsers(sender, receiver);
  const examples = found.examples.length > 0 ? `, such as ${found.examples.join(', ')}` : '';
  for (const [number, what] of [
    [found.missing, 'on the receiver and not on the sender'],
    [found.different, 'on both, with other content'],
    [found.same_email, 'on the receiver, with an e-mail that another user has on the sender'],
  ] as const) {
    if (number === 0) continue;
    obstacles.push({
      message: `${count(number, 'user')} ${number === 1 ? 'is' : 'are'} ${what}${examples}`,
      hint: 'One server is the home of the users, and the receiver follows it. Bring the two tables together first: docs/moving.md, "Users".',
    });
  }
  if (obstacles.length === 0 && found.on_receiver > 0) {
    notes.push(
      `the receiver has ${count(found.on_receiver, 'user')}, all as on the sender: they are copied anew, and until that is done calls there can be refused with DP009`,
    );
  }
  notes.push(
    `users: the receiver follows the sender's public."user" from now on and after the move (publication and subscription ${USERS})`,
  );
  return { obstacles, notes };
}

/** What keeps the home of the users from hearing who owns items on the receiver: the move does without it. */
async function hearsOfOwners(home: Home, receiver: Home): Promise<string[]> {
  const wrong: string[] = [];
  const [there] = await receiver.aside`
    select current_setting('wal_level') as wal_level, r.rolname as role, r.rolsuper or r.rolreplication as may_replicate
    from pg_roles r
    where r.rolname = current_user`;
  if (there?.wal_level !== 'logical') wrong.push(`the receiver has wal_level = ${there?.wal_level}`);
  if (!there?.may_replicate) wrong.push(`role ${there?.role} does not replicate on the receiver`);
  const [here] = await home.aside`
    select r.rolname as role, r.rolsuper as is_super,
      exists (
        select
        from pg_roles p
        where p.rolname = 'pg_create_subscription' and pg_has_role(r.oid, p.oid, 'usage')
      ) and has_database_privilege(current_database(), 'create') as may_subscribe
    from pg_roles r
    where r.rolname = current_user`;
  if (!here?.is_super && !here?.may_subscribe)
    wrong.push(`role ${here?.role} may not subscribe on the sender`);
  if (wrong.length === 0) return [];
  return [
    `the home of the users will not hear who owns items on the receiver, and can delete such a user: ${wrong.join('; ')}. When that is mended, run the command again: before --finish it subscribes`,
  ];
}

async function onReceiver({ receiver, sender, network, isUnderWay }: Question): Promise<Found> {
  const obstacles: Obstacle[] = [];
  if (isUnderWay) return { obstacles, notes: [] };
  const record = await readRecord(receiver, network);
  const leaves = await readLeaves(receiver, network);
  if (record && (record.direction !== 'in' || record.server !== sender.server)) {
    obstacles.push({
      message: `the receiver has a record of a move of ${network} ${record.direction === 'in' ? 'from' : 'to'} ${record.server} (${record.step})`,
      hint:
        record.direction === 'out'
          ? 'Finish that move first: what is left of the network there is in the way. Run there: npx dpg-database move, with --finish.'
          : 'End that move first.',
    });
  } else if (!record && leaves.length > 0) {
    obstacles.push({
      message: `the receiver has the network ${network} already: ${count(leaves.length, 'leaf')}`.replace(
        /leafs$/,
        'leaves',
      ),
      hint: 'Two networks of one name are not merged.',
    });
  } else if (!record) {
    const [row] = await receiver.aside`
      select exists (select from dpg.networks n where n.network = ${network})
        or exists (select from dpg.network_rules r where r.network = ${network})
        or exists (select from dpg.action_definitions d where d.partition_network = ${network})
        or exists (select from dpg.item_definitions d where d.item_network = ${network})
        or exists (select from dpg.item_searches s where s.item_network = ${network}) as is_defined`;
    if (row?.is_defined) {
      obstacles.push({
        message: `the receiver has a document, rules or definitions of ${network}, in whose place those of the sender would come`,
        hint: 'Take them back there: unregister_network, and define_network, define_action, define_item, define_search with null.',
      });
    }
  }
  return { obstacles, notes: [] };
}

async function reaches({ receiver, from, users, isUnderWay }: Question): Promise<Obstacle[]> {
  if (isUnderWay) return [];
  const wrong = await tryToSubscribe(receiver, from);
  const obstacles: Obstacle[] = [];
  if (wrong !== undefined) {
    obstacles.push({
      message: `the receiver cannot subscribe to the sender: ${wrong}`,
      hint: 'Does it reach the sender by this URL? --from gives another one. Does pg_hba.conf let it in, and has the URL a password?',
    });
  }
  if (users.home === 'another' && !users.is_subscribed && users.from === null) {
    obstacles.push({
      message: 'how the home of the users is reached may not be read by this role',
      hint: 'Connect to the sender as a superuser.',
    });
  }
  return obstacles;
}

/** At most 10,001 of each are counted. */
async function actionsBetweenNetworks(
  { aside }: Home,
  network: string,
): Promise<{ from: number; to: number }> {
  const leaves = await aside<{ leaf: string; network: string }[]>`
    select to_regclass('dpg.' || p.name)::text as leaf, p.network
    from dpg_private.partition_names p
    where p.root = 'item_actions'
      and p.key is not null
      and pg_partition_root(to_regclass('dpg.' || p.name)) = 'dpg.item_actions'::regclass`;
  const found = { from: 0, to: 0 };
  for (const leaf of leaves) {
    const isOwn = leaf.network === network;
    const counted = isOwn ? found.from : found.to;
    if (counted >= FEWER) continue;
    const [row] = await aside.unsafe(
      `select count(*)::integer as number
      from (
        select from ${leaf.leaf} a
        where a.source_item_is_local and a.source_item_network ${isOwn ? '<>' : '='} $1
        limit ${FEWER - counted}
      ) a`,
      [network],
    );
    found[isOwn ? 'from' : 'to'] += Number(row?.number);
  }
  return found;
}
