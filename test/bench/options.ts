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
  /** Actions in the experiment of the busy owner. */
  actions: number | undefined;
}

export const USAGE = `npm run bench -- [options]
  --only <name>     experiments whose name contains this; several with commas
  --quick           less of everything
  --no-flush        the same without waiting for the disk
  --pg15            on PostgreSQL 15 instead of 18
  --actions <n>     actions in the experiment of the busy owner, 1,000,000 unless told
  --scale           load 10,000,000 items over 1,000 leaves and repeat the single calls`;

export function parseOptions(args: string[]): Options {
  const { values } = parseArgs({
    args,
    options: {
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      'no-flush': { type: 'boolean', default: false },
      scale: { type: 'boolean', default: false },
      pg15: { type: 'boolean', default: false },
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
    actions: values.actions === undefined ? undefined : Number(values.actions),
  };
}
