// What is simulated. Where a figure is measured, docs/scaling.md says how.

import type { Settings } from './run.js';
import type { Growth } from './world.js';

export const SETTINGS: Settings = {
  // of eleven seeds one in the middle
  seed: 5,
  networks: 1_000,
  days: 730,
  load: 900,
  growth: 6,
  capacity: 1_800,
  limit: 0.7,
  goal: 0.6,
  copies: 20e6,
  mostServers: 100,
};

/** It doubles in a month and a half, beside what all others grow. */
export const GIANT: NonNullable<Growth['giant']> = { rank: 100, from: 365, factor: 1.016 };
