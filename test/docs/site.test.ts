// The documentation as a site: what is built holds together by itself, and can be read on a telephone and searched.

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { getMimeType } from 'hono/utils/mime';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readDiagram } from '../../docs/.vitepress/entities.js';
import { PAGES, rewritten } from '../../docs/.vitepress/links.js';
import { sidebarOf } from '../../docs/.vitepress/sidebar.js';
import { browserCommand, launchBrowser, saySkippedWithoutBrowser } from '../support/browser.js';
import { projectFolder } from '../support/migrations.js';

const read = (path: string) => readFile(join(projectFolder, path), 'utf8');
let site: string;
let files: string[];
/** The text of each page, by its path in the site. */
const pages = new Map<string, string>();

beforeAll(async () => {
  site = await mkdtemp(join(tmpdir(), 'dpg-site-'));
  const vitepress = join(projectFolder, 'node_modules/vitepress/bin/vitepress.js');
  await promisify(execFile)(process.execPath, [vitepress, 'build', 'docs', '--outDir', site], {
    cwd: projectFolder,
  });
  files = (await readdir(site, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(site.length));
  for (const name of files)
    if (name.endsWith('.html')) pages.set(name, await readFile(join(site, name), 'utf8'));
}, 600_000);
afterAll(() => rm(site, { recursive: true, force: true }));

test('each document is a page, and the sidebar leads to it', async () => {
  const links = sidebarOf(await read('README.md')).flatMap(({ items }) => items.map(({ link }) => link));
  expect(links.sort()).toEqual(
    PAGES.filter((page) => page !== 'README.md')
      .map((page) => `/${rewritten(page)}`)
      .sort(),
  );
  const built = PAGES.map((page) => `/${rewritten(page).replace(/md$/, 'html')}`);
  expect([...pages.keys()].sort()).toEqual([...built, '/404.html'].sort());
});

test('each link of a page leads to a page, a heading or a file', () => {
  const broken: string[] = [];
  for (const [from, html] of pages) {
    for (const [, link = ''] of html.matchAll(/ (?:href|src)="([^"]+)"/g)) {
      if (/^(?:https?|data):/.test(link)) continue;
      const { pathname, hash } = new URL(link, `http://site${from}`);
      const name = decodeURIComponent(pathname.endsWith('/') ? `${pathname}index.html` : pathname);
      const isThere = hash === '' || pages.get(name)?.includes(` id="${decodeURIComponent(hash.slice(1))}"`);
      if (!files.includes(name) || !isThere) broken.push(`${from}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

test('what is written for the tests of the documents is not shown', () => {
  for (const [name, html] of pages) expect(html, name).not.toContain('<!-- not run');
});

test('each table of the diagram of entities is shown with its columns', async () => {
  const [, text = ''] = /```mermaid\n(.*?)```/s.exec(await read('docs/reference.md')) ?? [];
  const { tables, keys } = readDiagram(text);
  expect(tables.length).toBe(text.match(/\{$/gm)?.length);
  expect(keys.length).toBe(text.match(/--/g)?.length);
  expect(pages.get('/docs/reference.html')).toContain('<caption>item_actions</caption>');
});

saySkippedWithoutBrowser('the site in a browser');
describe.runIf(browserCommand)('in a browser', () => {
  let browser: Browser;
  let page: Page;
  let origin: string;
  const server = createServer(async (request, response) => {
    const path = new URL(request.url ?? '/', 'http://site').pathname;
    const file = join(site, path.endsWith('/') ? `${path}index.html` : path);
    if (!existsSync(file)) return response.writeHead(404).end();
    const type = getMimeType(file) ?? 'application/octet-stream';
    return response.writeHead(200, { 'content-type': type }).end(await readFile(file));
  });
  /** Errors of the console, and requests to anywhere else. */
  const complaints: string[] = [];

  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await launchBrowser();
    page = await browser.newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(origin) && !/^(?:data|blob):/.test(url)) complaints.push(url);
    });
  });
  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server.close(resolve));
  });

  test('a reader searches for a function, and follows the sidebar', async () => {
    await page.goto(origin);
    await page.keyboard.press('Control+k');
    await page.locator('#localsearch-input').fill('upsert_item');
    await page.locator('#localsearch-list a.selected[href$="#upsert_item"]').waitFor();
    await page.keyboard.press('Enter');
    await page.waitForURL('**/docs/reference.html#upsert_item');
    await page.locator('.VPSidebar a', { hasText: 'The feed' }).click();
    await page.waitForURL('**/docs/feed.html');
    await page.locator('h1', { hasText: 'The feed' }).waitFor(); // the address changes before the page does
    expect(complaints).toEqual([]);
  });

  test('no page is wider than a telephone', async () => {
    await page.setViewportSize({ width: 360, height: 800 });
    const widths: Record<string, number> = {};
    for (const name of pages.keys()) {
      if (name === '/404.html') continue;
      await page.goto(origin + name);
      widths[name] = await page.evaluate('document.documentElement.scrollWidth');
    }
    expect(Object.entries(widths).filter(([, width]) => width > 360)).toEqual([]);
    expect(Object.keys(widths).length).toBe(PAGES.length);
    expect(complaints).toEqual([]);
  }, 120_000);
});
