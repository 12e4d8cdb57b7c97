import type { Account } from './accounts.js';
import type { Additions } from './additions.js';
import type { Leaf } from './leaves.js';
import type { Moved } from './move.js';
import type { Obstacle } from './obstacle.js';
import type { Problem } from './quarantine.js';
import type { Root } from './tables.js';

export type Outcome =
  /** Nothing was changed: this is what would be done. */
  | 'planned'
  /** Everything was moved. */
  | 'adopted'
  /** Nothing was changed: problems or obstacles are in the way. */
  | 'stopped'
  /** Nothing was changed: it was done before. */
  | 'adopted_before'
  /** It was done before, and now rows were moved that had been in quarantine and fit by now. */
  | 'released';

export interface AdoptionReport {
  outcome: Outcome;
  is_dry_run: boolean;
  schema: string;
  time_zone: string;
  tables: {
    root: Root;
    name: string;
    /** 0 for a plain table, else the levels of partitions. */
    levels: number;
    partitions: number;
    rows: number;
    to_move: number;
    already_there: number;
    refused: number;
    /** Refused rows that are in quarantine from an earlier time. */
    quarantined_before: number;
    /** Of those that are moved: in quarantine from an earlier time. */
    from_quarantine: number;
    owners_filled: number;
  }[];
  /** What becomes of each column of the old tables. */
  columns: Account[];
  /** With keepColumns: what is done to the tables of dpg for columns that they lack. */
  additions: Additions;
  leaves: Leaf[];
  /** Kinds of rows that dpg cannot hold. */
  problems: Problem[];
  obstacles: Obstacle[];
  missing_users: { user: string | null; items: number }[];
  instance_urls: { instance_url: string; found_in: string }[];
  notes: string[];
  /** After an execution: the leaves that rows were moved into, with what both sides add up to. */
  moved: Moved[];
  quarantined: number;
  seconds: number;
  /** When the old tables were adopted, in an earlier run. */
  adopted_at: string | null;
  /** What to run when the old tables are not needed any more; none while rows are there only. */
  drop_statements: string[];
}
