// Messages signed by the rule that docs/mirror.md states, not by the code under test, and raw HTTP to send them with.

import { createHmac, randomUUID } from 'node:crypto';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import type { StoreEvent } from '../../sdk/index.js';
import { SECRET } from './world.js';

export const HERE = 'https://student.example.com';
export const PEER = 'https://tutor.example.com';

export const event = (changes: Partial<StoreEvent> = {}): StoreEvent => ({
  partition_network: 'yellow_dot',
  action_type: 'connect',
  event_id: randomUUID(),
  origin_instance_domain: PEER,
  action_id: randomUUID(),
  action_status: 'created',
  update_count: 0,
  source_item_network: 'yellow_dot',
  source_item_domain: 'student',
  source_item_type: 'profile_1.0',
  source_item_id: randomUUID(),
  source_item_instance_url: HERE,
  source_item_owner: 'asha',
  target_item_network: 'yellow_dot',
  target_item_domain: 'tutor',
  target_item_type: 'profile_1.0',
  target_item_id: randomUUID(),
  target_item_instance_url: PEER,
  target_item_owner: 'ravi',
  event_payload: { status: 'created' },
  created_at: '2026-11-22T12:00:00.000001Z',
  ...changes,
});

/** The headers of a message of 0.1.0; with a version, those that name it. */
export function signed(
  body: string,
  {
    call = 'store_event',
    sender = PEER,
    secret = SECRET,
    timestamp = Math.floor(Date.now() / 1000),
    version,
    writtenFor,
  }: {
    call?: string;
    sender?: string;
    secret?: string;
    timestamp?: number;
    version?: number;
    writtenFor?: number;
  } = {},
): Record<string, string> {
  const lines = `${timestamp}\n${call}\n${encodeURIComponent(sender)}\n${body}`;
  const signature = createHmac('sha256', secret).update(lines).digest();
  const versionSignature = createHmac('sha256', secret)
    .update(`dpg-version\n${version}\n${writtenFor ?? version}\n`)
    .update(signature)
    .digest('hex');
  return {
    'dpg-call': call,
    'dpg-instance': encodeURIComponent(sender),
    'dpg-timestamp': String(timestamp),
    'dpg-signature': `v1=${signature.toString('hex')}`,
    ...(version !== undefined && {
      'dpg-version': String(version),
      'dpg-version-signature': `v1=${versionSignature}`,
    }),
    ...(writtenFor !== undefined && { 'dpg-written-for': String(writtenFor) }),
  };
}

/** The head of a request, as it goes over the wire. */
export function head(headers: Record<string, string | number>, line = 'POST /dpg HTTP/1.1'): string {
  const lines = Object.entries({ host: 'localhost', ...headers }).map(([name, value]) => `${name}: ${value}`);
  return `${[line, ...lines].join('\r\n')}\r\n\r\n`;
}

/** A client that writes what it likes. */
export interface Client {
  socket: Socket;
  write(text: string): void;
  /** The next answer: its status and headers in lower case, and its body. */
  answer(): Promise<{ status: number; head: string; body: string }>;
  /** When the server has closed the connection. */
  closed: Promise<void>;
}

export async function client(port: number): Promise<Client> {
  const socket = connect(port, '127.0.0.1');
  await new Promise<void>((resolve) => socket.once('connect', resolve));
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => undefined);
  let received = '';
  let wake = () => {};
  const closed = new Promise<void>((resolve) => {
    socket.once('close', () => {
      resolve();
      wake();
    });
  });
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    wake();
  });
  return {
    socket,
    closed,
    write: (text) => void socket.write(text),
    async answer() {
      for (;;) {
        const end = received.indexOf('\r\n\r\n');
        const top = received.slice(0, end).toLowerCase();
        const length = Number(/content-length: (\d+)/.exec(top)?.[1] ?? 0);
        if (end >= 0 && received.length >= end + 4 + length) {
          const body = received.slice(end + 4, end + 4 + length);
          received = received.slice(end + 4 + length);
          return { status: Number(top.slice(9, 12)), head: top, body };
        }
        if (socket.destroyed) throw new Error(`the connection ended after ${JSON.stringify(received)}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
