// npm run db:watch: graphile-migrate's watch on DATABASE_URL, or on a server of its own where that is not set. It runs the
// files that sql/all.sql lists, at each save. We say which file and line is wrong, which files are not listed, which functions
// no file creates any more, and what plpgsql_check finds.

import { join } from 'node:path';
import { Logger, watch } from 'graphile-migrate';
import { untilTold } from '../../sdk/cli/dev/until-told.js';
import { compile } from '../support/compiled.js';
import { described, describeFailure, type Failure, messageOf, wrapped } from '../support/failure.js';
import { projectFolder, settings } from '../support/migrations.js';
import { describe, startDevelopment } from './development.js';
import { describeLeftover, leftovers } from './leftovers.js';
import { findings, whyUnchecked } from './plpgsql-check.js';
import { watchList } from './watch-list.js';

/** Another project's folder, in tests. */
const project = process.argv[2] ?? projectFolder;
const folder = join(project, 'migrations');

const told = untilTold();
const development = process.env.DATABASE_URL
  ? undefined
  : await startDevelopment().catch((error: Error) => end(error.message));
if (development) console.log(describe(development));
const url = development?.urls.DATABASE_URL ?? process.env.DATABASE_URL ?? '';

let isChecking: boolean | undefined;
/** Functions that were checked, by their text: a finding is repeated until it is mended. */
const clean = new Set<string>();
/** Leftovers that were told of, by their signature. */
let toldOf: string[] = [];

// one after the other, in the order in which graphile-migrate says it
let work: Promise<void> = Promise.resolve();
const logger = new Logger(() => (level, message, details) => {
  const error = details?.error as Failure | undefined;
  if (error)
    then(async () => {
      console.error(`\n${await describeFailure(error, await compile(folder), url, project)}\n`);
      console.log(`${now()} Nothing changed in the database. Waiting for the next save.`);
    });
  else if (String(level) === 'error') then(() => console.error(message));
  else if (/ Finished \(/.test(message)) {
    then(look);
    then(() => console.log(`${now()} The database is as the files say. Waiting for the next save.`));
  }
});

await watch({ ...settings(url, folder), logger }).catch(async (error: Failure) => {
  await work;
  end(messageOf(error));
});
const list = await watchList(
  (line) => then(() => console.error(wrapped(line).join('\n'))),
  join(project, 'sql'),
);
await told;
list.close();
// a server of our own ends with this process
process.exit(0);

function then(next: () => void | Promise<void>): void {
  work = work.then(next).catch((error: Error) => console.error(messageOf(error)));
}

function now(): string {
  return new Date().toTimeString().slice(0, 8);
}

/** What a run that succeeded leaves to be said. */
async function look(): Promise<void> {
  const compiled = await compile(folder);
  const found = await leftovers(compiled, url);
  if (!found) return;
  for (const leftover of found.filter(({ signature }) => !toldOf.includes(signature)))
    console.error(['', ...describeLeftover(leftover, compiled.functions), ''].join('\n'));
  toldOf = found.map(({ signature }) => signature);

  if (isChecking === undefined) {
    const why = await whyUnchecked(url);
    if (why) console.error(['', ...wrapped(why), ''].join('\n'));
    isChecking = !why;
  }
  if (!isChecking) return;
  const functions = compiled.functions.filter(({ text }) => !clean.has(text));
  const faults = await findings(functions, url);
  for (const { place, message } of faults)
    console.error(['', ...(await described(place, `${message} (plpgsql_check)`, project))].join('\n'));
  for (const each of functions) if (!faults.some(({ statement }) => statement === each)) clean.add(each.text);
}

function end(why: string): never {
  console.error(wrapped(why).join('\n'));
  process.exit(1);
}
