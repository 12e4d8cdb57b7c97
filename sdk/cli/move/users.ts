// The users: one server is their home, where Better Auth writes, and every other home has a copy that follows it. The
// first move to a server sets that up; it stays when the move is done.

import { Refusal } from '../command.js';
import {
  connectionText,
  dropSlot,
  dropSubscription,
  ensureSlot,
  inTransaction,
  readSubscription,
  subscriptionSql,
} from './copy.js';
import { OWNERS, ownersName, USERS, USERS_MARKER, usersSlot } from './names.js';
import { connectHome, giveLock, type Home, hidden, takeLock } from './servers.js';

export interface Users {
  /** Which server is, or becomes, the users' home. */
  home: 'sender' | 'receiver' | 'another';
  /** Whether the receiver has its subscription, or needs none. */
  is_subscribed: boolean;
  /** How the receiver reaches the home. */
  from: string | null;
}

/** Where the users' home is, as the subscriptions say. */
export async function findUsersHome(sender: Home, receiver: Home, from: string): Promise<Users> {
  const ofSender = await readSubscription(sender, USERS);
  const ofReceiver = await readSubscription(receiver, USERS);
  if (!ofSender) {
    // a subscription of the receiver is to the sender: that has the slot
    if (ofReceiver && !(await hasSlot(sender, ofReceiver.slot))) {
      throw new Refusal(
        `the receiver's subscription ${USERS} is to a third server, and the sender has none`,
        'One server is the home of the users; every other one subscribes to it. See docs/moving.md, "Users".',
      );
    }
    return { home: 'sender', is_subscribed: ofReceiver !== undefined, from };
  }
  if (!ofReceiver && (await hasSlot(receiver, ofSender.slot))) {
    return { home: 'receiver', is_subscribed: true, from: null };
  }
  return { home: 'another', is_subscribed: ofReceiver !== undefined, from: ofSender.conninfo };
}

async function hasSlot({ aside }: Home, slot: string | null): Promise<boolean> {
  const [row] = await aside`
    select from pg_replication_slots s where s.slot_name = ${slot} and s.database = current_database()`;
  return row !== undefined;
}

export interface UserDifferences {
  on_receiver: number;
  /** Of those: not on the home, or there with other content; and with an e-mail that another user has there. */
  missing: number;
  different: number;
  same_email: number;
  examples: string[];
}

/** Compares the users that the receiver has with those of the home. The one who stands for erased users is not counted. */
export async function compareUsers(home: Home, receiver: Home): Promise<UserDifferences> {
  const found: UserDifferences = { on_receiver: 0, missing: 0, different: 0, same_email: 0, examples: [] };
  const columns = await commonColumns(home, receiver);
  const hasEmail = columns.includes('email');
  const list = columns.map((column) => `u."${column.replaceAll('"', '""')}"`).join(', ');
  for (let after = ''; ; ) {
    const [page] = await receiver.aside.unsafe<{ users: string; last: string | null; rows: number }[]>(
      `select coalesce(jsonb_agg(to_jsonb(p)), '[]')::text as users, max(p.id collate "C") as last, count(*)::integer as rows
      from (
        select ${list} from public."user" u
        where u.id collate "C" > $1 and u.id <> dpg_private.tombstone()
        order by u.id collate "C"
        limit 5000
      ) p`,
      [after],
    );
    if (!page || page.last === null) return found;
    after = page.last;
    found.on_receiver += page.rows;
    const [row] = await home.aside.unsafe<(UserDifferences & { examples: string[] | null })[]>(
      `select count(*) filter (where s.id is null)::integer as missing,
        count(*) filter (where s.id is not null and to_jsonb(s) <> r.content)::integer as different,
        count(*) filter (where e.id is not null)::integer as same_email,
        (array_agg(r.content ->> 'id' order by r.content ->> 'id' collate "C") filter (where s.id is null or to_jsonb(s) <> r.content or e.id is not null))[:5]
          as examples
      from jsonb_array_elements($1::text::jsonb) r(content)
      left join lateral (
        select ${list} from public."user" u where u.id = r.content ->> 'id'
      ) s on true
      left join lateral (
        select u.id from public."user" u
        where ${hasEmail ? `u.email = r.content ->> 'email' and u.id <> r.content ->> 'id'` : 'false'}
        limit 1
      ) e on true`,
      [page.users],
    );
    if (!row) return found;
    found.missing += row.missing;
    found.different += row.different;
    found.same_email += row.same_email;
    if (found.examples.length < 5) found.examples.push(...(row.examples ?? []));
  }
}

async function commonColumns(home: Home, receiver: Home): Promise<string[]> {
  const of = async ({ aside }: Home) =>
    (
      await aside`
        select a.attname::text as name from pg_attribute a
        where a.attrelid = 'public."user"'::regclass and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        order by a.attname`
    ).map(({ name }) => String(name));
  const there = new Set(await of(receiver));
  return (await of(home)).filter((name) => there.has(name));
}

/** Publishes the users on their home, for the first of the others. */
async function ensureUsersPublication({ sql }: Home): Promise<void> {
  const [there] = await sql`select from pg_publication p where p.pubname = ${USERS}`;
  if (there) return;
  // erase_user creates this user where it is missing: on two servers at once the rows would meet
  await sql`select dpg_private.ensure_tombstone()`;
  await sql.unsafe(
    `create publication ${USERS} for table public."user", dpg_private.move_markers where (network = '${USERS_MARKER}')
    with (publish = 'insert, update, delete')`,
  );
}

/** The receiver follows the users' home, from now on and after the move. */
export async function ensureUsersSubscription(
  users: Users,
  sender: Home,
  receiver: Home,
  say: (line: string) => void,
): Promise<void> {
  if (users.is_subscribed) return;
  if (users.from === null) {
    throw new Refusal(
      `the sender's subscription ${USERS} is to a third server, and this role may not read how it is reached`,
      `Create a subscription ${USERS} on the receiver, as the sender has one, or connect to the sender as a superuser.`,
    );
  }
  const { from } = users;
  const home = users.home === 'sender' ? sender : await connectHome('sender', from);
  // two networks may move at the same time
  await takeLock(receiver, USERS_MARKER);
  try {
    if (await readSubscription(receiver, USERS)) return;
    const slot = usersSlot(receiver.server);
    await ensureUsersPublication(home);
    await ensureSlot(home, slot, say);
    await inTransaction(receiver, async ({ sql }) => {
      await sql.unsafe(`set local lock_timeout = '5s'; lock table public."user" in share row exclusive mode`);
      const [row] = await sql`select count(*)::integer as users from public."user"`;
      if (Number(row?.users) > 0) {
        // They are on the home as well, which was checked, and come with the copy. Without triggers and foreign keys: whatever
        // refers to them stays.
        await sql.unsafe(`set local session_replication_role = replica; delete from public."user"`);
      }
      await sql`delete from dpg_private.move_markers m where m.network = ${USERS_MARKER}`;
      await sql`select dpg_private.guard_copied_users()`;
      await sql.unsafe(subscriptionSql(USERS, USERS, slot, connectionText(from)));
    }).catch((error: Error) => {
      throw new Refusal(
        `the receiver could not subscribe to the users: ${hidden(error.message, from, receiver.url)}`,
        'Is the home of the users reached from there by this URL? --from gives another one.',
        { cause: error },
      );
    });
  } finally {
    await giveLock(receiver, USERS_MARKER);
    if (home !== sender) await home.end();
  }
}

/**
 * The users' home hears who owns items on the receiver, and does not delete them. After the switch: until then their foreign key
 * holds them where they are. Where it cannot be had the move is none the worse: the receiver keeps a user who is deleted too early.
 */
export async function ensureOwnersSubscription(
  users: Users,
  sender: Home,
  receiver: Home,
  say: (line: string) => void,
): Promise<void> {
  if (users.home === 'receiver') return;
  const name = ownersName(receiver.server);
  let home = sender;
  try {
    await receiver.sql`select dpg_private.guard_copied_users()`;
    if (users.home === 'another') home = await connectHome('sender', users.from ?? '');
    if (await readSubscription(home, name)) return;
    const [there] = await receiver.sql`select from pg_publication p where p.pubname = ${OWNERS}`;
    if (!there) await receiver.sql.unsafe(`create publication ${OWNERS} for table dpg_private.home_owners`);
    await inTransaction(home, async ({ sql }) => {
      await sql`set local lock_timeout = '5s'`;
      await sql`select dpg_private.guard_users()`;
    });
    await ensureSlot(receiver, name, say);
    await inTransaction(home, async ({ sql }) => {
      await sql.unsafe(subscriptionSql(name, OWNERS, name, connectionText(receiver.url)));
    }).catch(async (error) => {
      await dropSlot(receiver, name);
      throw error;
    });
  } catch (error) {
    const reason = hidden((error as Error).message, receiver.url, users.from ?? '');
    say(`the home of the users does not hear who owns items on ${receiver.server}: ${reason}`);
    say('until it does, it can delete such a user; see docs/moving.md, "Users"');
  } finally {
    if (home !== sender) await home.end();
  }
}

/** For the record, before the receiver follows the users' home: what must be taken back when the move is aborted. */
export async function usersDetail(users: Users, receiver: Home): Promise<Record<string, unknown>> {
  if (users.is_subscribed) return {};
  const [row] = await receiver.aside`select not exists (select from public."user") as is_empty`;
  return { follows_users: usersSlot(receiver.server), had_no_users: row?.is_empty };
}

/** Takes back what the move has set up for the users, where nothing else on the receiver needs it. */
export async function leaveUsersHome(
  detail: Record<string, unknown>,
  sender: Home,
  receiver: Home | undefined,
): Promise<void> {
  const slot = detail.follows_users;
  if (typeof slot !== 'string') return;
  if (receiver) {
    const [row] = await receiver.aside`
      select exists (select from dpg_private.moves) or exists (select from dpg_private.owner_leaves) as is_needed`;
    if (row?.is_needed) return;
    await dropSubscription(receiver, USERS);
    await receiver.aside`select dpg_private.unguard_copied_users()`;
    if (detail.had_no_users) await receiver.aside`delete from public."user"`;
  }
  const ofSender = await readSubscription(sender, USERS);
  if (ofSender && ofSender.conninfo === null) return;
  const home = ofSender?.conninfo ? await connectHome('sender', ofSender.conninfo) : sender;
  try {
    await dropSlot(home, slot);
    const [row] = await home.aside`
      select exists (
        select from pg_replication_slots s where s.slot_name ~ '^dpg_users_' and s.database = current_database()
      ) as is_needed`;
    if (!row?.is_needed) await home.aside.unsafe(`drop publication if exists ${USERS}`);
  } finally {
    if (home !== sender) await home.end();
  }
}
