// What an application has put on our tables: no finding where it does no harm; where a call of ours fails because of it, a
// finding, and a statement after which the call does not fail.

import type postgres from 'postgres';
import { describe, expect, inject, test } from 'vitest';
import { examine } from '../../../sdk/cli/doctor.js';
import { migrateToCurrent } from '../../support/migrations.js';
import { identifier } from '../../support/server.js';
import { testDatabase } from '../../support/test-database.js';
import { mend, withPatient } from './faults.js';

const version = Number.parseInt(inject('serverVersion'), 10);

/** Each of these reads or writes a table of ours, or creates a partition of it; what they do is taken back. */
const CALLS = {
  get: `select dpg.get_item('restore one', 'student', 'profile', '00000000-0000-4000-8000-000000000001')`,
  insert: `select dpg.upsert_item('restore asha', 'restore one', 'student', 'profile', 'u', 's', '{"a": 1}', 12.97, 77.59)`,
  replace: `select dpg.upsert_item('restore asha', 'restore one', 'student', 'profile', 'u', 's', '{"a": 2}', 12.97, 77.59,
    '00000000-0000-4000-8000-000000000001')`,
  partition: `select dpg.ensure_item_partition('restore one', 'a new one')`,
  perform: `select dpg.perform_action('restore asha', 'visit', row('restore one', 'student', 'profile', '00000000-0000-4000-8000-000000000001'),
    row('restore one', 'tu.tor', 'profile', '00000000-0000-4000-8000-000000000011'))`,
};
type Call = keyof typeof CALLS;

/** What a call ends in: undefined, or the code of its error. */
async function outcome(sql: postgres.Sql, call: Call): Promise<string | undefined> {
  const undone = new Error('undone');
  const said = await sql
    .begin(async (transaction) => {
      await transaction.unsafe(CALLS[call]);
      throw undone;
    })
    .catch((error) => error);
  return said === undone ? undefined : said.code;
}

interface Fault {
  plant: string;
  found: { check: string; severity: string; object: string; problem: RegExp; mend?: string[] }[];
  /** What calls end in before they are mended. */
  calls: Partial<Record<Call, string>>;
}

function faults(list: Record<string, Fault>): void {
  test.each(Object.entries(list))('%s', async (_, { plant, found, calls }) => {
    await withPatient(async ({ sql }) => {
      await sql.unsafe(plant).simple();
      const findings = (await examine(sql)).found;
      expect(findings).toEqual(
        found.map(({ problem, ...rest }) =>
          expect.objectContaining({ ...rest, problem: expect.stringMatching(problem) }),
        ),
      );
      for (const [call, code] of Object.entries(calls)) expect(await outcome(sql, call as Call)).toBe(code);
      await mend(sql, findings);
      expect((await examine(sql)).found).toEqual([]);
      for (const call of Object.keys(calls)) expect(await outcome(sql, call as Call)).toBe(undefined);
    });
  });
}

const AUDIT = `
  create table public.audit (what text not null, at timestamptz not null default clock_timestamp());
  create function public.note() returns trigger language plpgsql as $f$
    begin insert into audit (what) values (tg_op); return new; end $f$;`;

describe('functions of triggers', () => {
  faults({
    'one of items without a search_path': {
      plant: `${AUDIT} create trigger note after insert on dpg.items for each row execute function public.note()`,
      found: [
        {
          check: 'search path',
          severity: 'warning',
          object: 'function public.note()',
          problem:
            /no search_path of its own\. It runs for the trigger note on dpg\.items, and in a call of our functions/,
          mend: ['alter function public.note() set search_path = public, pg_temp;'],
        },
      ],
      calls: { insert: '42P01' },
    },
    'one in a schema of its own, of a leaf, of actions and of users': {
      plant: `${AUDIT} create schema shop; alter function public.note() set schema shop; alter table public.audit set schema shop;
        create trigger note before update on dpg.i_p_restoreone_student for each row execute function shop.note();
        create trigger note after insert on dpg.item_actions for each statement execute function shop.note();
        create trigger note before update on public."user" for each row execute function shop.note()`,
      found: [
        {
          check: 'search path',
          severity: 'warning',
          object: 'function shop.note()',
          problem:
            /the trigger note on dpg\.i_p_restoreone_student, the trigger note on dpg\.item_actions, the trigger note on public\."user", and/,
          mend: ['alter function shop.note() set search_path = shop, public, pg_temp;'],
        },
      ],
      calls: { replace: '42P01', perform: '42P01' },
    },
    'one of commands': {
      plant: `create table public.commands (tag text);
        create function public.note_command() returns event_trigger language plpgsql as $f$
          begin insert into commands values (tg_tag); end $f$;
        create event trigger note_command on ddl_command_end execute function public.note_command()`,
      found: [
        {
          check: 'search path',
          severity: 'warning',
          object: 'function public.note_command()',
          problem: /for the event trigger note_command, and when a call of our functions creates a partition/,
          mend: ['alter function public.note_command() set search_path = public, pg_temp;'],
        },
      ],
      calls: { partition: '42P01' },
    },
  });
});

// 17 and newer refuse to create an index on a function that does not find its names, but not to change the function later
const OF_NAMES = `
  create function public.base(value text) returns text language sql immutable as 'select lower(value)';
  create function public.short(value text) returns text language sql immutable as 'select left(value, 10)';`;
const CHANGED = `
  ;create or replace function public.short(value text) returns text language sql immutable as 'select left(base(value), 10)';`;
const MENDED = ['alter function public.short(text) set search_path = public, pg_temp;'];
const named = (object: string, fails: string) => [
  {
    check: 'search path',
    severity: 'error',
    object,
    problem: new RegExp(
      `under the search path of our functions \\(function base\\(text\\) does not exist\\): ${fails} fails\\.$`,
    ),
    mend: MENDED,
  },
];

describe('expressions', () => {
  faults({
    'of an index': {
      plant: `${OF_NAMES} create index short_idx on dpg.items (public.short(item_type)) ${CHANGED}`,
      found: named('index dpg.short_idx', 'every call that reads or writes the table'),
      calls: { get: '42883', insert: '42883', partition: '42883' },
    },
    'of the predicate of an index, of one leaf': {
      plant: `${OF_NAMES} create index short_idx on dpg.i_p_restoreone_student (item_id) where public.short(item_type) = 'x' ${CHANGED}`,
      found: named('index dpg.short_idx', 'every call that reads or writes the table'),
      calls: { get: '42883', insert: '42883' },
    },
    'of statistics': {
      plant: `${OF_NAMES} create statistics dpg.short_types on (public.short(item_type)), item_domain from dpg.items ${CHANGED}`,
      found: named('statistics dpg.short_types', 'every call that reads or writes the table'),
      calls: {},
    },
    'of a check': {
      plant: `${OF_NAMES} alter table dpg.items add constraint theirs check (public.short(item_type) <> 'x') ${CHANGED}`,
      found: named('constraint theirs on dpg.items', 'every write'),
      calls: { insert: '42883', replace: '42883' },
    },
    'of a default': {
      plant: `${OF_NAMES} alter table dpg.items add column theirs text default public.short('x') ${CHANGED}`,
      found: named('column theirs of dpg.items', 'every insert'),
      calls: {},
    },
    'of a generated column': {
      plant: `${OF_NAMES} alter table dpg.items add column theirs text generated always as (public.short(item_type)) stored ${CHANGED}`,
      found: named('column theirs of dpg.items', 'every write'),
      calls: { insert: '42883' },
    },
    'of the condition of a trigger': {
      plant: `${OF_NAMES} create function public.nothing() returns trigger language plpgsql set search_path = public, pg_temp as $f$
          begin return new; end $f$;
        create trigger theirs after update on dpg.items for each row when (public.short(old.item_type) is distinct from new.item_type)
          execute function public.nothing() ${CHANGED}`,
      found: named('trigger theirs on dpg.items', 'every write'),
      calls: { replace: '42883' },
    },
    'that is run only with a value': {
      plant: `create function public.base(value text) returns text language sql immutable as 'select lower(value)';
        create function public.short(value text) returns text language sql immutable as 'select left(value, 10)';
        create index short_idx on dpg.items (public.short(item_type));
        create or replace function public.short(value text) returns text language plpgsql immutable as
          $f$ begin if value is null then return null; end if; return left(base(value), 10); end $f$`,
      found: named('index dpg.short_idx', 'every call that reads or writes the table'),
      calls: { insert: '42883' },
    },
    'of an index on users': {
      plant: `${OF_NAMES} create index short_idx on public."user" (public.short(name)) ${CHANGED}`,
      found: named('index public.short_idx', 'every call that reads or writes the table'),
      calls: { insert: '42883' },
    },
  });

  // the extension's functions name one another without a schema before PostgreSQL 16
  const geography = 'create index on dpg.items using gist (ll_to_earth(item_latitude, item_longitude))';
  if (version < 16) {
    faults({
      'the seed’s index on ll_to_earth takes every function down, reads too': {
        plant: geography,
        found: [
          {
            check: 'search path',
            severity: 'error',
            object: 'index dpg.items_ll_to_earth_idx',
            problem: /type "earth" does not exist\): every call that reads or writes the table fails/,
            mend: [
              'alter function public.ll_to_earth(double precision,double precision) set search_path = public, pg_temp;',
            ],
          },
        ],
        calls: { get: '42704', insert: '42704', replace: '42704', partition: '42704' },
      },
    });
  } else {
    test('the seed’s index on ll_to_earth does no harm', async () => {
      await withPatient(async ({ sql }) => {
        await sql.unsafe(geography);
        expect((await examine(sql)).found).toEqual([]);
        for (const call of ['get', 'insert', 'replace', 'partition'] as const)
          expect(await outcome(sql, call)).toBe(undefined);
      });
    });
  }

  test('one that fails wherever it is evaluated is not for us to mend', async () => {
    await withPatient(async ({ sql }) => {
      await sql
        .unsafe(
          `create function public.picky(value text) returns boolean language plpgsql immutable as
             $f$ begin if value = 'x' then raise exception 'no'; end if; return true; end $f$;
           alter table dpg.items add constraint picky check (public.picky(item_type))`,
        )
        .simple();
      expect((await examine(sql)).found).toEqual([]);
    });
  });

  test('trying them changes nothing, and runs as the owner of the tables', async () => {
    await withPatient(async ({ sql }) => {
      await sql
        .unsafe(
          `create sequence public.numbers;
           create function public.who() returns text language plpgsql as
             $f$ begin return current_user || to_regrole('nobody_of_this_name') || gone(); end $f$;
           alter table dpg.item_actions add column number bigint default nextval('public.numbers');
           alter table dpg.item_actions add column who text;
           alter table dpg.item_actions alter column who set default public.who()`,
        )
        .simple();
      const numbers = () => sql`select last_value from public.numbers`;
      const before = await numbers();
      await examine(sql);
      expect(await numbers()).toEqual(before);
      expect(
        await sql`select current_user::text = session_user as same, current_setting('search_path') as path`,
      ).toEqual([{ same: true, path: '"$user", public' }]);
    });
  });
});

describe('columns', () => {
  faults({
    'that no insert fills': {
      plant: `alter table dpg.i_p_restoreone_student disable trigger user; alter table dpg.i_p_restoreone_student enable trigger user;
        delete from dpg.item_actions; delete from dpg.items; alter table dpg.items add column theirs text not null`,
      found: [
        {
          check: 'shape',
          severity: 'error',
          object: 'column theirs of dpg.items',
          problem: /may not be null and has no default/,
          mend: ['alter table dpg.items alter column theirs drop not null;'],
        },
      ],
      calls: { insert: '23502' },
    },
  });
  if (version >= 17) {
    faults({
      'of identity': {
        plant: 'alter table dpg.items add column "No" bigint generated always as identity',
        found: [
          {
            check: 'shape',
            severity: 'error',
            object: 'column "No" of dpg.items',
            problem: /identity column/,
          },
        ],
        calls: { partition: '55000' },
      },
    });
  }

  test('one that only a trigger fills is noticed', async () => {
    await withPatient(async ({ sql }) => {
      await sql
        .unsafe(
          `delete from dpg.item_actions; delete from dpg.items; alter table dpg.items add column theirs text not null;
           create function public.fill() returns trigger language plpgsql set search_path = public, pg_temp as
             $f$ begin new.theirs := 'x'; return new; end $f$;
           create trigger fill before insert on dpg.items for each row execute function public.fill()`,
        )
        .simple();
      expect((await examine(sql)).found).toMatchObject([
        { severity: 'notice', object: 'column theirs of dpg.items' },
      ]);
      expect(await outcome(sql, 'insert')).toBe(undefined);
    });
  });
});

test('what an application adds with care is no finding', async () => {
  await withPatient(async ({ sql }) => {
    await sql
      .unsafe(
        `alter table dpg.items add column note text, add column rank integer not null default 0,
           add column subject text generated always as (item_state ->> 'subject') stored;
         alter table dpg.item_actions add column note text, add column serial bigserial;
         alter table dpg.action_events add column note text, add column rank integer not null default 0;
         alter table dpg.items add constraint rank_check check (rank >= 0);
         create index items_subject_idx on dpg.items (subject) where note is null;
         create index items_lower_idx on dpg.items (lower(item_type));
         create unique index student_rank_idx on dpg.i_p_restoreone_student (item_id, rank);
         create statistics dpg.types on item_type, item_domain from dpg.items;
         create schema shop;
         create table shop.favourites (item_network text, item_domain text, item_type text, item_id uuid,
           foreign key (item_network, item_domain, item_type, item_id) references dpg.items);
         create table shop.audit (what text);
         create function shop.note() returns trigger language plpgsql set search_path = shop, pg_temp as
           $f$ begin insert into audit values (tg_op || ' ' || tg_table_name); return null; end $f$;
         create trigger note after insert or update or delete on dpg.items for each row execute function shop.note();
         create trigger note_some after update on dpg.item_actions for each row when (old.action_status <> new.action_status)
           execute function shop.note();
         create trigger note_statements after insert on dpg.action_events for each statement execute function shop.note();
         create function shop.note_command() returns event_trigger language plpgsql set search_path = shop, pg_temp as
           $f$ begin insert into audit values (tg_tag); end $f$;
         create event trigger note_command on ddl_command_end execute function shop.note_command();
         create event trigger note_login on sql_drop execute function shop.note_command();
         create policy reporters on dpg.action_events for select to pg_monitor using (true)`,
      )
      .simple();
    const { found } = await examine(sql);
    // the statement trigger stands on the root alone
    expect(found).toEqual([]);
    for (const call of ['insert', 'replace', 'partition', 'perform'] as const)
      expect(await outcome(sql, call)).toBe(undefined);
    await sql.unsafe(CALLS.partition);
    expect((await examine(sql)).found).toEqual([]);
  });
});

describe('rights on the users', () => {
  const migrated = testDatabase({ from: 'empty' });

  test('that the owner of our tables has lost', async () => {
    const { sql, name, createLogin } = await migrated;
    const url = await createLogin('dpg_app');
    const owner = identifier(new URL(url).username);
    await sql.unsafe(`alter database ${identifier(name)} owner to ${owner}`);
    await sql.unsafe(
      'create table public."user" (id text primary key, name text not null, email text not null)',
    );
    await sql.unsafe(`grant select, references on public."user" to ${owner}`);
    await migrateToCurrent(url);
    await sql`insert into public."user" values ('asha', 'Asha', 'a@x')`;
    const upsert = `select dpg.upsert_item('asha', 'n', 'd', 't', 'u', 's')`;
    // the role may not create the other extensions
    const findings = async () => (await examine(sql)).found.filter(({ check }) => check !== 'extensions');
    expect(await findings()).toEqual([]);

    await sql.unsafe(`revoke select, references on public."user" from ${owner}`);
    const found = await findings();
    expect(found).toMatchObject(
      ['select', 'references'].map((privilege) => ({
        check: 'users',
        severity: 'error',
        object: 'table public."user"',
        mend: [`grant ${privilege} on table public."user" to ${owner.replaceAll('"', '')};`],
      })),
    );
    await expect(sql.unsafe(upsert)).rejects.toMatchObject({ code: '42501' });
    await mend(sql, found);
    expect(await findings()).toEqual([]);
    await sql.unsafe(upsert);
  });
});

describe('the version of a collation', async () => {
  // "C.UTF-8", which the servers of tests have, has none
  const database = await testDatabase({ from: 'empty', locale: 'en-US' });

  test('of the database, and of a column', async () => {
    const { url, sql, name } = database;
    await migrateToCurrent(url);
    await sql`create collation public.german (provider = icu, locale = 'de')`;
    await sql`alter table dpg.items add column title text collate public.german`;
    await sql`create index items_title_idx on dpg.items (title)`;
    expect((await examine(sql)).found).toEqual([]);

    await sql`update pg_database set datcollversion = '1.2' where datname = current_database()`;
    await sql`update pg_collation set collversion = '1.3' where collname = 'german'`;
    const { found } = await examine(sql);
    expect(found).toMatchObject([
      {
        check: 'collations',
        severity: 'error',
        object: `database ${name}`,
        problem: expect.stringMatching(/built with version 1\.2 of the collation, and the system has \d/),
        mend: [`reindex database ${name};`, `alter database ${name} refresh collation version;`],
      },
      {
        check: 'collations',
        object: 'collation public.german',
        problem: expect.stringMatching(/^Indexes on dpg\.items were built with its version 1\.3/),
        mend: ['reindex table dpg.items;', 'alter collation public.german refresh version;'],
      },
    ]);
    await mend(sql, found);
    expect((await examine(sql)).found).toEqual([]);
  });
});
