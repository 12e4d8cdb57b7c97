// What every command has in common: help, usage, exit codes, errors in a line or two, and no password anywhere.

import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { withoutPassword } from '../../sdk/cli/connection.js';
import { testDatabase } from '../support/test-database.js';
import { type Installed, installedCommand } from './command.js';

const database = await testDatabase();
const empty = await testDatabase({ from: 'empty' });
const NAMES = ['dev', 'migrate', 'status', 'doctor', 'partitions', 'subscriptions'];
let command: Installed;

beforeAll(async () => {
  command = await installedCommand();
});
afterAll(() => command.remove());

describe('help', () => {
  test('lists the commands, the options and the exit codes, and needs no database', async () => {
    const { exitCode, stdout, stderr } = await command.dpgDatabase(undefined, '--help');
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    for (const word of [
      ...NAMES,
      '--database-url <url>',
      '--json',
      '-h, --help',
      'Exit codes:',
      '  3  no connection',
    ])
      expect(stdout).toContain(word);
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test.each(NAMES)('of %s says what it does, its options, its JSON and its exit codes', async (name) => {
    const { exitCode, stdout } = await command.dpgDatabase(undefined, name, '-h');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(new RegExp(`^Usage: dpg-database ${name} \\[options\\]`));
    for (const word of ['With --json: ', 'Exit codes: 0 ']) expect(stdout).toContain(word);
    expect(stdout.includes('--database-url <url>')).toBe(name !== 'dev');
    for (const line of stdout.split('\n')) expect(line.length).toBeLessThanOrEqual(120);
  });

  test('help and help <command> are --help', async () => {
    for (const words of [[], ['doctor']])
      expect(await command.dpgDatabase(undefined, 'help', ...words)).toEqual(
        await command.dpgDatabase(undefined, ...words, '--help'),
      );
  });

  test('the version is the package’s', async () => {
    expect(await command.dpgDatabase(undefined, '--version')).toEqual({
      exitCode: 0,
      stdout: '0.1.0\n',
      stderr: '',
    });
  });
});

describe('wrong usage ends with 2, and sends nothing', () => {
  test.each([
    [[], /^dpg-database: no command is named: it is one of dev, migrate, status, /],
    [['heal'], /^dpg-database: there is no command 'heal': it is one of dev, migrate, /],
    [['status', '--quick'], /^dpg-database: Unknown option '--quick'\nSee dpg-database status --help\.\n$/],
    [['status', 'now'], /^dpg-database: Unexpected argument 'now'/],
    [
      ['partitions', '--root', 'leaves'],
      /^dpg-database: --root is items, item_actions, action_events, not 'leaves'/,
    ],
    [['partitions', '--sort', 'age'], /^dpg-database: --sort is name, rows, size, not 'age'/],
    [['dev', '--port', '0'], /^dpg-database: --port is a number from 1 to 65535, not '0'/],
    [['dev', '--temporary', '--directory', 'x'], /^dpg-database: --temporary keeps no data/],
    [['dev', '--json', '--', 'true'], /^dpg-database: --json says where the server is/],
    [['subscriptions', 'one', 'two'], /^dpg-database: one subscription can be named/],
    [['subscriptions', '--max-lag', 'soon'], /^dpg-database: --max-lag is a number of seconds, not 'soon'/],
    [['doctor', '--sql', '--json'], /^dpg-database: --sql and --json exclude one another\n/],
    [
      ['status', '--database-url', 'postgres://127.0.0.1/x?sslmode=bogus'],
      /^dpg-database: sslmode in the URL is one of disable, /,
    ],
    [['status', '--database-url'], /^dpg-database: Option '--database-url <value>' argument missing/],
  ] as [string[], RegExp][])('%j', async (args, message) => {
    const { exitCode, stdout, stderr } = await command.dpgDatabase(database.url, ...args);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
    expect(stderr).toMatch(message);
    expect(stderr.trim().split('\n')).toHaveLength(2);
  });

  test('no database is named', async () => {
    const { exitCode, stderr } = await command.dpgDatabase(undefined, 'status');
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /^dpg-database: no database is named: set DATABASE_URL or give --database-url postgres:/,
    );
  });

  test('the URL is none of PostgreSQL', async () => {
    const { exitCode, stderr } = await command.dpgDatabase('mysql://root:secret@localhost/x', 'status');
    expect(exitCode).toBe(2);
    expect(stderr).not.toContain('secret');
  });
});

describe('no connection ends with 3, and tells no password', () => {
  const elsewhere = (change: (url: URL) => void): string => {
    const url = new URL(database.url);
    change(url);
    return url.href;
  };

  test('nobody listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as { port: number };
    await new Promise((resolve) => server.close(resolve));
    const { exitCode, stdout, stderr } = await command.dpgDatabase(
      `postgres://me:geheim@127.0.0.1:${port}/x`,
      'status',
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 3, stdout: '' });
    expect(stderr).toBe(
      `dpg-database: no connection to x at 127.0.0.1:${port} as me: connect ECONNREFUSED 127.0.0.1:${port}\n` +
        'Check the URL, and that the server listens there and lets this machine in.\n',
    );
  });

  test('the password is wrong', async () => {
    const url = elsewhere((wrong) => {
      wrong.password = 'gehe%20im';
    });
    const { exitCode, stderr } = await command.dpgDatabase(url, 'status');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/password authentication failed .*\nCheck user and password of the URL/);
    expect(stderr).not.toMatch(/gehe/);
  });

  test('the URL names a parameter that the server does not know', async () => {
    const url = elsewhere((wrong) => wrong.searchParams.set('bogus_setting', '1'));
    const { exitCode, stderr } = await command.dpgDatabase(url, 'status');
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/bogus_setting.*\nThe URL names a parameter that the server does not know/);
  });

  test('there is no such database', async () => {
    const { exitCode, stderr } = await command.dpgDatabase(
      elsewhere((wrong) => {
        wrong.pathname = '/nowhere';
      }),
      'migrate',
    );
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/database "nowhere" does not exist\nCheck the name of the database/);
    expect(stderr).not.toContain(new URL(database.url).password);
  });

  test('the URL cannot be read: it is not repeated', async () => {
    for (const url of ['postgres://me:gehe@im@[127.0.0.1:5432/x', 'postgres://me:ge%heim@127.0.0.1/x']) {
      const { exitCode, stdout, stderr } = await command.dpgDatabase(
        undefined,
        'status',
        '--database-url',
        url,
      );
      expect([2, 3]).toContain(exitCode);
      expect(stdout + stderr).not.toMatch(/ge%?he/);
      expect(stderr.trim().split('\n')).toHaveLength(2);
    }
  });
});

describe('names are told, also where the password is called like them', () => {
  test.each([
    [
      'the database',
      'postgres://me:app@127.0.0.1:PORT/app',
      'no connection to app at 127.0.0.1:PORT as me: ',
    ],
    ['the user', 'postgres://app:app@127.0.0.1:PORT/x', 'no connection to x at 127.0.0.1:PORT as app: '],
    ['a part of a name', 'postgres://me:app@127.0.0.1:PORT/application', 'no connection to application at '],
    ['a word of ours', 'postgres://me:data@127.0.0.1:PORT/x', 'dpg-database: no connection to x at '],
  ])('%s', async (_, url, expected) => {
    const { exitCode, stderr } = await command.dpgDatabase(url.replace('PORT', '1'), 'status');
    expect(exitCode).toBe(3);
    expect(stderr).toContain(expected.replaceAll('PORT', '1'));
    expect(stderr).not.toContain('***');
  });

  test('and the password is hidden where a text has it', () => {
    const hidden = (text: string, password: string) =>
      withoutPassword(text, `postgres://app:${password}@127.0.0.1:5432/app`);
    expect(hidden('cannot read postgres://app:app@127.0.0.1/app', 'app')).toBe(
      'cannot read postgres://app:***@127.0.0.1/app',
    );
    expect(hidden('password is ge heim, not geheim', 'ge%20heim')).toBe('password is ***, not geheim');
    expect(hidden('got p(4)$s!', 'p(4)$s!')).toBe('got ***');
    expect(hidden('postgres://app:p%404@127.0.0.1 has p@4', 'p%404')).toBe(
      'postgres://app:***@127.0.0.1 has ***',
    );
  });
});

test('--database-url is before DATABASE_URL, also before the command', async () => {
  const { exitCode, stdout } = await command.dpgDatabase(
    'postgres://127.0.0.1:1/x',
    '--database-url',
    database.url,
    'partitions',
  );
  expect({ exitCode, stdout }).toEqual({ exitCode: 0, stdout: '0 partitions, 0 B\n' });
});

test('a role that may not: what the database says, and what to do', async () => {
  const stranger = await database.createLogin('pg_monitor');
  const { exitCode, stdout, stderr } = await command.dpgDatabase(stranger, 'partitions');
  expect({ exitCode, stdout }).toEqual({ exitCode: 4, stdout: '' });
  expect(stderr).toBe(
    'dpg-database: permission denied for schema dpg\nConnect as the role that migrates, or ask it for the grant.\n',
  );
});

test('a database that is not migrated: what to run', async () => {
  const { exitCode, stderr } = await command.dpgDatabase(empty.url, 'subscriptions');
  expect(exitCode).toBe(4);
  expect(stderr).toMatch(
    /^dpg-database: relation "dpg.subscription_status" does not exist\nIs the database migrated\? Run: npx dpg-database migrate\n$/,
  );
});
