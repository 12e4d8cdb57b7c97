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

/** In messages: the version of who sends it. In answers: the version of who answers. */
export const VERSION_HEADER = 'dpg-version';
/** In a message that lacks something because the receiver is older: the version that it was written for. */
export const WRITTEN_FOR_HEADER = 'dpg-written-for';
const HEADERS = {
  call: 'dpg-call',
  sender: 'dpg-instance',
  timestamp: 'dpg-timestamp',
  signature: 'dpg-signature',
};
const VERSION = 'v1=';

/** In which version a message is, signed apart: the signature of 0.1.0, which all understand, does not cover it. */
export interface MessageVersion {
  /** The sender's. */
  version: number;
  /** An older one, for which something was left out; else the same. */
  writtenFor: number;
}
const OF_0_1_0: MessageVersion = { version: 0, writtenFor: 0 };
const VERSION_SIGNATURE = 'dpg-version-signature';
const A_VERSION = /^\d{1,6}$/;

/** The headers of a message, its signature among them. */
export function sign(message: Message, secret: Secret, version: MessageVersion): Record<string, string> {
  const [current] = secretsOf(secret);
  if (!current) throw new TypeError('there is no secret to sign with');
  const signature = hmac(message, current);
  return {
    [HEADERS.call]: message.call,
    [HEADERS.sender]: encodeURIComponent(message.sender),
    [HEADERS.timestamp]: String(message.timestamp),
    [HEADERS.signature]: VERSION + signature.toString('hex'),
    [VERSION_HEADER]: String(version.version),
    ...(version.writtenFor < version.version && { [WRITTEN_FOR_HEADER]: String(version.writtenFor) }),
    [VERSION_SIGNATURE]: VERSION + versionHmac(version, signature, current).toString('hex'),
  };
}

/** The headers of a message, before anything of it is believed. */
export interface Claim extends Omit<Message, 'body'>, MessageVersion {
  signature: Buffer;
  /** Of the version; undefined where none is named. */
  versionSignature: Buffer | undefined;
}

/** What the headers say; undefined when something is missing or malformed. */
export function readHeaders(headers: Headers): Claim | undefined {
  const call = CALLS.find((name) => name === headers.get(HEADERS.call));
  const timestamp = headers.get(HEADERS.timestamp) ?? '';
  const signature = readSignature(headers.get(HEADERS.signature));
  const sender = decode(headers.get(HEADERS.sender) ?? '');
  const version = readVersion(headers);
  if (!call || !sender || !/^\d{1,12}$/.test(timestamp) || !signature || !version) return undefined;
  return { call, sender, timestamp: Number(timestamp), signature, ...version };
}

function readVersion(headers: Headers): Pick<Claim, keyof MessageVersion | 'versionSignature'> | undefined {
  const version = headers.get(VERSION_HEADER);
  const writtenFor = headers.get(WRITTEN_FOR_HEADER) ?? version;
  const versionSignature = readSignature(headers.get(VERSION_SIGNATURE));
  if (version === null && writtenFor === null && !headers.has(VERSION_SIGNATURE))
    return { ...OF_0_1_0, versionSignature: undefined };
  if (!A_VERSION.test(version ?? '') || !A_VERSION.test(writtenFor ?? '') || !versionSignature)
    return undefined;
  return { version: Number(version), writtenFor: Number(writtenFor), versionSignature };
}

function readSignature(text: string | null): Buffer | undefined {
  return /^v1=[0-9a-f]{64}$/.test(text ?? '')
    ? Buffer.from((text ?? '').slice(VERSION.length), 'hex')
    : undefined;
}

/** Whether one of the secrets has made these signatures. Takes as long for wrong ones as for right ones. */
export function isSigned(claim: Claim, body: string, secret: Secret): boolean {
  const { signature, versionSignature } = claim;
  return secretsOf(secret).reduce((isRight, one) => {
    const isOfMessage = timingSafeEqual(hmac({ ...claim, body }, one), signature);
    const isOfVersion =
      !versionSignature || timingSafeEqual(versionHmac(claim, signature, one), versionSignature);
    return (isOfMessage && isOfVersion) || isRight;
  }, false);
}

function hmac({ timestamp, call, sender, body }: Message, secret: string): Buffer {
  // no line break can be in the first two, and the encoded sender has none
  return createHmac('sha256', secret)
    .update(`${timestamp}\n${call}\n${encodeURIComponent(sender)}\n`)
    .update(body)
    .digest();
}

function versionHmac({ version, writtenFor }: MessageVersion, signature: Buffer, secret: string): Buffer {
  return createHmac('sha256', secret)
    .update(`${VERSION_HEADER}\n${version}\n${writtenFor}\n`)
    .update(signature)
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
