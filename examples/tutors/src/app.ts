// What the browser asks for. The actor of every call is the user of the session, never something that the page sends.

import { fileURLToPath } from 'node:url';
import type { Auth } from 'better-auth';
import { type Dpg, DpgError, httpStatuses, OutcomeUnknownError } from 'dpg-database';
import { withNetwork } from 'dpg-database/network';
import { build } from 'esbuild';
import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import { compress } from 'hono/compress';
import { csrf } from 'hono/csrf';
import { HTTPException } from 'hono/http-exception';
import { secureHeaders } from 'hono/secure-headers';
import { streamSSE } from 'hono/streaming';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import { getMimeType } from 'hono/utils/mime';
import { z } from 'zod';
import { discover } from './discover.js';
import { changes } from './live.js';
import { domains, key, network, type Profile, profile, urls } from './network.js';
import { ask, list, mine, page, publish, sign } from './views.js';

const { item_network } = key;
const page_size = 200;

/** The rows of all pages: what is mine does not end at the first without a word. */
async function all<Row>(pages: AsyncIterable<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const row of pages) rows.push(row);
  return rows;
}

export async function makeApp(plain: Dpg, auth: Pick<Auth, 'handler' | 'api'>): Promise<Hono> {
  const dpg = withNetwork(plain, network); // items are held to their schemas before they are sent
  const app = new Hono();
  const userOf = async (c: Context) => (await auth.api.getSession({ headers: c.req.raw.headers }))?.user;
  const signedIn = async (c: Context) => {
    const user = await userOf(c);
    if (!user) throw new HTTPException(401, { message: 'Sign in first.' });
    return user.id;
  };
  /** What a form sends: text. The SDK checks each value before a call is made, and refuses with DP001. */
  const form = async (c: Context) => z.record(z.string(), z.string()).parse(await c.req.json());

  // csrf() refuses a form of another site. For JSON a browser asks first, and no answer allows it.
  app.use(bodyLimit({ maxSize: 100_000 }), compress(), csrf());
  app.use(secureHeaders({ contentSecurityPolicy: { defaultSrc: ["'self'"], imgSrc: ["'self'", 'data:'] } }));
  app.on(['GET', 'POST'], '/api/auth/*', (c) => auth.handler(c.req.raw));
  app.get('/', async (c) => c.html(page((await userOf(c))?.name)));
  app.get('/sign/:in', (c) => c.html(sign(c.req.param('in') === 'up')));
  app.get('/publish', async (c) => {
    const { latitude = '', longitude = '' } = c.req.query();
    return c.html((await userOf(c)) ? publish(latitude, longitude) : sign());
  });

  app.get('/discover', async (c) => {
    const found = await discover(plain, new URL(c.req.url).searchParams);
    return c.json({ ...found, rows: String(await list(found.rows)) });
  });

  app.get('/mine', async (c) => {
    const me = await signedIn(c);
    const items = await all(plain.as(me).items.own<Profile>({ item_network, page_size }));
    const which = { partition_network: item_network, with_items: true, page_size } as const;
    return c.html(mine(me, items, await all(plain.as(me).actions.find(which))));
  });

  app.get('/items/:domain/:id', async (c) => {
    const { domain: item_domain, id: item_id } = c.req.param();
    const item = await plain.items.get<Profile>({ ...key, item_domain, item_id });
    const user = await userOf(c);
    if (!user) return c.html(ask(item, [], 'Sign in to ask.'));
    if (item_domain !== 'tutor' || item.created_by === user.id) return c.html(ask(item, [], ''));
    const own = { item_network, item_domain: 'student', page_size };
    const students = await all(plain.as(user.id).items.own<Profile>(own));
    return c.html(ask(item, students, 'First publish, as a student, what you look for.'));
  });

  app.post('/items', async (c) => {
    const me = await signedIn(c);
    const { item_domain, item_id, latitude, longitude, ...state } = await form(c);
    await dpg.as(me).items.upsert({
      ...{ ...key, ...urls, item_id, item_domain: z.enum(domains).parse(item_domain) },
      ...{ item_latitude: Number(latitude || NaN), item_longitude: Number(longitude || NaN) }, // Number('') is 0
      item_state: profile.parse(state),
    });
    return c.json({ said: `${state.name} is published` });
  });

  app.post('/actions', async (c) => {
    const me = await signedIn(c);
    const { action_id, source_id = '', target_id = '', remarks } = await form(c);
    await dpg.as(me).actions.perform({
      action_type: 'connect',
      source: { ...key, item_domain: 'student', item_id: source_id },
      target: { ...key, item_domain: 'tutor', item_id: target_id },
      ...{ action_id, remarks },
    });
    return c.json({ said: 'Your request is sent' });
  });

  app.post('/actions/:id', async (c) => {
    const me = await signedIn(c);
    const { action_status = '', event_id, seen } = await form(c);
    const change = { action_status, event_id, expected_update_count: Number(seen) }; // refused, if another was first
    await dpg.as(me).actions.transition({ action_type: 'connect', action_id: c.req.param('id') }, change);
    return c.json({ said: `The request is ${action_status}` });
  });

  app.get('/live', async (c) => {
    const me = await signedIn(c);
    return streamSSE(c, async (stream) => {
      const tell = (status: string) => void stream.writeSSE({ data: status });
      changes.on(`of ${me}`, tell);
      stream.onAbort(() => void changes.off(`of ${me}`, tell));
      while (!stream.aborted && (await userOf(c))) {
        await stream.writeSSE({ event: 'alive', data: '' }); // what is silent for long is cut by something in between
        await stream.sleep(20_000);
      }
    });
  });

  // the script and the style sheet, with Leaflet, Pico and the land in them: nothing comes from another server
  const script = fileURLToPath(new URL('../page/page.ts', import.meta.url));
  const output = {
    outdir: '/',
    write: false,
    bundle: true,
    minify: true,
    loader: { '.png': 'dataurl' },
  } as const;
  const { outputFiles } = await build({ entryPoints: [script], format: 'esm', ...output });
  for (const { path, text } of outputFiles)
    app.get(path, (c) => c.body(text, 200, { 'content-type': getMimeType(path) ?? 'text/plain' }));

  app.onError((error, c) => {
    const answer = (status: number, message: string) => c.json({ message }, status as ContentfulStatusCode);
    if (error instanceof DpgError)
      return answer(httpStatuses[error.code] ?? 500, [error.message, error.hint].filter(Boolean).join('. '));
    if (error instanceof HTTPException) return answer(error.status, error.message);
    if (error instanceof z.ZodError) return answer(422, z.prettifyError(error));
    if (error instanceof SyntaxError) return answer(422, error.message);
    if (error instanceof OutcomeUnknownError) return answer(503, 'Send it again.'); // it has its ids: once is enough
    console.error(error);
    return answer(500, 'Something went wrong here. Try again.');
  });
  return app;
}
