// dpg-database/migrate: bringing a database up to date, and asking whether it is.

export { type Migrated, type MigrateOptions, migrate } from './migrate.js';
export { MigrationError } from './migration-error.js';
export { migrationsFolder } from './shipped.js';
export { type MigrationStatus, migrationStatus, type Readable, type StatusOptions } from './status.js';
export type { Holder, Waiting } from './waiting.js';
