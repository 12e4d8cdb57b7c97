import { additions } from './additions.js';
import type { Check } from './check.js';
import { collations } from './collations.js';
import { extensions } from './extensions.js';
import { followedItems } from './followed-items.js';
import { foreignKeys } from './foreign-keys.js';
import { grants } from './grants.js';
import { indexes } from './indexes.js';
import { limits } from './limits.js';
import { lostEvents } from './lost-events.js';
import { migrations } from './migrations.js';
import { moves } from './moves.js';
import { objects } from './objects.js';
import { ownItems } from './own-items.js';
import { owners } from './owners.js';
import { partitionPolicies } from './partition-policies.js';
import { partitions } from './partitions.js';
import { replication } from './replication.js';
import { roles } from './roles.js';
import { rules } from './rules.js';
import { searchPath } from './search-path.js';
import { searches } from './searches.js';
import { sequences } from './sequences.js';
import { settings } from './settings.js';
import { shape } from './shape.js';
import { slots } from './slots.js';
import { statuses } from './statuses.js';
import { subscriptions } from './subscriptions.js';
import { sweptEvents } from './swept-events.js';
import { triggers } from './triggers.js';
import { users } from './users.js';
import { vacuum } from './vacuum.js';

/** In the order in which what they find is mended. */
export const checks: readonly Check[] = [
  migrations,
  extensions,
  roles,
  objects,
  shape,
  additions,
  owners,
  users,
  collations,
  searchPath,
  partitions,
  moves,
  slots,
  statuses,
  rules,
  ownItems,
  partitionPolicies,
  indexes,
  triggers,
  searches,
  foreignKeys,
  grants,
  sequences,
  vacuum,
  settings,
  limits,
  replication,
  sweptEvents,
  lostEvents,
  followedItems,
  subscriptions,
];
