// Servers on loopback that can misbehave and be right again, and what their clients leave behind.

import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

export interface TestServer {
  url: string;
  port: number;
  /** Connections so far, and those that are open. */
  readonly connections: { made: number; open: number };
  /** From now on, also for connections that are there: they are closed. */
  become(behaviour: Behaviour): void;
}

/** What is done with a connection; or, of one that speaks HTTP, with a request. */
export type Behaviour = { socket: (socket: Socket) => void } | { request: RequestListener };

/** Listens on a free port until the test or file is done. */
export async function serve(behaviour: Behaviour, whenDone = onTestFinished): Promise<TestServer> {
  const open = new Set<Socket>();
  let made = 0;
  let connected = connecting(behaviour);
  const server = createServer((socket) => {
    made += 1;
    open.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => open.delete(socket));
    connected(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  whenDone(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as { port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    get connections() {
      return { made, open: open.size };
    },
    become(other) {
      connected = connecting(other);
      for (const socket of open) socket.destroy();
    },
  };
}

function connecting(behaviour: Behaviour): (socket: Socket) => void {
  if ('socket' in behaviour) return behaviour.socket;
  const http = createHttpServer({ keepAliveTimeout: 60_000 }, behaviour.request);
  return (socket) => void http.emit('connection', socket);
}
