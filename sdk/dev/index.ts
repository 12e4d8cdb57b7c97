// dpg-database/dev: a PostgreSQL from npm, migrated, for development and tests.

export { type DevServer, type StartOptions, startServer } from './server.js';
export { ServerError } from './server-error.js';
