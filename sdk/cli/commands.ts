import type { Command } from './command.js';

/** In the order of the help. */
export const commands: readonly Command[] = [];
