import { migrate } from '../migrate/migrate.js';
import { type Command, exitCodes } from './command.js';
import { missingLine, namesOfMissing } from './missing.js';
import { count } from './text.js';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the database up to date',
  help: `
Runs the migrations of this package that the database has not run yet, each in a transaction, and prints them. Where
there are none it changes nothing. Needs the package graphile-migrate (npm install graphile-migrate@2.0.0-rc.3) and
keeps the same record as its own command.

The role of the URL must be allowed to create schemas in the database; what else it lacks is asked for with the
statement that an administrator must run. The URL goes to the server itself, not to a pooler of transactions. Several
processes may migrate at once: one works, the others wait for 60 s at most.

With --json: applied (names of the files that were run), migrations (name, state: applied, pending, altered, unknown or
foreign; applied_at, shipped_hash, recorded_hash), missing_objects (names).

Exit codes: 0 the database is up to date, 1 every migration was run, and objects are missing: run dpg-database doctor,
2 wrong usage, 3 no connection, 4 refused: nothing of the migration that was refused is left.`,

  async run({ sql, url, json, write, writeJson, note }) {
    const { applied, migrations } = await migrate(url);
    const missing_objects = await namesOfMissing(sql);
    const isWhole = missing_objects.length === 0;
    if (json) writeJson({ applied, migrations, missing_objects });
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
