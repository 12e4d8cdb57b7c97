// Writers that meet rules: several of them perform between the same few pairs of items, of which one action may be open,
// and create and delete items of one user, who may have a few. Checks that read the tables say whether a rule was
// exceeded and whether the counting functions are right.

import { randomUUID } from 'node:crypto';
import type postgres from 'postgres';
import { expect } from 'vitest';
import { type Action, createDpg, ItemNotFoundError, LimitReachedError } from '../../sdk/index.js';
import { student, tutor } from '../sdk/story.js';
import { acknowledged, type Call, keepAction, keepItem, type Send } from './writer.js';

const NETWORK = { item_network: 'ruled' };
const MOST_OPEN = 1; // actions of a pair
const MOST_ITEMS = 4; // items of a user, domain and type
const USERS = ['asha', 'ravi', 'mei'];

const shared = (make: typeof student) =>
  [0, 1].map(() => ({ ...make({ ...NETWORK, item_id: randomUUID() }), item_id: randomUUID() }));
const sources = shared(student);
const targets = shared(tutor);

/** Rules, and the items that all writers share. */
export async function prepareRules(sql: postgres.Sql): Promise<void> {
  const dpg = createDpg(sql);
  await dpg.actions.define({
    ...{ partition_network: 'ruled', action_type: 'connect', transitions: null },
    rules: { max_open_per_pair: MOST_OPEN, final_statuses: ['closed'] },
  });
  await dpg.networks.define({ network: 'ruled', rules: { max_items_per_owner: MOST_ITEMS } });
  for (const item of sources) keepItem(await dpg.as('asha').items.upsert(item));
  for (const item of targets) keepItem(await dpg.as('ravi').items.upsert(item));
}

/** Refused by a rule is an answer as well: a later repetition does not ask for it again, when the rule may allow it. */
function orRefused<Result>(call: Call<Result>, tally: Tally): Call<Result | undefined> {
  let isRefused = false;
  return async (dpg) => {
    if (isRefused) return undefined;
    try {
      return await call(dpg);
    } catch (error) {
      if (!(error instanceof LimitReachedError)) throw error;
      isRefused = true;
      tally.refused += 1;
      return undefined;
    }
  };
}

export interface Tally {
  refused: number;
  performed: number;
  retired: number;
  deleted: number;
}

/** Ids of the user's items that were not deleted yet, by whichever writer. */
const crowd = new Set<string>();

const oneOf = <T>(list: T[]) => list[Math.floor(Math.random() * list.length)] as T;

/** Works until the server is gone. */
export async function meetRules(send: Send, tally: Tally): Promise<void> {
  const keepOne = (action: Action | undefined) => action && keepAction(action);
  for (let i = 0; ; i++) {
    // a pair is the same in both directions
    const ends = [oneOf(sources), oneOf(targets)] as const;
    const [source, target] = i % 2 === 0 ? ends : [ends[1], ends[0]];
    const performer = i % 2 === 0 ? 'asha' : 'ravi';
    const request = { action_type: 'connect', source, target, action_id: randomUUID() };
    const ref = { partition_network: 'ruled', action_type: 'connect', action_id: request.action_id };
    let isPerformed = false;
    await send(
      orRefused(({ as }) => as(performer).actions.perform(request), tally),
      (action) => {
        keepOne(action);
        isPerformed = action !== undefined;
      },
    );
    if (isPerformed) {
      tally.performed += 1;
      const to = (action_status: string) => {
        const move = { action_status, event_id: randomUUID() };
        return send(
          orRefused(({ as }) => as('ravi').actions.transition(ref, move), tally),
          keepOne,
        );
      };
      // another session may have closed it with its item: then it opens again, or the rule refuses that
      await to('seen');
      if (i % 2 === 0) {
        const closings = [0, 1].map(() => ({ ...ref, action_status: 'closed', event_id: randomUUID() }));
        await send(
          ({ as }) => as('asha').actions.transitionMany(closings),
          (results) => {
            for (const { error, ...result } of results) {
              expect(error).toBe(null);
              keepAction(result as unknown as Action);
            }
          },
        );
      } else await to('closed');
      if (i % 3 === 0) await to('open again');
    }
    if (i % 4 === 3) {
      // retiring closes what is open between the shared items, also what was left by writers who are gone
      const [owner, item] = oneOf([
        ['asha', oneOf(sources)],
        ['ravi', oneOf(targets)],
      ] as const);
      const change = { item_status: `retired by ${randomUUID()}`, close_actions_as: ['closed'] };
      // repeated once: each time it closes what is open by then
      let isRetired = false;
      await send(
        async ({ as }) => (isRetired ? undefined : await as(owner).items.setStatus(item, change)),
        (stored) => {
          isRetired = true;
          if (stored) keepItem(stored);
        },
      );
      tally.retired += 1;
    }

    const item = student({ ...NETWORK, item_domain: 'crowd', item_id: randomUUID(), item_state: { i } });
    const key = { ...item, item_id: item.item_id as string };
    await send(
      orRefused(({ as }) => as('mei').items.upsert(item), tally),
      (stored) => {
        if (!stored) return;
        keepItem(stored);
        crowd.add(stored.item_id);
      },
    );
    if (crowd.size > i % 3) {
      const item_id = oneOf([...crowd]);
      crowd.delete(item_id);
      // without an answer it may be there or not; when the call is repeated it may be gone
      acknowledged.items.delete(item_id);
      const remove: Call<void> = async ({ as }) => {
        await as('mei')
          .items.delete({ ...key, item_id })
          .catch((error) => {
            if (!(error instanceof ItemNotFoundError)) throw error;
          });
      };
      await send(remove, () => {
        acknowledged.deleted.add(item_id);
        tally.deleted += 1;
      });
    }
  }
}

/** No pair has more open actions, and no user more items, than the rules allow. */
export async function noRuleIsExceeded(sql: postgres.Sql): Promise<void> {
  const pairs = await sql`
    select array_agg(a.action_id) as action_ids
    from dpg.item_actions a
    where a.partition_network = 'ruled'
      and a.action_status <> 'closed'
    group by least(a.source_item_id, a.target_item_id), greatest(a.source_item_id, a.target_item_id)
    having count(*) > ${MOST_OPEN}`;
  expect([...pairs]).toEqual([]);
  const owners = await sql`
    select i.created_by, i.item_domain, i.item_type, count(*)
    from dpg.items i
    where i.item_network = 'ruled'
    group by i.created_by, i.item_domain, i.item_type
    having count(*) > ${MOST_ITEMS}`;
  expect([...owners]).toEqual([]);
}

/** The counting functions against plain SQL, for each user, and for the items that most actions have. */
export async function countsAreRight(sql: postgres.Sql): Promise<void> {
  const roles = sql`
    select 'initiated' as ownership_role, a.source_item_owner as owner, a.partition_network, a.action_type, a.action_status,
      a.updated_at, a.source_item_network as item_network, a.source_item_domain as item_domain,
      a.source_item_type as item_type, a.source_item_id as item_id
    from dpg.item_actions a
    where a.source_item_is_local
    union all
    select 'received', a.target_item_owner, a.partition_network, a.action_type, a.action_status,
      a.updated_at, a.target_item_network, a.target_item_domain, a.target_item_type, a.target_item_id
    from dpg.item_actions a`;
  const counted = sql`r.ownership_role, r.partition_network, r.action_type, r.action_status`;
  const ofUsers = await sql`
    with
      plain as (
        select r.owner, ${counted}, count(*) as action_count, max(r.updated_at) as latest_at
        from (${roles}) r
        where r.owner = any (${USERS})
        group by r.owner, ${counted}
      ),
      answers as (
        select u.owner, c.*
        from unnest(${USERS}::text[]) u(owner)
        cross join lateral dpg.count_actions(u.owner) c
      )
    select 'too few' as fault, f.* from (select * from plain except all select * from answers) f
    union all
    select 'too many', f.* from (select * from answers except all select * from plain) f`;
  expect([...ofUsers]).toEqual([]);
  const ofItems = await sql`
    with
      busy as (
        select i.item_network, i.item_domain, i.item_type, i.item_id
        from (${roles}) i
        where i.item_network = i.partition_network
        group by i.item_network, i.item_domain, i.item_type, i.item_id
        order by count(*) desc
        limit 100
      ),
      plain as (
        select r.item_network, r.item_domain, r.item_type, r.item_id, ${counted}, count(*) as action_count,
          max(r.updated_at) as latest_at
        from (${roles}) r
        join busy using (item_network, item_domain, item_type, item_id)
        where r.partition_network = r.item_network
        group by r.item_network, r.item_domain, r.item_type, r.item_id, ${counted}
      ),
      answers as (
        select c.*
        from dpg.count_item_actions(array(
          select row(b.item_network, b.item_domain, b.item_type, b.item_id)::dpg.item_ref from busy b
        )) c
      )
    select 'too few' as fault, f.* from (select * from plain except all select * from answers) f
    union all
    select 'too many', f.* from (select * from answers except all select * from plain) f`;
  expect([...ofItems]).toEqual([]);
}
