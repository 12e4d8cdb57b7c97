// Every function of the API for dpg_app, what it does and what it refuses: to be made in two ways whose answers are compared.

const STUDENT = '11111111-1111-4111-8111-111111111111';
const TUTOR = '22222222-2222-4222-8222-222222222222';
const ACTION = '33333333-3333-4333-8333-333333333333';
const EVENT = '44444444-4444-4444-8444-444444444444';
const refs = `row('shadow', 'student', 'profile', '${STUDENT}'), row('shadow', 'tutor', 'profile', '${TUTOR}')`;
const far = `row('far', 'student', 'profile', '${STUDENT}'), 'https://far.example.com', 'far'`;

/** In this order, by users asha and ravi. */
export const CALLS = [
  `dpg.ensure_item_partition('shadow', 'student')`,
  `dpg.ensure_action_partition('shadow', 'connect')`,
  `dpg.ensure_action_event_partition('shadow', 'connect')`,
  `dpg.upsert_item('asha', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{"a": 1}', 12.5, 77.5, '${STUDENT}')`,
  `dpg.upsert_item('ravi', 'shadow', 'tutor', 'profile', 'https://example.com', 'https://s.example.com', '{"b": [1, "x"]}', 12.75, 77.25, '${TUTOR}')`,
  `dpg.upsert_item('asha', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{"a": 2}', 12.5, 77.5, '${STUDENT}')`,
  `dpg.upsert_item('ravi', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{}', item_id => '${STUDENT}')`,
  `dpg.upsert_item('nobody', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com')`,
  `dpg.upsert_item(' ', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com')`,
  `dpg.upsert_item('asha', 'shadow', 'student', 'profile', 'https://example.com', 'https://s.example.com', '{}', 91, 0)`,
  `dpg.upsert_items('asha', '[{"item_network": "shadow", "item_domain": "new", "item_type": "t", "item_instance_url": "https://example.com", "item_schema_url": "s", "item_id": "${ACTION}"}]')`,
  `dpg.upsert_items('asha', '[{"item_network": "shadow"}]')`,
  `dpg.update_item('asha', 'shadow', 'student', 'profile', '${STUDENT}', '{"item_state": {"a": 3}, "item_latitude": 13}')`,
  `dpg.update_item('asha', 'shadow', 'student', 'profile', '${STUDENT}', '{"item_state": {"a": 4}}', '2020-01-01Z')`,
  `dpg.get_item('shadow', 'student', 'profile', '${STUDENT}')`,
  `dpg.get_item('shadow', 'student', 'profile', '${TUTOR}')`,
  `dpg.find_items('shadow', 'student', 'profile', 'asha', 'https://example.com', 'https://s.example.com', '{"a": 3}', 13, 77.5, 1000, 5)`,
  `dpg.find_items('shadow', 'student', page_token => 'nonsense')`,
  `dpg.count_items('shadow', 'tutor', item_state => '{"b": ["x"]}', latitude => 12.75, longitude => 77.25, radius_meters => 1)`,
  `dpg.nearest_items('shadow', 'tutor', 12.5, 77.5, 100000, 'profile', '{"b": [1]}', 3)`,
  `dpg.define_action('shadow', 'connect', '[{"from": "created", "to": "accepted", "by": "target"}]')`,
  `dpg.define_action('shadow', 'connect', '[{"from": "created", "to": "accepted", "by": "nobody"}]')`,
  `dpg.perform_action('asha', 'connect', ${refs}, '{"c": 1}', 'please', '{"d": 1}', '${ACTION}')`,
  `dpg.perform_action('asha', 'connect', ${refs}, '{"c": 1}', 'please', '{"d": 1}', '${ACTION}')`,
  `dpg.perform_action('asha', 'connect', ${refs}, '{"c": 2}', 'please', '{"d": 1}', '${ACTION}')`,
  `dpg.perform_action('ravi', 'connect', ${refs})`,
  `dpg.transition_action('asha', 'shadow', 'connect', '${ACTION}', 'accepted', 0)`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'accepted', 0, '{"e": 1}', 'gladly', '${EVENT}')`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'accepted', 0, '{"e": 1}', 'gladly', '${EVENT}')`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'accepted', 0)`,
  `dpg.transition_action('ravi', 'shadow', 'connect', '${ACTION}', 'created')`,
  `dpg.receive_action('connect', ${far}, row('shadow', 'tutor', 'profile', '${TUTOR}'), '{"f": 1}', action_id => '${STUDENT}')`,
  `dpg.receive_transition('https://far.example.com', 'far', 'shadow', 'connect', '${STUDENT}', 'accepted')`,
  `dpg.receive_transition('https://far.example.com', 'near', 'shadow', 'connect', '${STUDENT}', 'accepted')`,
  `dpg.get_action('asha', 'shadow', 'connect', '${ACTION}')`,
  `dpg.get_action('nobody', 'shadow', 'connect', '${ACTION}')`,
  `dpg.find_actions('ravi', 'received', 'shadow', 'connect', 'accepted', '${TUTOR}')`,
  `dpg.find_actions('asha')`,
  `dpg.find_events('asha', 'initiated', 'shadow', 'connect', '${ACTION}', 'accepted', 1)`,
  `dpg.find_events('ravi')`,
  `dpg.store_event('${JSON.stringify({
    ...{
      partition_network: 'shadow',
      action_type: 'connect',
      event_id: TUTOR,
      action_id: TUTOR,
      update_count: 0,
    },
    ...{
      origin_instance_domain: 'https://far.example.com',
      action_status: 'created',
      created_at: '2026-01-01T00:00:00Z',
    },
    ...{
      source_item_network: 'shadow',
      source_item_domain: 'student',
      source_item_type: 'profile',
      source_item_id: STUDENT,
    },
    ...{
      source_item_instance_url: 'https://example.com',
      source_item_owner: 'asha',
      event_payload: { g: 1 },
    },
    ...{
      target_item_network: 'shadow',
      target_item_domain: 'tutor',
      target_item_type: 'profile',
      target_item_id: ACTION,
    },
    ...{ target_item_instance_url: 'https://far.example.com', target_item_owner: 'far' },
  })}')`,
  `dpg.store_event('{"event_id": 1}')`,
  `dpg.create_subscription('all', 'shadow')`,
  `dpg.create_subscription('all', 'shadow', 'connect')`,
  `dpg.read_events('all', 1)`,
  `dpg.acknowledge('all', 1)`,
  `dpg.acknowledge('all', 99)`,
  `dpg.read_events('all')`,
  `dpg.fail_event('all', 2, 'no', 1)`,
  `dpg.retry_events('all')`,
  `dpg.read_retries('all')`,
  `dpg.settle_event('all', 2)`,
  `dpg.release_events('all', 'no luck', 0)`,
  `dpg.drop_subscription('all')`,
  `dpg.drop_subscription('all')`,
  `dpg.delete_item('asha', 'shadow', 'student', 'profile', '${STUDENT}')`,
  `dpg.delete_item('asha', 'shadow', 'new', 't', '${ACTION}')`,
  `dpg.find_events('asha', page_size => 1000)`,
];

/** Times, and ids that nobody chose, are those of the moment. */
export const MOMENT = [
  'created_at',
  'updated_at',
  'next_page_token',
  'event_id',
  'lower',
  'bytes',
  'estimated_rows',
  'leased_at',
  'leased_until',
  'acknowledged_at',
  'first_failed_at',
  'last_failed_at',
  'last_error_at',
];
export const untimed = (text: string | undefined) => text?.replace(/\d{4}-\d\d-\d\d[ T][\d:.+]+/g, '<time>');
