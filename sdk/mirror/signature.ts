// Who says so: HMAC-SHA256 over time, call, sender and body, with a secret that two instances share.

import { createHmac, timingSafeEqual } from 'node:crypto';

/** What two instances share: at least 32 random characters. While it is changed, several: the first signs, any verifies. */
export type Secret = string | readonly string[];

/** The functions of the database that another instance may call. */
export const CALLS = ['store_event', 'receive_action', 'receive_transition'] as const;
export type Call = (typeof CALLS)[number];

export interface Message {
  call: Call;
  /** URL of the instance that says so. */
  sender: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

const HEADERS = {
  call: 'dpg-call',
  sender: 'dpg-instance',
  timestamp: 'dpg-timestamp',
  signature: 'dpg-signature',
};
const VERSION = 'v1=';

/** The headers of a message, its signature among them. */
export function sign(message: Message, secret: Secret): Record<string, string> {
  const [current] = secretsOf(secret);
  if (!current) throw new TypeError('there is no secret to sign with');
  return {
    [HEADERS.call]: message.call,
    [HEADERS.sender]: encodeURIComponent(message.sender),
    [HEADERS.timestamp]: String(message.timestamp),
    [HEADERS.signature]: VERSION + hmac(message, current).toString('hex'),
  };
}

/** What the headers say, before anything of it is believed; undefined when something is missing or malformed. */
export function readHeaders(headers: Headers): (Omit<Message, 'body'> & { signature: Buffer }) | undefined {
  const call = CALLS.find((name) => name === headers.get(HEADERS.call));
  const timestamp = headers.get(HEADERS.timestamp) ?? '';
  const signature = headers.get(HEADERS.signature) ?? '';
  const sender = decode(headers.get(HEADERS.sender) ?? '');
  if (!call || !sender || !/^\d{1,12}$/.test(timestamp) || !/^v1=[0-9a-f]{64}$/.test(signature))
    return undefined;
  return {
    call,
    sender,
    timestamp: Number(timestamp),
    signature: Buffer.from(signature.slice(VERSION.length), 'hex'),
  };
}

/** Whether one of the secrets has made this signature. Takes as long for a wrong one as for a right one. */
export function isSignedBy(message: Message, signature: Buffer, secret: Secret): boolean {
  return secretsOf(secret).reduce(
    (isSigned, one) => timingSafeEqual(hmac(message, one), signature) || isSigned,
    false,
  );
}

function hmac({ timestamp, call, sender, body }: Message, secret: string): Buffer {
  // no line break can be in the first two, and the encoded sender has none
  return createHmac('sha256', secret)
    .update(`${timestamp}\n${call}\n${encodeURIComponent(sender)}\n`)
    .update(body)
    .digest();
}

function secretsOf(secret: Secret): readonly string[] {
  return (typeof secret === 'string' ? [secret] : secret).filter((one) => one !== '');
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return '';
  }
}
