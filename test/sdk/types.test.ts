// Checked by the compiler (npm run typecheck); running it does nothing more.

import type postgres from 'postgres';
import { describe, expectTypeOf, test } from 'vitest';
import { call } from '../../sdk/client.js';
import {
  type Action,
  type ActionConflict,
  type ActionDetail,
  type ActionEvent,
  type ActorDpg,
  boxOf,
  createDpg,
  type Dpg,
  DpgError,
  type DpgErrorCode,
  type ElsewhereDetail,
  type EventDetail,
  type ExactJsonObject,
  type ExactJsonScalar,
  type Facets,
  type FoundItem,
  type InvalidArgumentDetail,
  InvalidArgumentError,
  type Item,
  type ItemConflict,
  type ItemDetail,
  type ItemStatusDetail,
  type JsonObject,
  type JsonScalar,
  type LimitDetail,
  type NotInNetworkDetail,
  type Page,
  type PageOfJson,
  type Partition,
  type PartitionDetail,
  type SearchedItem,
  type SubscriptionDetail,
  type TransitionDetail,
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
      expectTypeOf(await asha.items.upsert(upsert)).toEqualTypeOf<Item<JsonObject>>();
      expectTypeOf(await asha.items.upsertMany([upsert])).toEqualTypeOf<Item<JsonObject>[]>();
      expectTypeOf(await asha.items.upsertMany([upsert], { returning: 'count' })).toEqualTypeOf<number>();
      expectTypeOf(await asha.items.update(item, { changes: {} })).toEqualTypeOf<Item<JsonObject>>();
      expectTypeOf(await asha.actions.get(action)).toEqualTypeOf<Action>();
      expectTypeOf<Partition['bytes']>().toEqualTypeOf<bigint>();
      expectTypeOf<ActionEvent['created_at']>().toEqualTypeOf<string>();
      expectTypeOf<Item['item_latitude']>().toEqualTypeOf<number | null>();
      expectTypeOf(dpg.actions.define).returns.resolves.toEqualTypeOf<void>();
    });
  });

  test('a state whose type is named is checked when it is written', () => {
    never(async () => {
      const typed = { ...upsert, item_state: profile };
      expectTypeOf(await asha.items.upsert<Profile>(typed)).toEqualTypeOf<Item<Profile>>();
      expectTypeOf(await asha.items.upsertMany<Profile>([typed])).toEqualTypeOf<Item<Profile>[]>();
      const count = await asha.items.upsertMany<Profile>([typed], { returning: 'count' });
      expectTypeOf(count).toEqualTypeOf<number>();
      const changed = await asha.items.update<Profile>(item, { changes: { item_state: profile } });
      expectTypeOf(changed).toEqualTypeOf<Item<Profile>>();
      asha.items.update<Profile>(item, { changes: { item_latitude: 1, item_longitude: 2 } });
      // what may be empty need not be given
      asha.items.upsert<Partial<Profile>>({ ...typed, item_state: undefined });
      const wrong = { ...upsert, item_state: { nmae: 'Asha' } };
      // @ts-expect-error another state
      asha.items.upsert<Profile>(wrong);
      // @ts-expect-error a misspelt field of it
      asha.items.upsert<Profile>({ ...upsert, item_state: { name: 'Asha', verifed: true } });
      // @ts-expect-error none, where it has a field that is required
      asha.items.upsert<Profile>({ ...upsert, item_state: undefined });
      // @ts-expect-error among many
      asha.items.upsertMany<Profile>([typed, wrong]);
      // @ts-expect-error among many that are counted
      asha.items.upsertMany<Profile>([wrong], { returning: 'count' });
      // @ts-expect-error as a change
      asha.items.update<Profile>(item, { changes: { item_state: { nmae: 'Asha' } } });
    });
  });

  test('where numbers are exact, states are read so, and written as they come', () => {
    never(async () => {
      const exact = createDpg('postgres://', { numbers: 'exact' }).as('asha').items;
      expectTypeOf(await exact.upsert({ ...upsert, item_state: profile })).toEqualTypeOf<
        Item<ExactJsonObject>
      >();
      expectTypeOf(await exact.upsert<Profile>({ ...upsert, item_state: profile })).toEqualTypeOf<
        Item<Profile>
      >();
    });
  });

  test('a call has the arguments and the result of its function', () => {
    never(async () => {
      const sql = dpg.sql;
      const ref = { item_network: 'a', item_domain: 'b', item_type: 'c', item_id: 'd' };
      expectTypeOf(await call(sql, 'get_item', ref)).toEqualTypeOf<Item<never>>();
      expectTypeOf(await call(sql, 'upsert_items', { actor: 'asha', items: [] })).toEqualTypeOf<
        Item<never>[]
      >();
      expectTypeOf(
        await call(sql, 'count_items', { item_network: 'a', item_domain: 'b' }),
      ).toEqualTypeOf<bigint>();
      expectTypeOf(await call(sql, 'unregister_network', { network: 'a' })).toEqualTypeOf<boolean>();
      expectTypeOf(await call(sql, 'register_network', { document: {} })).toEqualTypeOf<void>();
      // @ts-expect-error no such function
      call(sql, 'upsert_itme', ref);
      // @ts-expect-error no such argument
      call(sql, 'get_item', { ...ref, item_colour: 'red' });
      // @ts-expect-error one that is required
      call(sql, 'get_item', { item_network: 'a', item_domain: 'b', item_type: 'c' });
      // @ts-expect-error of another type
      call(sql, 'acknowledge', { subscription: 'reports', position: 1 });
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
      const [count] = await asha.actions.counts();
      expectTypeOf(count?.action_count).toEqualTypeOf<bigint | undefined>();
      expectTypeOf((await list).toJSON()).toEqualTypeOf<PageOfJson<FoundItem<Profile>>>();
      expectTypeOf((await list).toJSON().rows[0]?.item_state).toEqualTypeOf<Profile | undefined>();
      // @ts-expect-error in JSON a row has no token
      (await list).toJSON().rows[0]?.next_page_token;
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

  test('a search is in one domain, in several or in all, never in one and several', () => {
    never(() => {
      const searched = ['student', 'tutor'] as const;
      dpg.items.find({ item_network: 'a', item_domains: searched });
      dpg.items.count({ item_network: 'a', item_domain: null, item_domains: [] });
      dpg.items.nearest({ item_network: 'a', latitude: 1, longitude: 2 });
      // @ts-expect-error both
      dpg.items.find({ item_network: 'a', item_domain: 'b', item_domains: searched });
      // @ts-expect-error both
      dpg.items.count({ item_network: 'a', item_domain: 'b', item_domains: ['b'] });
      // @ts-expect-error both
      dpg.items.nearest({
        item_network: 'a',
        item_domain: 'b',
        item_domains: ['b'],
        latitude: 1,
        longitude: 2,
      });
      // @ts-expect-error no text
      dpg.items.find({ item_network: 'a', item_domains: [7] });
    });
  });

  test('the map, facets, words, own items', () => {
    never(async () => {
      const at = { item_network: 'a' };
      const box = boxOf([1, 2, 3, 4]);
      const [marker] = await dpg.items.map({ ...at, ...box, max_markers: 60 });
      expectTypeOf(marker?.item_id).toEqualTypeOf<string | null | undefined>();
      expectTypeOf(marker?.item_count).toEqualTypeOf<bigint | undefined>();
      const [count] = await dpg.items.facets({ ...at, fields: ['subject'] });
      expectTypeOf(count?.value).toEqualTypeOf<JsonScalar | undefined>();
      const exact = createDpg('postgres://', { numbers: 'exact' });
      const [exactly] = await exact.items.facets({ ...at, fields: ['price'] });
      expectTypeOf(exactly?.value).toEqualTypeOf<ExactJsonScalar | undefined>();
      for await (const row of dpg.items.search<Profile>({ ...at, search: 'math' }))
        expectTypeOf(row).toEqualTypeOf<SearchedItem<Profile>>();
      for await (const row of asha.items.own<Profile>())
        expectTypeOf(row).toEqualTypeOf<FoundItem<Profile>>();
      expectTypeOf(await asha.items.setStatus<Profile>(item, { item_status: 'paused' })).toEqualTypeOf<
        Item<Profile>
      >();
      expectTypeOf(await dpg.items.getMany<Profile>([item])).toEqualTypeOf<Item<Profile>[]>();
      expectTypeOf(await dpg.items.refreshSearch({ ...at, item_domain: 'b' })).toEqualTypeOf<number>();
      const around = { ...at, latitude: 1, longitude: 2 };
      for await (const row of dpg.items.nearest({ ...around, include_unplaced: true }))
        expectTypeOf(row.distance_meters).toEqualTypeOf<number | null>();
      for await (const row of dpg.items.nearest({ ...around, include_unplaced: false }))
        expectTypeOf(row.distance_meters).toEqualTypeOf<number>();
      const chosen: Facets = { subject: ['math', null], grade: [7], verified: undefined };
      dpg.items.find({ ...at, ...box, facets: chosen });
      // @ts-expect-error facets are arrays of scalars
      dpg.items.find({ ...at, facets: { subject: 'math' } });
      // @ts-expect-error three edges
      dpg.items.map({ ...at, south: 1, west: 2, north: 3 });
      const corners = [
        [1, 2],
        [3, 4],
      ];
      // @ts-expect-error two corners
      boxOf(corners);
      // @ts-expect-error declaring takes no actor
      asha.items.define({ ...at, item_domain: 'b', statuses: [] });
      // @ts-expect-error own items take one
      dpg.items.own();
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
      // @ts-expect-error several are an array
      asha.actions.find({ action_types: 'connect' });
      // @ts-expect-error the counts of a user take an actor
      dpg.actions.counts();
      // @ts-expect-error those of items take none
      asha.actions.itemCounts([]);
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

  test('the code of a refusal tells the type of its detail', () => {
    type Details = { [Code in DpgErrorCode]: Extract<DpgError, { code: Code }>['detail'] };
    expectTypeOf<Details>().toEqualTypeOf<{
      DP001: InvalidArgumentDetail | null;
      DP002: ItemDetail | null;
      DP003: (ItemDetail & { actor: string; index?: number }) | null;
      DP004: ActionDetail | null;
      DP005: (ActionDetail & { actor: string; from?: string; to?: string; by?: 'source' | 'target' }) | null;
      DP006: TransitionDetail | ItemStatusDetail | null;
      DP007: ActionConflict | ItemConflict | null;
      DP008: ActionDetail | EventDetail | SubscriptionDetail | null;
      DP009: { actor: string } | null;
      DP010: PartitionDetail | null;
      DP011: { page_token: string } | null;
      DP012: { operation: string; relation: string } | null;
      DP013: (ItemDetail & { constraint?: string; relation?: string }) | null;
      DP014: NotInNetworkDetail | null;
      DP015: (ItemDetail & { item_status: string }) | null;
      DP016: LimitDetail | null;
      DP017: ElsewhereDetail | null;
      DP018: { operation: 'insert' | 'update' | 'delete'; relation: string; [key: string]: unknown } | null;
    }>();
    never((error: unknown = undefined) => {
      if (!(error instanceof DpgError)) return;
      expectTypeOf(error).toEqualTypeOf<DpgError>();
      switch (error.code) {
        case 'DP001':
          expectTypeOf(error).toEqualTypeOf<InvalidArgumentError>();
          expectTypeOf(error.detail?.argument).toEqualTypeOf<string | undefined>();
          break;
        case 'DP006':
          expectTypeOf(error.detail?.to).toEqualTypeOf<string | undefined>();
          // @ts-expect-error not of this code
          error.detail?.argument;
          break;
        case 'DP007':
          if (error.detail && 'updated_at' in error.detail)
            expectTypeOf(error.detail.updated_at).toEqualTypeOf<string>();
          break;
        // @ts-expect-error no such code
        case 'DP099':
          break;
        default:
          // @ts-expect-error what is left has other codes
          if (error.code === 'DP001') return;
      }
    });
  });
});
