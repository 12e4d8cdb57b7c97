// What holds of every simulation, whichever networks there are: nothing is lost, no server is brought above the goal, moves
// of one server do not overlap. And the chart in docs is of what the simulation says today.

import { readFile } from 'node:fs/promises';
import fc from 'fast-check';
import { parseHTML } from 'linkedom';
import { describe, expect, test } from 'vitest';
import { choose, type Limits, loadOf, type Server } from './policy.js';
import { outgrown } from './report.js';
import { run, type Settings, withoutMoves } from './run.js';
import { GIANT, SETTINGS } from './settings.js';
import { story } from './story.js';
import { days } from './world.js';

const small: Settings = { ...SETTINGS, networks: 60, days: 200, growth: 8, load: 900 };

describe('a choice', () => {
  const limits: Limits = { capacity: 100, limit: 0.7, goal: 0.6 };
  const server = fc
    .array(
      fc.record({ rank: fc.nat(), load: fc.double({ min: 0.01, max: 90, noNaN: true }), bytes: fc.nat() }),
      {
        maxLength: 12,
      },
    )
    .map((networks): Server => ({ networks }));

  test('takes a network of the sender, and brings no receiver above the goal', () => {
    let chosen = 0;
    fc.assert(
      fc.property(server, fc.array(server, { maxLength: 4 }), (from, receivers) => {
        const choice = choose(from, [from, ...receivers], limits);
        if (!choice) return;
        chosen += 1;
        expect(from.networks).toContain(choice.network);
        expect(receivers).toContain(choice.to);
        expect(loadOf(choice.to.networks) + choice.network.load).toBeLessThanOrEqual(60 + 1e-9);
      }),
      { numRuns: 500 },
    );
    expect(chosen).toBeGreaterThan(50);
  });

  test('is the one with the fewest bytes that suffices, else the one with the highest load that fits', () => {
    const network = (rank: number, load: number, bytes: number) => ({ rank, load, bytes });
    const nobody = { networks: [] };
    const over = { networks: [network(1, 40, 900), network(2, 30, 500), network(3, 15, 1)] };
    expect(choose(over, [nobody], limits)?.network.rank).toBe(2);
    const far = { networks: [network(1, 70, 900), network(2, 45, 500), network(3, 15, 1)] };
    expect(choose(far, [nobody], limits)?.network.rank).toBe(2);
    expect(choose(far, [{ networks: [network(9, 20, 1)] }], limits)?.network.rank).toBe(3);
  });

  test('is none where there is one network, or nobody has room', () => {
    const alone = { networks: [{ rank: 1, load: 99, bytes: 1 }] };
    expect(choose(alone, [{ networks: [] }], limits)).toBeUndefined();
    const two = { networks: [...alone.networks, { rank: 2, load: 61, bytes: 1 }] };
    expect(choose(two, [{ networks: [] }], limits)).toBeUndefined();
  });
});

describe('a run', () => {
  test('loses no network and has none twice; moves of one server do not overlap', () => {
    let moves = 0;
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(20e6, 20e3), (seed, copies) => {
        const settings = { ...small, seed, copies, giant: { rank: 7, from: 50, factor: 1.02 } };
        const found = run(settings);
        const ranks = found.servers.flatMap(({ networks }) => networks.map(({ rank }) => rank));
        expect(ranks.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 60 }, (_, index) => index + 1));
        expect(found.days).toHaveLength(200);
        moves += found.moves.length;
        for (const [server] of found.servers.entries()) {
          const own = found.moves
            .filter(({ from, to }) => from === server || to === server)
            .toSorted((a, b) => a.start - b.start);
          for (const [index, move] of own.entries())
            expect(move.start).toBeGreaterThanOrEqual(own[index - 1]?.end ?? 0);
        }
        const at = new Map<number, number>();
        for (const { network, from, to } of found.moves.toSorted((a, b) => a.start - b.start)) {
          expect(from).toBe(at.get(network) ?? 0);
          at.set(network, to);
        }
      }),
      { numRuns: 20 },
    );
    expect(moves).toBeGreaterThan(100);
  });

  test('is the same for the same seed, another for another', () => {
    expect(run(small)).toEqual(run(small));
    expect(run({ ...small, seed: 2 }).days).not.toEqual(run(small).days);
    expect(withoutMoves(small, 4)).toEqual(withoutMoves(small, 4));
  });

  test('no move makes the network larger or smaller: the loads of a day are those of its networks', () => {
    const sums: number[] = [];
    for (const networks of days(small)) sums.push(loadOf(networks));
    for (const [day, { loads }] of run(small).days.entries())
      expect(loads.reduce((sum, load) => sum + load, 0)).toBeCloseTo(sums[day] ?? 0, 6);
  });

  test('a network larger than a server is alone in the end, and stays over the limit', () => {
    expect(outgrown(SETTINGS, run({ ...SETTINGS, giant: GIANT }))).toEqual(['156 %']);
    expect(outgrown(SETTINGS, run(SETTINGS))).toEqual([]);
  });
});

describe('what npm run simulate says', () => {
  const { text, chart } = story(SETTINGS);
  const read = (name: string) => readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

  test('fits into 80 columns', () => {
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  });

  test('is in docs, with its chart: npm run simulate -- --chart', async () => {
    expect(await read('scaling.svg')).toBe(chart);
    const [, shown = ''] =
      /npm run simulate\n```\n\n```text\n(.*?)\n…\n```/s.exec(await read('scaling.md')) ?? [];
    expect(text.slice(0, shown.length)).toBe(shown);
    expect(shown).toContain('other seeds');
  });

  test('every hue of the chart is exchanged on a dark screen, or is the text', () => {
    const style = parseHTML(`<body>${chart}</body>`).document.querySelector('style')?.textContent ?? '';
    const hues = [...chart.matchAll(/(?:fill|stroke)="(#[0-9a-f]{6})"/g)].map(([, hue]) => hue);
    expect(hues.length).toBeGreaterThan(5);
    for (const hue of hues) expect(style).toContain(`="${hue}"] {`);
  });
});
