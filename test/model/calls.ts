// Random calls over small pools of keys, ids and words, so that they meet: collisions, repetitions, strangers, missing
// things and stale versions are as frequent as what succeeds.

import fc from 'fast-check';
import { type Contract, type Row, seen } from './contract.js';
import { type Read, TYPES, type Write } from './database.js';

/** A call whose arguments may depend on what is there when it is made. */
export interface Call<Name extends string> {
  name: Name;
  resolve(model: Contract, history: Made[]): Row;
}

/** A call that was made before. */
export interface Made {
  name: Write;
  args: Row;
}

export const ACTOR = fc.oneof(
  { weight: 30, arbitrary: fc.constantFrom('asha', 'ravi', 'mei') },
  { weight: 1, arbitrary: fc.constantFrom('nobody', 'olga') },
);
const NETWORK = fc.constantFrom('yellow_dot', 'blue dot');
const DOMAIN = fc.constantFrom('student', 'tutor');
const ITEM_TYPE = fc.constantFrom('profile_1.0', 'résumé');
const ACTION_TYPE = fc.constantFrom('connect', 'apply');
const STATUS = fc.constantFrom('created', 'accepted', 'withdrawn');
const ITEM_STATUS = fc.constantFrom('live', 'draft', 'retired');
const OURS = fc.constantFrom('https://one.example.com', 'https://two.example.com');
const THEIRS = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom('https://three.example.com', 'https://four.example.com') },
  { weight: 1, arbitrary: fc.constantFrom('https://one.example.com', 'https://two.example.com') },
);
const SCHEMA = fc.constantFrom('https://schemas.example.com/a.json', 'https://schemas.example.com/b.json');
/** Who carries it out: another user as well, and mostly nobody. */
const PERFORMER = fc.constantFrom(undefined, undefined, null, 'a service', 'ravi');
const REMARKS = fc.constantFrom(undefined, null, 'as you like', '');
const DOCUMENT = fc.constantFrom(
  {},
  { name: 'Asha' },
  { name: 'Asha', tags: ['a', 'b'] },
  { tags: ['b'], nested: { level: 2, none: null } },
);
const PAYLOAD = fc.constantFrom(undefined, null, { status: 'created' }, { status: 'accepted', by: 'phone' });
const PLACE = fc.constantFrom<[number | null | undefined, number | null | undefined]>(
  [undefined, undefined],
  [null, null],
  [12.9716, 77.5946],
  [12.9352, 77.6245],
  [-17.7, 179.9],
  [90, 0],
);
const ids = (digit: string, count: number) =>
  Array.from({ length: count }, (_, i) => `${digit.repeat(8)}-0000-4000-8000-00000000000${i}`);
const ITEM_ID = fc.constantFrom(...ids('1', 3));
const ACTION_ID = fc.constantFrom(...ids('a', 3));
const EVENT_ID = fc.constantFrom(...ids('e', 4));
const TIME = fc.constantFrom(
  '2026-01-01T00:00:00.000001Z',
  '2026-01-01T05:30:00.000001+05:30', // the same instant
  '2026-01-01T00:00:00.000002Z',
  '2099-12-31T23:59:59Z',
);
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
const orNone = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: null, freq: 6 });
const nat = fc.nat(1000);

const KEY_COLUMNS = ['item_network', 'item_domain', 'item_type', 'item_id'];
const poolRef = fc.record({
  item_network: NETWORK,
  item_domain: DOMAIN,
  item_type: ITEM_TYPE,
  item_id: ITEM_ID,
});

type Pick<T> = (model: Contract) => T;

/** An item that is there, most often; else one that may be. */
const itemRef: fc.Arbitrary<Pick<Row>> = fc
  .tuple(fc.nat(9), nat, poolRef)
  .map(([dice, which, pool]) => (model: Contract) => {
    const item = dice < 8 ? model.items[which % model.items.length] : undefined;
    return item ? Object.fromEntries(KEY_COLUMNS.map((column) => [column, seen(item[column])])) : pool;
  });

const poolActionRef = fc.record({
  partition_network: NETWORK,
  action_type: ACTION_TYPE,
  action_id: ACTION_ID,
});

const action: fc.Arbitrary<Pick<Row>> = fc.tuple(fc.nat(9), nat, poolActionRef).map(
  ([dice, which, pool]) =>
    (model: Contract) =>
      (dice < 9 ? model.actions[which % model.actions.length] : undefined) ?? pool,
);

const actionRef = ({ partition_network, action_type, action_id }: Row): Row => ({
  partition_network,
  action_type,
  action_id: seen(action_id),
});

/** Of those whose names are given, most often: an owner or a party. */
const actorOf = fc.tuple(fc.nat(9), nat, ACTOR).map(
  ([dice, which, pool]) =>
    (owners: unknown[]) =>
      dice < 7 ? owners[which % owners.length] : pool,
);

const VERSION = fc.constantFrom('none', 'none', 'current', 'current', 'stale');

const itemContent = fc
  .record({ item_instance_url: OURS, item_schema_url: SCHEMA, item_state: sometimes(DOCUMENT), place: PLACE })
  .map(({ place: [item_latitude, item_longitude], ...rest }) => ({ ...rest, item_latitude, item_longitude }));

const call = <Name extends string, T>(
  name: Name,
  parts: fc.Arbitrary<T>,
  resolve: (parts: T, model: Contract) => Row,
): fc.Arbitrary<Call<Name>> => parts.map((given) => ({ name, resolve: (model) => resolve(given, model) }));

const upsertItem = call(
  'upsert_item',
  fc.record({
    ...{ actor: ACTOR, ref: poolRef, item_id: orNone(ITEM_ID), content: itemContent },
    item_status: sometimes(orNone(ITEM_STATUS)),
  }),
  ({ actor, ref, item_id, content, item_status }) => ({ actor, ...ref, item_id, ...content, item_status }),
);

const upsertItems = call(
  'upsert_items',
  fc.record({
    actor: ACTOR,
    // of two items with one id, which is refused, only now and then
    items: fc.oneof(
      ...[
        { weight: 3, arbitrary: fc.uniqueArray(poolRef, { maxLength: 3, selector: (ref) => ref.item_id }) },
        { weight: 1, arbitrary: fc.array(poolRef, { maxLength: 3 }) },
      ],
    ),
    contents: fc.array(fc.tuple(itemContent, sometimes(ITEM_STATUS)), { minLength: 3, maxLength: 3 }),
    withoutId: fc.nat(5),
  }),
  ({ actor, items, contents, withoutId }) => ({
    actor,
    items: items.map((ref, i) => {
      const [content, item_status] = contents[i] as [Row, string | undefined];
      const { item_id, ...rest } = { ...ref, ...content, item_status };
      return i === withoutId ? rest : { ...rest, item_id };
    }),
  }),
);

const updateItem = call(
  'update_item',
  fc.record({
    ref: itemRef,
    actor: actorOf,
    changes: fc
      .record(
        { item_instance_url: OURS, item_schema_url: SCHEMA, item_state: DOCUMENT, place: PLACE, half: nat },
        { requiredKeys: [] },
      )
      .map(({ place, half, ...changes }) => {
        if (!place) return changes;
        const [item_latitude = null, item_longitude = null] = place;
        if (half !== undefined && half % 4 === 0) return { ...changes, item_latitude };
        return { ...changes, item_latitude, item_longitude };
      }),
    version: VERSION,
  }),
  ({ ref, actor, changes, version }, model) => {
    const key = ref(model);
    const item = model.items.find((i) => KEY_COLUMNS.every((column) => seen(i[column]) === key[column]));
    const current = item ? seen(item.updated_at) : '2026-01-01T00:00:00Z';
    return {
      actor: actor([item?.created_by ?? 'asha']),
      ...key,
      changes,
      expected_updated_at: { none: undefined, current, stale: '2026-01-01T00:00:00Z' }[version],
    };
  },
);

const deleteItem = call('delete_item', fc.record({ ref: itemRef, actor: actorOf }), ({ ref, actor }, m) => {
  const key = ref(m);
  const item = m.items.find((i) => KEY_COLUMNS.every((column) => seen(i[column]) === key[column]));
  return { actor: actor([item?.created_by ?? 'asha']), ...key };
});

/** A side of an action that is there, most often: to be retired with what is open. */
const itemOfAction: fc.Arbitrary<Pick<Row>> = fc
  .tuple(fc.constantFrom('source', 'target'), action, itemRef)
  .map(([end, action, item]) => (model: Contract) => {
    const row = action(model);
    // a source elsewhere is no item of ours
    const side = row.source_item_is_local === false ? 'target' : end;
    if (!row[`${side}_item_id`]) return item(model);
    return Object.fromEntries(KEY_COLUMNS.map((column) => [column, seen(row[`${side}_${column}`])]));
  });

const setItemStatus = call(
  'set_item_status',
  fc.record({
    ...{
      ref: fc.oneof(itemRef, { weight: 3, arbitrary: itemOfAction }),
      actor: actorOf,
      item_status: ITEM_STATUS,
      version: VERSION,
    },
    close_actions_as: fc.oneof(
      { weight: 1, arbitrary: fc.constantFrom(undefined, null, []) },
      { weight: 3, arbitrary: fc.uniqueArray(STATUS, { minLength: 1 }) },
    ),
  }),
  ({ ref, actor, version, ...rest }, model) => {
    const key = ref(model);
    const item = model.items.find((i) => KEY_COLUMNS.every((column) => seen(i[column]) === key[column]));
    const current = item ? seen(item.updated_at) : '2026-01-01T00:00:00Z';
    return {
      actor: actor([item?.created_by ?? 'asha']),
      ...key,
      ...rest,
      expected_updated_at: { none: undefined, current, stale: '2026-01-01T00:00:00Z' }[version],
    };
  },
);

const property = fc.constantFrom(undefined, undefined, true, false);
const defineItem = call(
  'define_item',
  fc.record({
    ...{ item_network: NETWORK, item_domain: DOMAIN },
    statuses: fc.option(
      fc.uniqueArray(fc.record({ status: ITEM_STATUS, found: property, acts: property, final: property }), {
        selector: ({ status }) => status,
        maxLength: 3,
      }),
      { nil: null, freq: 4 },
    ),
    initial_status: fc.option(ITEM_STATUS, { nil: undefined, freq: 2 }),
  }),
  (args) => args,
);

const SIDE = fc.constantFrom('source', 'target', 'either');
const EDGE = fc.record({ from: STATUS, to: STATUS, by: SIDE });
/** One rule or several; none, most often, so that others than DP016 are met as well. */
const rulesOf = (rules: Record<string, fc.Arbitrary<unknown>>) =>
  fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom<Row | null | undefined>(undefined, undefined, null, {}) },
    { weight: 4, arbitrary: fc.record(rules, { requiredKeys: [] }) },
  );
const few = fc.integer({ min: 1, max: 3 });
const defineAction = call(
  'define_action',
  fc.record({
    partition_network: NETWORK,
    action_type: ACTION_TYPE,
    transitions: fc.option(fc.array(EDGE, { maxLength: 5 }), { nil: null, freq: 2 }),
    initial_status: fc.option(STATUS, { nil: undefined, freq: 2 }),
    rules: rulesOf({
      final_statuses: fc.uniqueArray(STATUS, { maxLength: 2 }),
      max_open_per_pair: few,
      max_open_per_source: few,
      different_owners: fc.boolean(),
    }),
  }),
  (args) => args,
);

const defineNetwork = call(
  'define_network',
  fc.record({
    network: NETWORK,
    rules: rulesOf({ max_open_per_pair: few, different_owners: fc.boolean(), max_items_per_owner: few }),
  }),
  ({ network, rules }) => ({ network, rules: rules ?? null }),
);

const making = {
  action_type: ACTION_TYPE,
  requirements_snapshot: sometimes(DOCUMENT),
  remarks: REMARKS,
  event_payload: PAYLOAD,
  action_id: orNone(ACTION_ID),
  performed_by: PERFORMER,
};

const performAction = call(
  'perform_action',
  fc.record({ source: itemRef, target: itemRef, actor: actorOf, making: fc.record(making) }),
  ({ source, target, actor, making }, model) => {
    const from = source(model);
    const item = model.items.find((i) => KEY_COLUMNS.every((column) => seen(i[column]) === from[column]));
    return {
      actor: actor([item?.created_by ?? 'asha']),
      source: from,
      target: target(model),
      ...making,
    };
  },
);

/** Between the items of an action that is there, in either direction: what rules count. */
const performAgain = call(
  'perform_action',
  fc.record({
    action,
    isBack: fc.boolean(),
    making: fc.record({ ...making, action_type: sometimes(ACTION_TYPE) }),
  }),
  ({ action, isBack, making }, model) => {
    const row = action(model);
    const itemOf = (side: string) =>
      Object.fromEntries(KEY_COLUMNS.map((column) => [column, seen(row[`${side}_${column}`]) ?? column]));
    const [from, to] = isBack ? ['target', 'source'] : ['source', 'target'];
    return {
      actor: row[`${from}_item_owner`] ?? 'asha',
      source: row.source_item_id ? itemOf(from as string) : null,
      target: row.source_item_id ? itemOf(to as string) : null,
      ...making,
      action_type: making.action_type ?? row.action_type,
      action_id: null,
    };
  },
);

const receiveAction = call(
  'receive_action',
  fc.record({
    source: poolRef,
    source_item_instance_url: THEIRS,
    source_item_owner: fc.constantFrom('asha', 'olga'),
    target: itemRef,
    place: PLACE,
    making: fc.record(making),
  }),
  ({ place: [source_item_latitude, source_item_longitude], target, making, ...rest }, model) => ({
    ...rest,
    target: target(model),
    source_item_latitude,
    source_item_longitude,
    ...making,
  }),
);

const moving = fc.record({
  action_status: STATUS,
  event_payload: PAYLOAD,
  remarks: REMARKS,
  event_id: orNone(EVENT_ID),
  performed_by: PERFORMER,
});

/** What an event of the action says, most often one that was mirrored or made before. */
function sayings(model: Contract, action: Row, dice: number): Row {
  const events = model.events.filter(
    (event) => seen(event.action_id) === seen(action.action_id) && typeof event.event_id === 'string',
  );
  const event = dice < 2 ? events[dice % events.length] : undefined;
  if (!event) return {};
  const { action_status, event_payload, remarks, event_id, performed_by } = event;
  return { action_status, event_payload, remarks, event_id, performed_by };
}

const expected = (version: string, row: Row) =>
  ({
    none: undefined,
    current: row.update_count ?? 0,
    stale: row.update_count ? Number(row.update_count) - 1 : 7,
  })[version];

const transitionAction = call(
  'transition_action',
  fc.record({ action, actor: actorOf, version: VERSION, moving, like: fc.nat(9) }),
  ({ action, actor, version, moving, like }, model) => {
    const row = action(model);
    return {
      actor: actor([row.source_item_owner ?? 'asha', row.target_item_owner ?? 'ravi']),
      ...actionRef(row),
      expected_update_count: expected(version, row),
      ...moving,
      ...sayings(model, row, like),
    };
  },
);

const transitionActions = call(
  'transition_actions',
  fc.record({
    actor: actorOf,
    changes: fc.array(fc.record({ action, version: VERSION, moving, like: fc.nat(9) }), {
      minLength: 1,
      maxLength: 4,
    }),
  }),
  ({ actor, changes }, model) => {
    const rows = changes.map(({ action }) => action(model));
    return {
      actor: actor(rows.flatMap((row) => [row.source_item_owner ?? 'asha', row.target_item_owner ?? 'ravi'])),
      transitions: changes.map(({ version, moving, like }, i) => ({
        ...actionRef(rows[i] as Row),
        expected_update_count: expected(version, rows[i] as Row),
        ...moving,
        ...sayings(model, rows[i] as Row, like),
      })),
    };
  },
);

const receiveTransition = call(
  'receive_transition',
  fc.record({ action, as: fc.nat(9), url: THEIRS, owner: ACTOR, version: VERSION, moving }),
  ({ action, as, url, owner, version, moving }, model) => {
    const foreign = model.actions.filter((row) => row.source_item_is_local === false);
    const row = as < 8 && foreign.length > 0 ? (foreign[as % foreign.length] as Row) : action(model);
    return {
      source_item_instance_url: as === 3 ? url : (row.source_item_instance_url ?? url),
      source_item_owner: as === 4 ? owner : (row.source_item_owner ?? owner),
      ...actionRef(row),
      expected_update_count: expected(version, row),
      ...moving,
    };
  },
);

const storeEvent = call(
  'store_event',
  fc.record({
    event_id: EVENT_ID,
    action: poolActionRef,
    mirrorsOurs: fc.nat(4),
    action_status: STATUS,
    update_count: fc.nat(2),
    origin_instance_domain: THEIRS,
    source: poolRef,
    source_item_instance_url: THEIRS,
    source_item_owner: ACTOR,
    target: poolRef,
    target_item_owner: ACTOR,
    place: PLACE,
    event_payload: fc.oneof(DOCUMENT, PAYLOAD),
    remarks: REMARKS,
    created_at: TIME,
    performed_by: PERFORMER,
    acting_side: fc.constantFrom(undefined, null, 'source', 'target', 'target'),
  }),
  ({ action, mirrorsOurs, source, target, place: [latitude, longitude], ...rest }, model) => {
    // a mirrored event of an action that is here: it may claim our own URL, or one that is not ours yet
    const row = mirrorsOurs < 2 ? model.actions[mirrorsOurs] : undefined;
    const side = (name: string, ref: Row) =>
      Object.fromEntries(KEY_COLUMNS.map((column) => [`${name}_${column}`, ref[column]]));
    return {
      event: {
        ...rest,
        ...(row ? actionRef(row) : action),
        ...side('source', source),
        ...side('target', target),
        target_item_network: row ? row.partition_network : action.partition_network,
        target_item_instance_url: rest.origin_instance_domain,
        source_item_latitude: latitude,
        source_item_longitude: longitude,
      },
    };
  },
);

const FIRST_CALLS = fc.oneof(
  { weight: 5, arbitrary: upsertItem as fc.Arbitrary<Call<Write>> },
  { weight: 3, arbitrary: upsertItems },
  { weight: 4, arbitrary: updateItem },
  { weight: 3, arbitrary: deleteItem },
  { weight: 2, arbitrary: defineItem },
  { weight: 5, arbitrary: setItemStatus },
  { weight: 3, arbitrary: defineAction },
  { weight: 1, arbitrary: defineNetwork },
  { weight: 6, arbitrary: performAction },
  { weight: 4, arbitrary: performAgain },
  { weight: 4, arbitrary: receiveAction },
  { weight: 8, arbitrary: transitionAction },
  { weight: 4, arbitrary: transitionActions },
  { weight: 4, arbitrary: receiveTransition },
  { weight: 5, arbitrary: storeEvent },
);

const goodRef = {
  item_network: 'yellow_dot',
  item_domain: 'student',
  item_type: 'profile_1.0',
  item_id: ids('1', 1)[0],
};

const BAD: Record<string, unknown[]> = {
  'text[]': [[''], ['student', null], ['tutor', 'x'.repeat(121)], []],
  key: [null, '', ' \n\t', 'x'.repeat(121), '😀'.repeat(121), '😀'.repeat(120)],
  url: [null, '', ' ', `https://${'é'.repeat(509)}`, `https://${'é'.repeat(508)}`],
  remarks: [null, 'x'.repeat(65_537)],
  uuid: [null],
  // null is the default
  boolean: [null],
  integer: [null, -1, 2_147_483_647],
  'double precision': [null, Number.NaN, Infinity, -Infinity, 90.000001, -180.00001, 180],
  jsonb: [null, [], 'text', 1, {}, [{}], { unknown: 1 }, { item_state: null }, { item_state: [] }],
  timestamptz: [null],
  'dpg.item_ref': [null, { ...goodRef, item_type: ' ' }, { ...goodRef, item_id: null }],
  'dpg.item_ref[]': [
    null,
    [],
    [goodRef, null],
    [{ ...goodRef, item_domain: null }],
    [goodRef, { ...goodRef, item_id: null }],
  ],
};

/** The same call with one argument that a careless caller would pass. */
function spoilt<Name extends string>(made: Call<Name>, at: number, how: number): Call<Name> {
  return {
    name: made.name,
    resolve(model, history) {
      const args = made.resolve(model, history);
      const types = TYPES[made.name] as Record<string, string>;
      const names = Object.keys(types).filter((name) => name !== 'page_token');
      const name = names[at % names.length] as string;
      const kind =
        types[name] !== 'text'
          ? types[name]
          : /_url$/.test(name)
            ? 'url'
            : name === 'remarks'
              ? 'remarks'
              : 'key';
      const choices = BAD[kind as string] as unknown[];
      return { ...args, [name]: choices[how % choices.length] };
    },
  };
}

/** A field of an event, or of an element of an array, left out, added or wrong. */
function spoiltInside(made: Call<Write>, at: number, how: number): Call<Write> {
  return {
    name: made.name,
    resolve(model, history) {
      const args = made.resolve(model, history);
      const spoil = (object: Row): Row => {
        const names = Object.keys(object).filter((name) => object[name] !== undefined);
        const name = names[at % names.length] as string;
        const { [name]: _, ...others } = object;
        // null is a value that some fields may have
        return [others, { ...object, [name]: null }, { ...object, unknown: 1 }][how % 3] as Row;
      };
      if (args.event) return { event: spoil(args.event as Row) };
      const name = ['items', 'statuses', 'transitions'].find((name) => name in args) as string;
      const elements = args[name];
      if (!Array.isArray(elements) || elements.length === 0) return args;
      const index = how % elements.length;
      return { ...args, [name]: elements.map((element, i) => (i === index ? spoil(element) : element)) };
    },
  };
}

/** A call that was made before, once more: as it was, or with one argument that another call of this kind had. */
const repeated: fc.Arbitrary<Call<Write>> = fc
  .tuple(nat, fc.option(fc.tuple(nat, nat), { freq: 2 }), FIRST_CALLS)
  .map(([which, twist, instead]) => {
    let name = instead.name;
    return {
      get name() {
        return name;
      },
      resolve(model: Contract, history: Made[]) {
        const made = history.length > 0 ? history[which % Math.min(history.length, 1000)] : undefined;
        // said anew each time: the same value is resolved again while a failure is made shorter
        name = made ? made.name : instead.name;
        if (!made) return instead.resolve(model, history);
        if (!twist) return made.args;
        const names = Object.keys(made.args);
        const argument = names[twist[0] % names.length] as string;
        const others = history.filter((other) => argument in other.args);
        return { ...made.args, [argument]: others[twist[1] % others.length]?.args[argument] };
      },
    };
  });

export const writes: fc.Arbitrary<Call<Write>> = fc.oneof(
  { weight: 20, arbitrary: FIRST_CALLS },
  { weight: 5, arbitrary: repeated },
  { weight: 1, arbitrary: fc.tuple(FIRST_CALLS, nat, nat).map(([made, at, how]) => spoilt(made, at, how)) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(
        fc.oneof(storeEvent as fc.Arbitrary<Call<Write>>, upsertItems, defineItem, transitionActions),
        ...[nat, nat],
      )
      .map(([made, at, how]) => spoiltInside(made, at, how)),
  },
);

// READS

const circle = fc.constantFrom<[number | undefined, number | undefined, number | undefined]>(
  [undefined, undefined, undefined],
  [12.95, 77.6, 10_000],
  [12.95, 77.6, 3500],
  [-17.7, -179.9, 50_000],
  [12.9716, 77.5946, 0],
  [0, 0, 1e9],
);
const page_size = fc.constantFrom(1, 2, 3, 20);
const party = {
  actor: ACTOR,
  ownership_role: fc.constantFrom(undefined, 'initiated', 'received', 'all'),
  partition_network: sometimes(NETWORK),
  action_type: sometimes(ACTION_TYPE),
  action_status: sometimes(STATUS),
  item_id: sometimes(ITEM_ID),
  page_size,
};
const { action_status: _status, page_size: _size, ...counted } = party;
/** One domain, several, all of the network; one and several are refused. */
const domains: fc.Arbitrary<Row> = fc.oneof(
  { weight: 8, arbitrary: DOMAIN.map((item_domain) => ({ item_domain })) },
  {
    weight: 4,
    arbitrary: fc.array(fc.oneof(DOMAIN, fc.constant('unknown')), { maxLength: 3 }).map((item_domains) => ({
      item_domain: null,
      item_domains,
    })),
  },
  { weight: 3, arbitrary: fc.constant({ item_domain: null }) },
  { weight: 1, arbitrary: fc.constant({ item_domain: 'student', item_domains: ['tutor'] }) },
);
const statuses = {
  item_statuses: sometimes(fc.array(fc.oneof(ITEM_STATUS, fc.constant('unknown')), { maxLength: 2 })),
  any_status: fc.constantFrom(undefined, undefined, null, false, true),
};
const itemFilters = {
  item_network: NETWORK,
  domains,
  item_type: sometimes(ITEM_TYPE),
  created_by: sometimes(ACTOR),
  item_instance_url: sometimes(OURS),
  item_schema_url: sometimes(SCHEMA),
  item_state: sometimes(fc.constantFrom({}, { name: 'Asha' }, { tags: ['b'] }, { nested: { level: 2 } })),
  circle,
  ...statuses,
};
const withCircle = ({
  circle: [latitude, longitude, radius_meters],
  domains,
  ...rest
}: Row & { circle: (number | undefined)[]; domains: Row }) => ({
  ...rest,
  ...domains,
  latitude,
  longitude,
  radius_meters,
});

const goodReads: fc.Arbitrary<Call<Read>> = fc.oneof(
  call('get_item', itemRef, (ref, model) => ref(model)) as fc.Arbitrary<Call<Read>>,
  call('get_action', fc.record({ action, actor: actorOf }), ({ action, actor }, model) => {
    const row = action(model);
    return {
      actor: actor([row.source_item_owner ?? 'asha', row.target_item_owner ?? 'ravi']),
      ...actionRef(row),
    };
  }),
  call('find_items', fc.record({ ...itemFilters, page_size }), withCircle),
  call('count_items', fc.record(itemFilters), withCircle),
  call(
    'nearest_items',
    fc.record({
      item_network: NETWORK,
      domains,
      latitude: fc.constantFrom(12.95, -17.7, 90),
      longitude: fc.constantFrom(77.6, -179.9),
      radius_meters: fc.constantFrom(undefined, 10_000, 1e7),
      item_type: sometimes(ITEM_TYPE),
      item_state: sometimes(DOCUMENT),
      page_size,
      ...statuses,
    }),
    ({ domains, ...rest }) => ({ ...rest, ...domains }),
  ),
  call(
    'find_own_items',
    fc.record({
      ...{ actor: ACTOR, item_network: sometimes(NETWORK), item_domain: sometimes(DOMAIN) },
      ...{ item_type: sometimes(ITEM_TYPE), item_statuses: statuses.item_statuses, page_size },
    }),
    (args) => args,
  ),
  call('count_item_actions', fc.array(itemRef, { minLength: 1, maxLength: 4 }), (refs, model) => ({
    items: refs.map((ref) => ref(model)),
  })),
  call(
    'find_actions',
    fc.record({
      ...party,
      ...{ action_types: sometimes(fc.array(ACTION_TYPE)), action_statuses: sometimes(fc.array(STATUS)) },
      action_id: sometimes(ACTION_ID),
      oldest_first: fc.constantFrom(undefined, null, false, true),
      with_items: fc.constantFrom(undefined, null, false, true),
    }),
    // one and several are refused: seldom asked
    ({ action_types, action_statuses, ...one }) => ({
      ...one,
      ...((one.action_type === undefined || action_types?.length === 1) && { action_types }),
      ...((one.action_status === undefined || action_statuses?.length === 1) && { action_statuses }),
    }),
  ),
  call('count_actions', fc.record(counted), (args) => args),
  call(
    'find_events',
    fc.record({ ...party, action_id: sometimes(ACTION_ID), update_count: sometimes(fc.nat(2)) }),
    (args) => args,
  ),
);

export const reads: fc.Arbitrary<Call<Read>> = fc.oneof(
  { weight: 12, arbitrary: goodReads },
  { weight: 1, arbitrary: fc.tuple(goodReads, nat, nat).map(([made, at, how]) => spoilt(made, at, how)) },
);
