// A server as if it were further away: proxies on loopback that hold every chunk back for a while, in either direction.
// They have a process of their own, which leaves the client's event loop alone and ends with its parent.

import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export interface Far {
  host: string;
  port: number;
  /** In milliseconds, each way; a proxy for each. */
  delays: number[];
}

export interface Proxies {
  /** The URL of the same database through the proxy of that delay. */
  through(url: string, delay: number): string;
  stop(): void;
}

export async function startProxies(url: string, delays: number[]): Promise<Proxies> {
  const { hostname, port } = new URL(url);
  const far: Far = { host: hostname, port: Number(port || 5432), delays };
  const child = fork(fileURLToPath(new URL('proxy-process.ts', import.meta.url)));
  child.send(far);
  const failed = once(child, 'exit').then(() => {
    throw new Error('The process of the proxies ended before they listened.');
  });
  const [ports]: number[][] = await Promise.race([once(child, 'message'), failed]);
  // it does not keep this process
  child.unref();
  child.channel?.unref();
  return {
    through(near, delay) {
      const there = new URL(near);
      there.hostname = '127.0.0.1';
      there.port = String(ports?.[delays.indexOf(delay)]);
      return there.href;
    },
    stop: () => child.disconnect(),
  };
}
