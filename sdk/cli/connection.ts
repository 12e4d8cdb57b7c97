import type postgres from 'postgres';
import { connectTo } from '../connection.js';
import { UsageError } from './command.js';

const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const EXAMPLE = 'postgres://user:password@host:5432/database';

/** @throws {UsageError} when no database is named, or not as a URL */
export function databaseUrl(option: unknown): string {
  const url = typeof option === 'string' ? option : process.env.DATABASE_URL;
  if (!url) throw new UsageError(`no database is named: set DATABASE_URL or give --database-url ${EXAMPLE}`);
  if (!/^postgres(ql)?:\/\//.test(url))
    throw new UsageError(`the database is named by a URL like ${EXAMPLE}`);
  const mode = /[?&]sslmode=([^&#]*)/.exec(url)?.[1];
  if (mode !== undefined && !SSL_MODES.includes(mode))
    throw new UsageError(`sslmode in the URL is one of ${SSL_MODES.join(', ')}`);
  return url;
}

/** One connection, made with the first statement. It asks for nothing that a pooler of transactions does not give. */
export function connect(url: string): postgres.Sql {
  try {
    return connectTo(url, {
      max: 1,
      prepare: false,
      connect_timeout: 10,
      connection: { application_name: 'dpg-database' },
    });
  } catch {
    // the error of an unreadable URL holds the URL, and with it the password
    throw new UsageError(
      `the URL of the database cannot be read: it looks like ${EXAMPLE}, other characters as %40`,
    );
  }
}

/** Where it is, without the password. */
export function place({ options: { host, port, database, user } }: postgres.Sql): string {
  const hosts = host.map((name, i) => (port[i] ? `${name}:${port[i]}` : name));
  return `${database} at ${hosts.join(', ')} as ${user}`;
}

/**
 * What a text has of the password is hidden, as it was given and as it reads: within a URL always; elsewhere where it stands
 * alone and is no name, since a database or a user may well be called like the password, and so may a part of a word.
 */
export function withoutPassword(text: string, url: string): string {
  const [, user = '', given = '', place = ''] = /^\w+:\/\/([^:@/]*):([^@/]*)@(.*)$/.exec(url) ?? [];
  const names = new Set([user, ...place.split(/[/:,?]/)].flatMap((name) => [name, decoded(name)]));
  const secrets = new Set([given, decoded(given)].filter((secret) => secret !== ''));
  return [...secrets].reduce((shown, secret) => {
    const inUrl = shown.replaceAll(`:${secret}@`, ':***@');
    if (secret.length < 3 || names.has(secret)) return inUrl;
    const escaped = secret.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&');
    return inUrl.replace(new RegExp(`(?<![\\p{L}\\p{N}_])${escaped}(?![\\p{L}\\p{N}_])`, 'gu'), '***');
  }, text);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
