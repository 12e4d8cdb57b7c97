// Checked by the compiler (npm run typecheck); running it does nothing more.

import type postgres from 'postgres';
import { describe, expectTypeOf, test } from 'vitest';
import {
  type Action,
  type ActionEvent,
  type ActorDpg,
  createDpg,
  type Dpg,
  DpgError,
  type FoundItem,
  InvalidArgumentError,
  type Item,
  type JsonObject,
  type Page,
  type Partition,
  type UpsertItem,
  VersionConflictError,
} from '../../sdk/index.js';

interface Profile {
  name: string;
  verified?: boolean;
}

declare const dpg: Dpg;
declare const asha: ActorDpg;
declare const upsert: UpsertItem;
declare const profile: Profile;
declare const item: Item;
declare const action: Action;

/** Only for the compiler. */
function never(_: () => unknown): void {}

describe('types', () => {
  test('a connection is a string, an instance of any types, a reserved one or a transaction', () => {
    never(() => {
      expectTypeOf(createDpg('postgres://')).toEqualTypeOf<Dpg>();
      expectTypeOf(createDpg('postgres://', { max: 1, transform: { undefined: null } })).toEqualTypeOf<Dpg>();
      const sql = {} as postgres.Sql<{ bigint: bigint; point: { x: number } }>;
      expectTypeOf(createDpg(sql).sql).toEqualTypeOf<typeof sql>();
      createDpg({} as postgres.ReservedSql);
      sql.begin((tx) => expectTypeOf(dpg.with(tx).sql).toEqualTypeOf<typeof tx>());
      // @ts-expect-error an environment variable may be missing
      createDpg(process.env.DATABASE_URL);
      // @ts-expect-error settings belong to the instance
      createDpg(sql, { max: 1 });
    });
  });

  test('rows are what the database has, with the state that the caller knows of', () => {
    never(async () => {
      expectTypeOf(await dpg.items.get(item)).toEqualTypeOf<Item<JsonObject>>();
      expectTypeOf((await dpg.items.get<Profile>(item)).item_state).toEqualTypeOf<Profile>();
      expectTypeOf(await dpg.items.count(item)).toEqualTypeOf<bigint>();
      expectTypeOf(await asha.items.upsertMany<Profile>([upsert])).toEqualTypeOf<Item<Profile>[]>();
      expectTypeOf(await asha.items.upsertMany([upsert], { returning: 'count' })).toEqualTypeOf<number>();
      expectTypeOf(await asha.actions.get(action)).toEqualTypeOf<Action>();
      expectTypeOf<Partition['bytes']>().toEqualTypeOf<bigint>();
      expectTypeOf<ActionEvent['created_at']>().toEqualTypeOf<string>();
      expectTypeOf<Item['item_latitude']>().toEqualTypeOf<number | null>();
      expectTypeOf(dpg.actions.define).returns.resolves.toEqualTypeOf<void>();
    });
  });

  test('a list is a page, and its rows', () => {
    never(async () => {
      const list = dpg.items.find<Profile>({ item_network: 'a', item_domain: 'b' });
      expectTypeOf(await list).toEqualTypeOf<Page<FoundItem<Profile>>>();
      for await (const row of list) expectTypeOf(row).toEqualTypeOf<FoundItem<Profile>>();
      const nearest = dpg.items.nearest({ item_network: 'a', item_domain: 'b', latitude: 1, longitude: 2 });
      for await (const row of nearest) expectTypeOf(row.distance_meters).toEqualTypeOf<number>();
      for await (const row of asha.actions.find()) expectTypeOf(row.action_id).toEqualTypeOf<string>();
    });
  });

  test('documents are of any type that is an object; rows serve as references', () => {
    never(() => {
      asha.items.upsert({ ...upsert, item_state: profile });
      asha.items.update(item, { changes: { item_state: profile } });
      asha.actions.perform({ action_type: 'connect', source: item, target: item });
      asha.actions.transition(action, {
        action_status: 'accepted',
        expected_update_count: action.update_count,
      });
      asha.items.upsert({ ...upsert, item_latitude: null, item_id: undefined });
    });
  });

  test('mistakes do not compile', () => {
    never(() => {
      // @ts-expect-error without a network
      asha.items.upsert({ ...upsert, item_network: undefined });
      // @ts-expect-error an unknown field
      asha.items.upsert({ ...upsert, created_by: 'ravi' });
      // @ts-expect-error an unknown change
      asha.items.update(item, { changes: { created_by: 'ravi' } });
      // @ts-expect-error a document is an object
      asha.items.upsert({ ...upsert, item_state: '{}' });
      // @ts-expect-error no such role
      asha.actions.find({ ownership_role: 'owner' });
      const connect = { partition_network: 'yellow_dot', action_type: 'connect' };
      // @ts-expect-error no such side
      dpg.actions.define({ ...connect, transitions: [{ from: 'a', to: 'b', by: 'x' }] });
      // @ts-expect-error writing takes an actor
      dpg.items.upsert(upsert);
    });
  });

  test('an error tells its code and detail', () => {
    never((error: unknown = undefined) => {
      if (error instanceof InvalidArgumentError) {
        expectTypeOf(error.code).toEqualTypeOf<'DP001'>();
        expectTypeOf(error.detail?.index).toEqualTypeOf<number | undefined>();
        expectTypeOf(error).toExtend<DpgError>();
      }
      if (error instanceof VersionConflictError && error.detail && 'update_count' in error.detail) {
        expectTypeOf(error.detail.update_count).toEqualTypeOf<number>();
      }
      if (error instanceof DpgError) expectTypeOf(error.hint).toEqualTypeOf<string | null>();
    });
  });
});
