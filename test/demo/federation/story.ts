// A student at one instance, a tutor at another.

import { randomUUID } from 'node:crypto';
import { type Action, eventText, type Item } from '../../../sdk/index.js';
import { follow, remoteInstance } from '../../../sdk/mirror/index.js';
import { bold, count, dim, done, expect, heading, red, say, seconds, table, timed } from '../output.js';
import { compareLogs } from './compare.js';
import type { Instance } from './instance.js';
import { type MirrorProcess, startMirror } from './mirror.js';

const BUSY_ACTIONS = 150;

export async function tellFederation(a: Instance, b: Instance, secret: string): Promise<void> {
  heading('2 · A student at A asks a tutor at B');
  const [asha, ravi] = await publish(a, b);
  const remote = remoteInstance({ endpoint: `${b.url}/dpg`, sender: a.url, secret });
  const ask = (action_id: string) =>
    remote.receiveAction({
      action_type: 'connect',
      source: asha,
      source_item_owner: 'asha',
      target: ravi,
      action_id,
    });
  const request = await ask(randomUUID());
  done(`A → B  receive_action, signed ${dim(`→ ${request.action_status}, it lives on B`)}`);
  const again = await ask(request.action_id);
  expect(again.update_count === 0 && again.created_at === request.created_at, 'the same action again');
  done(`A → B  the same again, as after a lost answer ${dim('→ the same action, nothing written')}`);
  await refused(a, b, request, ravi);

  let mirror = startMirror(b, secret);
  done(`B starts its mirror ${dim(`→ process ${mirror.pid}`)}`);
  await b.dpg
    .as('ravi')
    .actions.transition(request, { action_status: 'accepted', remarks: 'See you on Monday' });
  done('Ravi accepts at B');
  const { milliseconds } = await timed(() =>
    until('asha to see it', async () => (await seenBy(a, request))?.action_status === 'accepted'),
  );
  const seen = await seenBy(a, request);
  done(
    `Asha finds it at A ${dim(`→ accepted, after ${seconds(milliseconds)}; lives at ${seen?.target_item_instance_url}`)}`,
  );

  heading('3 · A goes away, the mirror is killed');
  await a.down();
  done('A is down');
  const busy = await beBusy(b, asha, ravi, ask);
  done(`Meanwhile B: ${count(busy * 3)} events of ${count(busy)} actions`);
  await until('the mirror to notice', async () => (await status(b, a))?.last_error !== null);
  await showStatus(b, a);
  await a.up();
  done('A is back');
  mirror = await killInMidBatch(mirror, a, b, secret);
  await until('the mirror to be done', async () => (await status(b, a))?.lag_events === 0n, 60_000);
  await showStatus(b, a);

  heading('4 · Repeated, and in any order');
  await repeat(b, secret, a);

  heading('5 · Both logs');
  expect((await mirror.stop()) === 0, 'the mirror to end well');
  done('SIGTERM: the mirror lets go and ends');
  await compare(a, b);
}

async function publish(a: Instance, b: Instance): Promise<[Item, Item]> {
  const profile = (domain: string, url: string, latitude: number, longitude: number) => ({
    item_network: 'yellow_dot',
    item_domain: domain,
    item_type: 'profile_1.0',
    item_instance_url: url,
    item_schema_url: `https://schemas.example.com/${domain}_profile_v1.json`,
    item_latitude: latitude,
    item_longitude: longitude,
  });
  const items = await Promise.all([
    a.dpg.as('asha').items.upsert(profile('student', a.url, 12.9716, 77.5946)),
    b.dpg.as('ravi').items.upsert(profile('tutor', b.url, 12.925, 77.5938)),
  ]);
  done(`Asha's profile is at A ${dim(a.url)}, Ravi's at B ${dim(b.url)}`);
  return items;
}

/** Who has another secret is not believed. */
async function refused(a: Instance, b: Instance, request: Action, ravi: Item): Promise<void> {
  const forger = remoteInstance({ endpoint: `${b.url}/dpg`, sender: a.url, secret: randomUUID() });
  const attempt = forger.receiveTransition({
    source_item_owner: 'asha',
    partition_network: ravi.item_network,
    action_type: request.action_type,
    action_id: request.action_id,
    action_status: 'withdrawn',
  });
  const error = await attempt.then(
    () => undefined,
    (thrown: Error & { status?: number }) => thrown,
  );
  expect(error?.status === 401, 'a forged message to be refused');
  say(`${red('✗')} Somebody says that A withdraws ${dim(`→ ${error.message}`)}`);
}

/** Actions of Asha's at B, each made and moved twice, by both. */
async function beBusy(
  b: Instance,
  asha: Item,
  ravi: Item,
  ask: (id: string) => Promise<Action>,
): Promise<number> {
  for (let i = 0; i < BUSY_ACTIONS; i += 10) {
    await Promise.all(
      Array.from({ length: 10 }, async (_, k) => {
        const action = await ask(randomUUID());
        await b.dpg
          .as('ravi')
          .actions.transition(action, { action_status: 'accepted', event_payload: { lesson: i + k } });
        await b.dpg.actions.receiveTransition({
          partition_network: ravi.item_network,
          action_type: action.action_type,
          action_id: action.action_id,
          source_item_instance_url: asha.item_instance_url,
          source_item_owner: 'asha',
          action_status: 'done',
        });
      }),
    );
  }
  return BUSY_ACTIONS;
}

async function killInMidBatch(
  mirror: MirrorProcess,
  a: Instance,
  b: Instance,
  secret: string,
): Promise<MirrorProcess> {
  const before = a.taken;
  await until('the mirror to be at work', async () => a.taken > before + 20);
  await mirror.kill();
  const open = await status(b, a);
  done(
    `SIGKILL to the mirror after ${count(a.taken - before)} events ${dim(`→ ${open?.lag_events} not acknowledged, its lease runs out`)}`,
  );
  const next = startMirror(b, secret);
  done(`Another is started ${dim(`→ process ${next.pid}`)}`);
  return next;
}

/** All of B's events for A, each twice, shuffled. */
async function repeat(b: Instance, secret: string, a: Instance): Promise<void> {
  await b.dpg.subscriptions.create({ subscription: 'replay', source_item_instance_url: a.url });
  const texts: string[] = [];
  const all = (await status(b, a))?.acknowledged_position;
  for await (const batch of follow({ dpg: b.dpg, subscription: 'replay' })) {
    texts.push(...batch.events.map(eventText));
    if ((await batch.acknowledge()) === all) break;
  }
  const deliveries = [...texts, ...texts].sort(() => Math.random() - 0.5);
  const remote = remoteInstance({ endpoint: `${a.url}/dpg`, sender: b.url, secret });
  const { milliseconds } = await timed(async () => {
    const next = deliveries[Symbol.iterator]();
    await Promise.all(
      Array.from({ length: 8 }, async () => {
        for (const text of next) await remote.storeEvent(text);
      }),
    );
  });
  done(
    `${count(deliveries.length)} deliveries again, shuffled, in ${seconds(milliseconds)} ${dim('→ each answered with the stored event')}`,
  );
}

async function compare(a: Instance, b: Instance): Promise<void> {
  const { here, there, differing } = await compareLogs(b, a);
  table(
    ['log', 'events of actions that started at A'],
    [
      ['B, where they live', here],
      ['A, mirrored', there],
    ],
  );
  expect(here === there && differing.length === 0, `equal logs, not ${differing.length} differences`);
  done(bold('Equal: payload, owners, coordinates, ids and times, byte for byte'));

  const found = new Map<string, number>();
  for await (const action of a.dpg.as('asha').actions.find({ page_size: 100 }))
    found.set(action.action_status, (found.get(action.action_status) ?? 0) + 1);
  expect(
    found.get('done') === BUSY_ACTIONS && found.get('accepted') === 1,
    "Asha's actions as they are at B",
  );
  done(`Asha finds at A: ${[...found].map(([status, n]) => `${n} ${status}`).join(', ')}`);
}

async function seenBy(a: Instance, request: Action): Promise<Action | undefined> {
  const { rows } = await a.dpg.as('asha').actions.find({ ownership_role: 'initiated' });
  return rows.find((row) => row.action_id === request.action_id);
}

async function status(b: Instance, a: Instance) {
  return (await b.dpg.subscriptions.list({ subscription: `mirror ${a.url}` }))[0];
}

async function showStatus(b: Instance, a: Instance): Promise<void> {
  const now = await status(b, a);
  expect(now !== undefined, 'a subscription of the mirror');
  table(
    ['subscription', 'lag', 'seconds', 'last error'],
    [[now.subscription, now.lag_events, now.lag_seconds.toFixed(1), (now.last_error ?? '').slice(-40)]],
  );
}

async function until(what: string, isTrue: () => Promise<boolean>, milliseconds = 20_000): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!(await isTrue())) {
    expect(performance.now() < end, `${what} within ${seconds(milliseconds)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
