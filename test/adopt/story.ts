// A small deployment of before: Asha's profile, Ravi's, an action between them, its two events, and one that was mirrored.

import type postgres from 'postgres';
import { addUsers } from '../sdk/story.js';
import { createOldPartitions, createOldTables, OTHER_URL, OUR_URL, type Shape } from './old-deployment.js';

export const student = '11111111-1111-4111-8111-111111111111';
export const tutor = '22222222-2222-4222-8222-222222222222';
export const action = '33333333-3333-4333-8333-333333333333';
export const events = [
  '44444444-4444-4444-8444-444444444440',
  '44444444-4444-4444-8444-444444444441',
] as const;
export const mirrored = '55555555-5555-4555-8555-555555555555';

export const itemColumns = `item_network, item_domain, item_type, item_id, item_instance_url, item_schema_url, item_state,
  item_latitude, item_longitude, created_by, created_at, updated_at`;
export const actionColumns = `partition_network, action_type, action_id, action_status, update_count, requirements_snapshot,
  remarks, source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
  source_item_owner, target_item_network, target_item_domain, target_item_type, target_item_id,
  target_item_instance_url, target_item_owner, created_at, updated_at`;
export const eventColumns = `partition_network, action_type, event_id, origin_instance_domain, action_id, action_status,
  update_count, source_item_network, source_item_domain, source_item_type, source_item_id, source_item_instance_url,
  source_item_owner, source_item_latitude, source_item_longitude, target_item_network, target_item_domain,
  target_item_type, target_item_id, target_item_instance_url, target_item_owner, target_item_latitude,
  target_item_longitude, event_payload, remarks, created_at`;

const sides = (targetId: string, targetUrl: string, targetOwner: string, places: boolean) => `
  'yellow_dot', 'student', 'profile_1.0', '${student}', '${OUR_URL}', 'asha', ${places ? '12.9716, 77.5946,' : ''}
  'yellow_dot', 'tutor', 'profile_1.0', '${targetId}', '${targetUrl}', '${targetOwner}' ${places ? ', 12.98, 77.6' : ''}`;

export async function oldStory(sql: postgres.Sql, shape: Shape = {}): Promise<void> {
  await createOldTables(sql, shape);
  await createOldPartitions(sql, 'items', 'yellow_dot', ['student', 'tutor'], shape);
  await createOldPartitions(sql, 'item_actions', 'yellow_dot', ['connect'], shape);
  await createOldPartitions(sql, 'action_events', 'yellow_dot', ['connect'], shape);
  await addUsers(sql, 'asha', 'ravi');
  await sql.unsafe(`
    insert into public.items (${itemColumns}) values
      ('yellow_dot', 'student', 'profile_1.0', '${student}', '${OUR_URL}', 'https://schemas.example.com/student.json',
       '{"name": "Asha"}', 12.9716, 77.5946, 'asha', '2025-01-01 10:00:00.000001', '2025-01-01 10:00:00.000001'),
      ('yellow_dot', 'tutor', 'profile_1.0', '${tutor}', '${OUR_URL}', 'https://schemas.example.com/tutor.json',
       '{"name": "Ravi", "subject": "math"}', 12.98, 77.6, 'ravi', '2025-01-01 10:00:00.000002', '2025-01-02 10:00:00');
    insert into public.item_actions (${actionColumns}) values
      ('yellow_dot', 'connect', '${action}', 'seen', 1, '{"subject": "math"}', 'Namaste',
       ${sides(tutor, OUR_URL, 'ravi', false)}, '2025-02-01 10:00:00', '2025-02-01 11:00:00');
    insert into public.action_events (${eventColumns}) values
      ('yellow_dot', 'connect', '${events[0]}', '${OUR_URL}', '${action}', 'created', 0,
       ${sides(tutor, OUR_URL, 'ravi', true)}, '{"status": "created"}', null, '2025-02-01 10:00:00'),
      ('yellow_dot', 'connect', '${events[1]}', '${OUR_URL}', '${action}', 'seen', 1,
       ${sides(tutor, OUR_URL, 'ravi', true)}, '{"status": "seen"}', 'Namaste', '2025-02-01 11:00:00'),
      ('yellow_dot', 'connect', '${mirrored}', '${OTHER_URL}', '66666666-6666-4666-8666-666666666666', 'created', 0,
       ${sides('77777777-7777-4777-8777-777777777777', OTHER_URL, 'mira', true)}, '{"status": "created"}', null,
       '2025-03-01 10:00:00');`);
}

/** A copy of a row of the story with other values in some columns; an expression of SQL for each. */
export function copyOf(
  root: 'items' | 'item_actions' | 'action_events',
  where: string,
  changes: Record<string, string>,
): string {
  const columns = { items: itemColumns, item_actions: actionColumns, action_events: eventColumns }[
    root
  ].split(/,\s*/);
  const values = columns.map((column) => changes[column] ?? column);
  return `insert into public.${root} (${columns.join(', ')}) select ${values.join(', ')} from public.${root} where ${where}`;
}
