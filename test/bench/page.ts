// docs/benchmark.md: what a user gains, how it is measured, and each experiment. All figures are those of the kept results.

import { better } from './charts/chart.js';
import { ordered } from './charts/hues.js';
import { CONTESTANTS } from './contestants/all.js';
import { BARE, COPY, MESSAGE_DB, POSTGIS, ROUND_TRIP, SEED, THIS } from './contestants/contestant.js';
import { isMet, type Measurement, type Ratio, target } from './experiment.js';
import { rounded } from './measure.js';
import { optionRows } from './options.js';
import type { Kept } from './summary.js';

/** Of several distances the one that is shown first, in milliseconds. */
const ACROSS_A_NETWORK = 1;
/** So many ratios are shown one by one; of more, those with the same words in one row. */
const ONE_BY_ONE = 7;
const OTHER_WAYS = [BARE, POSTGIS, COPY, MESSAGE_DB];
const CREATE = 'Create an item';
const ACT = 'Start an action and change its status';
const MILLION = '1,000,000';

export function page(all: Kept[]): string {
  const parts = [
    '# Benchmark',
    '<!-- Written by `npm run bench` from test/bench. Words: test/bench/page.ts and test/bench/experiments. -->',
    ...gains(all),
    '## How it is measured',
    ...measured(all),
    '## Targets',
    ...targets(all),
    ...all.flatMap(section),
  ];
  return `${parts.join('\n\n')}\n`;
}

/** At most five sentences and a table. */
function gains(all: Kept[]): string[] {
  const network = find(all, 'network');
  const far = distance(network);
  const at = (panel: string, who: string) =>
    rounded(medianOf(network, (m) => m.panel === panel && m.who === who && m.what === far));
  const trips = ['upsert', 'perform + transition'].map(
    (panel) => `${at(panel, THIS)} ms instead of ${at(panel, SEED)}`,
  );
  const byHand = ['upsert', 'actions', 'network', 'get-item'].flatMap((name) =>
    find(all, name)
      .ratios.filter(({ what }) => what.startsWith("× bare SQL's time"))
      .map(({ value }) => value),
  );
  const nearest = find(all, 'nearest');
  const one = (who: string) =>
    medianOf(nearest, (m) => m.what === `${MILLION} points, one domain` && m.who === who);
  const grown = (name: string) =>
    span(
      find(all, name)
        .ratios.filter(({ what }) => what.startsWith('× the time at'))
        .map(({ value }) => value),
    );
  const wanted = all.flatMap(({ ratios }) => ratios).filter((ratio) => target(ratio) !== '');
  const missed = wanted.filter((ratio) => !isMet(ratio)).length;
  return [
    [
      `A call is one round trip: with a server ${far} ms away, creating an item takes ${trips[0]} with the design that this project replaces ("the seed"), and an action with its transition ${trips[1]}.`,
      `The calls take ${span(byHand)} times as long as the bare SQL that an expert would write for the same effect; they also explain what they refuse, and may be repeated.`,
      `The nearest 20 of a million items are found in ${rounded(one(THIS))} ms without PostGIS; the seed took ${rounded(one(SEED) / 1000)} s.`,
      `A call costs about the same as everything grows: ${grown('leaves')} times with 5,000 leaves instead of 10, ${grown('scale')} times with 10,000,000 items instead of 10,000.`,
      missed === 0
        ? `All of ${wanted.length} [targets](#targets) are reached.`
        : `Not everything is won: ${missed} of ${wanted.length} [targets](#targets) are missed, and the experiments below say why.`,
    ].join('\n'),
    table(
      ['', 'this project', "the seed's use", 'another way'],
      [
        gain(find(all, 'upsert'), `${CREATE}, on loopback`, () => true),
        gain(network, `${CREATE}, ${far} ms away`, (m) => m.panel === 'upsert' && m.what === far),
        gain(find(all, 'actions'), `${ACT}, on loopback`, (m) => m.what === 'both'),
        gain(network, `${ACT}, ${far} ms away`, (m) => m.panel === 'perform + transition' && m.what === far),
        gain(find(all, 'upsert-concurrently'), 'Create items, 16 connections', () => true),
        gain(find(all, 'bulk'), 'Load 100,000 places, two calls at a time', () => true),
        gain(
          find(all, 'circle'),
          `Newest 20 within 5 km, of ${MILLION}`,
          (m) => m.panel === 'newest 20, one domain' && m.what === MILLION,
        ),
        gain(nearest, `Nearest 20, of ${MILLION}`, (m) => m.what === `${MILLION} points, one domain`),
        gain(
          find(all, 'append'),
          'Change a status, with the version that is expected',
          (m) => m.what === 'one connection',
        ),
        gain(find(all, 'feed'), 'Read events, 1,000 at a time', (m) => m.what === 'later readers'),
      ],
    ),
  ];
}

function gain(kept: Kept, words: string, isIt: (m: Measurement) => boolean): string[] {
  const found = kept.measurements.filter(isIt);
  const [ours, seeds] = [THIS, SEED].map((who) => found.find((m) => m.who === who));
  const hand = found.find(({ who }) => OTHER_WAYS.includes(who));
  const value = (m: Measurement | undefined) => (m ? `${rounded(m.median)} ${kept.unit}` : '–');
  return [
    `[${words}](#${anchor(kept.title)})`,
    `**${value(ours)}**`,
    value(seeds),
    hand ? `${value(hand)} (${hand.who})` : '–',
  ];
}

/** For README.md: by round trips, and on loopback beside it. */
export function readmeFigures(all: Kept[]): string {
  const network = find(all, 'network');
  const [far, near] = [distance(network), network.measurements[0]?.what];
  const of = (panel: string, who: string) => {
    const at = (what: string | undefined) =>
      rounded(medianOf(network, (m) => m.panel === panel && m.who === who && m.what === what));
    return who === THIS ? `**${at(far)} ms** (${at(near)})` : `${at(far)} ms (${at(near)})`;
  };
  const whos = [THIS, BARE, SEED];
  return table(
    [`with a server ${far} ms away (on loopback)`, ...whos],
    [
      [CREATE, ...whos.map((who) => of('upsert', who))],
      [ACT, ...whos.map((who) => of('perform + transition', who))],
    ],
  );
}

function measured(all: Kept[]): string[] {
  const trips = find(all, 'network');
  const near = rounded(
    Math.min(...trips.measurements.filter((m) => m.who === ROUND_TRIP).map((m) => m.median)),
  );
  return [
    `<!-- not run: takes many minutes -->\n\`\`\`sh\nnpm run bench\n\`\`\``,
    table(['option', 'does'], optionRows()),
    `The command writes results, charts and this page. The results that are shown are from ${machines(all)}.`,
    table(
      ['contestant', 'is'],
      Object.entries(CONTESTANTS).map(([name, { is }]) => [name, is]),
    ),
    [
      `- **Ratios.** All contestants run side by side, on one server with durable settings, each in a database of its own. They take turns in`,
      `  rounds, so that whatever else the machine does meets all of them. Read the ratios of the medians: times differ from machine to machine.`,
      `- **Targets** are what the project set out to reach. One that is missed stays here.`,
      `- **Distance.** Client and server are on one machine, where a round trip takes ${near} ms. Between two machines of a data centre it is`,
      `  nearer to ${ACROSS_A_NETWORK} ms. "Away" means a proxy on loopback that holds back every chunk of data.`,
      `- **Limits.** Two cores are shared by client and server. The disk is fast (see "flush" below each experiment): on a slower one everybody's`,
      `  writes take longer, and ratios of writes come closer to 1. The same people wrote this project and the bare SQL.`,
    ].join('\n'),
  ];
}

function targets(all: Kept[]): string[] {
  const rows = all.flatMap((kept) =>
    groups(kept.ratios)
      .filter(([first]) => first && target(first) !== '')
      .map((group) => [`[${kept.title}](#${anchor(kept.title)})`, ...row(group)]),
  );
  return [
    'Each is a ratio of medians in one run; of several cases, the lowest and the highest.',
    table(['experiment', 'ratio', 'measured', 'target', ''], rows),
  ];
}

function section(kept: Kept): string[] {
  const grouped = groups(kept.ratios);
  const each = table(
    ['ratio of medians', '', 'target', ''],
    kept.ratios.map((ratio) => row([ratio])),
  );
  return [
    `## ${kept.title}`,
    kept.done,
    `![${kept.title}](../test/bench/results/${kept.name}.svg)`,
    `${better(kept.unit)}. ${samples(kept)}`,
    ...(kept.ratios.length <= ONE_BY_ONE
      ? [each]
      : [
          table(['ratio of medians', '', 'target', ''], grouped.map(row)),
          `<details><summary>Each of ${kept.ratios.length} ratios</summary>\n\n${each}\n\n</details>`,
        ]),
    ...list('', kept.notes),
    ...list('Limits:', kept.limits),
    ...list('Why a target is missed:', kept.ratios.every(isMet) ? [] : (kept.missed ?? [])),
    under(kept),
  ];
}

function list(head: string, texts: string[]): string[] {
  if (texts.length === 0) return [];
  return [...(head === '' ? [] : [head]), texts.map((text) => `- ${text}`).join('\n')];
}

/** Those with the same words and the same target, in one row. */
function groups(ratios: Ratio[]): Ratio[][] {
  const found = new Map<string, Ratio[]>();
  for (const ratio of ratios) {
    const key = `${ratio.shown ?? ratio.what.split(', ')[0]} | ${target(ratio)}`;
    found.set(key, [...(found.get(key) ?? []), ratio]);
  }
  return [...found.values()];
}

function row(group: Ratio[]): string[] {
  const [first] = group;
  if (!first) return [];
  const met = group.filter(isMet).length;
  const held =
    met === group.length ? 'reached' : met === 0 ? 'missed' : `reached in ${met} of ${group.length}`;
  const cases = first.shown ?? `${first.what.split(', ')[0]}, ${group.length} cases`;
  return [
    group.length === 1 ? first.what : cases,
    span(group.map(({ value }) => value)),
    target(first),
    target(first) && held,
  ];
}

function span(values: number[]): string {
  const [least, most] = [decimals(Math.min(...values)), decimals(Math.max(...values))];
  return least === most ? least : `${least} to ${most}`;
}

function decimals(value: number): string {
  if (value >= 100) return rounded(value);
  return value < 0.1 ? String(Number(value.toPrecision(2))) : value.toFixed(2);
}

function samples({ measurements }: Kept): string {
  const counts = measurements.map((m) => m.samples);
  const [least, most] = [Math.min(...counts), Math.max(...counts)].map((n) => n.toLocaleString('en'));
  return `${least === most ? least : `${least} to ${most}`} samples for each figure.`;
}

function under({ at, machine, servers }: Kept): string {
  const versions = servers.map(({ version, flush_ms }) => `${version} (a flush takes ${flush_ms} ms)`);
  const load = machine.load_average.join(', ');
  return `<sub>${at.slice(0, 10)}, PostgreSQL ${versions.join(' and ')}, Node.js ${machine.node}, load average at the start ${load}</sub>`;
}

function machines(all: Kept[]): string {
  const dates = all.map(({ at }) => at.slice(0, 10)).sort();
  const when = dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`;
  const each = all.map(
    ({ machine }) => `${machine.cores} × ${machine.processor}, ${machine.memory_gib} GiB of memory`,
  );
  const versions = Object.assign({}, ...all.map(({ machine }) => machine.packages));
  const packages = Object.entries(versions).map((pair) => pair.join(' '));
  return `${when}, on ${[...new Set(each)].join(' and ')}, with ${packages.join(', ')}`;
}

function find(all: Kept[], name: string): Kept {
  const kept = all.find((each) => each.name === name);
  if (!kept) throw new Error(`There is no result of ${name}: npm run bench -- --only ${name}`);
  return { ...kept, measurements: ordered(kept.measurements) };
}

function medianOf({ name, measurements }: Kept, isIt: (m: Measurement) => boolean): number {
  const found = measurements.find(isIt);
  if (!found) throw new Error(`The result of ${name} lacks what docs/benchmark.md shows first.`);
  return found.median;
}

/** What the result calls the distance that is nearest to the one wanted. */
function distance({ measurements }: Kept): string {
  const off = (what: string) => Math.abs(Number(what) - ACROSS_A_NETWORK);
  return measurements.map(({ what }) => what).reduce((a, b) => (off(b) < off(a) ? b : a));
}

/** As GitHub names headings. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(' ', '-');
}

function table(head: string[], body: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${head.map(() => '---|').join('')}`, ...body.map(line)].join('\n');
}
