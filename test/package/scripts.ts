// A program for each entry of the package, in each kind of module, with what it prints.

import { inspect } from 'node:util';
import { committedMigrations } from '../support/migrations.js';

export interface Script {
  entry: string;
  /** Of its file, where the entry has another. */
  name?: string;
  imports: Record<string, string>;
  /** The same in each kind of module; `main` is called. */
  body: string;
  /** With what it is run besides. */
  database?: 'empty';
  expected: string;
}

export const SCRIPTS: Script[] = [
  {
    entry: '.',
    imports: { 'dpg-database': 'createDpg, ItemNotFoundError' },
    body: `
      async function main() {
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
        const asha = dpg.as('asha');
        const item = await asha.items.upsert({
          item_network: 'yellow_dot',
          item_domain: 'student',
          item_type: 'profile_1.0',
          item_instance_url: 'https://tutor.yellowdot.example.com',
          item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
          item_state: { name: 'Asha' },
        });
        for await (const found of dpg.items.find({ item_network: 'yellow_dot', item_domain: 'student' })) {
          if (found.item_id === item.item_id) console.log('found', found.item_state);
        }
        try {
          await dpg.items.get({ ...item, item_type: 'other' });
        } catch (error) {
          if (error instanceof ItemNotFoundError) console.log(error.code, error.detail?.item_type);
        }
        await asha.items.delete(item);
        await dpg.end();
      }`,
    expected: "found { name: 'Asha' }\nDP002 other\n",
  },
  {
    entry: './mirror',
    imports: {
      'dpg-database': 'createDpg, InvalidArgumentError',
      'dpg-database/mirror': 'follow, handler, mirror',
    },
    body: `
      async function main() {
        const stop = new AbortController();
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
        const handle = handler({ dpg, secretOf: () => undefined });
        console.log((await handle(new Request('http://x/', { method: 'POST' }))).status);
        await dpg.subscriptions.create({ subscription: 'package' });
        setTimeout(() => stop.abort(), 100);
        for await (const batch of follow({ dpg, subscription: 'package', signal: stop.signal })) await batch.acknowledge();
        await mirror({ dpg, deliver: async () => undefined, signal: stop.signal });
        await follow({ dpg, subscription: 'unknown' }).next().catch((error) =>
          console.log(error instanceof InvalidArgumentError, error.code));
        await dpg.subscriptions.drop({ subscription: 'package' });
        await dpg.end();
      }`,
    expected: '401\ntrue DP001\n',
  },
  {
    entry: './network',
    imports: {
      zod: 'z',
      'dpg-database': 'createDpg, JsonNumber, NotInNetworkError',
      'dpg-database/network': 'defineNetwork, loadNetwork, withNetwork',
    },
    body: `
      const network = defineNetwork({
        name: 'green_dot',
        domains: [{ name: 'library', item_schemas: { 'book_1.0': z.object({ title: z.string() }) } }],
        instances: [{ domain_name: 'library', instance_url: 'https://library.greendot.example.com' }],
      });
      async function main() {
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
        const urls = {
          item_instance_url: 'https://library.greendot.example.com',
          item_schema_url: 'https://schemas.example.com/book_v1.json',
        };
        const asha = withNetwork(dpg, network).as('asha');
        const book = await asha.items.upsert({
          ...urls, item_domain: 'library', item_type: 'book_1.0', item_state: { title: 'Emma' },
        });
        console.log(book.item_network, book.item_state.title.toUpperCase());
        const loaded = withNetwork(dpg, loadNetwork(JSON.parse(JSON.stringify(network)))).as('asha');
        await loaded.items.upsert({ ...urls, item_domain: 'school', item_type: 'book_1.0', item_state: {} }).catch((error) =>
          console.log(error instanceof NotInNetworkError, error.code));
        await loaded.items.upsert({ ...urls, item_domain: 'library', item_type: 'book_1.0', item_state: {} }).catch((error) =>
          console.log(error.code, error.detail?.argument));
        const exact = createDpg(dpg.sql, { numbers: 'exact' });
        const item_state = { title: 'Emma', isbn: new JsonNumber('9007199254740993') };
        const { item_id } = await exact.as('asha').items.upsert({
          ...urls, item_network: 'green_dot', item_domain: 'library', item_type: 'book_1.0', item_state,
        });
        const read = await exact.items.get({ item_network: 'green_dot', item_domain: 'library', item_type: 'book_1.0', item_id });
        console.log(String(read.item_state.isbn));
        await dpg.end();
      }`,
    expected: 'green_dot EMMA\ntrue DP014\nDP001 item_state.title\n9007199254740993\n',
  },
  {
    entry: './drizzle',
    imports: {
      'drizzle-orm': 'eq',
      'drizzle-orm/node-postgres': 'drizzle',
      'dpg-database': 'InvalidArgumentError',
      'dpg-database/drizzle': 'ensureItemPartition, items',
    },
    body: `
      async function main() {
        const db = drizzle(process.env.DATABASE_URL ?? '');
        console.log(await ensureItemPartition(db, 'blue_dot', 'student'));
        console.log(await db.select({ id: items.item_id }).from(items).where(eq(items.item_network, 'blue_dot')));
        await ensureItemPartition(db, 'blue_dot', ' ').catch((error) =>
          console.log(error instanceof InvalidArgumentError, error.code));
        await db.$client.end();
      }`,
    expected: 'dpg.i_p_bluedot_student\n[]\ntrue DP001\n',
  },
  {
    entry: './migrate',
    imports: { 'dpg-database': 'createDpg', 'dpg-database/migrate': 'migrate, migrationStatus' },
    database: 'empty',
    body: `
      async function main() {
        const url = process.env.DATABASE_URL ?? '';
        const { applied } = await migrate(url);
        console.log(applied);
        console.log((await migrate(url)).applied, typeof migrationStatus);
        const dpg = createDpg(url, { max: 1 });
        console.log(await dpg.partitions.ensureItem({ item_network: 'yellow_dot', item_domain: 'student' }));
        await dpg.end();
      }`,
    expected: `${inspect(await committedMigrations())}\n[] function\ndpg.i_p_yellowdot_student\n`,
  },
  {
    entry: './dev',
    imports: { 'dpg-database': 'createDpg', 'dpg-database/dev': 'ServerError, startServer' },
    body: `
      async function main() {
        const server = await startServer();
        console.log(server.applied, server.started_by);
        const dpg = createDpg(server.application_url, { max: 1 });
        console.log(await dpg.partitions.ensureItem({ item_network: 'yellow_dot', item_domain: 'student' }));
        await dpg.end();
        const port = server.port;
        await startServer({ port }).catch((error) => console.log(error instanceof ServerError, error.hint));
        await server.stop();
      }`,
    expected: `${inspect(await committedMigrations())} null\ndpg.i_p_yellowdot_student
true Choose another, or none: then a free one is found.\n`,
  },
];

/** Every method that returns a list, awaited twice and iterated. */
export const LISTS: Script = {
  entry: '.',
  name: 'lists',
  imports: { 'dpg-database': 'createDpg', 'dpg-database/network': 'loadNetwork, withNetwork' },
  body: `
      async function main() {
        const dpg = createDpg(process.env.DATABASE_URL ?? '', { max: 1 });
        const asha = dpg.as('asha');
        const name = 'red_dot_' + process.pid; // each run counts its own
        const network = loadNetwork({
          name,
          domains: [{ name: 'student', item_schemas: { 'profile_1.0': true } }],
          actions: { connect: { interactions: [{ from_domain: 'student', to_domain: 'student' }] } },
        });
        const held = withNetwork(dpg, network);
        const rows = [1, 2, 3].map(() => ({
          item_network: name,
          item_domain: 'student',
          item_type: 'profile_1.0',
          item_instance_url: 'https://tutor.reddot.example.com',
          item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
          item_state: { name: 'Asha' },
          item_latitude: 12.9,
          item_longitude: 77.5,
        }));
        const [source, target] = await asha.items.upsertMany(rows);
        if (!source || !target) throw new Error('no items');
        for (let i = 0; i < 3; i++) await asha.actions.perform({ action_type: 'connect', source, target });

        const domain = { item_network: name, item_domain: 'student', page_size: 2 };
        const around = { ...domain, latitude: 12.9, longitude: 77.5 };
        const words = { ...domain, search: 'ash' };
        await dpg.items.defineSearch({ item_network: name, item_domain: 'student', item_type: source.item_type, fields: ['name'] });
        const lists = {
          'dpg items.find': dpg.items.find(domain),
          'dpg items.nearest': dpg.items.nearest(around),
          'dpg items.search': dpg.items.search(words),
          'actor items.find': asha.items.find(domain),
          'actor items.nearest': asha.items.nearest(around),
          'actor items.search': asha.items.search(words),
          'actor items.own': asha.items.own(domain),
          'actor actions.find': asha.actions.find({ partition_network: name, page_size: 2 }),
          'actor events.find': asha.events.find({ partition_network: name, page_size: 2 }),
          'network items.find': held.items.find({ item_domain: 'student', page_size: 2 }),
          'network items.nearest': held.items.nearest({ item_domain: 'student', page_size: 2, latitude: 12.9, longitude: 77.5 }),
          'network items.search': held.items.search(words),
          'network actor items.find': held.as('asha').items.find({ item_domain: 'student', page_size: 2 }),
          'network actor items.nearest': held.as('asha').items.nearest({ ...around, item_domain: 'student' }),
          'network actor items.search': held.as('asha').items.search(words),
          'network actor items.own': held.as('asha').items.own(domain),
          'network actor actions.find': held.as('asha').actions.find({ partition_network: name, page_size: 2 }),
          'network actor events.find': held.as('asha').events.find({ partition_network: name, page_size: 2 }),
        };
        for (const [name, list] of Object.entries(lists)) {
          const page = await list;
          const again = await list.then((same) => same === page).finally(() => undefined);
          let count = 0;
          for await (const row of list) if (row.next_page_token) count += 1;
          console.log(name, page.rows.length, page.next_page_token !== null, again, count);
        }

        // what there is of them, asked of the objects themselves
        const subjects = { dpg, actor: asha, network: held, 'network actor': held.as('asha') };
        const found = [];
        for (const [subject, api] of Object.entries(subjects))
          for (const [part, methods] of Object.entries(api))
            if (typeof methods === 'object' && part !== 'network')
              for (const [name, method] of Object.entries(methods)) {
                if (typeof method !== 'function') continue;
                try {
                  const made = Reflect.apply(method, undefined, [7]);
                  if (String(made) === '[object List]') found.push(subject + ' ' + part + '.' + name);
                  await made;
                } catch {} // a wrong argument
              }
        console.log(found.filter((name) => !(name in lists)), found.length === Object.keys(lists).length);
        await dpg.end();
      }`,
  expected: [
    ...['dpg items', 'actor items'].flatMap((name) => [`${name}.find`, `${name}.nearest`, `${name}.search`]),
    ...['actor items.own', 'actor actions.find', 'actor events.find'],
    ...['network items', 'network actor items'].flatMap((name) => [
      `${name}.find`,
      `${name}.nearest`,
      `${name}.search`,
    ]),
    ...['network actor items.own', 'network actor actions.find', 'network actor events.find'],
  ]
    .map((name) => `${name} 2 true true 3\n`)
    .join('')
    .concat('[] true\n'),
};

export const heads = {
  mjs: (imports: Script['imports']) =>
    Object.entries(imports).map(([source, names]) => `import { ${names} } from '${source}';\n`),
  cjs: (imports: Script['imports']) =>
    Object.entries(imports).map(([source, names]) => `const { ${names} } = require('${source}');\n`),
};
export const program = (
  kind: 'mjs' | 'cjs',
  { imports, body }: Script,
) => `${heads[kind](imports).join('')}${body}
  main().catch((error) => {
    console.error(error);
    process.exitCode = 1;
  });`;
export const fileName = ({ entry, name }: Script) => name ?? (entry.replace(/\W+/g, '') || 'main');
