// What the command line asks for.

import { parseArgs } from 'node:util';

export interface Options {
  /** Parts of names of experiments, with commas between; empty for all. */
  only: string;
  /** Less of everything. */
  quick: boolean;
  /** The server does not wait for the disk: fsync and synchronous_commit off. */
  noFlush: boolean;
  /** 10,000,000 items over 1,000 leaves. */
  scale: boolean;
  /** PostgreSQL 15 instead of 18. */
  pg15: boolean;
  /** No measuring: what is made of the kept results. */
  charts: boolean;
  /** Actions in the experiment of the busy owner. */
  actions: number | undefined;
}

const OPTIONS = {
  '--only <name>': 'experiments whose name contains this; several with commas',
  '--quick': 'less of everything, and no million points: a few minutes',
  '--no-flush': 'without waiting for the disk: what the calls themselves cost',
  '--pg15': 'on PostgreSQL 15 instead of 18',
  '--actions <n>': 'actions in the experiment of the busy owner (default 1,000,000)',
  '--scale': 'load 10,000,000 items over 1,000 leaves and measure single calls: nine minutes, 7 GiB',
  '--charts': 'measure nothing: draw the charts and write docs/benchmark.md from the kept results',
};

export const USAGE = [
  'npm run bench -- [options]',
  ...Object.entries(OPTIONS).map(([option, does]) => `  ${option.padEnd(17)} ${does}`),
].join('\n');

/** For docs/benchmark.md. */
export function optionRows(): string[][] {
  return Object.entries(OPTIONS).map(([option, does]) => [`\`-- ${option}\``, does]);
}

export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      'no-flush': { type: 'boolean', default: false },
      scale: { type: 'boolean', default: false },
      pg15: { type: 'boolean', default: false },
      charts: { type: 'boolean', default: false },
      actions: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  return {
    only: values.only,
    quick: values.quick,
    noFlush: values['no-flush'],
    scale: values.scale,
    pg15: values.pg15,
    charts: values.charts,
    actions: values.actions === undefined ? undefined : Number(values.actions),
  };
}
