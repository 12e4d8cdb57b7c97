// The story of the network yellow_dot: a student looks for a tutor.

import {
  type Dpg,
  type DpgError,
  type Item,
  NotActionPartyError,
  TransitionNotAllowedError,
  VersionConflictError,
} from '../../sdk/index.js';
import { bold, dim, done, expect, kilometers, place, red, say, table } from './output.js';

interface Profile {
  name: string;
  subject: string;
}

export async function tellStory(dpg: Dpg): Promise<void> {
  const { asha, tutors } = await makePeople(dpg);
  const [ravi, meera] = await findTutors(dpg, asha, tutors);
  await declareConnect(dpg);

  const request = await dpg.as('asha').actions.perform({
    action_type: 'connect',
    source: asha,
    target: ravi,
    requirements_snapshot: { subject: 'math', goal: 'board_exam' },
    remarks: 'Twice a week?',
  });
  expect(request.action_status === 'created' && request.update_count === 0, 'a new action');
  done(`Asha asks Ravi to connect ${dim('→ created, update_count 0')}`);

  const accept = { action_status: 'accepted', expected_update_count: 0 };
  await refused('Meera, a stranger to it, accepts', NotActionPartyError, () =>
    dpg.as('meera').actions.transition(request, accept),
  );
  const accepted = await dpg.as('ravi').actions.transition(request, accept);
  expect(accepted.action_status === 'accepted' && accepted.update_count === 1, 'an accepted action');
  done(`Ravi accepts ${dim('→ accepted, update_count 1')}`);
  await refused('Ravi accepts again, from a page he opened before', VersionConflictError, () =>
    dpg.as('ravi').actions.transition(request, accept),
  );

  await dpg.as('asha').items.update(asha, { changes: { item_latitude: 12.9698, item_longitude: 77.75 } });
  done(`Asha moves to Whitefield ${dim('→ what was recorded keeps where she lived')}`);
  const second = await dpg
    .as('asha')
    .actions.perform({ action_type: 'connect', source: asha, target: meera });
  await dpg.as('asha').actions.transition(second, { action_status: 'withdrawn', remarks: 'Found a tutor' });
  done(`Asha asks Meera too, and withdraws that ${dim('→ withdrawn, update_count 1')}`);
  await refused('Meera accepts what is withdrawn', TransitionNotAllowedError, () =>
    dpg.as('meera').actions.transition(second, { action_status: 'accepted' }),
  );

  await showEvents(dpg);
  await showTables(dpg);
}

async function makePeople(dpg: Dpg): Promise<{ asha: Item; tutors: Item[] }> {
  const people = ['asha', 'ravi', 'meera', 'kabir'].map((id) => ({
    id,
    name: id,
    email: `${id}@example.org`,
  }));
  await dpg.sql`insert into public."user" ${dpg.sql(people)}`;

  const profile = (domain: string, state: object, latitude: number, longitude: number) => ({
    item_network: 'yellow_dot',
    item_domain: domain,
    item_type: 'profile_1.0',
    item_instance_url: `https://${domain}.yellowdot.example.com`,
    item_schema_url: `https://schemas.example.com/${domain}_profile_v1.json`,
    item_state: state,
    item_latitude: latitude,
    item_longitude: longitude,
  });
  const asha = await dpg.as('asha').items.upsert(profile('student', { name: 'Asha' }, 12.9716, 77.5946));
  const tutors = await Promise.all([
    dpg.as('ravi').items.upsert(profile('tutor', { name: 'Ravi', subject: 'math' }, 12.925, 77.5938)),
    dpg.as('meera').items.upsert(profile('tutor', { name: 'Meera', subject: 'physics' }, 12.9758, 77.6045)),
    dpg.as('kabir').items.upsert(profile('tutor', { name: 'Kabir', subject: 'math' }, 12.9698, 77.75)),
  ]);
  done('Asha is a student in Bengaluru; Ravi, Meera and Kabir are tutors. Each owns a profile');
  return { asha, tutors };
}

/** Ravi, who is the nearest for mathematics, and Meera, who is nearer. */
async function findTutors(dpg: Dpg, asha: Item, tutors: Item[]): Promise<[Item, Item]> {
  const around = {
    item_network: 'yellow_dot',
    item_domain: 'tutor',
    latitude: asha.item_latitude ?? 0,
    longitude: asha.item_longitude ?? 0,
  };
  const all = await dpg.items.nearest<Profile>(around);
  table(
    ['tutors around Asha', 'subject', 'distance'],
    all.rows.map(({ item_state: { name, subject }, distance_meters }) => [
      name,
      subject,
      kilometers(distance_meters),
    ]),
  );
  const names = all.rows.map((row) => row.item_state.name).join();
  expect(names === 'Meera,Ravi,Kabir', `the tutors by distance, not ${names}`);

  const { rows } = await dpg.items.nearest<Profile>({
    ...around,
    item_state: { subject: 'math' },
    page_size: 1,
  });
  const nearest = tutors.find((tutor) => tutor.item_id === rows[0]?.item_id);
  const meera = tutors.find((tutor) => tutor.created_by === 'meera');
  expect(nearest?.created_by === 'ravi' && meera !== undefined, 'Ravi to be the nearest for math');
  done('The nearest for math is Ravi');
  return [nearest, meera];
}

async function declareConnect(dpg: Dpg): Promise<void> {
  await dpg.actions.define({
    partition_network: 'yellow_dot',
    action_type: 'connect',
    transitions: [
      { from: 'created', to: 'accepted', by: 'target' },
      { from: 'created', to: 'declined', by: 'target' },
      { from: 'created', to: 'withdrawn', by: 'source' },
    ],
  });
  done('connect may go from created to accepted or declined by the tutor, to withdrawn by the student');
}

/** Shows a refusal as an application gets it. */
async function refused(
  attempt: string,
  errorClass: new (...args: never[]) => DpgError,
  task: () => Promise<unknown>,
): Promise<void> {
  const error = await task().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof errorClass)) {
    throw new Error(`The demo expected ${errorClass.name}: ${attempt}`, { cause: error });
  }
  say(`${red('✗')} ${attempt}`);
  say(`    ${bold(`${error.name} ${error.code}`)}: ${error.message}`);
  say(`    ${dim(`hint: ${error.hint}`)}`);
}

async function showEvents(dpg: Dpg): Promise<void> {
  const { rows } = await dpg.as('asha').events.find({ ownership_role: 'initiated' });
  const events = [...rows].reverse();
  const statuses = events.map((event) => `${event.action_status} ${event.update_count}`).join();
  expect(
    statuses === 'created 0,accepted 1,created 0,withdrawn 1',
    `the events of Asha's actions, not ${statuses}`,
  );
  say(`\n${bold("Asha's events, oldest first")} ${dim('owner and place of both sides as they were')}`);
  table(
    ['event', 'count', 'source', 'was at', 'target', 'was at', 'remarks'],
    events.map((event) => [
      event.action_status,
      event.update_count,
      event.source_item_owner,
      place(event.source_item_latitude, event.source_item_longitude),
      event.target_item_owner,
      place(event.target_item_latitude, event.target_item_longitude),
      event.remarks ?? '',
    ]),
  );
}

async function showTables(dpg: Dpg): Promise<void> {
  const leaves = await dpg.partitions.list({ network: 'yellow_dot' });
  const names = leaves.map(({ leaf }) => leaf).sort();
  const expected = [
    'dpg.a_p_yellowdot_connect',
    'dpg.e_p_yellowdot_connect',
    'dpg.i_p_yellowdot_student',
    'dpg.i_p_yellowdot_tutor',
  ];
  expect(names.join() === expected.join(), `the tables ${expected.join(', ')}, not ${names.join(', ')}`);
  say(`\n${bold('The tables that came into being')} ${dim('by the first row for each')}`);
  table(
    ['partition of', 'network', 'key', 'table'],
    leaves.map(({ root, network, key, leaf }) => [`dpg.${root}`, network, key, leaf]),
  );
}
