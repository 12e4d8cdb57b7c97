// The bounds of maps, as objects of the real libraries.

import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { LngLatBounds } from 'maplibre-gl';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { type Bounds, boxOf, InvalidArgumentError } from '../../sdk/index.js';

// Leaflet asks its browser what it can do when it is loaded
vi.stubGlobal('document', parseHTML('<html></html>').document);
vi.stubGlobal('navigator', { userAgent: 'node', platform: '' });
vi.stubGlobal('window', { devicePixelRatio: 1, addEventListener() {}, removeEventListener() {} });
const { default: leaflet } = await import('leaflet');
afterAll(() => vi.unstubAllGlobals());

type Edges = [south: number, west: number, north: number, east: number];

/** Bounds of each kind with these edges. */
const kinds: Record<string, (...edges: Edges) => Bounds> = {
  Leaflet: (south, west, north, east) =>
    leaflet.latLngBounds([
      [south, west],
      [north, east],
    ]),
  'what Leaflet sends': (south, west, north, east) => {
    const corners: [number, number][] = [
      [south, west],
      [north, east],
    ];
    const text = leaflet.latLngBounds(corners).toBBoxString();
    return text.split(',').map(Number);
  },
  MapLibre: (south, west, north, east) =>
    new LngLatBounds({ lng: west, lat: south }, { lng: east, lat: north }),
  'what MapLibre sends': (south, west, north, east) =>
    new LngLatBounds({ lng: west, lat: south }, { lng: east, lat: north }).toArray().flat(),
  'a bbox of GeoJSON': (south, west, north, east) => [west, south, east, north],
  'a bbox with heights': (south, west, north, east) => [west, south, -10, east, north, 8848],
};

const cases: [what: string, given: Edges, box: Edges][] = [
  ['as they are', [12.8, 77.4, 13.2, 77.8], [12.8, 77.4, 13.2, 77.8]],
  [
    'all digits',
    [0.1, 0.30000000000000004, 0.2, 179.99999999999997],
    [0.1, 0.30000000000000004, 0.2, 179.99999999999997],
  ],
  ['the whole world', [-90, -180, 90, 180], [-90, -180, 90, 180]],
  ['a point', [1, 2, 1, 2], [1, 2, 1, 2]],
  ['across the meridian to the east', [-20, 170, -10, 190], [-20, 170, -10, -170]],
  ['across the meridian to the west', [-20, -190, -10, -170], [-20, 170, -10, -170]],
  ['one world further east', [1, 370, 2, 380], [1, 10, 2, 20]],
  ['two worlds further west', [1, -715, 2, -705], [1, 5, 2, 15]],
  ['two worlds further, across the meridian', [1, 890, 2, 910], [1, 170, 2, -170]],
  ['from the meridian', [1, 180, 2, 190], [1, 180, 2, -170]],
  ['from the meridian, one world further', [1, 540, 2, 550], [1, -180, 2, -170]],
  ['up to the meridian, one world further', [1, 530, 2, 540], [1, 170, 2, 180]],
  ['up to the meridian from the west', [1, -190, 2, -180], [1, 170, 2, -180]],
  ['the meridian itself', [1, 180, 2, 180], [1, 180, 2, 180]],
  ['the meridian itself, one world further', [1, 540, 2, 540], [1, -180, 2, -180]],
  ['the whole world, moved', [-80, -100, 80, 260], [-80, -180, 80, 180]],
  ['more than the whole world', [-85, -350, 85, 420], [-85, -180, 85, 180]],
  ['nearly the whole world', [-80, -100, 80, 259], [-80, -100, 80, -101]],
];

describe.each(Object.entries(kinds))('%s', (_, bounds) => {
  test.each(cases)('%s', (_what, given, [south, west, north, east]) => {
    expect(boxOf(bounds(...given))).toEqual({ south, west, north, east });
  });
});

test('a bbox whose west is east of its east crosses the meridian, and stays as it is', () => {
  expect(boxOf([170, -20, -170, -10])).toEqual({ south: -20, west: 170, north: -10, east: -170 });
  expect(boxOf([180, 1, -170, 2])).toEqual({ south: 1, west: 180, north: 2, east: -170 });
});

test('latitudes end at the poles', () => {
  const world = leaflet.latLngBounds([
    [-85, -170],
    [85, 170],
  ]);
  expect(boxOf(world.pad(0.5))).toEqual({ south: -90, west: -180, north: 90, east: 180 });
  expect(boxOf([1, -120, 2, 95])).toEqual({ south: -90, west: 1, north: 90, east: 2 });
});

test('however far a map was moved, the same meridians are inside', () => {
  const turns = fc.integer({ min: -9, max: 9 });
  // eighths of a degree, which numbers hold exactly
  const degrees = fc.integer({ min: -8 * 180, max: 8 * 180 }).map((eighths) => eighths / 8);
  const width = fc.integer({ min: 0, max: 8 * 400 }).map((eighths) => eighths / 8);
  fc.assert(
    fc.property(degrees, width, turns, degrees, (start, span, turn, longitude) => {
      const west = start + 360 * turn;
      const east = west + span;
      const box = boxOf([west, -1, east, 1]);
      expect(Math.min(box.west, box.east)).toBeGreaterThanOrEqual(-180);
      expect(Math.max(box.west, box.east)).toBeLessThanOrEqual(180);
      const isShown = Array.from({ length: 41 }, (_, i) => longitude + 360 * (i - 20)).some(
        (each) => each >= west && each <= east,
      );
      const isBetween = (each: number) =>
        box.west <= box.east ? each >= box.west && each <= box.east : each >= box.west || each <= box.east;
      // as in the database: 180 and -180 are one meridian
      const isInside = isBetween(longitude) || (Math.abs(longitude) === 180 && isBetween(-longitude));
      expect(isInside).toBe(isShown);
    }),
    { numRuns: 5000 },
  );
});

test.each([
  ['nothing', undefined],
  ['null', null],
  ['empty bounds of Leaflet', leaflet.latLngBounds([])],
  ['empty bounds of MapLibre', new LngLatBounds()],
  [
    'two corners',
    [
      [1, 2],
      [3, 4],
    ],
  ],
  ['three numbers', [1, 2, 3]],
  ['five numbers', [1, 2, 3, 4, 5]],
  ['texts', ['1', '2', '3', '4']],
  ['NaN', [1, Number.NaN, 3, 4]],
  ['an infinite longitude', [Number.NEGATIVE_INFINITY, 1, Number.POSITIVE_INFINITY, 2]],
  ['the text of a bbox', '1,2,3,4'],
  ['another object', { south: 1, west: 2, north: 3, east: 4 }],
])('%s is refused', (_, given) => {
  expect(() => boxOf(given as never)).toThrow(InvalidArgumentError);
  expect(() => boxOf(given as never)).toThrow(/^(bounds|south|west|north|east) is /);
});
