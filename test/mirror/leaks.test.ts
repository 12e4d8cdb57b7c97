// What 10,000 deliveries leave behind with the signal that lives as long as the mirror: nothing.

import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { httpDeliver } from '../../sdk/mirror/index.js';
import { soak } from '../support/soak.js';
import { event, HERE } from './messages.js';
import { SECRET } from './world.js';

/** Node keeps the signals that AbortSignal.any made of one in a set of that one. */
function dependants(signal: AbortSignal): number {
  const symbol = Object.getOwnPropertySymbols(signal).find(({ description }) =>
    /dependant/i.test(description ?? ''),
  );
  const set = symbol && ((signal as never)[symbol] as { size: number } | null | undefined);
  return set?.size ?? 0;
}

test('10,000 deliveries, answered, refused and failed', async () => {
  const { signal } = new AbortController();
  let most = 0;
  const asked = async (_url: unknown, init: RequestInit) => {
    most = Math.max(most, getEventListeners(signal, 'abort').length);
    const { event_id, update_count } = JSON.parse(String(init.body));
    if (update_count === 1) throw new TypeError('fetch failed');
    return Response.json({ event_id }, { status: update_count === 2 ? 409 : 200 });
  };
  const deliver = httpDeliver({ secretOf: () => SECRET, fetch: asked as typeof fetch });
  for (let i = 0; i < soak(10_000, 200_000); i++) {
    const text = JSON.stringify(event({ update_count: i % 3 }));
    await deliver(JSON.parse(text), { peer: HERE, text, signal }).catch(() => undefined);
  }
  expect(most).toBe(1);
  expect(getEventListeners(signal, 'abort')).toEqual([]);
  expect(dependants(signal)).toBe(0);
});

// from 24 on Node keeps them where nothing can look
const major = Number.parseInt(process.versions.node, 10);
test.runIf(major < 24)('the look at dependants sees what it is for', () => {
  const { signal } = new AbortController();
  AbortSignal.any([signal]);
  expect(dependants(signal)).toBe(1);
});

test('a fetch that hears nothing of its signal ends with the time', async () => {
  const deliver = httpDeliver({
    secretOf: () => SECRET,
    fetch: (() => new Promise(() => undefined)) as typeof fetch,
    timeoutMilliseconds: 20,
  });
  const text = JSON.stringify(event());
  const { signal } = new AbortController();
  await expect(deliver(JSON.parse(text), { peer: HERE, text, signal })).rejects.toThrow(
    'no answer within 20 ms',
  );
});
