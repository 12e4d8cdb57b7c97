import { type SubscriptionStatus, subscriptionsOf } from '../feed.js';
import { packageVersion } from '../migrate/package-folder.js';
import { type MigrationStatus, migrationStatus } from '../migrate/status.js';
import { type Command, exitCodes } from './command.js';
import { missingLine, namesOfMissing } from './missing.js';
import { duration, table } from './text.js';

interface Counts {
  networks: number;
  items: number;
  item_actions: number;
  action_events: number;
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'versions, migrations, partitions and subscriptions at a glance',
  help: `
Says which server and package these are, whether the database has run the package's migrations, how many partitions
there are, and how far behind each subscription is. Changes nothing.

With --json: server_version, package_version, database, role, is_standby, is_up_to_date, migrations (name, state:
applied, pending, altered, unknown or foreign; applied_at, shipped_hash, recorded_hash), missing_objects (names),
partitions (networks; items, item_actions, action_events: leaves), subscriptions (as dpg.subscription_status has them);
the last two are null where they cannot be read.

Exit codes: 0 the database is up to date, 1 it is not: run dpg-database migrate, or install the version of the package
that migrated it; or objects are missing: run dpg-database doctor; 2 wrong usage, 3 no connection, 4 refused.`,

  async run({ sql, json, write, writeJson }) {
    const [server] = await sql`
      select split_part(current_setting('server_version'), ' ', 1) as server_version, current_database() as database,
        current_user as role, pg_is_in_recovery() as is_standby, to_regclass('dpg.partitions') is not null as has_partitions,
        to_regclass('dpg.subscription_status') is not null as has_subscriptions`;
    const { has_partitions, has_subscriptions, ...about } = server as Record<string, unknown>;
    const migrations = await migrationStatus(sql);
    const is_up_to_date = migrations.every(({ state }) => state === 'applied');
    const missing_objects = await namesOfMissing(sql);
    const partitions = has_partitions ? await readable(countPartitions()) : null;
    const subscriptions = has_subscriptions ? await readable(subscriptionsOf(sql).list()) : null;

    if (json) {
      const package_version = packageVersion();
      writeJson({
        ...about,
        package_version,
        is_up_to_date,
        migrations,
        missing_objects,
        partitions,
        subscriptions,
      });
    } else {
      write(
        `PostgreSQL ${about.server_version}${about.is_standby ? ', a standby' : ''}, database ${about.database}, role ${about.role}`,
      );
      write(`dpg-database ${packageVersion()}`);
      for (const line of migrationLines(migrations)) write(line);
      if (missing_objects.length > 0) write(`\n${missingLine(missing_objects)}`);
      if (partitions) write(partitionLine(partitions));
      if (subscriptions) for (const line of subscriptionLines(subscriptions)) write(line);
    }
    return is_up_to_date && missing_objects.length === 0 ? exitCodes.fine : exitCodes.found;

    /** What it needs may be missing, which has been said by then. */
    async function readable<T>(reading: Promise<T>): Promise<T | null> {
      return await reading.catch((error: unknown) => {
        if (missing_objects.length === 0) throw error;
        return null;
      });
    }

    async function countPartitions(): Promise<Counts> {
      const [counts] = await sql<[Counts]>`
        select count(distinct network)::integer as networks,
          count(*) filter (where root = 'items')::integer as items,
          count(*) filter (where root = 'item_actions')::integer as item_actions,
          count(*) filter (where root = 'action_events')::integer as action_events
        from dpg.partitions`;
      return counts;
    }
  },
};

const MEANING: Record<MigrationStatus['state'], string> = {
  applied: '',
  pending: 'not run yet: dpg-database migrate runs it',
  altered: 'run here with other content than this package has',
  unknown: 'run here, and not in this package: the package is older than the database',
  foreign: 'recorded by another project of graphile-migrate, so that ours of this number is not run',
};

function migrationLines(migrations: MigrationStatus[]): string[] {
  const rows = migrations.map(({ name, state, applied_at }) => [
    name,
    state,
    applied_at?.replace(/\.\d+/, '') ?? MEANING[state],
  ]);
  const wrong = migrations.filter(({ state }) => state !== 'applied' && state !== 'pending');
  return [
    '',
    table(['migration', 'state', ''], rows),
    ...wrong.map(({ name, state }) => `${name}: ${MEANING[state]}`),
  ];
}

function partitionLine({ networks, items, item_actions, action_events }: Counts): string {
  return `\nPartitions: ${items} of items, ${item_actions} of actions, ${action_events} of events, in ${networks} networks`;
}

function subscriptionLines(subscriptions: SubscriptionStatus[]): string[] {
  if (subscriptions.length === 0) return ['Subscriptions: none'];
  const rows = subscriptions.map(({ subscription, lag_events, lag_seconds, dead_events, is_dead }) => [
    subscription,
    lag_events,
    duration(lag_seconds),
    dead_events,
    is_dead ? 'nobody reads it' : '',
  ]);
  return ['', table(['subscription', 'behind', 'oldest', 'dead events', ''], rows)];
}
