// Methods that are looked for where they are not: JavaScript would only say that undefined is not a function.

import { InvalidArgumentError } from './errors.js';
import { list } from './pages.js';

const LISTS = ['find', 'own'];

/** The methods of `others` that `methods` has not: each refuses, and says where it is. */
export function withHints<Methods extends object>(
  methods: Methods,
  others: object,
  refusal: (name: string) => InvalidArgumentError,
): Methods {
  const hints: Record<string, () => unknown> = {};
  for (const name of Object.keys(others)) {
    if (name in methods) continue;
    const refuse = () => {
      throw refusal(name);
    };
    // a list can be iterated as well as awaited
    hints[name] = LISTS.includes(name) ? () => list(refuse, refuse) : async () => refuse();
  }
  // not its own, so that nobody finds them who looks what there is
  return Object.setPrototypeOf(methods, Object.setPrototypeOf(hints, Object.prototype)) as Methods;
}

/** For `dpg.<subject>.<name>`. */
export function takesActor(subject: string): (name: string) => InvalidArgumentError {
  return (name) =>
    new InvalidArgumentError('DP001', `${subject}.${name} takes an actor`, {
      detail: { argument: 'actor', value: null },
      hint: `It is done on behalf of a user: dpg.as(actor).${subject}.${name}(...)`,
    });
}

/** For `dpg.as(actor).<subject>.<name>`. */
export function takesNoActor(subject: string): (name: string) => InvalidArgumentError {
  return (name) =>
    new InvalidArgumentError('DP001', `${subject}.${name} takes no actor`, {
      detail: { argument: 'actor', value: null },
      hint: `It is done on behalf of no user of this instance: dpg.${subject}.${name}(...)`,
    });
}
