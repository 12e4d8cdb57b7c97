// The process of proxy.ts. While anybody is connected it never sleeps, but looks at the clock and at its sockets in turns:
// a timer of Node.js is up to two milliseconds late, and a process that sleeps is woken in 0.01 or in 0.1 ms, as the
// system likes. That takes a core; client and server, of whom one waits for the other, need but one.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { Far } from './proxy.js';

/** What is to be done when: a queue for each delay, so that each is in order. */
const queues: { at: number; pass: () => void }[][] = [];
let open = 0;

function look(): void {
  const now = performance.now();
  for (const queue of queues) while (queue[0] && queue[0].at <= now) queue.shift()?.pass();
  if (open > 0) setImmediate(look);
}

async function listen(host: string, port: number, delay: number): Promise<number> {
  const queue: (typeof queues)[number] = [];
  queues.push(queue);
  const hold = (pass: () => void) => queue.push({ at: performance.now() + delay, pass });
  const relay = (from: Socket, to: Socket) => {
    from.on('data', (chunk) => hold(() => to.write(chunk)));
    from.on('end', () => hold(() => to.end()));
    from.on('error', () => to.destroy());
    from.on('close', () => {
      open -= 1;
    });
    open += 1;
    if (open === 1) setImmediate(look);
  };
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (client) => {
    const database = connect({ host, port, noDelay: true, allowHalfOpen: true });
    relay(client, database);
    relay(database, client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

process.once('disconnect', () => process.exit());
process.once('message', async ({ host, port, delays }: Far) => {
  process.send?.(await Promise.all(delays.map((delay) => listen(host, port, delay))));
});
