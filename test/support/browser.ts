// A real browser, where the operating system has one (Debian: chromium). playwright-core drives it; it brings none.

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, chromium } from 'playwright-core';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

/** The command that starts it; undefined where there is none. */
export const browserCommand = NAMES.find((name) => spawnSync(name, ['--version']).status === 0);

/** Says in the log of the tests that these were skipped, and why. */
export function saySkippedWithoutBrowser(what: string): void {
  if (!browserCommand) console.log(`SKIPPED: ${what} (no ${NAMES[0]} on this machine)`);
}

/** Closed by whoever launched it. It keeps files at home: in a folder of its own, which goes with it. */
export async function launchBrowser(): Promise<Browser> {
  const home = await mkdtemp(join(tmpdir(), 'dpg-browser-'));
  const path = spawnSync('which', [browserCommand ?? ''], { encoding: 'utf8' }).stdout.trim();
  const browser = await chromium.launch({
    executablePath: path,
    env: { ...process.env, HOME: home },
    // Chromium refuses its sandbox to root; containers have a small /dev/shm
    args: [...(process.getuid?.() === 0 ? ['--no-sandbox'] : []), '--disable-dev-shm-usage'],
  });
  browser.on('disconnected', () => rmSync(home, { recursive: true, force: true }));
  return browser;
}
