// Node's own http server speaks of IncomingMessage and ServerResponse.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { BodyAlreadyReadError } from './body.js';
import type { Handler } from './handler.js';

/**
 * What comes after a refusal is thrown away: so much, and so long. A connection that is closed while the other side still
 * sends would take the answer with it.
 */
const MOST_BYTES_DRAINED = 64 * 1024 * 1024;
const MOST_MILLISECONDS_DRAINED = 5000;

/** `http.createServer(nodeListener(handler({ … })))`; in Fastify or Express, call it with the raw request and response. */
export function nodeListener(handle: Handler): (request: IncomingMessage, response: ServerResponse) => void {
  return (incoming, outgoing) => {
    // a client that goes away is no error of ours
    incoming.on('error', () => undefined);
    outgoing.on('error', () => undefined);
    answer(handle, incoming, outgoing).catch(() => {
      if (!outgoing.headersSent) outgoing.writeHead(500, { connection: 'close' });
      outgoing.end();
    });
  };
}

async function answer(handle: Handler, incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
  const request = requestOf(incoming);
  const response = request
    ? await handle(request)
    : new Response('{"message":"it is no request"}', { status: 400 });
  const body = Buffer.from(await response.arrayBuffer());
  const isRest = !request || response.headers.get('connection') === 'close';
  outgoing.writeHead(response.status, {
    ...Object.fromEntries(response.headers),
    ...(isRest && { connection: 'close' }),
    'content-length': body.byteLength,
  });
  if (!isRest || incoming.complete) {
    outgoing.end(body);
    return;
  }
  outgoing.write(body);
  await drained(incoming);
  outgoing.end();
}

/** The request as the web has it; undefined when it cannot be one. The handler asks for no path. */
function requestOf(incoming: IncomingMessage): Request | undefined {
  const { method = 'GET', url = '/' } = incoming;
  // the web has no request of these methods: for the handler they are all the same
  const isUnknown = /^(CONNECT|TRACE|TRACK)$/i.test(method);
  const hasBody = !isUnknown && method !== 'GET' && method !== 'HEAD';
  try {
    const headers = new Headers();
    for (const [name, value] of Object.entries(incoming.headers)) {
      if (name.startsWith(':')) continue; // of HTTP/2
      for (const one of [value ?? []].flat()) headers.append(name, one);
    }
    const init = hasBody ? { body: bodyOf(incoming), duplex: 'half' as const } : {};
    return new Request(new URL(url, 'http://localhost'), {
      method: isUnknown ? 'OPTIONS' : method,
      headers,
      ...init,
    });
  } catch {
    return undefined;
  }
}

/** The body as a stream that reads nothing before it is asked, and leaves the connection as it is when it is let go of. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  let isOpen = true;
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const finish = (error?: Error) => {
          if (!isOpen) return;
          isOpen = false;
          if (error) controller.error(error);
          else controller.close();
        };
        if (incoming.readableEnded || incoming.readableDidRead) {
          finish(new BodyAlreadyReadError());
          return;
        }
        incoming.pause();
        incoming.on('data', (chunk: Buffer) => {
          incoming.pause();
          if (isOpen) controller.enqueue(chunk);
        });
        incoming.on('end', () => finish());
        incoming.on('error', (error) => finish(error));
        incoming.on('close', () => finish(new Error('the client went away')));
      },
      pull() {
        incoming.resume();
      },
      cancel() {
        isOpen = false;
      },
    },
    { highWaterMark: 0 },
  );
}

/** Throws away what still comes, until its end, or enough of it. */
function drained(incoming: IncomingMessage): Promise<void> {
  return new Promise((resolve) => {
    let bytes = 0;
    const done = () => {
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(done, MOST_MILLISECONDS_DRAINED);
    incoming.on('data', (chunk: Buffer) => {
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES_DRAINED) done();
      else incoming.resume(); // the reader of the body, if there is one, stops it
    });
    incoming.on('end', done);
    incoming.on('close', done);
    if (incoming.complete || incoming.destroyed) done();
    else incoming.resume();
  });
}
