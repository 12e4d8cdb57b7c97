// The record of a move, dpg_private.moves, on each of the two servers. What has really been created says the catalogue;
// the record says that a move is under way, where to, and how far it has come.

import type { Home } from './servers.js';

/**
 * - `begun`: new leaves of the network are refused here.
 * - `receiving`: the receiver has the leaves, closed.
 * - `copying`: they are being filled, and kept up with.
 * - `copied`: they have all that the sender has, and follow it.
 * - `closed`: the sender has closed the network. There is no way back but a move back.
 * - `opened`: the receiver has opened it: it lives there.
 */
export const steps = ['begun', 'receiving', 'copying', 'copied', 'closed', 'opened'] as const;
export type Step = (typeof steps)[number];

export interface MoveRecord {
  network: string;
  direction: 'out' | 'in';
  /** The other server. */
  server: string;
  step: Step;
  detail: Record<string, unknown>;
  started_at: string;
  changed_at: string;
}

export async function readRecord({ aside }: Home, network: string): Promise<MoveRecord | undefined> {
  const [row] = await aside<MoveRecord[]>`
    select m.network, m.direction, m.server, m.step, m.detail, m.started_at::text, m.changed_at::text
    from dpg_private.moves m
    where m.network = ${network}`;
  return row;
}

/** Notes a step that was done. What `detail` says is added to what the record has. */
export async function note(
  { aside }: Home,
  network: string,
  step: Step,
  detail: Record<string, unknown> = {},
): Promise<void> {
  await aside`
    update dpg_private.moves m
    set step = ${step}, detail = m.detail || ${JSON.stringify(detail)}::text::jsonb, changed_at = clock_timestamp()
    where m.network = ${network}`;
}

export async function dropRecord({ aside }: Home, network: string): Promise<void> {
  await aside`delete from dpg_private.moves m where m.network = ${network}`;
}
