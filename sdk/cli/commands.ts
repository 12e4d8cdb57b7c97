import type { Command } from './command.js';
import { migrateCommand } from './migrate.js';
import { partitionsCommand } from './partitions.js';
import { statusCommand } from './status.js';
import { subscriptionsCommand } from './subscriptions.js';

/** In the order of the help. */
export const commands: readonly Command[] = [
  migrateCommand,
  statusCommand,
  partitionsCommand,
  subscriptionsCommand,
];
