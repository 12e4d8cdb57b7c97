import { randomUUID } from 'node:crypto';
import postgres from 'postgres';
import { beforeAll, describe, expect, test } from 'vitest';
import { ZodError } from 'zod';
import {
  ActionNotFoundError,
  createDpg,
  DpgError,
  DuplicateDiffersError,
  EventImmutableError,
  InvalidArgumentError,
  InvalidPageTokenError,
  type Item,
  ItemInUseError,
  ItemNotFoundError,
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
async function refusal(promise: PromiseLike<unknown>, Class: ErrorClass, code: string) {
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
  expect(error.detail).toBeTypeOf('object');
  expect(error.detail).not.toBeNull();
  return error;
}

const nobodys = () => ({
  item_network: 'yellow_dot',
  item_domain: 'student',
  item_type: 'profile_1.0',
  item_id: randomUUID(),
});
const unknownAction = () => ({
  partition_network: 'yellow_dot',
  action_type: 'connect',
  action_id: randomUUID(),
});
const perform = (action_type = 'connect') => asha.actions.perform({ action_type, source, target });

describe('each code of the contract has its class', () => {
  test('DP001 InvalidArgumentError, with the index in an array', async () => {
    const item_id = randomUUID();
    const twice = [student(), student({ item_id }), student({ item_id })];
    const error = await refusal(asha.items.upsertMany(twice), InvalidArgumentError, 'DP001');
    expect(error.detail).toMatchObject({ argument: 'item_id', value: item_id, index: 2 });
  });

  test('DP002 ItemNotFoundError', async () => {
    const ref = nobodys();
    const error = await refusal(dpg.items.get(ref), ItemNotFoundError, 'DP002');
    expect(error.detail).toMatchObject(ref);
    await refusal(asha.items.delete(ref), ItemNotFoundError, 'DP002');
    const changes = { item_state: {} };
    await refusal(asha.items.update(ref, { changes }), ItemNotFoundError, 'DP002');
    await refusal(
      asha.actions.perform({ action_type: 'connect', source, target: ref }),
      ItemNotFoundError,
      'DP002',
    );
  });

  test('DP003 NotItemOwnerError', async () => {
    const { item_id } = source;
    await refusal(ravi.items.upsert(student({ item_id })), NotItemOwnerError, 'DP003');
    await refusal(ravi.items.delete(source), NotItemOwnerError, 'DP003');
    expect((await dpg.items.get(source)).created_by).toBe('asha');
  });

  test('DP004 ActionNotFoundError', async () => {
    await refusal(asha.actions.get(unknownAction()), ActionNotFoundError, 'DP004');
    const accepted = { action_status: 'accepted' };
    await refusal(asha.actions.transition(unknownAction(), accepted), ActionNotFoundError, 'DP004');
  });

  test('DP005 NotActionPartyError', async () => {
    const action = await perform();
    await refusal(dpg.as('mira').actions.get(action), NotActionPartyError, 'DP005');
    await refusal(
      dpg.as('mira').actions.transition(action, { action_status: 'accepted' }),
      NotActionPartyError,
      'DP005',
    );
    expect(await asha.actions.get(action)).toEqual(action);
  });

  test('DP006 TransitionNotAllowedError', async () => {
    await dpg.actions.define({
      partition_network: 'yellow_dot',
      action_type: 'lend',
      transitions: [{ from: 'created', to: 'lent', by: 'target' }],
    });
    const action = await perform('lend');
    await refusal(
      asha.actions.transition(action, { action_status: 'returned' }),
      TransitionNotAllowedError,
      'DP006',
    );
    const lent = { action_status: 'lent' };
    await refusal(asha.actions.transition(action, lent), NotActionPartyError, 'DP005');
    expect((await ravi.actions.transition(action, lent)).action_status).toBe('lent');
  });

  test('DP007 VersionConflictError', async () => {
    const action = await perform();
    const stale = { action_status: 'accepted', expected_update_count: 1 };
    await refusal(ravi.actions.transition(action, stale), VersionConflictError, 'DP007');
    const late = { changes: { item_state: { name: 'late' } }, expected_updated_at: '2020-01-01T00:00:00Z' };
    await refusal(asha.items.update(source, late), VersionConflictError, 'DP007');
  });

  test('DP008 DuplicateDiffersError', async () => {
    const { action_id } = await perform();
    const other = {
      action_type: 'connect',
      source,
      target,
      action_id,
      requirements_snapshot: { other: true },
    };
    await refusal(asha.actions.perform(other), DuplicateDiffersError, 'DP008');
  });

  test('DP009 UserNotFoundError', async () => {
    const ghost = dpg.as('ghost');
    await refusal(ghost.items.upsert(student()), UserNotFoundError, 'DP009');
    await refusal(ghost.items.upsertMany([student()]), UserNotFoundError, 'DP009');
    expect(
      await dpg.items.count({ item_network: 'yellow_dot', item_domain: 'student', created_by: 'ghost' }),
    ).toBe(0n);
  });

  test('DP010 PartitionUnavailableError', async () => {
    await database.sql`create table dpg.i_p_taken_student (anything text)`;
    const taken = { item_network: 'taken', item_domain: 'student' };
    await refusal(dpg.partitions.ensureItem(taken), PartitionUnavailableError, 'DP010');
    await refusal(asha.items.upsert(student(taken)), PartitionUnavailableError, 'DP010');
    expect(await dpg.partitions.list({ network: 'taken' })).toEqual([]);
  });

  test('DP011 InvalidPageTokenError', async () => {
    const { next_page_token } = await dpg.items.find({
      item_network: 'yellow_dot',
      item_domain: 'student',
      page_size: 1,
    });
    const elsewhere = { item_network: 'yellow_dot', item_domain: 'tutor', page_token: next_page_token };
    await refusal(dpg.items.find(elsewhere), InvalidPageTokenError, 'DP011');
    await refusal(asha.actions.find({ page_token: 'x' }), InvalidPageTokenError, 'DP011');
    await refusal(asha.events.find({ page_token: 'x' }), InvalidPageTokenError, 'DP011');
  });

  test('DP012 EventImmutableError, of a statement of your own', async () => {
    await perform();
    const statement = dpg.sql`update dpg.action_events set remarks = 'forged'`;
    const changed = statement.catch((error: unknown) => Promise.reject(toDpgError(error)));
    await refusal(changed, EventImmutableError, 'DP012');
  });

  test('DP013 ItemInUseError', async () => {
    await perform();
    await refusal(asha.items.delete(source), ItemInUseError, 'DP013');
    expect(await dpg.items.get(source)).toEqual(source);
  });

  test('DP014 NotInNetworkError', async () => {
    const raised = dpg.sql
      .unsafe(`do $body$ begin
        raise exception using errcode = 'DP014', message = 'no such domain', hint = 'register it', detail = '{}';
      end $body$`)
      .catch((error: unknown) => Promise.reject(toDpgError(error)));
    await refusal(raised, NotInNetworkError, 'DP014');
  });
});

describe('what the SDK refuses itself', () => {
  test('is an InvalidArgumentError as well, caused by the ZodError', async () => {
    const error = (await errorOf(
      asha.items.upsertMany([student(), student({ item_type: ' ' })]),
    )) as DpgError;
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.code).toBe('DP001');
    expect(error.message).toBe("item_type of element 1 is refused: ' '");
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
    expect(toDpgError(later)).toMatchObject({
      name: 'DpgError',
      code: 'DP099',
      detail: null,
      hint: null,
      cause: later,
    });
  });
});
