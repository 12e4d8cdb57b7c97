// What doctor finds in the feeds: what nobody would get, and what is lost.

import type postgres from 'postgres';
import { expect, test } from 'vitest';
import { examine } from '../../../sdk/cli/doctor.js';
import { type Finding, mend, withPatient } from './faults.js';

/** Of the checks that are about them. */
async function findings(sql: postgres.Sql): Promise<Finding[]> {
  const { found } = await examine(sql);
  return found.filter(({ check }) => ['swept events', 'lost events', 'followed items'].includes(check));
}

/** How many events a new subscription gets. */
async function eventsInFeed(sql: postgres.Sql, subscription: string): Promise<number> {
  await sql`select dpg.create_subscription(${subscription})`;
  const [row] = await sql`select count(*)::integer as events from dpg.read_events(${subscription}, 10000)`;
  return row?.events;
}

test('a healthy database has nothing', async () => {
  await withPatient(async ({ sql }) => expect(await findings(sql)).toEqual([]));
});

test('events that count as swept: found, and brought back by the statements that it names', async () => {
  await withPatient(async ({ sql }) => {
    // in the queue, since nobody reads
    await sql`
      select dpg.transition_action(a.target_item_owner, a.partition_network, a.action_type, a.action_id, 'seen')
      from dpg.item_actions a
      where not exists (
        select
        from dpg.action_definitions d
        where (d.partition_network, d.action_type) = (a.partition_network, a.action_type)
      )`;
    const [before] = await sql`
      select count(*)::integer as events from dpg.action_events e where e.target_item_is_local`;
    const [queued] = await sql`
      update dpg_private.feed_state
      set swept_seq = (select max(seq) from dpg_private.event_queue)
      returning (select count(*)::integer from dpg_private.event_queue) as events`;
    expect(queued?.events).toBeGreaterThan(0);
    const found = await findings(sql);
    expect(found).toMatchObject([
      {
        check: 'swept events',
        severity: 'error',
        object: 'table dpg_private.event_queue',
        problem: `${queued?.events} events are where nobody looks any more: no subscription gets them.`,
      },
    ]);
    await mend(sql, found);
    expect(await findings(sql)).toEqual([]);
    expect(await eventsInFeed(sql, 'afterwards')).toBe(before?.events);
  });
});

test('a leaf of events that was dropped, or dropped and made anew: found until the loss is confirmed', async () => {
  await withPatient(async ({ sql }) => {
    // all have positions
    const all = await eventsInFeed(sql, 'before');
    const [leaf] = await sql`
      select s.partition_network, s.action_type, count(*)::integer as events,
        dpg_private.find_leaf('action_events', s.partition_network, s.action_type)::text as name,
        (select i.inhparent::regclass::text from pg_inherits i
         where i.inhrelid = dpg_private.find_leaf('action_events', s.partition_network, s.action_type)) as parent
      from dpg_private.feed_positions f
      join dpg_private.feed_streams s using (stream)
      group by s.partition_network, s.action_type
      order by count(*) desc
      limit 1`;
    await sql
      .unsafe(`alter table ${leaf?.parent} detach partition ${leaf?.name}; drop table ${leaf?.name}`)
      .simple();
    const lost = [
      {
        check: 'lost events',
        severity: 'error',
        object: `events of '${leaf?.partition_network}'/'${leaf?.action_type}'`,
        problem: expect.stringContaining(
          `Of ${leaf?.events} that were looked at, ${leaf?.events} are in the feed`,
        ),
        mend: [],
      },
    ];
    expect(await findings(sql)).toMatchObject(lost);
    await sql`select dpg.ensure_action_event_partition(${leaf?.partition_network}, ${leaf?.action_type})`;
    expect(await findings(sql)).toMatchObject(lost);
    await sql`select dpg.confirm_lost_events('dba', ${leaf?.partition_network}, ${leaf?.action_type}, 'a test')`;
    expect(await findings(sql)).toEqual([]);
    expect(await eventsInFeed(sql, 'after')).toBe(all - leaf?.events);
  });
});

test('of a large feed a sample is looked at', async () => {
  await withPatient(async ({ sql }) => {
    await sql`
      with stream as (
        insert into dpg_private.feed_streams (partition_network, action_type, source_item_instance_url)
        values ('gone', 'type', 'https://far.example.com')
        returning stream
      )
      insert into dpg_private.feed_positions (event_id, stream, created_at)
      select gen_random_uuid(), s.stream, now() from stream s cross join generate_series(1, 60000)`;
    const [found] = (await findings(sql)).filter(({ object }) => object.includes('gone'));
    const [, lookedAt, missing] = /Of (\d+) that were looked at, (\d+)/.exec(found?.problem ?? '') ?? [];
    expect(missing).toBe(lookedAt);
    expect(Number(lookedAt)).toBeGreaterThan(100);
    expect(Number(lookedAt)).toBeLessThan(55_000);
  });
});

test('triggers for subscriptions to items that are missing, disabled or of before: found, and mended', async () => {
  await withPatient(async ({ sql }) => {
    await sql`select dpg.create_item_subscription('index')`;
    await sql`select dpg.create_item_subscription('gone')`;
    expect(await findings(sql)).toEqual([]);
    const [first, second] = await sql<{ leaf: string }[]>`
      select leaf::text from dpg.partitions where root = 'items' order by leaf::text limit 2`;
    const finding = (leaf: string | undefined, problem: unknown) => ({
      check: 'followed items',
      severity: 'error',
      object: `partition ${leaf}`,
      problem,
    });
    const lacks = expect.stringContaining('do not reach every subscription that covers it (gone, index)');
    await sql.unsafe(`alter table ${first?.leaf} disable trigger items_follow_update`);
    await sql.unsafe(`drop trigger items_follow_insert on ${second?.leaf}`);
    const found = await findings(sql);
    expect(found).toMatchObject([finding(first?.leaf, lacks), finding(second?.leaf, lacks)]);
    await mend(sql, found);
    expect(await findings(sql)).toEqual([]);

    // one that is not there any more, and its triggers are
    await sql`delete from dpg_private.item_followers`;
    await sql`delete from dpg.subscriptions where kind = 'items'`;
    const left = await findings(sql);
    expect(left.length).toBeGreaterThan(1);
    for (const { problem } of left) expect(problem).toContain('not there any more');
    await mend(sql, left);
    expect(await findings(sql)).toEqual([]);
  });
});

test('changed items that count as swept: found, and brought back', async () => {
  await withPatient(async ({ sql }) => {
    await sql`select dpg.create_item_subscription('index')`;
    await sql`update dpg.items set item_state = '{"changed": true}'`;
    const [waiting] = await sql`
      update dpg_private.item_followers
      set swept_seq = (select max(seq) from dpg_private.changed_items)
      returning (select count(*)::integer from dpg_private.changed_items) as items`;
    const found = await findings(sql);
    expect(found).toMatchObject([
      {
        check: 'followed items',
        object: 'table dpg_private.changed_items',
        problem: `${waiting?.items} changed items wait where nobody looks any more: subscription index does not get them.`,
      },
    ]);
    await mend(sql, found);
    expect(await findings(sql)).toEqual([]);
    const [read] = await sql`select count(*)::integer as items from dpg.read_item_changes('index', 10000)`;
    expect(read?.items).toBe(waiting?.items);
  });
});
