// Every experiment, in the order in which they are run and shown.

import type { Experiment } from '../experiment.js';
import { actions } from './actions.js';
import { bulk } from './bulk.js';
import { busyOwner } from './busy-owner.js';
import { circle } from './circle.js';
import { creation } from './creation.js';
import { filters } from './filters.js';
import { leaves } from './leaves.js';
import { nearest } from './nearest.js';
import { network } from './network.js';
import { scale } from './scale.js';
import { settings } from './settings.js';
import { upsert } from './upsert.js';
import { upsertConcurrently } from './upsert-concurrently.js';

export { scale };

export const experiments: Experiment[] = [
  upsert,
  upsertConcurrently,
  actions,
  network,
  bulk,
  circle,
  nearest,
  filters,
  busyOwner,
  creation,
  leaves,
  settings,
];
