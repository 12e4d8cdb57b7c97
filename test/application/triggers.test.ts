// Triggers of an application, and several sessions at once: repeated calls have one effect, and the feed its order.

import { expect, test } from 'vitest';
import { testDatabase } from '../support/test-database.js';

const database = await testDatabase();
await database.sql.unsafe(`
  insert into public."user" (id, name, email) values ('asha', 'Asha', 'asha@example.com'), ('ravi', 'Ravi', 'ravi@example.com');
  select dpg.upsert_item('asha', 'n', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000001'),
    dpg.upsert_item('ravi', 'n', 'd', 't', 'https://one.example.com', 'https://s', item_id => '00000000-0000-4000-8000-000000000002');
  create function public.lower_name() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $body$
  begin
    new.item_state := jsonb_build_object('name', lower(new.item_state ->> 'name'));
    return new;
  end
  $body$;
  create trigger lower_name before insert or update on dpg.items for each row execute function public.lower_name();
  create function public.accept() returns trigger language plpgsql set search_path = pg_catalog, pg_temp as $body$
  begin
    perform dpg.transition_action('ravi', new.partition_network, new.action_type, new.action_id, 'accepted', 0);
    return null;
  end
  $body$;
  create trigger accept after insert on dpg.item_actions for each row execute function public.accept();`);

const sessions = Array.from({ length: 8 }, () => database.connect({ max: 1 }));

test('one action of many calls with its id, accepted by a trigger, in the order of the feed', async () => {
  const ids = Array.from(
    { length: 20 },
    (_, index) => `10000000-0000-4000-8000-${String(index).padStart(12, '0')}`,
  );
  const results = await Promise.all(
    sessions.map(async (sql) => {
      const answers: string[] = [];
      for (const id of ids) {
        const [row] = await sql`
          select a.action_status, a.update_count
          from dpg.perform_action('asha', 'connect',
            row('n', 'd', 't', '00000000-0000-4000-8000-000000000001'), row('n', 'd', 't', '00000000-0000-4000-8000-000000000002'),
            action_id => ${id}) a`;
        answers.push(`${row?.action_status} ${row?.update_count}`);
      }
      return answers;
    }),
  );
  expect(results).toEqual(sessions.map(() => ids.map(() => 'accepted 1')));
  const feed = await database.sql`
    select e.action_id, string_agg(e.update_count || ' ' || e.action_status, ', ' order by q.seq) as events
    from dpg_private.event_queue q
    join dpg.action_events e on e.partition_network = 'n' and e.action_type = 'connect' and e.event_id = q.event_id
    group by e.action_id order by e.action_id`;
  expect(feed.map(({ action_id, events }) => [action_id, events])).toEqual(
    ids.map((id) => [id, '0 created, 1 accepted']),
  );
});

test('one item of many calls with its id, changed by a trigger, written once', async () => {
  const results = await Promise.all(
    sessions.map(async (sql) => {
      const answers: unknown[] = [];
      for (let round = 0; round < 20; round += 1) {
        const [row] = await sql`
          select u.item_state, u.updated_at = u.created_at as is_new
          from dpg.upsert_item('asha', 'n', 'd', 't', 'https://one.example.com', 'https://s', '{"name": "ASHA"}',
            item_id => '20000000-0000-4000-8000-000000000001') u`;
        answers.push([row?.item_state, row?.is_new]);
      }
      return answers;
    }),
  );
  expect(results.flat()).toEqual(Array.from({ length: 160 }, () => [{ name: 'asha' }, true]));
});
