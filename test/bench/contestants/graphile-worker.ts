// graphile-worker: jobs in a table, handed out to a pool of workers.

import { Logger, runMigrations, runOnce } from 'graphile-worker';
import { withAdmin } from '../../support/server.js';

const TASK = 'nothing';
const logger = new Logger(() => () => {});

export async function installGraphileWorker(url: string): Promise<void> {
  await runMigrations({ connectionString: url, logger });
}

/** Jobs with a payload of the size of an event's key. */
export async function addJobs(url: string, count: number): Promise<void> {
  await withAdmin(url, async (sql) => {
    await sql`
      select count(graphile_worker.add_job(${TASK}, json_build_object('event_id', gen_random_uuid())))
      from generate_series(1, ${count}::integer)`;
    await sql`vacuum analyze graphile_worker._private_jobs`;
  });
}

/** Works off all jobs, `count` of them, `batch` fetched at a time; how many a second, from the first to the last. */
export async function workOff(url: string, count: number, batch: number): Promise<number> {
  let [first, last, done] = [0, 0, 0];
  const task = async () => {
    last = performance.now();
    if (done === 0) first = last;
    done += 1;
  };
  // as its guide to performance says for many short jobs: jobs are fetched, and completed, in batches
  const batches = { localQueue: { size: batch }, completeJobBatchDelay: 0 };
  await runOnce(
    {
      connectionString: url,
      logger,
      noHandleSignals: true,
      preset: { worker: { concurrentJobs: 1, maxPoolSize: 2, ...(batch > 1 && batches) } },
    },
    { [TASK]: task },
  );
  if (done !== count) throw new Error(`${done} jobs were handed out instead of ${count}.`);
  return ((done - 1) / (last - first)) * 1000;
}
