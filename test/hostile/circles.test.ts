// Circles of every size, from a point to the whole globe, and those that are none: through the SDK and in plain SQL.

import { beforeAll, describe, expect, test } from 'vitest';
import { DpgError } from '../../sdk/index.js';
import { errorOf, student } from '../sdk/story.js';
import { testDatabase } from '../support/test-database.js';
import { application, outcome } from './application.js';

const database = await testDatabase();
const { sql, dpg } = await application(database);

describe('circles', () => {
  const at = { item_network: 'globe', item_domain: 'place' };
  // a sphere of 6,378,168 m: from the equator to a pole 10,018,802.8 m, half way round 20,037,605.7 m
  const PLACES: [string, number, number][] = [
    ['here', 0, 0],
    ['a metre east', 0, 0.000009],
    ['a quarter east', 0, 90],
    ['a quarter west', 0, -90],
    ['north pole', 90, 0],
    ['south pole', -90, 123],
    ['antipode', 0, 180],
    ['antipode again', 0, -180],
    ['nearly the antipode', 0, 179.9],
  ];

  beforeAll(async () => {
    await dpg
      .as('asha')
      .items.upsertMany(
        PLACES.map(([name, item_latitude, item_longitude]) =>
          student({ ...at, item_latitude, item_longitude, item_state: { name } }),
        ),
      );
    await dpg
      .as('asha')
      .items.upsert(
        student({ ...at, item_latitude: null, item_longitude: null, item_state: { name: 'nowhere' } }),
      );
  });

  const NEAREST_FIRST = [
    'here',
    'a metre east',
    'a quarter east',
    'a quarter west',
    'north pole',
    'south pole',
    'nearly the antipode',
    'antipode',
    'antipode again',
  ];
  const half = Math.PI * 6378168;

  test.each([
    ['0', 0, 1],
    ['-0', -0, 1],
    ['the smallest', 5e-324, 1],
    ['half a metre', 0.5, 1],
    ['two metres', 2, 2],
    ['a metre less than a quarter of the way round', half / 2 - 1, 2],
    ['a metre more than a quarter', half / 2 + 1, 6],
    ['a metre less than to the place before the antipode', 20_026_472.8, 6],
    ['a metre more', 20_026_474.8, 7],
    ['a metre less than half the globe', half - 1, 7],
    ['half the globe', half, 9],
    ['half the globe by a larger radius of it', 20_037_509, 7],
    ['20,040 km', 20_040_000, 9],
    ['once round the globe', 40_075_210, 9],
    ['the largest', 1.7976931348623157e308, 9],
  ])('radius %s', async (_name, radius_meters, holds) => {
    const circle = { latitude: 0, longitude: 0, radius_meters };
    const right = NEAREST_FIRST.slice(0, holds).sort();
    const names = (rows: { item_state: { name?: unknown } }[]) =>
      rows.map((row) => row.item_state.name).sort();
    expect(names((await dpg.items.find({ ...at, ...circle })).rows)).toEqual(right);
    expect(await dpg.items.count({ ...at, ...circle })).toBe(BigInt(holds));
    const nearest = (await dpg.items.nearest({ ...at, ...circle })).rows;
    expect(names(nearest)).toEqual(right);
    const distances = nearest.map((row) => row.distance_meters);
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    const radius = String(radius_meters);
    expect(
      names(
        (await sql`select * from dpg.find_items('globe', 'place', latitude => 0, longitude => 0, radius_meters => ${radius}::text::float8)`) as never,
      ),
    ).toEqual(right);
    expect(
      names(
        (await sql`select * from dpg.nearest_items('globe', 'place', 0, 0, ${radius}::text::float8)`) as never,
      ),
    ).toEqual(right);
  });

  test.each([
    ['negative', -1],
    ['a little negative', -5e-324],
    ['NaN', Number.NaN],
    ['infinite', Number.POSITIVE_INFINITY],
    ['negative infinite', Number.NEGATIVE_INFINITY],
  ])('radius %s is DP001', async (_name, radius_meters) => {
    const circle = { ...at, latitude: 0, longitude: 0, radius_meters };
    const refusals = [dpg.items.find(circle), dpg.items.count(circle), dpg.items.nearest(circle)];
    for (const refusal of refusals) {
      const error = (await errorOf(refusal)) as DpgError;
      expect(error).toBeInstanceOf(DpgError);
      expect([error.code, (error.detail as { argument: string }).argument]).toEqual([
        'DP001',
        'radius_meters',
      ]);
    }
    const radius = String(radius_meters);
    for (const call of [
      sql`select * from dpg.find_items('globe', 'place', latitude => 0, longitude => 0, radius_meters => ${radius}::text::float8)`,
      sql`select dpg.count_items('globe', 'place', latitude => 0, longitude => 0, radius_meters => ${radius}::text::float8)`,
      sql`select * from dpg.nearest_items('globe', 'place', 0, 0, ${radius}::text::float8)`,
    ])
      expect(await outcome(call)).toBe('DP001');
  });

  test.each([
    [Number.NaN, 0],
    [0, Number.NaN],
    [Number.POSITIVE_INFINITY, 0],
    [0, Number.NEGATIVE_INFINITY],
    [90.00000000000001, 0],
    [0, -180.00000000000003],
  ])('a centre at %d, %d is DP001', async (latitude, longitude) => {
    expect(await outcome(dpg.items.nearest({ ...at, latitude, longitude }))).toBe('DP001');
    expect(await outcome(dpg.items.find({ ...at, latitude, longitude, radius_meters: 1 }))).toBe('DP001');
    const [lat, lon] = [String(latitude), String(longitude)];
    expect(
      await outcome(
        sql`select * from dpg.nearest_items('globe', 'place', ${lat}::text::float8, ${lon}::text::float8)`,
      ),
    ).toBe('DP001');
    expect(
      await outcome(
        sql`select dpg.count_items('globe', 'place', latitude => ${lat}::text::float8, longitude => ${lon}::text::float8, radius_meters => 1)`,
      ),
    ).toBe('DP001');
  });
});
