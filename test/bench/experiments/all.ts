// Every experiment, in the order in which they are run and shown.

import type { Experiment } from '../experiment.js';
import { actions } from './actions.js';
import { append } from './append.js';
import { bulk } from './bulk.js';
import { busyOwner } from './busy-owner.js';
import { circle } from './circle.js';
import { creation } from './creation.js';
import { discover } from './discover.js';
import { feed } from './feed.js';
import { filters } from './filters.js';
import { getItem } from './get-item.js';
import { inServer } from './in-server.js';
import { jobs } from './jobs.js';
import { leaves } from './leaves.js';
import { nearest } from './nearest.js';
import { network } from './network.js';
import { scale } from './scale.js';
import { settings } from './settings.js';
import { upsert } from './upsert.js';
import { upsertBefore } from './upsert-before.js';
import { upsertConcurrently } from './upsert-concurrently.js';

export { scale };

export const experiments: Experiment[] = [
  upsert,
  upsertBefore,
  upsertConcurrently,
  actions,
  network,
  getItem,
  append,
  feed,
  jobs,
  bulk,
  circle,
  nearest,
  inServer,
  filters,
  discover,
  busyOwner,
  creation,
  leaves,
  settings,
];
