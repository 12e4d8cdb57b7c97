import { migrate } from '../migrate/migrate.js';
import { inWords } from '../migrate/waiting.js';
import { type Command, exitCodes, UsageError } from './command.js';
import { missingLine, namesOfMissing } from './missing.js';
import { count, plain } from './text.js';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the database up to date',
  help: `
Runs the migrations of this package that the database has not run yet, each in a transaction, and prints them. Where
there are none it changes nothing. Needs the package graphile-migrate (npm install graphile-migrate@2.0.0-rc.3) and
keeps the same record as its own command.

The role of the URL must be allowed to create schemas in the database; what else it lacks is asked for with the
statement that an administrator must run. The URL goes to the server itself, not to a pooler of transactions. Several
processes may migrate at once: one works, the others wait, and each prints what it ran itself.

Applications may go on. A migration that does not get a lock in half a second is rolled back and tried again after a
pause, so that nobody queues behind it for long. What it waits for is told on standard error: which process, and since
when that is in its transaction.

With --json: applied (names of the files that this process ran), applied_meanwhile (those that another ran while this
one waited for it), migrations (name, state: applied, pending, altered, unknown or
foreign; applied_at, shipped_hash, recorded_hash), missing_objects (names).

Exit codes: 0 the database is up to date, 1 every migration was run, and objects are missing: run dpg-database doctor,
2 wrong usage, 3 no connection, 4 refused: nothing of the migration that was refused is left.`,

  options: {
    wait: {
      type: 'string',
      value: '<seconds>',
      description: 'for how long to wait for locks and other migrations: 60 unless told',
    },
  },

  async run({ sql, url, json, values, write, writeJson, note }) {
    const { applied, applied_meanwhile, migrations } = await migrate(url, {
      waitSeconds: secondsOf(values.wait),
      onWaiting: (waiting) => note(plain(`Waiting for ${inWords(waiting)}.`)),
    });
    const missing_objects = await namesOfMissing(sql);
    const isWhole = missing_objects.length === 0;
    if (json) writeJson({ applied, applied_meanwhile, migrations, missing_objects });
    else if (applied_meanwhile.length > 0) write(shared(applied, applied_meanwhile));
    else if (!isWhole && applied.length === 0)
      write('The database has run every migration: nothing was run.');
    else if (applied.length === 0) write('The database is up to date: nothing was run.');
    else write([...applied, `Done: ${count(applied.length, 'migration')}.`].join('\n'));

    const unknown = migrations.filter(({ state }) => state === 'unknown').map(({ name }) => name);
    if (unknown.length > 0)
      note(`The database is newer than this package, which does not have ${unknown.join(', ')}.`);
    if (!isWhole) note(missingLine(missing_objects));
    return isWhole ? exitCodes.fine : exitCodes.found;
  },
};

function secondsOf(wait: unknown): number | undefined {
  if (wait === undefined) return undefined;
  const seconds = typeof wait === 'string' && wait.trim() !== '' ? Number(wait) : Number.NaN;
  if (!Number.isFinite(seconds) || seconds < 0)
    throw new UsageError(`--wait is a number of seconds, not '${wait}'`);
  return seconds;
}

/** What is told where another process has done some of the work. */
function shared(applied: string[], meanwhile: string[]): string {
  const own = applied.length > 0 ? `Done: ${count(applied.length, 'migration')}.` : 'Nothing was run here.';
  return [
    ...applied,
    `The database is up to date. ${own} Meanwhile another process ran ${meanwhile.join(', ')}.`,
  ].join('\n');
}
