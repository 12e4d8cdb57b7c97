import { FOREIGN_HINT } from '../../migrate/migrate.js';
import type { MigrationStatus } from '../../migrate/status.js';
import type { Check, Finding } from './check.js';

export const migrations: Check = {
  name: 'migrations',
  async find(sql, { migrations }) {
    const of = (wanted: MigrationStatus['state']) => migrations.filter(({ state }) => state === wanted);
    if (of('foreign').length > 0) return [ofAnother(of('foreign'))];
    // A migration makes what its release had, and meets columns that later ones have added: so it is not run again.
    const [lost] = await sql<{ is_lost: boolean }[]>`
      select to_regclass('dpg.items') is not null and to_regclass('graphile_migrate.migrations') is not null as is_lost`;
    const shipped = migrations.filter(({ state }) => state !== 'unknown');
    if (lost?.is_lost && of('pending').length === shipped.length) return [ofLostRecord(shipped)];
    return migrations.flatMap((migration) => findings(migration, of('pending'), of('altered')));
  },
};

function ofAnother(foreign: MigrationStatus[]): Finding {
  return {
    severity: 'error',
    object: foreign.map(({ name }) => name).join(', '),
    problem: `Another project of graphile-migrate has recorded these numbers in this database: the migrations of dpg-database were not run. ${FOREIGN_HINT}`,
    mend: [],
    mend_with: 'sql',
  };
}

function ofLostRecord(shipped: MigrationStatus[]): Finding {
  const rows = shipped.map(
    ({ name, shipped_hash }, n) =>
      `('${shipped_hash}', ${n === 0 ? 'null' : `'${shipped[n - 1]?.shipped_hash}'`}, '${name.replace(/-.*/, '.sql')}')`,
  );
  return {
    severity: 'error',
    object: 'table graphile_migrate.migrations',
    problem:
      'No migration is on record, and schema dpg is there: the record was lost. Restore it from a backup; or, where this package has migrated the database, write it anew. What else is to be found is examined then: where an older package has migrated it, much will be found.',
    mend: [
      `insert into graphile_migrate.migrations (hash, previous_hash, filename) values ${rows.join(', ')};`,
    ],
    mend_with: 'sql',
  };
}

function findings(
  { name, state }: MigrationStatus,
  pending: MigrationStatus[],
  altered: MigrationStatus[],
): Finding[] {
  if (state === 'pending' && name === pending[0]?.name) {
    return [
      {
        severity: 'error',
        object: pending.map((migration) => migration.name).join(', '),
        problem:
          'It was not run on this database. What else is to be found is examined when all have been run.',
        mend: ['npx dpg-database migrate'],
        mend_with: 'shell',
      },
    ];
  }
  if (state === 'altered' && name === altered[0]?.name) {
    return [
      {
        severity: 'error',
        object: altered.map((migration) => migration.name).join(', '),
        problem:
          'It was run here with other content than this package has: install the package that migrated the database, or, once you have made sure that the database is as this package wants it, correct the record.',
        mend: [correction(altered)],
        mend_with: 'sql',
      },
    ];
  }
  if (state === 'unknown') {
    return [
      {
        severity: 'warning',
        object: name,
        problem:
          'It was run here, and this package does not have it: the database is newer than the package.',
        mend: ['npm install dpg-database@latest'],
        mend_with: 'shell',
      },
    ];
  }
  return [];
}

/** In one statement, since each record refers to the one before by its hash. */
function correction(altered: MigrationStatus[]): string {
  const pairs = altered.map(({ recorded_hash, shipped_hash }) => `('${recorded_hash}', '${shipped_hash}')`);
  return `with correct (recorded, shipped) as (values ${pairs.join(', ')})
update graphile_migrate.migrations m
set hash = coalesce((select shipped from correct where recorded = m.hash), m.hash),
  previous_hash = coalesce((select shipped from correct where recorded = m.previous_hash), m.previous_hash);`;
}
