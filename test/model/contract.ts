// The contract in memory: what each writing call does and refuses, and in which order it checks. Written from the
// contract, not from the SQL. What only the database can know, a time or a random id, is learnt from its answer.

export type Row = { [column: string]: unknown };

/** The call is refused with this SQLSTATE, and nothing is written. */
export class Refusal extends Error {
  constructor(readonly code: string) {
    super(code);
  }
}

/** A time or an id that the database chooses; once seen it stays. A time comes later than `after`. */
export class Learnt {
  value: string | undefined;
  constructor(readonly after?: string) {}
}

/** The value, also of something learnt; undefined as long as it was not seen. */
export const seen = (value: unknown) => (value instanceof Learnt ? value.value : value);

export const USERS = ['asha', 'ravi', 'mei'];

const TRANSITION_FIELDS = [
  ...['partition_network', 'action_type', 'action_id', 'action_status', 'expected_update_count'],
  ...['event_payload', 'remarks', 'event_id', 'performed_by'],
];
const ITEM_KEY = ['item_network', 'item_domain', 'item_type', 'item_id'];
const CONTENT = ['item_instance_url', 'item_schema_url', 'item_state', 'item_latitude', 'item_longitude'];

export class Contract {
  readonly urls = new Set<string>();
  /** Of other instances: sources and origins of what came from there. */
  readonly peers = new Set<string>();
  readonly items: Row[] = [];
  readonly actions: Row[] = [];
  readonly events: Row[] = [];
  readonly definitions: Row[] = [];
  readonly itemDefinitions: Row[] = [];
  /** By network, of those that have some. */
  readonly networkRules = new Map<string, Row>();

  // ITEMS

  upsert_item(given: Row): Row[] {
    const a = { item_state: {}, ...given } as Row;
    checkActor(a.actor);
    checkItem(a);
    this.#checkOwnUrl(a.item_instance_url);
    this.#checkUser(a.actor);
    this.#checkOwner(this.#item(a), a.actor);
    this.#checkStatus(a);
    this.#checkItemsPerOwner([a], a.actor);
    return [this.#put(a)];
  }

  upsert_items({ actor, items }: Row): Row[] {
    checkActor(actor);
    refuseUnless(Array.isArray(items), 'DP001');
    const proposed = items as Row[];
    for (const item of proposed) {
      refuseUnless(isObject(item), 'DP001');
      refuseUnless(
        Object.keys(item).every((name) => [...ITEM_KEY, ...CONTENT, 'item_status'].includes(name)),
        'DP001',
      );
      checkItem({ item_state: {}, ...item });
    }
    const ids = proposed.map((item) => item.item_id).filter(isGiven);
    refuseUnless(new Set(ids).size === ids.length, 'DP001');
    for (const item of proposed) this.#checkOwnUrl(item.item_instance_url);
    this.#checkUser(actor);
    for (const item of proposed) this.#checkOwner(this.#item(item), actor);
    for (const item of proposed) this.#checkStatus(item);
    this.#checkItemsPerOwner(proposed, actor);
    return proposed.map((item) => this.#put({ item_state: {}, ...item, actor }));
  }

  update_item(a: Row): Row[] {
    checkActor(a.actor);
    checkRef(a);
    refuseUnless(isObject(a.changes), 'DP001');
    const changes = a.changes as Row;
    const names = Object.keys(changes);
    refuseUnless(names.length > 0 && names.every((name) => CONTENT.includes(name)), 'DP001');
    if ('item_instance_url' in changes) checkUrl(changes.item_instance_url);
    if ('item_schema_url' in changes) checkUrl(changes.item_schema_url);
    if ('item_state' in changes) checkObject(changes.item_state);
    checkDegrees(changes.item_latitude, 90);
    checkDegrees(changes.item_longitude, 180);
    const both = 'item_latitude' in changes && 'item_longitude' in changes;
    if (both) checkPlace(changes.item_latitude, changes.item_longitude);
    if ('item_instance_url' in changes) this.#checkOwnUrl(changes.item_instance_url);

    const item = this.#item(a);
    if (!item) throw new Refusal('DP002');
    const changed = { ...item, ...changes };
    // one coordinate alone is an argument that only the item can show to be wrong
    checkPlace(changed.item_latitude, changed.item_longitude);
    this.#checkOwner(item, a.actor);
    if (isGiven(a.expected_updated_at))
      refuseUnless(instant(a.expected_updated_at) === seen(item.updated_at), 'DP007');
    return [this.#put({ ...changed, actor: item.created_by })];
  }

  set_item_status(a: Row): Row[] {
    checkActor(a.actor);
    checkRef(a);
    checkKey(a.item_status);
    for (const status of (a.close_actions_as ?? []) as unknown[]) checkKey(status);
    const item = this.#item(a);
    if (!item) throw new Refusal('DP002');
    this.#checkOwner(item, a.actor);
    if (item.item_status !== a.item_status) {
      if (isGiven(a.expected_updated_at))
        refuseUnless(instant(a.expected_updated_at) === seen(item.updated_at), 'DP007');
      this.#checkStatus(a);
    }
    if (isGiven(a.close_actions_as)) this.#close(item, a.close_actions_as as unknown[]);
    return [this.#put({ ...item, actor: item.created_by, item_status: a.item_status })];
  }

  /** Nothing is written where one action cannot be closed: all are looked at first. */
  #close(item: Row, close_actions_as: unknown[]) {
    const key = JSON.stringify([...refOf(item), null]);
    const moves = this.actions.flatMap((action) => {
      const side = (['source', 'target'] as const).find((side) => placeOf(action, side) === key);
      if (!side || !this.#isOpen(action) || close_actions_as.includes(action.action_status)) return [];
      const graph = this.#definition(action)?.transitions as Row[] | null | undefined;
      const action_status = close_actions_as.find(
        (to) =>
          !graph ||
          graph.some(
            (edge) =>
              edge.from === action.action_status && edge.to === to && [side, 'either'].includes(`${edge.by}`),
          ),
      );
      const next = Number(action.update_count) + 1;
      const code = !isGiven(action_status)
        ? 'DP006'
        : this.#eventOfUpdate(action, next)
          ? 'DP008'
          : undefined;
      return [{ action, action_status, side, code }];
    });
    // the first of the leaves, in the order of their keys, in which one is refused
    const refused = moves
      .filter(({ code }) => code)
      .map(({ action: { partition_network, action_type }, code }) => ({
        partition_network,
        action_type,
        code,
      }))
      .sort(by(['partition_network', 1], ['action_type', 1], ['code', 1]))[0];
    if (refused) throw new Refusal(refused.code as string);
    for (const { action, action_status, side } of moves) this.#change(action, { action_status }, side);
  }

  define_item({ item_network, item_domain, statuses, ...rest }: Row): Row[] {
    const initial_status = rest.initial_status ?? 'live';
    [item_network, item_domain, initial_status].forEach(checkKey);
    refuseUnless(!isGiven(statuses) || Array.isArray(statuses), 'DP001');
    for (const entry of (statuses ?? []) as Row[]) {
      checkObject(entry);
      const { status, ...properties } = entry;
      checkKey(status);
      for (const [name, value] of Object.entries(properties))
        refuseUnless(['found', 'acts', 'final'].includes(name) && typeof value === 'boolean', 'DP001');
    }
    const names = ((statuses ?? []) as Row[]).map(({ status }) => status);
    refuseUnless(new Set(names).size === names.length, 'DP001');
    const former = this.#itemDefinition({ item_network, item_domain });
    if (former) this.itemDefinitions.splice(this.itemDefinitions.indexOf(former), 1);
    if (isGiven(statuses)) this.itemDefinitions.push({ item_network, item_domain, initial_status, statuses });
    return [];
  }

  #itemDefinition({ item_network, item_domain }: Row): Row | undefined {
    return this.itemDefinitions.find((d) => d.item_network === item_network && d.item_domain === item_domain);
  }

  #statusOfNew(sent: Row): unknown {
    return sent.item_status ?? this.#itemDefinition(sent)?.initial_status ?? 'live';
  }

  /** What the definition says of the status that the item is in. */
  #statusOf(item: Row): Row | undefined {
    const statuses = this.#itemDefinition(item)?.statuses as Row[] | undefined;
    return statuses?.find(({ status }) => status === item.item_status);
  }

  /** The one that is sent may follow the present one, or begin. */
  #checkStatus(sent: Row) {
    const stored = this.#item(sent);
    const definition = this.#itemDefinition(sent);
    if (!definition || !isGiven(sent.item_status) || stored?.item_status === sent.item_status) return;
    refuseUnless(!stored || this.#statusOf(stored)?.final !== true, 'DP006');
    refuseUnless(
      definition.initial_status === sent.item_status || this.#statusOf(sent) !== undefined,
      'DP006',
    );
  }

  delete_item(a: Row): Row[] {
    checkActor(a.actor);
    checkRef(a);
    const item = this.#item(a);
    if (!item) throw new Refusal('DP002');
    this.#checkOwner(item, a.actor);
    const holds = (action: Row) =>
      action.partition_network === item.item_network &&
      (same(refOf(action, 'target_'), refOf(item)) ||
        (action.source_item_is_local === true && same(refOf(action, 'source_'), refOf(item))));
    refuseUnless(!this.actions.some(holds), 'DP013');
    this.items.splice(this.items.indexOf(item), 1);
    return [item];
  }

  #item(key: Row): Row | undefined {
    if (!isGiven(key.item_id)) return undefined;
    return this.items.find((item) => ITEM_KEY.every((column) => seen(item[column]) === key[column]));
  }

  #put(a: Row): Row {
    this.urls.add(a.item_instance_url as string);
    const content = Object.fromEntries(CONTENT.map((column) => [column, a[column] ?? null]));
    const stored = this.#item({ ...a, item_id: seen(a.item_id) });
    if (!stored) {
      const now = new Learnt();
      const { item_network, item_domain, item_type } = a;
      const item_status = this.#statusOfNew(a);
      const row = {
        ...{ item_network, item_domain, item_type, item_id: a.item_id ?? new Learnt(), ...content },
        ...{ created_by: a.actor, created_at: now, updated_at: now, item_status },
      };
      this.items.push(row);
      return row;
    }
    const changed = { ...content, item_status: a.item_status ?? stored.item_status };
    if (!Object.entries(changed).every(([column, value]) => same(stored[column], value)))
      Object.assign(stored, changed, { updated_at: new Learnt(seen(stored.updated_at) as string) });
    return stored;
  }

  #checkOwner(item: Row | undefined, actor: unknown) {
    refuseUnless(!item || item.created_by === actor, 'DP003');
  }

  /** The new ones among them, with those that the owner has of the same domain and type. */
  #checkItemsPerOwner(proposed: Row[], owner: unknown) {
    const kindOf = (item: Row) => JSON.stringify([item.item_network, item.item_domain, item.item_type]);
    const made = proposed.filter((item) => !this.#item(item));
    for (const item of made) {
      const most = this.networkRules.get(item.item_network as string)?.max_items_per_owner;
      const ofKind = (other: Row) => kindOf(other) === kindOf(item);
      // what is retired for good takes no place
      const isCounted = (other: Row) => ofKind(other) && this.#statusOf(other)?.final !== true;
      const had = this.items.filter((other) => isCounted(other) && other.created_by === owner).length;
      const more = made.filter((item) => isCounted({ ...item, item_status: this.#statusOfNew(item) })).length;
      if (isGiven(most)) refuseUnless(had + more <= Number(most), 'DP016');
    }
  }

  #checkOwnUrl(url: unknown) {
    refuseUnless(this.urls.has(url as string) || !this.peers.has(url as string), 'DP001');
  }

  #checkUser(actor: unknown) {
    refuseUnless(USERS.includes(actor as string), 'DP009');
  }

  // ACTIONS

  define_action(a: Row): Row[] {
    const { partition_network, action_type, transitions } = a;
    const initial_status = a.initial_status ?? 'created';
    [partition_network, action_type, initial_status].forEach(checkKey);
    refuseUnless(!isGiven(transitions) || Array.isArray(transitions), 'DP001');
    for (const edge of (transitions ?? []) as Row[]) {
      refuseUnless(isObject(edge) && same(Object.keys(edge).sort(), ['by', 'from', 'to']), 'DP001');
      checkKey(edge.from);
      checkKey(edge.to);
      refuseUnless(['source', 'target', 'either'].includes(edge.by as string), 'DP001');
    }
    checkRules(a.rules, ['final_statuses', 'max_open_per_pair', 'max_open_per_source', 'different_owners']);
    const former = this.#definition(a);
    if (former) this.definitions.splice(this.definitions.indexOf(former), 1);
    const rules = isGiven(a.rules) ? orNull(a.rules as Row) : (former?.rules ?? null);
    const keepsGraph = !isGiven(transitions) && isGiven(a.rules) && isGiven(former?.transitions);
    const graph = keepsGraph ? former?.transitions : (transitions ?? null);
    // left with the graph by a call for the rules; and gone with it
    const left = isGiven(a.rules) ? (former?.initial_status ?? initial_status) : 'created';
    const initial = isGiven(transitions) ? initial_status : left;
    if (isGiven(graph) || rules !== null)
      this.definitions.push({
        ...{ partition_network, action_type, transitions: graph, rules, registered_rules: null },
        initial_status: initial,
        final_statuses: finalStatuses(rules as Row | null, graph as Row[] | null, initial),
      });
    return [];
  }

  define_network({ network, rules }: Row): Row[] {
    checkKey(network);
    checkRules(rules, ['max_open_per_pair', 'different_owners', 'max_items_per_owner']);
    this.networkRules.delete(network as string);
    if (isGiven(rules) && orNull(rules as Row)) this.networkRules.set(network as string, rules as Row);
    return [];
  }

  /** Whether an action may be open, as it is here or as it would be created: what the rules count are the others. */
  #checkRulesOf(action: Row) {
    const { partition_network, action_type } = action;
    const ofType = (this.#definition(action)?.rules ?? {}) as Row;
    const ofNetwork = this.networkRules.get(partition_network as string) ?? {};
    if (ofType.different_owners === true || ofNetwork.different_owners === true)
      refuseUnless(
        !action.source_item_is_local || action.source_item_owner !== action.target_item_owner,
        'DP016',
      );
    if (!this.#isOpen(action)) return;
    const others = this.actions.filter(
      (other) => other !== action && other.partition_network === partition_network && this.#isOpen(other),
    );
    const sameType = others.filter((other) => other.action_type === action_type);
    const most = (limit: unknown, among: Row[], idOf: (action: Row) => string) => {
      if (isGiven(limit))
        refuseUnless(among.filter((other) => idOf(other) === idOf(action)).length < Number(limit), 'DP016');
    };
    most(ofType.max_open_per_pair, sameType, pairOf);
    most(ofType.max_open_per_source, sameType, (other) => placeOf(other, 'source'));
    most(ofNetwork.max_open_per_pair, others, pairOf);
  }

  #isOpen(action: Row): boolean {
    return !(this.#definition(action)?.final_statuses as unknown[] | undefined)?.includes(
      action.action_status,
    );
  }

  perform_action(a: Row): Row[] {
    checkActor(a.actor);
    checkMaking(a);
    refuseUnless(!same(a.source, a.target), 'DP001');
    this.#checkUser(a.actor);
    const source = this.#item(a.source as Row);
    const target = this.#item(a.target as Row);
    if (!source || !target) throw new Refusal('DP002');
    this.#checkOwner(source, a.actor);
    return [this.#open(a, source, target, true)];
  }

  receive_action(a: Row): Row[] {
    checkMaking(a);
    this.#checkRemote(a);
    checkPlace(a.source_item_latitude, a.source_item_longitude);
    const target = this.#item(a.target as Row);
    if (!target) throw new Refusal('DP002');
    const source = {
      ...(a.source as Row),
      item_instance_url: a.source_item_instance_url,
      created_by: a.source_item_owner,
      item_latitude: a.source_item_latitude ?? null,
      item_longitude: a.source_item_longitude ?? null,
    };
    const action = this.#open(a, source, target, false);
    this.peers.add(a.source_item_instance_url as string);
    return [action];
  }

  transition_action(a: Row): Row[] {
    checkActor(a.actor);
    checkMove(a);
    const action = this.#action(a);
    if (!action) throw new Refusal('DP004');
    const sides = sidesOf(action, a.actor, true);
    refuseUnless(sides.length > 0, 'DP005');
    return [this.#move(action, sides, a)];
  }

  /** Each by itself: what happened, or the code of its refusal. */
  transition_actions({ actor, transitions }: Row): Row[] {
    checkActor(actor);
    refuseUnless(Array.isArray(transitions), 'DP001');
    const given = transitions as Row[];
    refuseUnless(given.length >= 1 && given.length <= 1000, 'DP001');
    return given.map((transition, index) => {
      try {
        checkObject(transition);
        refuseUnless(
          Object.keys(transition).every((name) => TRANSITION_FIELDS.includes(name)),
          'DP001',
        );
        const [action] = this.transition_action({ ...transition, actor }) as [Row];
        const { action_id, action_status, update_count } = action;
        return { index, action_id, action_status, update_count };
      } catch (error) {
        if (error instanceof Refusal) return { index, code: error.code };
        throw error;
      }
    });
  }

  receive_transition(a: Row): Row[] {
    this.#checkRemote(a);
    checkMove(a);
    const action = this.#action(a);
    if (!action) throw new Refusal('DP004');
    refuseUnless(
      action.source_item_is_local === false &&
        action.source_item_instance_url === a.source_item_instance_url &&
        action.source_item_owner === a.source_item_owner,
      'DP005',
    );
    return [this.#move(action, ['source'], a)];
  }

  #checkRemote(a: Row) {
    checkUrl(a.source_item_instance_url);
    checkKey(a.source_item_owner);
    refuseUnless(!this.urls.has(a.source_item_instance_url as string), 'DP001');
  }

  #definition(a: Row): Row | undefined {
    return this.definitions.find(
      (d) => d.partition_network === a.partition_network && d.action_type === a.action_type,
    );
  }

  #action(a: Row): Row | undefined {
    return this.actions.find((row) =>
      ['partition_network', 'action_type', 'action_id'].every((column) => seen(row[column]) === a[column]),
    );
  }

  #eventOfUpdate(action: Row, update_count: number): Row | undefined {
    return this.events.find(
      (event) =>
        event.partition_network === action.partition_network &&
        event.action_type === action.action_type &&
        event.origin_instance_domain === action.target_item_instance_url &&
        seen(event.action_id) === seen(action.action_id) &&
        event.update_count === update_count,
    );
  }

  #open(a: Row, source: Row, target: Row, isLocal: boolean): Row {
    const requirements_snapshot = a.requirements_snapshot ?? {};
    const key = { partition_network: target.item_network, action_type: a.action_type };
    const stored = isGiven(a.action_id) && this.#action({ ...key, action_id: a.action_id });
    if (stored) {
      // what the call said, against the action's unchanging columns and its first event
      const first = this.#eventOfUpdate(stored, 0) as Row;
      const repeats =
        stored.source_item_is_local === isLocal &&
        same(stored.requirements_snapshot, requirements_snapshot) &&
        same(refOf(stored, 'source_'), refOf(source)) &&
        same(refOf(stored, 'target_'), refOf(target)) &&
        stored.source_item_owner === source.created_by &&
        (isLocal ||
          (stored.source_item_instance_url === source.item_instance_url &&
            stored.source_item_latitude === source.item_latitude &&
            stored.source_item_longitude === source.item_longitude)) &&
        same(first.event_payload, a.event_payload ?? { status: first.action_status }) &&
        same(first.remarks, a.remarks ?? null) &&
        first.performed_by === (a.performed_by ?? null);
      refuseUnless(repeats, 'DP008');
      return stored;
    }
    const now = new Learnt();
    const side = (item: Row, name: string) => ({
      [`${name}_item_network`]: item.item_network,
      [`${name}_item_domain`]: item.item_domain,
      [`${name}_item_type`]: item.item_type,
      [`${name}_item_id`]: item.item_id,
      [`${name}_item_instance_url`]: item.item_instance_url,
      [`${name}_item_owner`]: item.created_by,
      [`${name}_item_latitude`]: item.item_latitude,
      [`${name}_item_longitude`]: item.item_longitude,
    });
    const inOneNetwork = source.item_network === target.item_network;
    const action: Row = {
      ...key,
      action_id: a.action_id ?? new Learnt(),
      action_status: this.#definition(key)?.initial_status ?? 'created',
      update_count: 0,
      requirements_snapshot,
      remarks: a.remarks ?? null,
      ...side(source, 'source'),
      ...side(target, 'target'),
      created_at: now,
      updated_at: now,
      source_item_is_local: isLocal,
      source_local_item_id: isLocal && inOneNetwork ? source.item_id : null,
      performed_by: a.performed_by ?? null,
    };
    for (const item of isLocal ? [source, target] : [target])
      refuseUnless(this.#statusOf(item)?.acts !== false, 'DP015');
    this.#checkRulesOf(action);
    this.#append(action, new Learnt(), a.event_payload, a.remarks, 'source');
    this.actions.push(action);
    return action;
  }

  #move(action: Row, sides: string[], a: Row): Row {
    const payload = a.event_payload ?? { status: a.action_status };
    if (isGiven(a.event_id)) {
      const event = this.#event(action, a.event_id);
      if (event) {
        const repeats =
          event.target_item_is_local === true &&
          seen(event.action_id) === seen(action.action_id) &&
          event.update_count !== 0 &&
          event.action_status === a.action_status &&
          same(event.event_payload, payload) &&
          event.remarks === (a.remarks ?? null) &&
          event.performed_by === (a.performed_by ?? null) &&
          (!isGiven(a.expected_update_count) || event.update_count === Number(a.expected_update_count) + 1);
        refuseUnless(repeats, 'DP008');
        return action;
      }
    }
    if (isGiven(a.expected_update_count))
      refuseUnless(a.expected_update_count === action.update_count, 'DP007');
    const graph = this.#definition(action)?.transitions as Row[] | null | undefined;
    let acting = sides;
    if (graph) {
      const edges = graph.filter(({ from, to }) => from === action.action_status && to === a.action_status);
      refuseUnless(edges.length > 0, 'DP006');
      refuseUnless(
        edges.some(({ by }) => by === 'either' || sides.includes(by as string)),
        'DP005',
      );
      // who owns both acts for the side that the edge names
      acting = sides.filter((side) => edges.some(({ by }) => by === side || by === 'either'));
    }
    const acting_side = acting.includes('source') ? 'source' : 'target';
    // opened again, it is as a new one
    const isReopened = !this.#isOpen(action) && this.#isOpen({ ...action, action_status: a.action_status });
    if (isReopened)
      this.#checkRulesOf(Object.assign(Object.create(action), { action_status: a.action_status }));
    return this.#change(action, a, acting_side);
  }

  #change(action: Row, a: Row, acting_side: string): Row {
    const moved = {
      action_status: a.action_status,
      update_count: Number(action.update_count) + 1,
      remarks: a.remarks ?? action.remarks,
      updated_at: new Learnt(seen(action.updated_at) as string),
      performed_by: a.performed_by ?? null,
    };
    this.#append(
      { ...action, ...moved },
      a.event_id ?? new Learnt(),
      a.event_payload,
      a.remarks,
      acting_side,
    );
    return Object.assign(action, moved);
  }

  /** The last check: an event that was mirrored before its origin became a URL of ours has the place of this one. */
  #append(action: Row, event_id: unknown, payload: unknown, remarks: unknown, acting_side: string) {
    refuseUnless(!this.#eventOfUpdate(action, action.update_count as number), 'DP008');
    const { requirements_snapshot, created_at, updated_at, source_local_item_id, ...columns } = action;
    this.events.push({
      ...columns,
      event_id,
      origin_instance_domain: action.target_item_instance_url,
      event_payload: payload ?? { status: action.action_status },
      remarks: remarks ?? null,
      created_at: updated_at,
      target_item_is_local: true,
      acting_side,
    });
  }

  // EVENTS

  store_event({ event }: Row): Row[] {
    refuseUnless(isObject(event), 'DP001');
    const e = { remarks: null, performed_by: null, acting_side: null, ...NOWHERE, ...(event as Row) } as Row;
    refuseUnless(
      Object.keys(e).every((name) => EVENT_COLUMNS.includes(name)),
      'DP001',
    );
    for (const name of EVENT_COLUMNS) {
      if (/(_network|_domain|_type|_owner|_status)$/.test(name) && name !== 'origin_instance_domain')
        checkKey(e[name]);
      else if (/_id$/.test(name)) checkId(e[name]);
      else if (/(_url|_instance_domain)$/.test(name)) checkUrl(e[name]);
    }
    checkCount(e.update_count ?? 'missing');
    checkPlace(e.source_item_latitude, e.source_item_longitude);
    checkPlace(e.target_item_latitude, e.target_item_longitude);
    checkObject(e.event_payload ?? {});
    refuseUnless(!isGiven(e.remarks) || typeof e.remarks === 'string', 'DP001');
    if (isGiven(e.performed_by)) checkKey(e.performed_by);
    if (isGiven(e.acting_side)) refuseUnless(['source', 'target'].includes(e.acting_side as string), 'DP001');
    refuseUnless(typeof e.created_at === 'string' && isTime(e.created_at), 'DP001');
    refuseUnless(e.partition_network === e.target_item_network, 'DP001');
    refuseUnless(!this.urls.has(e.origin_instance_domain as string), 'DP001');
    refuseUnless(e.target_item_instance_url === e.origin_instance_domain, 'DP001');

    const event_payload = e.event_payload ?? { status: e.action_status };
    const row = { ...e, event_payload, created_at: instant(e.created_at) } as Row;
    const sameUpdate = (stored: Row) =>
      ['partition_network', 'action_type', 'origin_instance_domain', 'action_id', 'update_count'].every(
        (column) => seen(stored[column]) === row[column],
      );
    const stored = this.#event(row, row.event_id) ?? this.events.find(sameUpdate);
    if (stored) {
      // what the message does not name, it says nothing of; nor did one that came before there was an acting_side
      const isMissing = (column: string) =>
        (['remarks', ...WHO, ...LATITUDES_AND_LONGITUDES].includes(column) &&
          (event as Row)[column] === undefined) ||
        (WHO.includes(column) && stored[column] === null && stored.acting_side === null);
      refuseUnless(
        EVENT_COLUMNS.every((column) => isMissing(column) || same(seen(stored[column]), row[column])),
        'DP008',
      );
      return [stored];
    }
    row.source_item_is_local = this.urls.has(row.source_item_instance_url as string);
    row.target_item_is_local = false;
    const parties = ['source', 'target'].flatMap((side) =>
      ['network', 'domain', 'type', 'id', 'instance_url'].map((column) => `${side}_item_${column}`),
    );
    const isOfAction = (stored: Row) =>
      stored.source_item_is_local &&
      !stored.target_item_is_local &&
      ['partition_network', 'action_type', 'origin_instance_domain', 'action_id'].every(
        (column) => seen(stored[column]) === row[column],
      );
    const ofAction = row.source_item_is_local ? this.events.find(isOfAction) : undefined;
    refuseUnless(!ofAction || parties.every((column) => seen(ofAction[column]) === row[column]), 'DP008');
    this.events.push(row);
    this.peers.add(row.origin_instance_domain as string);
    return [row];
  }

  #event(leaf: Row, event_id: unknown): Row | undefined {
    return this.events.find(
      (event) =>
        event.partition_network === leaf.partition_network &&
        event.action_type === leaf.action_type &&
        seen(event.event_id) === event_id,
    );
  }

  // READS: all rows of a list, in order

  get_item(a: Row): Row[] {
    checkRef({ ...a, item_type: a.item_type ?? 'any' });
    const found = this.items.filter((item) =>
      ITEM_KEY.every((column) =>
        column === 'item_type' && !isGiven(a.item_type) ? true : seen(item[column]) === a[column],
      ),
    );
    // by the id alone there must be one
    const [item] = found;
    if (!item || found.length > 1) throw new Refusal('DP002');
    return [item];
  }

  get_action(a: Row): Row[] {
    checkActor(a.actor);
    checkActionKey(a);
    const action = this.#action(a);
    if (action && sidesOf(action, a.actor, true).length > 0) return [action];
    const mirrored = this.#mirroredActions().filter((row) =>
      ['partition_network', 'action_type', 'action_id'].every(
        (column) => seen(row[column]) === seen(a[column]),
      ),
    );
    const own = mirrored
      .filter((row) => row.source_item_owner === a.actor)
      .sort(by(['updated_at', -1]))
      .map(({ target_item_is_local, ...row }) => row);
    if (own[0]) return [own[0]];
    throw new Refusal(action || mirrored.length > 0 ? 'DP005' : 'DP004');
  }

  /** Actions of other instances, from an item of this one, as their events tell of them, in whatever order these came. */
  #mirroredActions(): Row[] {
    const actions = new Map<string, Row>();
    const latestRemarks = new Map<Row, number>();
    for (const event of this.events) {
      if (event.target_item_is_local || !event.source_item_is_local) continue;
      const {
        event_id,
        origin_instance_domain,
        event_payload,
        created_at,
        remarks,
        acting_side,
        ...columns
      } = event;
      const key = JSON.stringify([
        event.partition_network,
        event.action_type,
        seen(event.action_id),
        origin_instance_domain,
      ]);
      const known = actions.get(key);
      const action = known ?? {
        ...columns,
        requirements_snapshot: {},
        remarks: null,
        created_at,
        updated_at: created_at,
        source_local_item_id:
          event.source_item_network === event.partition_network ? event.source_item_id : null,
      };
      actions.set(key, action);
      const count = event.update_count as number;
      if (known && count > (known.update_count as number)) {
        known.action_status = event.action_status;
        known.update_count = count;
        known.performed_by = event.performed_by;
        known.updated_at = created_at;
      }
      if (String(created_at) < String(action.created_at)) action.created_at = created_at;
      if (isGiven(remarks) && count > (latestRemarks.get(action) ?? -1)) {
        action.remarks = remarks;
        latestRemarks.set(action, count);
      }
    }
    return [...actions.values()];
  }

  find_items(a: Row): Row[] {
    this.#checkItemFilters(a, true);
    checkPage(a);
    return this.#matching(a).sort(
      by(['created_at', -1], ['item_domain', 1], ['item_type', 1], ['item_id', 1]),
    );
  }

  count_items(a: Row): number {
    this.#checkItemFilters(a, true);
    return this.#matching(a).length;
  }

  nearest_items(a: Row): Row[] {
    refuseUnless(isGiven(a.latitude) && isGiven(a.longitude), 'DP001');
    this.#checkItemFilters(a, false);
    checkPage(a);
    return this.#matching(a)
      .filter((item) => item.item_latitude !== null)
      .map((item) => ({ ...item, distance_meters: distance(item, a) }))
      .sort(by(['distance_meters', 1], ['item_domain', 1], ['item_type', 1], ['item_id', 1]));
  }

  find_own_items(a: Row): Row[] {
    checkActor(a.actor);
    const columns = ['item_network', 'item_domain', 'item_type'];
    for (const column of columns) if (isGiven(a[column])) checkKey(a[column]);
    for (const status of (a.item_statuses ?? []) as unknown[]) checkKey(status);
    checkPage(a);
    return this.items
      .filter(
        (item) =>
          item.created_by === a.actor &&
          columns.every((column) => !isGiven(a[column]) || item[column] === a[column]) &&
          (!isGiven(a.item_statuses) || (a.item_statuses as unknown[]).includes(item.item_status)),
      )
      .sort(
        by(['created_at', -1], ['item_network', 1], ['item_domain', 1], ['item_type', 1], ['item_id', 1]),
      );
  }

  find_actions(a: Row): Row[] {
    checkPartyFilters(a);
    checkPage(a);
    checkSeveral(a, 'action_type', 'action_types');
    checkSeveral(a, 'action_status', 'action_statuses');
    const isAmong = (row: Row, name: string, several: string) =>
      !isGiven(a[several]) || (a[several] as unknown[]).includes(row[name]);
    const contentOf = (row: Row, side: Side, isHere: boolean) => {
      const item = isHere && a.with_items ? this.#sideOf(row, side) : undefined;
      return {
        [`${side}_item_state`]: item?.item_state ?? null,
        [`${side}_item_status`]: item?.item_status ?? null,
      };
    };
    return this.#ofParty(this.#actionsOfAll(), a, [
      'partition_network',
      'action_type',
      'action_status',
      'action_id',
    ])
      .filter(
        (row) =>
          isAmong(row, 'action_type', 'action_types') && isAmong(row, 'action_status', 'action_statuses'),
      )
      .map(({ target_item_is_local, ...row }) => ({
        ...row,
        ...contentOf(row, 'source', row.source_item_is_local === true),
        ...contentOf(row, 'target', target_item_is_local !== false),
      }))
      .sort(
        by(
          ['updated_at', a.oldest_first ? 1 : -1],
          ['partition_network', 1],
          ['action_type', 1],
          ['action_id', 1],
          ['target_item_instance_url', 1],
        ),
      );
  }

  count_actions(a: Row): Row[] {
    checkPartyFilters(a);
    const counts: Row[] = [];
    for (const role of ['initiated', 'received']) {
      if (isGiven(a.ownership_role) && ![role, 'all'].includes(a.ownership_role as string)) continue;
      const columns = ['partition_network', 'action_type'];
      const rows = this.#ofParty(this.#actionsOfAll(), { ...a, ownership_role: role }, columns);
      counts.push(...counted(rows, role));
    }
    return counts;
  }

  count_item_actions({ items }: Row): Row[] {
    refuseUnless(Array.isArray(items) && items.length <= 1000, 'DP001');
    for (const item of items as Row[]) checkRef(item);
    const asked = new Map((items as Row[]).map((item) => [JSON.stringify(refOf(item)), item]));
    return [...asked].flatMap(([ref, item]) => {
      const ofItem = (side: Side, isHere: (row: Row) => boolean) =>
        this.#actionsOfAll().filter(
          (row) =>
            row.partition_network === item.item_network &&
            isHere(row) &&
            JSON.stringify(refOf(row, `${side}_`)) === ref,
        );
      return [
        ...counted(
          ofItem('source', (row) => row.source_item_is_local === true),
          'initiated',
        ),
        ...counted(
          ofItem('target', (row) => row.target_item_is_local !== false),
          'received',
        ),
      ].map((row) => ({ ...Object.fromEntries(ITEM_KEY.map((column) => [column, item[column]])), ...row }));
    });
  }

  #actionsOfAll(): Row[] {
    return [...this.actions, ...this.#mirroredActions()];
  }

  #sideOf(row: Row, side: Side): Row | undefined {
    return this.items.find((item) =>
      ITEM_KEY.every((column) => seen(item[column]) === seen(row[`${side}_${column}`])),
    );
  }

  find_events(a: Row): Row[] {
    checkPartyFilters(a);
    checkCount(a.update_count);
    checkPage(a);
    const columns = ['partition_network', 'action_type', 'action_id', 'action_status', 'update_count'];
    return this.#ofParty(this.events, a, columns).sort(
      by(
        ['created_at', -1],
        ['update_count', -1],
        ['partition_network', 1],
        ['action_type', 1],
        ['event_id', 1],
      ),
    );
  }

  #checkItemFilters(a: Row, radiusRequired: boolean) {
    checkKey(a.item_network);
    // one domain, several, or neither for all
    if (isGiven(a.item_domain)) checkKey(a.item_domain);
    if (isGiven(a.item_domains)) {
      refuseUnless(!isGiven(a.item_domain), 'DP001');
      for (const domain of a.item_domains as unknown[]) checkKey(domain);
    }
    for (const status of (a.item_statuses ?? []) as unknown[]) checkKey(status);
    refuseUnless(!isGiven(a.item_statuses) || a.any_status !== true, 'DP001');
    if (isGiven(a.item_type)) checkKey(a.item_type);
    if (isGiven(a.created_by)) checkKey(a.created_by);
    if (isGiven(a.item_instance_url)) checkUrl(a.item_instance_url);
    if (isGiven(a.item_schema_url)) checkUrl(a.item_schema_url);
    if (isGiven(a.item_state)) checkObject(a.item_state);
    checkPlace(a.latitude, a.longitude);
    if (radiusRequired) refuseUnless(isGiven(a.latitude) === isGiven(a.radius_meters), 'DP001');
    if (isGiven(a.radius_meters)) {
      const radius = Number(a.radius_meters);
      refuseUnless(radius >= 0 && Number.isFinite(radius), 'DP001');
    }
  }

  #matching(a: Row): Row[] {
    const columns = [
      'item_network',
      'item_domain',
      'item_type',
      'created_by',
      'item_instance_url',
      'item_schema_url',
    ];
    return this.items.filter(
      (item) =>
        columns.every((column) => !isGiven(a[column]) || item[column] === a[column]) &&
        (!isGiven(a.item_domains) || (a.item_domains as unknown[]).includes(item.item_domain)) &&
        (isGiven(a.item_statuses)
          ? (a.item_statuses as unknown[]).includes(item.item_status)
          : a.any_status === true || this.#statusOf(item)?.found !== false) &&
        (!isGiven(a.item_state) || contains(item.item_state, a.item_state)) &&
        (!isGiven(a.radius_meters) ||
          (item.item_latitude !== null && distance(item, a) <= Number(a.radius_meters))),
    );
  }

  #ofParty(rows: Row[], a: Row, columns: string[]): Row[] {
    const role = a.ownership_role ?? 'all';
    return rows.flatMap((row) => {
      // the target of an action is of this instance
      const sides = sidesOf(row, a.actor, row.target_item_is_local !== false).filter(
        (side) =>
          (role === 'all' || role === ROLES[side]) &&
          (!isGiven(a.item_id) || seen(row[`${side}_item_id`]) === a.item_id),
      );
      if (sides.length === 0) return [];
      if (!columns.every((column) => !isGiven(a[column]) || seen(row[column]) === a[column])) return [];
      const ownership_roles = sidesOf(row, a.actor, row.target_item_is_local !== false).map((s) => ROLES[s]);
      return [{ ...row, ownership_roles }];
    });
  }
}

type Side = 'source' | 'target';
const ROLES: Record<Side, string> = { source: 'initiated', target: 'received' };

/** Whose id it is counts: the owner of a source on another instance is no user of this one. */
function sidesOf(row: Row, actor: unknown, targetIsLocal: boolean): Side[] {
  const sides: Side[] = [];
  if (row.source_item_is_local && row.source_item_owner === actor) sides.push('source');
  if (targetIsLocal && row.target_item_owner === actor) sides.push('target');
  return sides;
}

/** An item of an action; one that lives elsewhere is another one than an item here of the same key. */
function placeOf(action: Row, side: 'source' | 'target'): string {
  const isHere = side === 'target' || action.source_item_is_local === true;
  return JSON.stringify([...refOf(action, `${side}_`), isHere ? null : action.source_item_instance_url]);
}

function pairOf(action: Row): string {
  return [placeOf(action, 'source'), placeOf(action, 'target')].sort().join();
}

/** How many there are of each network, type and status, and when one of them last changed. */
function counted(rows: Row[], ownership_role: string): Row[] {
  const counts = new Map<string, Row>();
  for (const { partition_network, action_type, action_status, updated_at } of rows) {
    const key = { ownership_role, partition_network, action_type, action_status };
    const name = JSON.stringify(key);
    const before = counts.get(name) ?? { ...key, action_count: 0, latest_at: '' };
    const changed = seen(updated_at) as string;
    const latest_at = changed > (before.latest_at as string) ? changed : before.latest_at;
    counts.set(name, { ...before, action_count: Number(before.action_count) + 1, latest_at });
  }
  return [...counts.values()].sort(by(['partition_network', 1], ['action_type', 1], ['action_status', 1]));
}

const orNull = (rules: Row) => (Object.keys(rules).length > 0 ? rules : null);

/** Those that a rule gives, or else the declared ones without a way out. */
function finalStatuses(rules: Row | null, graph: Row[] | null, initial: unknown): unknown[] {
  if (isGiven(rules?.final_statuses)) return [...new Set(rules?.final_statuses as unknown[])].sort();
  if (!graph) return [];
  const declared = new Set([initial, ...graph.flatMap(({ from, to }) => [from, to])]);
  return [...declared]
    .filter((status) => !graph.some(({ from, to }) => from === status && to !== status))
    .sort();
}

const NOWHERE = {
  source_item_latitude: null,
  source_item_longitude: null,
  target_item_latitude: null,
  target_item_longitude: null,
};

const WHO = ['performed_by', 'acting_side'];

const LATITUDES_AND_LONGITUDES = [
  ...['source_item_latitude', 'source_item_longitude', 'target_item_latitude', 'target_item_longitude'],
];

const EVENT_COLUMNS = [
  ...['partition_network', 'action_type', 'event_id', 'origin_instance_domain', 'action_id', 'action_status'],
  ...['update_count', 'source_item_network', 'source_item_domain', 'source_item_type', 'source_item_id'],
  ...['source_item_instance_url', 'source_item_owner', 'source_item_latitude', 'source_item_longitude'],
  ...['target_item_network', 'target_item_domain', 'target_item_type', 'target_item_id'],
  ...['target_item_instance_url', 'target_item_owner', 'target_item_latitude', 'target_item_longitude'],
  ...['event_payload', 'remarks', 'created_at', 'performed_by', 'acting_side'],
];

// ARGUMENTS

function refuseUnless(holds: boolean, code: string): void {
  if (!holds) throw new Refusal(code);
}

const isGiven = (value: unknown) => value !== null && value !== undefined;

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value);

function checkKey(value: unknown) {
  refuseUnless(typeof value === 'string' && value.trim() !== '' && [...value].length <= 120, 'DP001');
}

const checkActor = checkKey;

function checkRules(rules: unknown, names: string[]) {
  if (!isGiven(rules)) return;
  checkObject(rules);
  for (const [name, value] of Object.entries(rules as Row)) {
    refuseUnless(names.includes(name), 'DP001');
    if (value === null) continue;
    if (name === 'different_owners') refuseUnless(typeof value === 'boolean', 'DP001');
    else if (name === 'final_statuses') {
      refuseUnless(Array.isArray(value), 'DP001');
      (value as unknown[]).forEach(checkKey);
    } else refuseUnless(Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 1e6, 'DP001');
  }
}

function checkUrl(value: unknown) {
  refuseUnless(typeof value === 'string' && value.trim() !== '' && Buffer.byteLength(value) <= 1024, 'DP001');
}

function checkId(value: unknown) {
  refuseUnless(isGiven(value), 'DP001');
}

function checkObject(value: unknown) {
  refuseUnless(isObject(value), 'DP001');
}

function checkDegrees(value: unknown, limit: number) {
  if (isGiven(value)) refuseUnless(typeof value === 'number' && Math.abs(value) <= limit, 'DP001');
}

function checkPlace(latitude: unknown, longitude: unknown) {
  refuseUnless(isGiven(latitude) === isGiven(longitude), 'DP001');
  checkDegrees(latitude, 90);
  checkDegrees(longitude, 180);
}

function checkCount(value: unknown) {
  if (isGiven(value)) refuseUnless(Number.isInteger(value) && Number(value) >= 0, 'DP001');
}

function checkRemarks(value: unknown) {
  if (isGiven(value)) refuseUnless(Buffer.byteLength(value as string) <= 65_536, 'DP001');
}

function checkRef(ref: unknown) {
  refuseUnless(isObject(ref), 'DP001');
  const { item_network, item_domain, item_type, item_id } = ref as Row;
  [item_network, item_domain, item_type].forEach(checkKey);
  checkId(item_id);
}

function checkItem(item: Row) {
  [item.item_network, item.item_domain, item.item_type].forEach(checkKey);
  checkUrl(item.item_instance_url);
  checkUrl(item.item_schema_url);
  checkObject(item.item_state);
  checkPlace(item.item_latitude, item.item_longitude);
  if (isGiven(item.item_status)) checkKey(item.item_status);
}

function checkMaking(a: Row) {
  checkKey(a.action_type);
  checkRef(a.source);
  checkRef(a.target);
  checkObject(a.requirements_snapshot ?? {});
  checkRemarks(a.remarks);
  checkObject(a.event_payload ?? {});
  if (isGiven(a.performed_by)) checkKey(a.performed_by);
}

function checkActionKey(a: Row) {
  checkKey(a.partition_network);
  checkKey(a.action_type);
  checkId(a.action_id);
}

function checkMove(a: Row) {
  checkActionKey(a);
  checkKey(a.action_status);
  checkCount(a.expected_update_count);
  checkRemarks(a.remarks);
  checkObject(a.event_payload ?? {});
  if (isGiven(a.performed_by)) checkKey(a.performed_by);
}

function checkPartyFilters(a: Row) {
  checkActor(a.actor);
  refuseUnless(['initiated', 'received', 'all'].includes((a.ownership_role ?? 'all') as string), 'DP001');
  for (const name of ['partition_network', 'action_type', 'action_status'])
    if (isGiven(a[name])) checkKey(a[name]);
}

/** One, or several, or neither. */
function checkSeveral(a: Row, one: string, several: string) {
  if (!isGiven(a[several])) return;
  refuseUnless(!isGiven(a[one]), 'DP001');
  for (const key of a[several] as unknown[]) checkKey(key);
}

function checkPage(a: Row) {
  const size = Number(a.page_size ?? 20);
  refuseUnless(size >= 1 && size <= 1000, 'DP001');
}

// VALUES

function refOf(row: Row, prefix = ''): unknown[] {
  return ITEM_KEY.map((column) => seen(row[`${prefix}${column}`]));
}

/** Equal as jsonb is: the order of an object's members does not matter. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (Array.isArray(a) && Array.isArray(b))
    return a.length === b.length && a.every((element, i) => same(element, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  const names = Object.keys(a as Row);
  return (
    names.length === Object.keys(b as Row).length &&
    names.every((name) => name in (b as Row) && same((a as Row)[name], (b as Row)[name]))
  );
}

function contains(outer: unknown, inner: unknown): boolean {
  if (Array.isArray(outer) && Array.isArray(inner))
    return inner.every((wanted) => outer.some((element) => contains(element, wanted)));
  if (isObject(outer) && isObject(inner) && !Array.isArray(outer) && !Array.isArray(inner))
    return Object.entries(inner as Row).every(
      ([name, wanted]) => name in (outer as Row) && contains((outer as Row)[name], wanted),
    );
  return same(outer, inner);
}

function by(...order: [string, 1 | -1][]) {
  return (a: Row, b: Row): number => {
    for (const [column, sign] of order) {
      const [x, y] = [seen(a[column]), seen(b[column])] as [string, string];
      if (x !== y) return x < y ? -sign : sign;
    }
    return 0;
  };
}

/** Metres along the great circle of earthdistance's sphere, by the haversine formula. */
function distance(item: Row, center: Row): number {
  const [a, b, c, d] = [item.item_latitude, center.latitude, item.item_longitude, center.longitude].map(
    (degrees) => (Number(degrees) * Math.PI) / 180,
  ) as [number, number, number, number];
  const h = Math.sin((a - b) / 2) ** 2 + Math.cos(a) * Math.cos(b) * Math.sin((c - d) / 2) ** 2;
  return 2 * 6378168 * Math.asin(Math.min(1, Math.sqrt(h)));
}

const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,6}))?(Z|[+-]\d\d:\d\d)$/;

const isTime = (text: string) => TIME.test(text);

/** The instant as text that sorts: in UTC, with microseconds. */
export function instant(text: unknown): string {
  const [, date, clock, fraction = '', offset] = TIME.exec(String(text)) as RegExpExecArray;
  const seconds = new Date(`${date}T${clock}${offset}`).toISOString().slice(0, 19);
  return `${seconds}.${fraction.padEnd(6, '0')}Z`;
}
