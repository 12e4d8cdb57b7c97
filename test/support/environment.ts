// What a machine has in its environment and its home must not decide whether a test passes. vitest.config.ts calls this
// before anything else, so that the servers, the tests and every program that they start have the same surroundings. What
// tests are told on purpose stays: DPG_…, TEST_DATABASE_URL.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const NAMES = [
  // where a client connects, and with which settings: libpq, postgres.js and pg read them
  /^PG[A-Z]+$/,
  /^PSQL/,
  /^(SHADOW_|ROOT_)?DATABASE_URL$/,
  // settings of npm, those that "npm test" hands down as well
  /^npm_/i,
  // what Node.js says besides, such as "Debugger attached"
  /^NODE_(?!ENV$)/,
  /^DEBUG$/,
  // colours, which are signs in an output
  /^(NO_COLOR|FORCE_COLOR|CLICOLOR|CLICOLOR_FORCE|COLORTERM|CI)$/,
  // languages and sort orders
  /^(LANG|LANGUAGE|LC_\w+)$/,
  // what a shell runs or says before a script
  /^(BASH_ENV|ENV|CDPATH|SHELLOPTS|BASHOPTS|GREP_\w+)$/,
  // programs that would ask a proxy for 127.0.0.1
  /^(https?|ftp|all|no)_proxy$/i,
  /^XDG_/,
];

const VALUES = {
  TZ: 'UTC',
  LANG: 'C.UTF-8',
  npm_config_update_notifier: 'false',
  npm_config_fund: 'false',
  npm_config_audit: 'false',
};

/** An environment as it is on every machine. */
export function sameEverywhere(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(environment).filter(([name]) => !NAMES.some((pattern) => pattern.test(name)));
  return { ...Object.fromEntries(kept), ...VALUES };
}

/** Makes that of this process such a one, with an empty home and the usual rights of new files. */
export function beAsEverywhere(): void {
  const wanted = sameEverywhere(process.env);
  for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name];
  Object.assign(process.env, wanted);
  process.umask(0o022);
  // an engine of containers is found by what is at home
  if (process.env.DPG_TEST_SERVER === 'docker') return;
  const home = mkdtempSync(join(tmpdir(), 'dpg-home-'));
  process.env.HOME = home;
  process.once('exit', () => rmSync(home, { recursive: true, force: true }));
}
