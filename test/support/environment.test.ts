// What a machine has around a test reaches neither the test nor what it starts.

import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { homedir } from 'node:os';
import { expect, test } from 'vitest';
import { sameEverywhere } from './environment.js';

test.each([
  ...['PGHOST', 'PGUSER', 'PGOPTIONS', 'PGPASSFILE', 'PGSSLMODE', 'PSQLRC', 'PSQL_HISTORY'],
  ...['DATABASE_URL', 'SHADOW_DATABASE_URL', 'ROOT_DATABASE_URL'],
  ...['npm_config_userconfig', 'NPM_CONFIG_LOGLEVEL', 'npm_lifecycle_event'],
  ...['NODE_OPTIONS', 'NODE_DEBUG', 'NODE_EXTRA_CA_CERTS', 'DEBUG'],
  ...['NO_COLOR', 'FORCE_COLOR', 'CI', 'LC_ALL', 'LC_MESSAGES', 'LANGUAGE'],
  ...['BASH_ENV', 'CDPATH', 'http_proxy', 'HTTPS_PROXY', 'XDG_CONFIG_HOME'],
])('%s of the machine is left out', (name) => {
  expect(sameEverywhere({ [name]: 'theirs', PATH: '/bin' })).toEqual({
    PATH: '/bin',
    TZ: 'UTC',
    LANG: 'C.UTF-8',
    npm_config_update_notifier: 'false',
    npm_config_fund: 'false',
    npm_config_audit: 'false',
  });
});

test('what a run is told stays', () => {
  const told = {
    TEST_DATABASE_URL: 'postgres://x',
    DPG_POSTGRES_VERSION: '15',
    NODE_ENV: 'test',
    TMPDIR: '/t',
  };
  expect(sameEverywhere({ ...told, TZ: 'Asia/Kolkata', LANG: 'de_DE.UTF-8' })).toMatchObject({
    ...told,
    TZ: 'UTC',
    LANG: 'C.UTF-8',
  });
});

test('so it is here, and in a program that is started', () => {
  const left = (environment: NodeJS.ProcessEnv) =>
    Object.keys(environment).filter((name) => sameEverywhere({ [name]: '' })[name] !== '');
  const values = ['LANG', 'TZ', 'npm_config_audit', 'npm_config_fund', 'npm_config_update_notifier'];
  expect(left(process.env).sort()).toEqual(values);
  const child = spawnSync(process.execPath, ['-p', 'JSON.stringify([process.env, process.umask()])']);
  const [environment, umask] = JSON.parse(String(child.stdout));
  expect(left(environment).sort()).toEqual(values);
  expect(umask).toBe(0o022);
});

test.skipIf(process.env.DPG_TEST_SERVER === 'docker')(
  'home has nothing but what programs of this run leave',
  () => {
    expect(homedir()).toMatch(/dpg-home-/);
    expect(readdirSync(homedir()).filter((name) => name !== '.npm')).toEqual([]);
  },
);
