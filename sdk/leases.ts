// What the calls take that read the feeds: of events (feed.ts) and of items (item-changes.ts).

import { z } from 'zod';

const A_POSITION = 'A position is that of an event, a bigint from 0 to 9,223,372,036,854,775,807.';
const A_BATCH = 'A batch has 1 to 10,000 events, or changes.';
const A_LEASE = 'A lease lasts 0.001 to 86,400 seconds.';
const A_PAUSE = 'The next try is 0 to 86,400 seconds away.';
const A_LEASE_ID = 'Pass the lease_id of the event or batch; null ends whosever lease there is.';
const AN_ERROR = 'Say what went wrong, as text without NUL.';

export const position = z.custom<bigint>(
  (given) => typeof given === 'bigint' && given >= 0n && given <= 9_223_372_036_854_775_807n,
  A_POSITION,
);
// JSON has no bigint; its integers are as long as one likes
position._zod.toJSONSchema = () => ({ type: 'integer', minimum: 0 });
export const pauseSeconds = z
  .number(A_PAUSE)
  .min(0, A_PAUSE)
  .max(86_400, A_PAUSE)
  .nullish()
  .transform((given) => given ?? 0);
export const leaseSeconds = z
  .number(A_LEASE)
  .min(0.001, A_LEASE)
  .max(86_400, A_LEASE)
  .nullish()
  .transform((given) => given ?? 60);
/** Never left out: who forgets it would end the lease of somebody else. */
export const leaseId = z.guid(A_LEASE_ID).nullable();
export const batchOf = (usual: number) =>
  z
    .int(A_BATCH)
    .min(1, A_BATCH)
    .max(10_000, A_BATCH)
    .nullish()
    .transform((given) => given ?? usual);
export const error = z.string(AN_ERROR).refine((text) => !text.includes('\0'), AN_ERROR);
