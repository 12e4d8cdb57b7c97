// Positions where there are no replicas: one server has them all, and the process that writes need not know of others.

import { expect, test } from 'vitest';
import { createDpg } from '../../sdk/index.js';
import { isReached, later, lsnText, positionsIn, positionText } from '../../sdk/replicas/positions.js';
import { addUsers, noting, student } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
const statements: string[] = [];
const dpg = createDpg(database.connect(noting(statements)));

test('a position of one server is asked for in one statement, and grows with what is written', async () => {
  await addUsers(database.sql, 'asha');
  const before = await dpg.position();
  const item = await dpg.as('asha').items.upsert(student());
  statements.length = 0;
  const after = await dpg.position();
  expect(statements).toHaveLength(1);
  const [[first], [second]] = [positionsIn(before), positionsIn(after)] as [[never], [never]];
  expect(later(first, second)).toBe(second);
  expect(await dpg.at(after).items.get(item)).toEqual(item);
  expect(await dpg.at(null).items.get(item)).toEqual(item);
  expect(dpg.at(after).sql).toBe(dpg.sql);
  expect(() => dpg.at('here')).toThrow(expect.objectContaining({ code: 'DP001' }));
});

test('a transaction has none before it is committed', async () => {
  await dpg.sql.begin(async (tx) => {
    await expect(dpg.with(tx).position()).rejects.toMatchObject({ code: 'DP001' });
    expect((await dpg.with(tx).at(null).items.find({ item_network: 'yellow_dot' })).rows).toHaveLength(1);
  });
});

test('the text of positions is read as it was written, and no other text', () => {
  const at = (cluster: string, timeline: number, lsn: bigint) => ({ cluster, timeline, lsn });
  const several = [at('7500000000000000001', 1, 0x1_0000_0028n), at('7500000000000000002', 12, 0n)];
  expect(positionText(several)).toBe('7500000000000000001-1-100000028.7500000000000000002-12-0');
  expect(positionsIn(positionText(several))).toEqual(several);
  expect(lsnText(several[0] as never)).toBe('1/28');
  for (const text of ['', '-', '1-1', '1-1-', '1-1-g', '1-1-1.', ' 1-1-1', '1-1-1\n', '1-1-1;2-1-1'])
    expect(positionsIn(text), text).toBeUndefined();
});

test('which position has another', () => {
  const at = (timeline: number, lsn: bigint) => ({ cluster: '1', timeline, lsn });
  const replica = (timeline: number, lsn: bigint, receivedTimeline: number | null = null) => ({
    ...at(timeline, lsn),
    receivedTimeline,
  });
  expect(isReached(replica(1, 100n), at(1, 100n))).toBe(true);
  expect(isReached(replica(1, 99n), at(1, 100n))).toBe(false);
  // left behind by a promotion: the same number, other content
  expect(isReached(replica(1, 200n), at(2, 100n))).toBe(false);
  // it receives the new timeline, which its control file does not know of yet
  expect(isReached(replica(1, 200n, 2), at(2, 100n))).toBe(true);
  expect(isReached(replica(1, 99n, 2), at(2, 100n))).toBe(false);
  // what was lost with the former primary
  expect(isReached(replica(2, 100n), at(1, 200n))).toBe(true);
  expect(isReached(replica(1, 100n, 2), at(1, 200n))).toBe(false);
  expect(later(at(1, 200n), at(2, 100n))).toEqual(at(2, 100n));
  expect(later(at(1, 200n), at(1, 100n))).toEqual(at(1, 200n));
});
