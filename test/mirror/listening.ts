// An instance that listens, and well signed messages for it.

import { type HandlerOptions, handler, nodeListener } from '../../sdk/mirror/index.js';
import { event, head, PEER, signed } from './messages.js';
import { serve, type TestServer } from './servers.js';
import { type Instance, SECRET } from './world.js';

export function listen(
  here: Instance,
  onError: (error: unknown) => void,
  options: Partial<HandlerOptions> = {},
): Promise<TestServer> {
  const handle = handler({
    dpg: here.dpg,
    secretOf: (peer) => (peer === PEER ? SECRET : undefined),
    maxBytes: 20_000,
    onError,
    ...options,
  });
  return serve({ request: nodeListener(handle) });
}

/** How many events of this id the instance has. */
export async function stored({ sql }: Instance, id: string): Promise<number> {
  return (await sql`select event_id from dpg.action_events where event_id = ${id}`).length;
}

/** A message that is well signed, and how it goes over the wire. */
export function message(changes = {}): { id: string; wire: string } {
  const sent = event(changes);
  const body = JSON.stringify(sent);
  return {
    id: sent.event_id,
    wire: head({ ...signed(body), 'content-length': Buffer.byteLength(body) }) + body,
  };
}
