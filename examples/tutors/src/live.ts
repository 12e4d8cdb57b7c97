// Tells the open pages of a user that an action of theirs has changed. The feed has every event that was committed,
// whichever process wrote it. What happens while a page is away is not kept for it: it reads its actions anew.

import { EventEmitter } from 'node:events';
import type { Dpg } from 'dpg-database';
import { follow } from 'dpg-database/mirror';

/** Emits the status of a changed action under the id of each of its parties. */
export const changes = new EventEmitter().setMaxListeners(0);

/** One process reads the subscription. A second one needs another, under a name of its own: a batch goes to one reader. */
export async function followChanges(dpg: Dpg, signal: AbortSignal): Promise<void> {
  await dpg.subscriptions.create({ subscription: 'pages' });
  for await (const batch of follow({ dpg, subscription: 'pages', signal, idleMilliseconds: 250 })) {
    for (const { source_item_owner, target_item_owner, action_status } of batch.events)
      for (const owner of [source_item_owner, target_item_owner]) changes.emit(`of ${owner}`, action_status);
    await batch.acknowledge();
  }
}
