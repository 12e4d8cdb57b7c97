import { adoptCommand } from './adopt.js';
import type { Command } from './command.js';
import { devCommand } from './dev.js';
import { doctorCommand } from './doctor.js';
import { migrateCommand } from './migrate.js';
import { moveCommand } from './move.js';
import { partitionsCommand } from './partitions.js';
import { statusCommand } from './status.js';
import { subscriptionsCommand } from './subscriptions.js';

/** In the order of the help. */
export const commands: readonly Command[] = [
  devCommand,
  migrateCommand,
  statusCommand,
  doctorCommand,
  partitionsCommand,
  subscriptionsCommand,
  adoptCommand,
  moveCommand,
];
