// The seed's documented use: drizzle-orm on pg.

import { and, eq } from 'drizzle-orm';
import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import pg from 'pg';
import { type Contestant, type ItemKey, SEED } from './contestant.js';
import { ensureActionEventPartition, ensureActionPartition, ensureItemPartition } from './seed/ensure.js';
import { action_events, item_actions, items } from './seed/tables.js';

export function seedContestant(url: string, connections = 1): Contestant & { db: NodePgDatabase } {
  const pool = new pg.Pool({ connectionString: url, max: connections });
  const db = drizzle(pool);

  const readItem = async (item: ItemKey) => {
    const [row] = await db
      .select()
      .from(items)
      .where(
        and(
          eq(items.item_network, item.item_network),
          eq(items.item_domain, item.item_domain),
          eq(items.item_type, item.item_type),
          eq(items.item_id, item.item_id),
        ),
      );
    if (!row) throw new Error(`There is no item ${item.item_id}.`);
    return row;
  };

  return {
    name: SEED,
    db,

    async upsertItem(actor, item) {
      await ensureItemPartition(db, item.item_network, item.item_domain);
      const [created] = await db
        .insert(items)
        .values({ ...item, created_by: actor })
        .returning();
      return created?.item_id ?? '';
    },

    async performAction(actor, action_type, source, target) {
      const sourceItem = await readItem(source);
      const targetItem = await readItem(target);
      if (sourceItem.created_by !== actor) throw new Error('not the owner');
      await ensureActionPartition(db, target.item_network, action_type);
      await ensureActionEventPartition(db, target.item_network, action_type);
      const ends = {
        source_item_network: source.item_network,
        source_item_domain: source.item_domain,
        source_item_type: source.item_type,
        source_item_id: source.item_id,
        source_item_instance_url: sourceItem.item_instance_url,
        source_item_owner: sourceItem.created_by,
        target_item_network: target.item_network,
        target_item_domain: target.item_domain,
        target_item_type: target.item_type,
        target_item_id: target.item_id,
        target_item_instance_url: targetItem.item_instance_url,
        target_item_owner: targetItem.created_by,
      };
      const state = {
        partition_network: target.item_network,
        action_type,
        action_status: 'created',
        update_count: 0,
      };
      const [action] = await db
        .insert(item_actions)
        .values({ ...state, ...ends, requirements_snapshot: { subject: 'math' } })
        .returning();
      if (!action) throw new Error('no action came back');
      await db.insert(action_events).values({
        ...state,
        ...ends,
        origin_instance_domain: targetItem.item_instance_url,
        action_id: action.action_id,
        source_item_latitude: sourceItem.item_latitude,
        source_item_longitude: sourceItem.item_longitude,
        target_item_latitude: targetItem.item_latitude,
        target_item_longitude: targetItem.item_longitude,
        event_payload: { status: 'created' },
      });
      return action.action_id;
    },

    async transitionAction(actor, { partition_network, action_type, action_id }, action_status) {
      const key = and(
        eq(item_actions.partition_network, partition_network),
        eq(item_actions.action_type, action_type),
        eq(item_actions.action_id, action_id),
      );
      const [action] = await db.select().from(item_actions).where(key);
      if (!action) throw new Error(`There is no action ${action_id}.`);
      if (actor !== action.source_item_owner && actor !== action.target_item_owner)
        throw new Error('no party');
      await ensureActionEventPartition(db, partition_network, action_type);
      const update_count = action.update_count + 1;
      await db.update(item_actions).set({ action_status, update_count, updated_at: new Date() }).where(key);
      const { requirements_snapshot: _, created_at: __, updated_at: ___, remarks: ____, ...copied } = action;
      await db.insert(action_events).values({
        ...copied,
        origin_instance_domain: action.target_item_instance_url,
        action_status,
        update_count,
        event_payload: { status: action_status },
      });
    },

    async getItem(item) {
      await readItem(item);
    },

    end: () => pool.end(),
  };
}
