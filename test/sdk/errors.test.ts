import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { ZodError } from 'zod';
import {
  type Action,
  ActionNotFoundError,
  createDpg,
  DpgError,
  DuplicateDiffersError,
  EventImmutableError,
  httpStatuses,
  InvalidArgumentError,
  InvalidPageTokenError,
  type Item,
  ItemInUseError,
  ItemNotActiveError,
  ItemNotFoundError,
  LimitReachedError,
  NetworkElsewhereError,
  NotActionPartyError,
  NotInNetworkError,
  NotItemOwnerError,
  PartitionUnavailableError,
  TransitionNotAllowedError,
  toDpgError,
  UserNotFoundError,
  VersionConflictError,
} from '../../sdk/index.js';
import { testDatabase } from '../support/test-database.js';
import { addUsers, errorOf, student, tutor } from './story.js';

const database = await testDatabase();
const dpg = createDpg(database.sql);
const asha = dpg.as('asha');
const ravi = dpg.as('ravi');
let source: Item;
let target: Item;

beforeAll(async () => {
  await addUsers(database.sql, 'asha', 'ravi', 'mira');
  source = await asha.items.upsert(student());
  target = await ravi.items.upsert(tutor());
});

type ErrorClass = new (...given: never[]) => DpgError;

/** Everything a caller can rely on in a refusal by the database. */
async function refusal(promise: PromiseLike<unknown>, Class: ErrorClass, code: string, detail: object) {
  const error = (await errorOf(promise)) as DpgError;
  expect(error).toBeInstanceOf(Class);
  expect(error).toBeInstanceOf(DpgError);
  expect(error).toBeInstanceOf(Error);
  expect(error.name).toBe(Class.name);
  expect(error.code).toBe(code);
  expect(error.cause).toBeInstanceOf(postgres.PostgresError);
  expect(error.message).toBe((error.cause as Error).message);
  expect(error.message).not.toBe('');
  expect(error.hint).toMatch(/\w/);
  expect(error.detail).toEqual(detail);
  return error;
}

const itemRef = ({ item_network, item_domain, item_type, item_id }: Item) => ({
  item_network,
  item_domain,
  item_type,
  item_id,
});
const actionRef = ({ partition_network, action_type, action_id }: Action) => ({
  partition_network,
  action_type,
  action_id,
});
const perform = (action_type = 'connect') => asha.actions.perform({ action_type, source, target });
const accepted = { action_status: 'accepted' };

describe('each code of the contract has its class', () => {
  test('DP001 InvalidArgumentError, with the index in an array', async () => {
    const item_id = randomUUID();
    const twice = [student(), student({ item_id }), student({ item_id })];
    const detail = { argument: 'item_id', value: item_id, index: 2 };
    await refusal(asha.items.upsertMany(twice), InvalidArgumentError, 'DP001', detail);
  });

  test('DP002 ItemNotFoundError', async () => {
    const ref = { ...itemRef(source), item_id: randomUUID() };
    await refusal(dpg.items.get(ref), ItemNotFoundError, 'DP002', ref);
    await refusal(asha.items.delete(ref), ItemNotFoundError, 'DP002', ref);
    await refusal(asha.items.update(ref, { changes: { item_state: {} } }), ItemNotFoundError, 'DP002', ref);
    const request = { action_type: 'connect', source, target: ref };
    await refusal(asha.actions.perform(request), ItemNotFoundError, 'DP002', ref);
  });

  test('DP003 NotItemOwnerError', async () => {
    const { item_id } = source;
    const detail = { ...itemRef(source), actor: 'ravi' };
    await refusal(ravi.items.upsert(student({ item_id })), NotItemOwnerError, 'DP003', detail);
    await refusal(ravi.items.delete(source), NotItemOwnerError, 'DP003', detail);
    const many = [tutor(), student({ item_id })];
    await refusal(ravi.items.upsertMany(many), NotItemOwnerError, 'DP003', { ...detail, index: 1 });
    expect(await dpg.items.get(source)).toEqual(source);
  });

  test('DP004 ActionNotFoundError', async () => {
    const ref = { partition_network: 'yellow_dot', action_type: 'connect', action_id: randomUUID() };
    await refusal(asha.actions.get(ref), ActionNotFoundError, 'DP004', ref);
    await refusal(asha.actions.transition(ref, accepted), ActionNotFoundError, 'DP004', ref);
  });

  test('DP005 NotActionPartyError', async () => {
    const action = await perform();
    const mira = dpg.as('mira');
    const detail = { ...actionRef(action), actor: 'mira' };
    await refusal(mira.actions.get(action), NotActionPartyError, 'DP005', detail);
    await refusal(mira.actions.transition(action, accepted), NotActionPartyError, 'DP005', detail);
    expect(await asha.actions.get(action)).toEqual(action);
  });

  test('DP006 TransitionNotAllowedError, and DP005 for the wrong side', async () => {
    await dpg.actions.define({
      partition_network: 'yellow_dot',
      action_type: 'lend',
      transitions: [{ from: 'created', to: 'lent', by: 'target' }],
    });
    const action = await perform('lend');
    const detail = { ...actionRef(action), from: 'created', to: 'returned' };
    const returned = asha.actions.transition(action, { action_status: 'returned' });
    await refusal(returned, TransitionNotAllowedError, 'DP006', detail);
    const lent = { action_status: 'lent' };
    await refusal(asha.actions.transition(action, lent), NotActionPartyError, 'DP005', {
      ...actionRef(action),
      actor: 'asha',
      from: 'created',
      to: 'lent',
      by: 'target',
    });
    expect((await ravi.actions.transition(action, lent)).action_status).toBe('lent');
  });

  test('DP006 TransitionNotAllowedError, of an item', async () => {
    const at = { item_network: 'yellow_dot', item_domain: 'lesson' };
    await dpg.items.define({ ...at, statuses: [{ status: 'over', final: true }] });
    const lesson = await asha.items.upsert(student(at));
    const detail = { ...itemRef(lesson), from: 'live', to: 'lost' };
    const lost = asha.items.setStatus(lesson, { item_status: 'lost' });
    await refusal(lost, TransitionNotAllowedError, 'DP006', detail);
    const item_id = randomUUID();
    const newOne = asha.items.upsert(student({ ...at, item_id, item_status: 'lost' }));
    const { from: _, ...ofNone } = { ...detail, item_id };
    await refusal(newOne, TransitionNotAllowedError, 'DP006', ofNone);
    expect(await dpg.items.get(lesson)).toEqual(lesson);
  });

  test('DP007 VersionConflictError', async () => {
    const action = await perform();
    const stale = { ...accepted, expected_update_count: 1 };
    await refusal(ravi.actions.transition(action, stale), VersionConflictError, 'DP007', {
      ...actionRef(action),
      action_status: 'created',
      expected_update_count: 1,
      update_count: 0,
    });
    const late = { changes: { item_state: { name: 'late' } }, expected_updated_at: '2020-01-01T00:00:00Z' };
    await refusal(asha.items.update(source, late), VersionConflictError, 'DP007', {
      ...itemRef(source),
      expected_updated_at: expect.stringContaining('2020-01-01'),
      updated_at: expect.any(String),
    });
  });

  test('DP008 DuplicateDiffersError', async () => {
    const action = await perform();
    const { action_id } = action;
    const other = {
      action_type: 'connect',
      source,
      target,
      action_id,
      requirements_snapshot: { other: true },
    };
    await refusal(asha.actions.perform(other), DuplicateDiffersError, 'DP008', actionRef(action));
  });

  test('DP008 DuplicateDiffersError, of an event', async () => {
    const { partition_network, action_type, action_id } = await perform();
    const event_id = randomUUID();
    const ref = { partition_network, action_type, action_id };
    await ravi.actions.transition(ref, { ...accepted, event_id });
    const again = ravi.actions.transition(ref, { ...accepted, remarks: 'other', event_id });
    await refusal(again, DuplicateDiffersError, 'DP008', { partition_network, action_type, event_id });
  });

  test('DP008 DuplicateDiffersError, of a subscription', async () => {
    await dpg.subscriptions.create({ subscription: 'reports', partition_network: 'yellow_dot' });
    const other = dpg.subscriptions.create({ subscription: 'reports' });
    await refusal(other, DuplicateDiffersError, 'DP008', {
      subscription: 'reports',
      partition_network: 'yellow_dot',
      action_type: null,
      source_item_instance_url: null,
    });
  });

  test('DP009 UserNotFoundError', async () => {
    const ghost = dpg.as('ghost');
    await refusal(ghost.items.upsert(student()), UserNotFoundError, 'DP009', { actor: 'ghost' });
    await refusal(ghost.items.upsertMany([student()]), UserNotFoundError, 'DP009', { actor: 'ghost' });
    expect(
      await dpg.items.count({ item_network: 'yellow_dot', item_domain: 'student', created_by: 'ghost' }),
    ).toBe(0n);
  });

  test('DP010 PartitionUnavailableError', async () => {
    await database.sql`create table dpg.i_p_taken_student (anything text)`;
    const taken = { item_network: 'taken', item_domain: 'student' };
    const detail = expect.objectContaining({ root: 'items', network: 'taken', key: 'student' });
    await refusal(dpg.partitions.ensureItem(taken), PartitionUnavailableError, 'DP010', detail);
    await refusal(asha.items.upsert(student(taken)), PartitionUnavailableError, 'DP010', detail);
    expect(await dpg.partitions.list({ network: 'taken' })).toEqual([]);
  });

  test('DP011 InvalidPageTokenError', async () => {
    const at = { item_network: 'yellow_dot', item_domain: 'student' };
    await asha.items.upsert(student());
    const { next_page_token: page_token } = await dpg.items.find({ ...at, page_size: 1 });
    const elsewhere = { ...at, item_domain: 'tutor', page_token };
    await refusal(dpg.items.find(elsewhere), InvalidPageTokenError, 'DP011', { page_token });
    const astray = { page_token: 'x' };
    await refusal(asha.actions.find(astray), InvalidPageTokenError, 'DP011', astray);
    await refusal(asha.events.find(astray), InvalidPageTokenError, 'DP011', astray);
  });

  test('DP012 EventImmutableError, of a statement of your own', async () => {
    await perform();
    const statement = dpg.sql`update dpg.action_events set remarks = 'forged'`;
    const changed = statement.catch((error: unknown) => Promise.reject(toDpgError(error)));
    const relation = 'dpg.e_p_yellowdot_connect';
    await refusal(changed, EventImmutableError, 'DP012', { operation: 'UPDATE', relation });
  });

  test('DP013 ItemInUseError', async () => {
    await perform();
    await refusal(asha.items.delete(source), ItemInUseError, 'DP013', itemRef(source));
    expect(await dpg.items.get(source)).toEqual(source);
  });

  test('DP014 NotInNetworkError', async () => {
    await dpg.networks.register({
      name: 'closed',
      domains: [{ name: 'student', item_schemas: { a: true } }],
    });
    const at = { item_network: 'closed', item_domain: 'tutor' };
    const detail = { network: 'closed', undeclared: 'item_domain', ...at };
    await refusal(asha.items.upsert(student(at)), NotInNetworkError, 'DP014', detail);
    await refusal(dpg.partitions.ensureItem(at), NotInNetworkError, 'DP014', detail);
    expect(await dpg.partitions.list({ network: 'closed' })).toEqual([]);
  });

  test('DP015 ItemNotActiveError', async () => {
    const at = { item_network: 'yellow_dot', item_domain: 'draft' };
    await dpg.items.define({ ...at, statuses: [{ status: 'draft', acts: false }] });
    const item = await asha.items.upsert(student({ ...at, item_status: 'draft' }));
    const detail = { ...itemRef(item), item_status: 'draft' };
    const request = { action_type: 'connect', source: item, target };
    await refusal(asha.actions.perform(request), ItemNotActiveError, 'DP015', detail);
    await asha.items.setStatus(item, { item_status: 'live' });
    expect(await asha.actions.perform(request)).toMatchObject({ source_item_id: item.item_id });
  });

  test('DP016 LimitReachedError', async () => {
    await dpg.actions.define({
      partition_network: 'yellow_dot',
      action_type: 'once',
      transitions: null,
      rules: { max_open_per_pair: 1, different_owners: true, final_statuses: ['over'] },
    });
    const action = await perform('once');
    const again = asha.actions.perform({ action_type: 'once', source, target });
    await refusal(again, LimitReachedError, 'DP016', {
      partition_network: 'yellow_dot',
      action_type: 'once',
      rule: 'max_open_per_pair',
      limit: 1,
      count: 1,
    });
    await ravi.actions.transition(action, { action_status: 'over' });
    await perform('once');

    await dpg.networks.define({ network: 'few_dot', rules: { max_items_per_owner: 1 } });
    await asha.items.upsert(student({ item_network: 'few_dot' }));
    await refusal(asha.items.upsert(student({ item_network: 'few_dot' })), LimitReachedError, 'DP016', {
      actor: 'asha',
      item_network: 'few_dot',
      item_domain: 'student',
      item_type: source.item_type,
      rule: 'max_items_per_owner',
      limit: 1,
      count: 1,
    });
    await dpg.networks.define({ network: 'few_dot', rules: null });
    await asha.items.upsert(student({ item_network: 'few_dot' }));
  });

  test('a rule that is none is refused before it is sent', async () => {
    const at = { partition_network: 'yellow_dot', action_type: 'once', transitions: null };
    for (const rules of [
      { max_open_per_pair: 0 },
      { max_open: 1 },
      { final_statuses: [''] },
      { different_owners: 'yes' },
    ]) {
      const error = (await errorOf(dpg.actions.define({ ...at, rules } as never))) as DpgError;
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect(error.cause).toBeInstanceOf(ZodError);
    }
  });

  test.each([['DP017', NetworkElsewhereError, { server: 'db2.example.com' }]])(
    '%s %s, of a statement of your own',
    async (code, Class, detail) => {
      const raised = database.sql.unsafe(
        `do $$ begin
         raise exception using errcode = '${code}', message = 'no', hint = 'Ask.', detail = '${JSON.stringify(detail)}';
       end $$`,
      );
      const converted = raised.catch((error: unknown) => Promise.reject(toDpgError(error)));
      await refusal(converted, Class, code, detail);
    },
  );
});

describe('what the SDK refuses itself', () => {
  test('is an InvalidArgumentError as well, caused by the ZodError', async () => {
    const error = (await errorOf(
      asha.items.upsertMany([student(), student({ item_type: ' ' })]),
    )) as DpgError;
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.code).toBe('DP001');
    expect(error.message).toBe("item_type (element 1) is refused: ' '");
    expect(error.detail).toEqual({ argument: 'item_type', value: ' ', index: 1 });
    expect(error.hint).toMatch(/^A key is text of 1 to 120 characters/);
    expect(error.cause).toBeInstanceOf(ZodError);
  });

  test('is refused at once where an actor is named', () => {
    for (const actor of ['', ' ', null, undefined, 7]) {
      expect(() => dpg.as(actor as string)).toThrow(InvalidArgumentError);
    }
  });
});

describe('everything else passes through unchanged', () => {
  test('the very object that postgres.js has thrown', async () => {
    const thrown = Object.assign(new Error('write CONNECTION_CLOSED'), { code: 'CONNECTION_CLOSED' });
    const broken = Object.assign(() => undefined, {
      typed: (value: unknown) => value,
      unsafe: () => ({ raw: () => Promise.reject(thrown) }),
    });
    expect(await errorOf(createDpg(broken).items.get(source))).toBe(thrown);
    expect(toDpgError('not even an error')).toBe('not even an error');
  });

  test('PostgreSQL’s own errors', async () => {
    const error = await errorOf(
      database.sql.begin(async (tx) => {
        await tx`set local statement_timeout = 1`;
        await dpg
          .with(tx)
          .as('asha')
          .items.upsertMany(Array.from({ length: 2000 }, () => student()));
      }),
    );
    expect(error).toBeInstanceOf(postgres.PostgresError);
    expect(error).toMatchObject({ code: '57014' });
  });

  test('a code of a later contract is a plain DpgError', () => {
    const later = Object.assign(new Error('new rule'), { code: 'DP099', detail: 'no JSON' });
    expect(toDpgError(later)).toBeInstanceOf(DpgError);
    expect(toDpgError(later)).toMatchObject({
      name: 'DpgError',
      code: 'DP099',
      detail: null,
      hint: null,
      cause: later,
    });
  });
});

test('the documentation has the class and the HTTP status of each code', async () => {
  const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (DP\d{3}) \| `(\w+)` \| (\d{3}) \|/gm)];
  expect(Object.fromEntries(rows.map(([, code = '', , status]) => [code, Number(status)]))).toEqual(
    httpStatuses,
  );
  for (const [, code = '', name] of rows) {
    const error = toDpgError(Object.assign(new Error('no'), { code })) as Error;
    expect(error.name).toBe(name);
  }
});

test('the wrapper for PostgREST answers with these statuses', async () => {
  const page = await readFile(new URL('../../docs/postgrest.md', import.meta.url), 'utf8');
  const cases = [...page.matchAll(/when code (?:in|=) (.+) then (\d{3})$/gm)];
  const statuses = cases.flatMap(([, codes = '', status]) =>
    [...codes.matchAll(/DP\d{3}/g)].map(([code]) => [code, Number(status)] as const),
  );
  const others = Object.fromEntries(Object.keys(httpStatuses).map((code) => [code, 500]));
  expect({ ...others, ...Object.fromEntries(statuses) }).toEqual(httpStatuses);
});
