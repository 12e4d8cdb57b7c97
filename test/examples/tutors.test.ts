// The example as people start it and use it: a copy of its folder, `npm start`, a real browser. On some of its places.

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { browserCommand, launchBrowser, saySkippedWithoutBrowser } from '../support/browser.js';
import { projectFolder } from '../support/migrations.js';
import { type TestDatabase, temporaryDatabase } from '../support/test-database.js';
import { type Example, startExample } from './example.js';

const PLACES = process.env.DPG_SCREENSHOTS ? 135_000 : 3000; // its picture shows the world as it is after the first start
const PASSWORD = 'correct horse battery staple';

let database: TestDatabase & { drop(): Promise<void> };
let example: Example;
beforeAll(async () => {
  database = await temporaryDatabase({ from: 'empty' }); // it migrates by itself
  example = await startExample('tutors', { DATABASE_URL: database.url, PLACES: String(PLACES) });
}, 120_000);
afterAll(async () => {
  await example?.stop();
  await database?.drop();
});

/** A request of somebody who has no browser. */
const send = (method: string, path: string, body?: unknown, cookie = '') =>
  fetch(`${example.origin}${path}`, {
    method,
    headers: { 'content-type': 'application/json', origin: example.origin, cookie },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

async function signUp(name: string): Promise<string> {
  const account = { name, email: `${name}@example.com`, password: PASSWORD };
  const answer = await send('POST', '/api/auth/sign-up/email', account);
  return answer.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');
}

test('it stays under 620 lines, without blank ones and comments', async () => {
  const folders = ['src', 'page'].map((name) => join(projectFolder, 'examples/tutors', name));
  const files = (
    await Promise.all(
      folders.map(async (folder) => (await readdir(folder)).map((name) => join(folder, name))),
    )
  ).flat();
  const texts = await Promise.all(files.map((file) => readFile(file, 'utf8')));
  const lines = texts.flatMap((text) => text.split('\n')).filter((line) => !/^\s*($|\/\/|\/?\*)/.test(line));
  expect(lines.length).toBeLessThan(620);
});

describe('refusals', () => {
  const item_id = '22222222-2222-4222-8222-222222222222';
  const tutor = {
    item_domain: 'tutor',
    item_id,
    latitude: '12.98',
    longitude: '77.6',
    name: 'Olga',
    subject: 'music',
    lessons: 'online',
  };

  test('who is not signed in may look, and do nothing', async () => {
    expect((await send('GET', '/')).status).toBe(200);
    for (const [method, path] of [
      ['POST', '/items'],
      ['POST', '/actions'],
      ['POST', `/actions/${item_id}`],
      ['GET', '/mine'],
      ['GET', '/live'],
    ] as const)
      expect((await send(method, path, method === 'POST' ? tutor : undefined)).status, path).toBe(401);
  });

  test('the statuses are those of the codes', async () => {
    const [owner, other] = [await signUp('owner'), await signUp('other')];
    expect((await send('POST', '/items', tutor, owner)).status).toBe(200);
    // the actor is the one of the session, whatever the page says
    expect(
      (await send('POST', '/items', { ...tutor, actor: 'owner', created_by: 'owner' }, other)).status,
    ).toBe(403);
    expect((await send('POST', '/items', { ...tutor, subject: 'alchemy' }, owner)).status).toBe(422);
    expect((await send('POST', '/items', { ...tutor, latitude: '91' }, owner)).status).toBe(422);
    expect((await send('POST', '/items', { ...tutor, item_id: 'mine' }, owner)).status).toBe(422);
    expect((await send('POST', '/items', null, owner)).status).toBe(422);
    expect((await send('POST', '/items', { ...tutor, latitude: '' }, owner)).status).toBe(422); // not the equator
    expect((await send('POST', '/items', { ...tutor, name: '  ' }, owner)).status).toBe(422);
    const tooLong = await send('POST', '/items', { ...tutor, name: 'x'.repeat(81) }, owner);
    expect(((await tooLong.json()) as { message: string }).message).toBe(
      '✖ Too big: expected string to have <=80 characters\n  → at name',
    );
    expect((await send('GET', '/discover?item_domain=tutor&bbox=nowhere&center=0,0&markers=9')).status).toBe(
      422,
    );
    expect((await send('GET', `/items/tutor/${item_id.replaceAll('2', '3')}`)).status).toBe(404);
    const request = { action_id: item_id, source_id: item_id.replaceAll('2', '3'), target_id: item_id };
    expect((await send('POST', '/actions', request, other)).status).toBe(404);
    expect(await (await send('GET', '/sql')).status).toBe(404);
    const [row] =
      await database.sql`select item_state ->> 'subject' as subject from dpg.items where item_id = ${item_id}`;
    expect(row).toEqual({ subject: 'music' });
  });
});

test('a page of another site cannot send in the name of a user', async () => {
  const cookie = await signUp('victim');
  const body = JSON.stringify({ item_domain: 'tutor', latitude: '1', longitude: '1', name: 'Forged' });
  // what a browser sends without asking: a form whose encoding is text/plain can hold JSON
  for (const type of ['text/plain', 'application/x-www-form-urlencoded'])
    for (const origin of ['http://localhost:1', 'https://other.example.com']) {
      const headers = { 'content-type': type, origin, cookie };
      const answer = await fetch(`${example.origin}/items`, { method: 'POST', headers, body });
      expect(answer.status, `${type} of ${origin}`).toBe(403);
    }
  const policy = (await send('GET', '/')).headers.get('content-security-policy');
  expect(policy).toBe("default-src 'self'; img-src 'self' data:"); // no script of a data: address
});

test('a port that is in use is said without a stack', async () => {
  const second = startExample('tutors', {
    DATABASE_URL: database.url,
    PLACES: '1',
    PORT: new URL(example.origin).port,
  });
  const error = await second.then(
    () => '',
    ({ message }) => message as string,
  );
  expect(error).toContain('is in use. Choose another: PORT=3001 npm start');
  expect(error).not.toContain('    at ');
}, 60_000);

saySkippedWithoutBrowser('the example in a browser');
describe.skipIf(!browserCommand)('in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(() => browser?.close());

  /** A page of somebody: what goes wrong in it, and what it asks of others than the example, is a failure of the test. */
  async function open(options: Parameters<Browser['newContext']>[0] = {}): Promise<Page> {
    const context: BrowserContext = await browser.newContext({
      viewport: { width: 1440, height: 900 },
      ...options,
    });
    const wrong: string[] = [];
    await context.route(
      (url) => url.origin !== example.origin && url.protocol !== 'data:',
      (route) => {
        wrong.push(`asked for ${route.request().url()}`);
        return route.abort();
      },
    );
    const page = await context.newPage();
    page.on(
      'console',
      (message) => ['error', 'warning'].includes(message.type()) && wrong.push(message.text()),
    );
    page.on('pageerror', (error) => wrong.push(error.message));
    onTestFinished(async () => {
      await context.close();
      expect(wrong.filter((text) => !text.includes('409 (Conflict)'))).toEqual([]); // Chromium reports refusals as errors
    });
    await page.goto(example.origin);
    await settled(page);
    return page;
  }

  /** The answer to what is chosen and looked at now is shown. */
  const settled = (page: Page) => page.locator('#list[aria-busy=false]').waitFor();
  const shown = async (page: Page) =>
    Number((await page.locator('#total').textContent())?.replace(/\D/g, ''));

  /** How many tutors the database has in the box that the page asked for last. */
  async function stored(page: Page, where = database.sql`true`): Promise<number> {
    const asked = await page.evaluate(
      () =>
        performance
          .getEntriesByType('resource')
          .map(({ name }) => name)
          .filter((name) => name.includes('/discover?'))
          .at(-1) ?? '',
    );
    const [west = 0, south = 0, east = 0, north = 0] = (new URL(asked).searchParams.get('bbox') ?? '')
      .split(',')
      .map(Number);
    const [row] = await database.sql`
      select count(*)::integer as count from dpg.items
      where item_domain = 'tutor' and item_latitude between ${south} and ${north}
        and (${east - west >= 360} or item_longitude between ${west} and ${east}) and ${where}`;
    return row?.count;
  }

  async function signUpIn(page: Page, name: string): Promise<void> {
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('button', { name: 'I am new here' }).click();
    await page.getByRole('heading', { name: 'Sign up' }).waitFor();
    await page.getByLabel('e-mail').fill(`${name.replace(/\W/g, '')}@example.com`);
    await page.getByLabel('password').fill(PASSWORD);
    await page.getByRole('dialog').getByLabel('name').fill(name);
    await page.getByRole('button', { name: 'Sign up' }).click();
    await page.getByRole('button', { name: `Sign out ${name}` }).waitFor();
    await settled(page);
  }

  test('the map from the world to the street: nothing is missing on the way', async () => {
    const page = await open();
    expect(await shown(page)).toBe(await stored(page));
    expect(await shown(page)).toBeGreaterThan(PLACES * 0.99);
    let steps = 0;
    for (; (await page.locator('.many').count()) > 0 && steps < 15; steps++) {
      const before = page.url();
      const labels = await page
        .locator('.many')
        .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
      const counts = labels.map((label) => Number.parseInt(label ?? '', 10));
      const most = page.locator('.many').nth(counts.indexOf(Math.max(...counts)));
      await most.press('Enter'); // another may lie upon it
      await page.waitForURL((url) => url.href !== before);
      await settled(page);
      expect(await shown(page), page.url()).toBe(await stored(page));
    }
    expect(steps).toBeGreaterThan(1);
    expect(await page.locator('.one').count()).toBe(await shown(page)); // each its own marker
    const name = (await page.locator('.one').first().textContent()) ?? '';
    await page.locator('.one').first().click({ force: true });
    await page.getByRole('heading', { name }).waitFor();
  });

  test('a choice and a search', async () => {
    const page = await open();
    await page.getByLabel('music').check();
    await settled(page);
    const music = await stored(page, database.sql`item_state ->> 'subject' = 'music'`);
    expect(await shown(page)).toBe(music);
    expect(Number((await page.locator('[id="subject music"]').textContent())?.replace(',', ''))).toBe(music);
    await page.getByLabel('music').uncheck();
    await page.getByRole('searchbox').pressSequentially('circle berli');
    await settled(page);
    expect(await shown(page)).toBe(await stored(page, database.sql`item_state ->> 'name' ~* '\\mberli'`));
    expect(await page.locator('#rows strong').allInnerTexts()).toContain('Study circle Berlin');
  });

  test('two people, from sign-up to accepted, each on a page that is not loaded again', async () => {
    const [asha, ravi] = await Promise.all([open(), open()]);
    await signUpIn(ravi, 'Ravi');
    await ravi.locator('#map').click({ position: { x: 640, y: 600 } });
    await ravi.getByLabel('name').fill('Ravi Rao');
    await ravi.getByLabel('about').fill('<b>Evenings</b>');
    await ravi.getByLabel('contact').fill('ravi@example.com');
    await ravi.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await ravi.locator('#mine').getByText('Ravi Rao').waitFor();

    await signUpIn(asha, 'Asha');
    await asha.getByRole('button', { name: 'Publish here' }).click();
    await asha.getByLabel('I am a').selectOption('student');
    await asha.getByLabel('name').fill('Asha');
    await asha.getByRole('dialog').getByRole('button', { name: 'Publish' }).click();
    await asha.locator('#mine').getByText('Asha').waitFor();

    await asha.getByRole('searchbox').fill('ravi');
    await asha.locator('#rows').getByRole('button', { name: 'Ravi Rao' }).click();
    await asha.getByRole('dialog').getByText('<b>Evenings</b>').waitFor(); // as it was written
    await asha.getByLabel('message').fill('Tuesdays?');
    await asha.getByRole('button', { name: 'Ask to connect' }).click();
    await asha.locator('#mine').getByText('created').waitFor();
    await asha.locator('#rows').getByRole('button', { name: 'Ravi Rao' }).click();
    await asha.getByRole('button', { name: 'Ask to connect' }).click(); // a second time: 409
    await asha.getByRole('alert').getByText('max_open_per_pair').waitFor();
    await asha.getByRole('button', { name: 'Close' }).click();

    await ravi.getByText('Asha asks').waitFor();
    await ravi.getByText('Tuesdays?').waitFor();
    await expect(ravi.getByText('ravi@example.com').count()).resolves.toBe(0);
    await ravi.getByRole('button', { name: 'Accept' }).click();
    await asha.locator('#mine').getByText('accepted').waitFor();
    await asha.locator('#mine').getByText('ravi@example.com').waitFor(); // told to whom he is connected with
    await asha.locator('#says').getByText('A request is accepted').waitFor();
    if (!process.env.DPG_SCREENSHOTS) return;
    await asha.setViewportSize({ width: 1200, height: 720 });
    await asha.getByRole('searchbox').fill('');
    await settled(asha);
    await asha.screenshot({ path: join(projectFolder, 'examples/tutors/screenshot.png') });
  });

  test('with the keyboard alone: an account, an item on the map, and a way into the map', async () => {
    const page = await open({ viewport: { width: 360, height: 760 }, colorScheme: 'dark' });
    const reach = async (what: string) => {
      for (let presses = 0; presses < 80; presses++) {
        if (presses > 0) await page.keyboard.press('Tab');
        const focused = page.locator(':focus');
        const is = (await focused.count()) > 0 && (await focused.and(page.locator(what)).count()) > 0;
        if (!is) continue;
        return expect(await focused.evaluate('(it) => getComputedStyle(it).outlineStyle'), what).not.toBe(
          'none',
        );
      }
      throw new Error(`no way to ${what}`);
    };
    const enter = async (what: string, text: string) => {
      await reach(what);
      await page.keyboard.type(text);
    };
    await reach('[data-opens="/sign/in"]');
    await page.keyboard.press('Enter');
    await reach('[data-opens="/sign/up"]');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Sign up' }).waitFor();
    await enter('[name=email]', 'olga@example.com');
    await enter('[name=password]', PASSWORD);
    await enter('#content [name=name]', 'Olga');
    await page.keyboard.press('Enter'); // in the last field: it signs up
    await page.getByRole('button', { name: 'Sign out Olga' }).waitFor();
    await settled(page);

    const whole = await shown(page);
    await reach('.many');
    await page.keyboard.press('Enter');
    await expect.poll(() => shown(page)).toBeLessThan(whole);
    await reach('#publish');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Publish here' }).waitFor();
    await enter('#content [name=name]', 'Olga');
    await page.keyboard.press('Enter'); // in a field it is the button of the form
    await page.locator('#mine').getByText('Olga').waitFor();
    await page.locator('#says').getByText('Olga is published').waitFor();
    expect(await page.locator(':focus').getAttribute('id')).toBe('publish'); // where the dialog was opened
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(360);
  });
});
