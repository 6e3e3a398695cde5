import { randomBytes } from 'node:crypto';
import { Agent, type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import WebSocket from 'ws';
import { SUBPROTOCOL } from '../../src/contract/protocol.js';
import { alert, score } from '../helpers.js';
import { openTestStore, openWard, stay, type TestWard, tokenOf } from './ward.js';

/** Inputs in all; `npm run -s bench -- fuzz` sends 100 000. */
const RUNS = Number(process.env.WARDSTREAM_FUZZ_RUNS ?? 600);
const LONG_MS = 1_200_000;
/** What a connection may end with: our own codes, and those of RFC 6455 for what is no frame at all. */
const CLOSE_CODES = new Set([4400, 4401, 4403, 4429, 1002, 1003, 1007, 1009]);

let store: Awaited<ReturnType<typeof openTestStore>>;
let ward: TestWard;
let token: string;
const agent = new Agent({ keepAlive: true, maxSockets: 4 });

beforeAll(async () => {
  store = await openTestStore();
  ward = await openWard(store.store, { server: { requestsPerMinute: 1_000_000_000 } });
  await ward.write({ admitted: [stay('p1', 'W')], scores: [score(1, 0.5)], alerts: [alert('a1')] });
  token = await tokenOf('admin', ['*'], { forMs: 24 * 3_600_000 });
});
afterAll(async () => {
  agent.destroy();
  await ward.close();
  await store.close();
});

/** Stands for more than any limit allows. */
const LARGE = Buffer.from('LARGE');
const grown = (data: Buffer) => (data === LARGE ? Buffer.alloc(70_000, ' ') : data);

const ODD_STRINGS = fc.constantFrom(
  '',
  '*',
  '\u0000',
  '__proto__',
  'constructor',
  '../../etc/passwd',
  "' OR 1=1 --",
  '<script>alert(1)</script>',
  '\ud800',
  '😀'.repeat(50),
  'x'.repeat(5000),
);
const text = fc.oneof(ODD_STRINGS, fc.string({ unit: 'binary', maxLength: 60 }));
const odd = fc.oneof(
  text,
  fc.constantFrom(null, true, -1, 0, 1e308, -0, 2 ** 53, [], {}, [[[[]]]]),
  fc.array(text, { maxLength: 5 }),
  fc.dictionary(text, text, { maxKeys: 3 }),
);

/** Frames near to valid ones, and far from them. */
const frame = fc.oneof(
  fc
    .record(
      {
        type: fc.oneof(fc.constantFrom('subscribe', 'authenticate', 'hello'), odd),
        wards: odd,
        patients: odd,
        priorities: odd,
        values: odd,
        resumeFrom: odd,
        token: odd,
      },
      { requiredKeys: [] },
    )
    .map((each) => Buffer.from(JSON.stringify(each))),
  fc.json({ maxDepth: 5 }).map((each) => Buffer.from(each)),
  fc
    .constantFrom('['.repeat(2000), '{"a":'.repeat(500), '"', 'NaN', '{"type":"subscribe"')
    .map((each) => Buffer.from(each)),
  fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
  fc.constant(LARGE),
);

/** How a connection ends, or `answered`. */
function outcomeOf(send: (socket: WebSocket) => void): Promise<number | 'answered'> {
  return new Promise((resolve, reject) => {
    const url = `${ward.server.url.replace('http', 'ws')}/ws`;
    const socket = new WebSocket(url, [SUBPROTOCOL, `bearer.${token}`]);
    let frames = 0;
    socket.on('error', () => undefined);
    socket.on('unexpected-response', (_request, { statusCode }) =>
      reject(new Error(`refused with ${statusCode}`)),
    );
    socket.on('message', () => {
      frames++;
      if (frames === 1) send(socket);
      else {
        resolve('answered');
        socket.terminate();
      }
    });
    socket.on('close', (code) => resolve(code));
  });
}

function expectDefined(outcome: number | 'answered'): void {
  if (outcome !== 'answered') expect(CLOSE_CODES).toContain(outcome);
}

/** A request as it is, without fetch's tidying. */
function ask(
  method: string,
  path: string,
  body: Buffer,
  type: string,
): Promise<{ status: number; type: string }> {
  const { hostname, port } = new URL(ward.server.url);
  const headers = { authorization: `Bearer ${token}`, 'content-type': type, 'content-length': body.length };
  return new Promise((resolve, reject) => {
    const sent = request({ hostname, port, path, method, headers, agent }, (response: IncomingMessage) => {
      response.resume();
      const answered = { status: response.statusCode ?? 0, type: response.headers['content-type'] ?? '' };
      response.on('end', () => resolve(answered));
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      // The server may answer and hang up before it has read all.
      if (error.code === 'ECONNRESET' || error.code === 'EPIPE')
        resolve({ status: 413, type: 'application/problem+json' });
      else reject(error);
    });
    sent.end(body);
  });
}

const segment = fc.oneof(
  fc.constantFrom(
    'p1',
    'a1',
    'nobody',
    '%00',
    '%ff',
    '..%2f',
    '%',
    '%E0%A4%A',
    '__proto__',
    'x'.repeat(1500),
  ),
  fc.string({ maxLength: 20 }).map((each) => encodeURIComponent(each.replaceAll(/[\ud800-\udfff]/g, '?'))),
);
const path = fc.oneof(
  segment.map((each) => `/api/v1/patients/${each}/timeline`),
  segment.map((each) => `/api/v1/alerts/${each}/actions`),
  segment.map((each) => `/api/v1/alerts/${each}/events`),
  segment.map((each) => `/fhir/Flag/${each}`),
  segment.map((each) => `/api/v1/export/${each}`),
  fc.constantFrom(
    '/api/v1/alerts',
    '/api/v1/scores',
    '/api/v1/audit',
    '/api/v1/session',
    '/api/v1/replay',
    '/fhir/Flag',
  ),
  segment.map((each) => `/${each}`),
);
const query = fc.array(
  fc.tuple(
    fc.constantFrom(
      'limit',
      'hours',
      'points',
      'after',
      'ward',
      'patientId',
      'until',
      'from',
      'to',
      'format',
    ),
    segment,
  ),
  { maxLength: 3 },
);
const body = fc.oneof(
  fc
    .record(
      {
        action: fc.oneof(fc.constantFrom('SNOOZE', 'ACKNOWLEDGE'), odd),
        minutes: odd,
        reason: odd,
        requestId: odd,
      },
      { requiredKeys: [] },
    )
    .map((each) => Buffer.from(JSON.stringify(each))),
  fc.json().map((each) => Buffer.from(each)),
  fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
  fc.constantFrom('{"__proto__":{"role":"admin"}}', '['.repeat(2000), '').map((each) => Buffer.from(each)),
  fc.constant(LARGE),
);
const type = fc.constantFrom(
  'application/json',
  'application/json; charset=utf-7',
  'text/plain',
  'multipart/form-data',
  'x',
);

describe(`${RUNS} malformed inputs: none crashes the server, all are answered or closed with a defined code`, () => {
  it(
    'WebSocket frames',
    async () => {
      await fc.assert(
        fc.asyncProperty(frame, fc.boolean(), async (data, binary) => {
          expectDefined(await outcomeOf((socket) => socket.send(grown(data), { binary })));
        }),
        { numRuns: Math.ceil(RUNS * 0.3) },
      );
    },
    LONG_MS,
  );

  it(
    'bytes that are no WebSocket frames',
    async () => {
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ minLength: 2, maxLength: 100 }), async (bytes) => {
          const outcome = await outcomeOf((socket) => {
            const raw = (socket as unknown as { _socket: { write(data: Uint8Array): void } })._socket;
            raw.write(bytes);
            // What looks like the beginning of a frame waits for its end: a proper frame after it ends that.
            socket.send('x'.repeat(200));
            socket.send('{}');
            setTimeout(() => socket.terminate(), 300);
          });
          // 1006: cut off by us, since the bytes announced more than was sent.
          if (outcome !== 1006 && outcome !== 1005) expectDefined(outcome);
        }),
        { numRuns: Math.ceil(RUNS * 0.02) },
      );
    },
    LONG_MS,
  );

  it(
    'HTTP requests',
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.constantFrom('GET', 'POST', 'DELETE', 'PUT', 'PATCH', 'OPTIONS'),
          path,
          query,
          body,
          type,
          async (method, at, parameters, data, mediaType) => {
            const search = parameters.map(([name, value]) => `${name}=${value}`).join('&');
            const answer = await ask(method, `${at}?${search}`, grown(data), mediaType);
            expect(answer.status).toBeGreaterThanOrEqual(200);
            expect([at, search, answer.status < 500 || answer.status === 501]).toEqual([at, search, true]);
            if (answer.status >= 400) expect(answer.type).toMatch(/^application\/(problem|fhir)\+json/);
          },
        ),
        { numRuns: Math.ceil(RUNS * 0.66) },
      );
    },
    LONG_MS,
  );

  it(
    'bytes that are no HTTP',
    async () => {
      const { hostname, port } = new URL(ward.server.url);
      for (let each = 0; each < Math.ceil(RUNS * 0.02); each++) {
        const answer = await new Promise<string>((resolve) => {
          let received = '';
          const socket = connect(Number(port), hostname, () => socket.end(randomBytes(1 + (each % 500))));
          socket.on('data', (data) => {
            received += data.toString('latin1');
          });
          socket.on('error', () => undefined);
          socket.on('close', () => resolve(received));
        });
        expect(answer === '' || answer.startsWith('HTTP/1.1 4')).toBe(true);
      }
    },
    LONG_MS,
  );

  it('and the server goes on', async () => {
    expect((await ward.get('/health/live')).status).toBe(200);
    expect((await ward.get('/api/v1/patients/p1', token)).status).toBe(200);
  });
});
