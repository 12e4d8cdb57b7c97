// Every example of the seed's section on Drizzle, as an application runs it: each is a module of its own, in order, in a
// project where the package is installed. Nothing is changed but the name that the package is imported by; what an
// example takes from those before it (`db`, `items`) is imported above it.

import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { build } from 'tsup';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { addUsers } from '../sdk/story.js';
import { migrate } from '../support/migrations.js';
import { identifier } from '../support/server.js';
import { temporaryDatabase } from '../support/test-database.js';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));

const SOURCES: Record<string, string> = {
  db: 'apps/api/db/postgres/drizzle_config',
  and: 'drizzle-orm',
  eq: 'drizzle-orm',
  sql: 'drizzle-orm',
  items: 'dpg-database/drizzle',
};
const DRIVERS = {
  'node-postgres': `import { drizzle } from 'drizzle-orm/node-postgres';
    export const db = drizzle(process.env.DATABASE_URL ?? '');`,
  'postgres-js': `import { drizzle } from 'drizzle-orm/postgres-js';
    export const db = drizzle(process.env.DATABASE_URL ?? '');`,
};

interface Example {
  title: string;
  code: string;
}

let examples: Example[];
let project: string;

beforeAll(async () => {
  const text = await readFile(new URL('seed.md', import.meta.url), 'utf8');
  examples = [...text.matchAll(/^## ([^\n]+)\n[^#]*?^```ts\n(.*?)^```$/gms)].map(
    ([, title = '', code = '']) => ({
      title,
      code: code.replace("'@dpg/database'", "'dpg-database/drizzle'"),
    }),
  );
  project = await mkdtemp(join(tmpdir(), 'dpg-seed-'));
  const installed = join(project, 'node_modules', 'dpg-database');
  await build({
    config: false,
    silent: true,
    entry: { drizzle: join(root, 'sdk/drizzle/index.ts') },
    format: 'esm',
    outDir: installed,
  });
  await writeFile(
    join(installed, 'package.json'),
    JSON.stringify({ type: 'module', exports: { './drizzle': './drizzle.js' } }),
  );
  for (const name of ['drizzle-orm', 'lossless-json', 'pg', 'postgres', 'zod', '@types'])
    await symlink(join(root, 'node_modules', name), join(project, 'node_modules', name));
  await mkdir(join(project, 'node_modules/apps'));
  await writeFile(
    join(project, 'node_modules/apps/package.json'),
    JSON.stringify({
      type: 'module',
      exports: { './api/db/postgres/drizzle_config': './drizzle_config.js' },
    }),
  );
  for (const [number, { code }] of examples.entries()) {
    await writeFile(join(project, `example-${number}.mts`), whole(code));
    await writeFile(join(project, `example-${number}.mjs`), whole(code));
  }
  await writeFile(
    join(project, 'run.mjs'),
    `import { db } from 'apps/api/db/postgres/drizzle_config';
     const said = [];
     for (let number = 0; number < ${examples.length}; number++) {
       const { default: rows } = await import('./example-' + number + '.mjs');
       said.push(rows);
     }
     console.log(JSON.stringify(said));
     await db.$client.end();`,
  );
}, 120_000);

afterAll(() => rm(project, { recursive: true, force: true }));

/** With the imports that the example leaves out, and with what it assigns as the default export. */
function whole(code: string): string {
  const imports = Object.entries(SOURCES)
    .filter(([name]) => new RegExp(`\\b${name}\\b`).test(code) && !imported(code).includes(name))
    .map(([name, source]) => `import { ${name} } from '${source}';\n`);
  const [, result = 'undefined'] = /^const (\w+) =/m.exec(code) ?? [];
  return `${imports.join('')}${code}export default ${result};\n`;
}

function imported(code: string): string[] {
  return [...code.matchAll(/^import \{([^}]*)\}/gm)].flatMap(([, names = '']) => names.split(/[\s,]+/));
}

test('there is an example of each kind', () => {
  expect(examples.map(({ title }) => title)).toEqual([
    'Insert an item',
    'Fetch items with partition-friendly filters',
    'Filter by JSONB state',
    'Geo search using earthdistance',
    'Insert an action',
    'Insert an action event',
    'Fetch events for one action',
  ]);
});

describe.each(Object.entries(DRIVERS))('on %s', (_driver, config) => {
  test('the compiler accepts the examples', async () => {
    await writeFile(join(project, 'drizzle_config.ts'), config);
    await writeFile(
      join(project, 'tsconfig.json'),
      JSON.stringify({
        compilerOptions: {
          strict: true,
          noEmit: true,
          target: 'es2022',
          module: 'esnext',
          moduleResolution: 'bundler',
          types: ['node'],
          skipLibCheck: true, // drizzle-orm's declarations name drivers that are not installed
          paths: {
            'dpg-database/drizzle': [join(root, 'sdk/drizzle/index.ts')],
            'apps/api/db/postgres/drizzle_config': [join(project, 'drizzle_config.ts')],
          },
        },
        include: ['example-*.mts'],
      }),
    );
    const { stdout } = await run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc')], {
      cwd: project,
    }).catch((error: { stdout: string }) => error);
    expect(stdout).toBe('');
  }, 180_000);

  test('they run as the role that owns the tables, who is no superuser', async () => {
    const database = await temporaryDatabase({ from: 'empty' });
    try {
      // What an administrator does: earthdistance is for a superuser to create.
      const url = await database.createLogin('dpg_readonly');
      const owner = identifier(new URL(url).username);
      await database.sql.unsafe(
        `create extension cube;
         create extension earthdistance;
         grant create on database ${identifier(database.name)} to ${owner};
         grant create on schema public to ${owner};`,
      );
      await migrate(url);
      await addUsers(database.sql, 'real_user_id', 'student_user_id', 'tutor_user_id');
      // the items that the seed's action refers to, and one that is far away
      await database.sql`select dpg.upsert_item('student_user_id', 'yellow_dot', 'student', 'profile_1.0',
        'https://student.yellowdot.example.com', 'https://schemas.example.com/student_profile_v1.json',
        '{"name": "Meera", "verified": true}', 12.98, 77.6, '11111111-1111-1111-1111-111111111111')`;
      await database.sql`select dpg.upsert_item('tutor_user_id', 'yellow_dot', 'tutor', 'profile_1.0',
        'https://tutor.yellowdot.example.com', 'https://schemas.example.com/tutor_profile_v1.json',
        '{"name": "Ravi"}', item_id => '22222222-2222-2222-2222-222222222222')`;
      await database.sql`select dpg.upsert_item('student_user_id', 'yellow_dot', 'student', 'profile_1.0',
        'https://student.yellowdot.example.com', 'https://schemas.example.com/student_profile_v1.json',
        '{"name": "Kiran", "verified": false}', 13.5, 77.6)`;

      await writeFile(join(project, 'node_modules/apps/drizzle_config.js'), config);
      const { stdout } = await run(process.execPath, [join(project, 'run.mjs')], {
        env: { ...process.env, DATABASE_URL: url },
      });
      const [created, fetched, verified, near, action, event, events] = JSON.parse(stdout);

      const uuid = expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
      const time = expect.stringMatching(/^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/);
      expect(created).toEqual([
        {
          item_network: 'yellow_dot',
          item_domain: 'student',
          item_type: 'profile_1.0',
          item_id: uuid,
          item_instance_url: 'student://123',
          item_schema_url: 'https://schemas.example.com/student_profile_v1.json',
          item_state: { name: 'Asha' },
          item_latitude: 12.9716,
          item_longitude: 77.5946,
          created_by: 'real_user_id',
          created_at: time,
          updated_at: time,
          item_status: 'live',
        },
      ]);
      expect(names(fetched)).toEqual(['Asha', 'Kiran', 'Meera']);
      expect(fetched[0]).toEqual(created[0]);
      expect(names(verified)).toEqual(['Meera']);
      expect(names(near).sort()).toEqual(['Asha', 'Meera']);
      expect([action, event]).toEqual([null, null]); // the examples keep no result
      expect(events).toEqual([
        {
          partition_network: 'yellow_dot',
          action_type: 'connect',
          event_id: uuid,
          origin_instance_domain: 'https://tutor.yellowdot.example.com',
          action_id: '33333333-3333-3333-3333-333333333333',
          action_status: 'created',
          update_count: 0,
          source_item_network: 'yellow_dot',
          source_item_domain: 'student',
          source_item_type: 'profile_1.0',
          source_item_id: '11111111-1111-1111-1111-111111111111',
          source_item_instance_url: 'https://student.yellowdot.example.com',
          source_item_owner: 'student_user_id',
          source_item_latitude: null,
          source_item_longitude: null,
          target_item_network: 'yellow_dot',
          target_item_domain: 'tutor',
          target_item_type: 'profile_1.0',
          target_item_id: '22222222-2222-2222-2222-222222222222',
          target_item_instance_url: 'https://tutor.yellowdot.example.com',
          target_item_owner: 'tutor_user_id',
          target_item_latitude: null,
          target_item_longitude: null,
          event_payload: { status: 'created', remark: 'Action created' },
          remarks: null,
          created_at: time,
          source_item_is_local: true,
          target_item_is_local: true,
          performed_by: null,
          acting_side: null,
        },
      ]);
      const actions = await database.sql`
        select tableoid::regclass::text as leaf, action_status, update_count, requirements_snapshot, source_item_owner
        from dpg.item_actions`;
      expect([...actions]).toEqual([
        {
          leaf: 'dpg.a_p_yellowdot_connect',
          action_status: 'created',
          update_count: 0,
          requirements_snapshot: { subject: 'math', goal: 'board_exam' },
          source_item_owner: 'student_user_id',
        },
      ]);
      const leaves = await database.sql`select leaf::text from dpg.partitions order by 1`;
      expect(leaves.map(({ leaf }) => leaf)).toEqual([
        'dpg.a_p_yellowdot_connect',
        'dpg.e_p_yellowdot_connect',
        'dpg.i_p_yellowdot_student',
        'dpg.i_p_yellowdot_tutor',
      ]);
    } finally {
      await database.drop();
    }
  });
});

function names(rows: { item_state: { name: string } }[]): string[] {
  return rows.map(({ item_state }) => item_state.name);
}
