// What the command says, for programs: the document of --json.

import type { Step } from './record.js';

export type Root = 'items' | 'item_actions' | 'action_events';

export type Outcome =
  /** A dry run: nothing was changed, and nothing is in the way. */
  | 'planned'
  /** Something is in the way; nothing was changed, or nothing more. */
  | 'stopped'
  /** The receiver follows, and the switch could not be done in the time that it had. */
  | 'waiting'
  /** The network lives on the receiver. */
  | 'moved'
  /** Everything is as it was before the move. */
  | 'aborted'
  /** What was left on the sender is gone. */
  | 'finished'
  /** --status. */
  | 'reported';

export interface Obstacle {
  message: string;
  hint: string;
}

export interface Holder {
  pid?: number;
  application_name?: string;
  since?: string;
  relation?: string;
  prepared_transaction?: string;
}

export interface PlannedLeaf {
  root: Root;
  key: string;
  estimated_rows: number;
  bytes: bigint;
}

export interface Plan {
  leaves: PlannedLeaf[];
  bytes: bigint;
  /** A guess. */
  seconds: number;
  /**
   * Actions of this network whose source is an item of another one; of other networks, whose source is of this one. 10,001
   * stands for more than 10,000; null where it is no dry run.
   */
  actions_from_others: number | null;
  actions_to_others: number | null;
  obstacles: Obstacle[];
  notes: string[];
}

export interface Verified {
  root: Root;
  key: string;
  rows: bigint;
  checksum: string;
  receiver_rows: bigint | null;
  receiver_checksum: string | null;
  is_equal: boolean;
}

export interface SwitchReport {
  is_done: boolean;
  tries: number;
  /** For how long writers were held, in the try that was done. */
  locked_milliseconds: number;
  /** Why not. */
  reason: string | null;
  blocked_by: Holder[];
  verified: Verified[];
}

export interface SlotStatus {
  slot: string;
  is_active: boolean;
  /** As PostgreSQL says: reserved, extended, unreserved, lost. */
  wal_status: string | null;
  kept_bytes: bigint | null;
  behind_bytes: bigint | null;
}

export interface Status {
  step: Step | null;
  /** The receiver's own record. Null without --to. */
  receiver_step: Step | null;
  started_at: string | null;
  changed_at: string | null;
  /** Tables of the copy that are not ready yet, and all; null where there is no subscription. */
  tables_waiting: number | null;
  tables: number | null;
  copied_rows: bigint;
  is_copied: boolean;
  lag_bytes: bigint | null;
  lag_milliseconds: number | null;
  users_lag_bytes: bigint | null;
  replication_errors: bigint | null;
  slots: SlotStatus[];
  /** Null: without a limit. */
  max_slot_wal_keep_bytes: bigint | null;
  undelivered: { subscription: string; events: bigint }[];
  /** Subscriptions that begin anew on the receiver. */
  begins_anew: string[];
  problems: string[];
}

export interface MoveReport {
  outcome: Outcome;
  is_dry_run: boolean;
  network: string;
  sender: string;
  receiver: string | null;
  step: Step | null;
  plan: Plan | null;
  switch: SwitchReport | null;
  status: Status | null;
  undelivered: { subscription: string; events: bigint }[];
  created_subscriptions: string[];
  seconds: number;
}
