// A session of an application that writes until the server is gone, and what it was told and was not told.

import type postgres from 'postgres';
import {
  type Action,
  createDpg,
  type Dpg,
  type Item,
  isConnectionLoss,
  OutcomeUnknownError,
} from '../../sdk/index.js';

/** What was acknowledged. */
export const acknowledged = {
  items: new Map<string, Item>(),
  /** Ids of items that were deleted. */
  deleted: new Set<string>(),
  actions: new Map<string, Action>(),
  leaves: new Set<string>(),
};

export const keepItem = (item: Item) => acknowledged.items.set(item.item_id, item);
export const keepAction = (action: Action) => {
  const known = acknowledged.actions.get(action.action_id);
  if (!known || known.update_count <= action.update_count) acknowledged.actions.set(action.action_id, action);
};

export type Call<Result> = (dpg: Dpg<postgres.Sql>) => Promise<Result>;
/** A call of unknown outcome: how to repeat it with the ids that were sent. */
export type Repeat = Call<unknown>;
/** Sends a call, with its ids, in such a way that it can be repeated; keeps what it is told. */
export type Send = <Result>(call: Call<Result>, keep: (result: Result) => unknown) => Promise<void>;

/** Works in a session of its own until the server is gone; the calls without an answer. */
export async function writer(
  url: string,
  counts: { calls: number },
  work: (send: Send) => Promise<void>,
): Promise<Repeat[]> {
  const dpg = createDpg(url, { max: 1, connect_timeout: 5 });
  const unknown: Repeat[] = [];
  try {
    await work(async (call, keep) => {
      try {
        keep(await call(dpg));
        counts.calls += 1;
      } catch (error) {
        if (error instanceof OutcomeUnknownError) unknown.push(async (dpg) => keep(await call(dpg)));
        throw error;
      }
    });
  } catch (error) {
    // nothing but the end of the server may end this
    if (!(error instanceof OutcomeUnknownError) && !isConnectionLoss(error)) throw error;
  } finally {
    await dpg.sql.end({ timeout: 0 });
  }
  return unknown;
}
