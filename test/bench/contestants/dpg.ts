// This project, through its SDK.

import { type ActorDpg, createDpg, type Dpg } from '../../../sdk/index.js';
import { type Contestant, THIS } from './contestant.js';

export function dpgContestant(url: string, connections = 1): Contestant & { dpg: Dpg } {
  const dpg = createDpg(url, { max: connections });
  const users = new Map<string, ActorDpg>();
  const as = (actor: string) => {
    const user = users.get(actor) ?? dpg.as(actor);
    users.set(actor, user);
    return user;
  };
  return {
    name: THIS,
    dpg,
    async upsertItem(actor, item) {
      return (await as(actor).items.upsert(item)).item_id;
    },
    async performAction(actor, action_type, source, target) {
      const requirements_snapshot = { subject: 'math' };
      return (await as(actor).actions.perform({ action_type, source, target, requirements_snapshot }))
        .action_id;
    },
    async transitionAction(actor, action, action_status) {
      await as(actor).actions.transition(action, { action_status });
    },
    async getItem(item) {
      await dpg.items.get(item);
    },
    end: () => dpg.end(),
  };
}
