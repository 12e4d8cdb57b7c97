import { z } from 'zod';
import { check, fields, key } from './arguments.js';
import { call, type Queryable, view } from './client.js';
import { row } from './columns.js';
import { type Partition, partitionColumns } from './rows.js';

export type { Partition };

export const ensureItemPartition = fields({ item_network: key, item_domain: key });
export const ensureActionPartition = fields({ partition_network: key, action_type: key });

export const listPartitions = fields({
  root: z
    .enum(['items', 'item_actions', 'action_events'], 'A root is items, item_actions or action_events.')
    .nullish(),
  network: key.nullish(),
});

export type EnsureItemPartition = z.input<typeof ensureItemPartition>;
export type EnsureActionPartition = z.input<typeof ensureActionPartition>;
export type ListPartitions = z.input<typeof listPartitions>;

const partitions = view('partitions', { root: 'text', network: 'text' }, row<Partition>(partitionColumns));

/**
 * Partitions are made when something is first written to them, so that nobody needs to call these. But a new partition
 * locks until the transaction ends that made it: one that will stay open should find it made already. Each returns the
 * name of the leaf and is safe under any concurrency.
 */
export function partitionsOf(sql: Queryable) {
  return {
    /**
     * The partition for the items of a network and domain.
     * @throws {PartitionUnavailableError} {@link NotInNetworkError}
     */
    async ensureItem(partition: EnsureItemPartition): Promise<string> {
      return call(sql, 'ensure_item_partition', check(ensureItemPartition, partition, 'partition'));
    },

    /**
     * The partition for the actions of a type whose targets are in a network.
     * @throws {PartitionUnavailableError} {@link NotInNetworkError}
     */
    async ensureAction(partition: EnsureActionPartition): Promise<string> {
      return call(sql, 'ensure_action_partition', check(ensureActionPartition, partition, 'partition'));
    },

    /**
     * The same for the events of those actions.
     * @throws {PartitionUnavailableError} {@link NotInNetworkError}
     */
    async ensureActionEvent(partition: EnsureActionPartition): Promise<string> {
      return call(sql, 'ensure_action_event_partition', check(ensureActionPartition, partition, 'partition'));
    },

    /** The leaves there are, of one root or network when given. */
    async list(filter: ListPartitions = {}): Promise<Partition[]> {
      return partitions(sql, check(listPartitions, filter, 'filter'));
    },
  };
}

export type Partitions = ReturnType<typeof partitionsOf>;
