// A database of its own for a test file: a copy of the migrated template, dropped at the end of the file.

import { randomBytes } from 'node:crypto';
import postgres from 'postgres';
import { afterAll, inject } from 'vitest';
import { connectTo, identifier, withAdmin } from './server.js';

export interface TestDatabase {
  readonly name: string;
  /** For the superuser. */
  readonly url: string;
  /** The superuser's connections. */
  readonly sql: postgres.Sql;
  /** More connections, closed at the end: each has done `set role` where a role is named. */
  connect(options?: ConnectOptions): postgres.Sql;
  /** A new user that may log in and is a member of the role: its URL. It is dropped at the end. */
  createLogin(role: string): Promise<string>;
}

export interface ConnectOptions extends postgres.Options<Record<string, postgres.PostgresType>> {
  role?: string;
  url?: string;
}

export interface TestDatabaseOptions {
  /** `migrated` unless told. */
  from?: 'migrated' | 'pgtap' | 'empty';
  /** Of an empty one: its collation, of ICU (en-US). */
  locale?: string;
}

/** Call it at the top of a test file: `const database = await testDatabase();` */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const { drop, ...database } = await temporaryDatabase(options);
  afterAll(drop);
  return database;
}

/** The same, to be dropped by whoever asked for it. */
export async function temporaryDatabase({
  from = 'migrated',
  locale,
}: TestDatabaseOptions = {}): Promise<TestDatabase & { drop(): Promise<void> }> {
  const server = connectTo(inject('adminUrl'));
  const name = `${inject('prefix')}_${randomBytes(6).toString('hex')}`;
  const templates = { migrated: inject('template'), pgtap: inject('pgtapTemplate'), empty: 'template0' };
  const direct = await server.createDatabase(name, { template: templates[from], locale });
  const url = pooled(direct);
  const connections: postgres.Sql[] = [];
  const users: string[] = [];

  const connect = ({ role, url: otherUrl, ...options }: ConnectOptions = {}) => {
    const connection = { ...options.connection, ...(role && { role }) };
    // PgBouncer takes no settings of a session: whoever wants some has a connection of the server's own.
    const own = Object.keys(connection).length > 0;
    const sql = postgres(otherUrl ?? (own ? direct : url), {
      onnotice: () => {},
      ...(inject('poolerUrl') && { prepare: false }),
      ...options,
      connection,
    });
    connections.push(sql);
    return sql;
  };
  const createLogin = async (role: string) => {
    const user = `${inject('prefix')}_user_${randomBytes(6).toString('hex')}`;
    const password = randomBytes(12).toString('hex');
    await withAdmin(direct, (sql) =>
      sql.unsafe(`create role ${identifier(user)} login password '${password}' in role ${identifier(role)}`),
    );
    users.push(user);
    return pooled(server.url(name, user, password));
  };
  const drop = async () => {
    await Promise.all(connections.map((sql) => sql.end({ timeout: 1 })));
    await server.dropDatabase(name);
    for (const user of users)
      await withAdmin(server.adminUrl, (sql) => sql.unsafe(`drop role ${identifier(user)}`));
  };
  return { name, url, sql: connect(), connect, createLogin, drop };
}

/** The same at PgBouncer's host and port, where there is one. */
function pooled(url: string): string {
  const pooler = inject('poolerUrl');
  if (!pooler) return url;
  const result = new URL(url);
  result.host = new URL(pooler).host;
  return result.href;
}
