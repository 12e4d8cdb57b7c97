// dpg-database.sql: the same migrations for those who have psql and no Node.js. What psql runs and what it skips is decided
// by graphile-migrate's record, which the file keeps as well, so that either can go on after the other.

import type { ShippedMigration } from './shipped.js';

/** graphile-migrate's advisory lock: nobody else migrates meanwhile. */
const LOCK = '4727445306447283';

const USAGE = 'psql -X -1 -v ON_ERROR_STOP=1 -d "$DATABASE_URL" -f dpg-database.sql';

/** Ends the run where a query says so; `dpg_psql_…` are psql's variables, which no migration has in its text. */
function refuse(condition: string, message: string, hint: string): string {
  return `select ${condition} as dpg_psql_refused \\gset
\\if :dpg_psql_refused
  do $refuse$ begin raise exception using message = ${literal(message)}, hint = ${literal(hint)}; end $refuse$;
\\endif`;
}

export function psqlFile(migrations: readonly ShippedMigration[], version: string): string {
  const [first] = migrations;
  if (!first) throw new Error('there are no migrations');
  const known = migrations.map(({ filename, hash }) => `(${literal(filename)}, ${literal(hash)})`).join(', ');
  return `-- dpg-database ${version}: the database, for those who have psql (14 or newer) and no Node.js.
--
--   ${USAGE}
--
-- It runs the migrations that the database has not run yet, all or none, and notes them as the command line does
-- (npx dpg-database, graphile-migrate): later either can go on. docs/deploying.md says which rights it needs.

\\set ON_ERROR_STOP on
\\set ON_ERROR_ROLLBACK off
\\set dpg_psql_quiet :QUIET
\\set QUIET on

${refuse(
  ':VERSION_NUM < 140000',
  'this psql is older than 14, and would cut some functions in two',
  'Use the psql of PostgreSQL 14 or newer.',
)}
select pg_catalog.set_config('dpg_psql.transaction', 'one', true) as dpg_psql_ignored \\gset
${refuse(
  "coalesce(pg_catalog.current_setting('dpg_psql.transaction', true), '') <> 'one'",
  'this file is run in one transaction, so that all of it is done or nothing',
  `Run: ${USAGE}`,
)}
set local client_min_messages = warning;
-- results of queries that nobody asked for; on Windows they are shown
\\set ON_ERROR_STOP off
\\o /dev/null
\\set ON_ERROR_STOP on
select pg_catalog.pg_advisory_xact_lock(${LOCK}) as dpg_psql_ignored \\gset

do $refuse$
begin
  if not pg_catalog.has_database_privilege(pg_catalog.current_database(), 'create') then
    raise insufficient_privilege using
      message = pg_catalog.format('permission denied for database %s', pg_catalog.current_database()),
      hint = pg_catalog.format('The owner of the database must run: grant create on database %I to %I;', pg_catalog.current_database(), current_user);
  end if;
end
$refuse$;

-- the record, as graphile-migrate 2.0.0-rc.3 makes it
create schema if not exists graphile_migrate;
create table if not exists graphile_migrate.migrations (
  hash text primary key,
  previous_hash text references graphile_migrate.migrations,
  filename text not null,
  date timestamptz not null default now()
);
create table if not exists graphile_migrate.current (
  filename text primary key default 'current.sql',
  content text not null,
  date timestamptz not null default now()
);

${refuse(
  `pg_catalog.to_regnamespace('dpg') is null and exists (select from graphile_migrate.migrations)`,
  'another project of graphile-migrate keeps its record in this database',
  'Its record goes by the number of a migration alone: give dpg-database a database of its own, or see docs/deploying.md.',
)}
${refuse(
  `exists (
  select from graphile_migrate.migrations as recorded
  join (values ${known}) as ours (filename, hash) using (filename)
  where recorded.hash <> ours.hash
)`,
  'a migration was run on this database with other content than this file has',
  'Use the file of the version of dpg-database that migrated it; see which: select * from graphile_migrate.migrations.',
)}
${migrations.map(skippable).join('\n')}
\\o
\\set QUIET :dpg_psql_quiet
\\echo The database is up to date.
`;
}

function skippable({ name, filename, hash, previousHash, text }: ShippedMigration): string {
  const values = [hash, previousHash, filename].map((value) => (value === null ? 'null' : literal(value)));
  return `
select exists (select from graphile_migrate.migrations where filename = ${literal(filename)}) as dpg_psql_done \\gset
\\if :dpg_psql_done
\\else
${text}

insert into graphile_migrate.migrations (hash, previous_hash, filename) values (${values.join(', ')});
-- what lasts until the end of a transaction: the next migration expects one of its own
discard temporary;
reset all;
set local client_min_messages = warning;
\\echo ${name}
\\endif`;
}

function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}
