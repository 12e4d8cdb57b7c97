// What the SDK reads of postgres.js that is not documented: whether the installed version has it, and what is done without.

import postgres from 'postgres';
import { describe, expect, test } from 'vitest';
import { addArrayTypes } from '../../sdk/arrays.js';
import { createDpg, OutcomeUnknownError } from '../../sdk/index.js';
import { arrayTypesOf, guardSending, mayHaveBeenSent } from '../../sdk/postgres-js.js';
import { testDatabase } from '../support/test-database.js';
import { errorOf, student } from './story.js';

const { sql } = await testDatabase();

describe('the installed version has it', () => {
  test('a statement that was not sent, and one that was', async () => {
    const statement = sql.unsafe('select 1').values();
    expect(mayHaveBeenSent(statement)).toBe(false);
    await statement;
    expect(mayHaveBeenSent(statement)).toBe(true);
  });

  test('a handler that a statement is sent by', async () => {
    const guarded = sql`select 1 as one`;
    guardSending(
      guarded,
      () => ({ error: 'refused' }),
      () => undefined,
    );
    expect(await errorOf(guarded)).toBe('refused');
  });

  test('a map of array types', () => {
    expect(arrayTypesOf(postgres('postgres://localhost').options)).toEqual({});
  });
});

describe('without it', () => {
  const lost = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });

  /** A version of postgres.js whose statements have these fields; each is lost with its connection. */
  const versionWith = (fields: object) =>
    Object.assign(() => undefined, {
      typed: (value: unknown) => value,
      unsafe: () => ({ raw: () => Object.assign(Promise.reject(lost), fields) }),
    });

  test('a writing call that was lost may have been done: its outcome is unknown', async () => {
    const outcome = (fields: object) =>
      errorOf(createDpg(versionWith(fields)).as('asha').items.upsert(student()));
    expect(await outcome({})).toBeInstanceOf(OutcomeUnknownError);
    expect(await outcome({ state: {} })).toBeInstanceOf(OutcomeUnknownError);
    expect(await outcome({ state: null })).toBe(lost);
  });

  test('a reading call ends with its error all the same', async () => {
    const counted = createDpg(versionWith({})).items.count({ item_network: 'a', item_domain: 'b' });
    expect(await errorOf(counted)).toBe(lost);
  });

  test('a statement is sent as ever', async () => {
    const statement = Promise.resolve('sent');
    guardSending(
      statement,
      () => ({ error: lost }),
      () => undefined,
    );
    expect(await statement).toBe('sent');
  });

  test('arrays are read and written', () => {
    const options = { parsers: {}, serializers: {} } as Record<
      'parsers' | 'serializers',
      Record<number, (value: unknown) => unknown>
    >;
    addArrayTypes(options);
    expect(options.parsers[1009]?.('{a,NULL}')).toEqual(['a', null]);
    expect(options.serializers[1009]?.(['a', null])).toBe('{"a",NULL}');
  });
});
