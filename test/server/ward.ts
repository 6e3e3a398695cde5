import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ClickHouseClient } from '@clickhouse/client';
import { expect } from 'vitest';
import WebSocket from 'ws';
import type { z } from 'zod';
import { PatientState } from '../../src/align/patient.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { ReplayClock } from '../../src/clock.js';
import type { AckMessage } from '../../src/contract/messages.js';
import { type ServerFrame, SUBPROTOCOL } from '../../src/contract/protocol.js';
import type { Role } from '../../src/contract/roles.js';
import { serverFrameSchema } from '../../src/contract/schemas.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { Outputs } from '../../src/engine/outputs.js';
import { MessageCodec } from '../../src/events/codec.js';
import { ALL_WARDS } from '../../src/server/access/principal.js';
import { signToken } from '../../src/server/access/tokens.js';
import { type ServerOptions, WardServer } from '../../src/server/server.js';
import type { ServerConfig } from '../../src/settings/server.js';
import { serverConfigSchema } from '../../src/settings/server.js';
import { StoredAlertLog } from '../../src/store/alert-log.js';
import { openStore } from '../../src/store/open-store.js';
import { AlertLog } from '../../src/ward/alert-log.js';
import { WardView } from '../../src/ward/ward-view.js';
import { outputsOf, START } from '../helpers.js';
import { DirectSink } from '../store/direct-sink.js';

export const SECRET = 'a secret of at least thirty-two characters';
const HOUR_MS = 3_600_000;

export interface TestWard {
  readonly server: WardServer;
  readonly view: WardView;
  readonly bus: MemoryBus;
  readonly clock: ReplayClock;
  /** Gives results to store and view, as the engine does. */
  write(outputs: Partial<Outputs>): Promise<void>;
  get(path: string, token?: string): Promise<Response>;
  post(path: string, body: unknown, token?: string, headers?: Record<string, string>): Promise<Response>;
  /** What was produced to `ward.acks`. */
  acknowledgements(): Promise<AckMessage[]>;
  close(): Promise<void>;
}

/** A store of its own for one test file. */
export async function openTestStore(): Promise<{ store: ClickHouseClient; close(): Promise<void> }> {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
  const store = await openStore({ kind: 'embedded', directory });
  return {
    store,
    close: async () => {
      await store.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** A real server over the given store; nothing feeds it but `write`. */
export async function openWard(
  store: ClickHouseClient,
  more: Partial<ServerOptions> & { readonly server?: Partial<ServerConfig> } = {},
): Promise<TestWard> {
  const bus = new MemoryBus({ partitions: 1, capacity: 1000 });
  const codec = new MessageCodec();
  const clock = new ReplayClock();
  const view = new WardView(await AlertLog.open(await StoredAlertLog.open(store, 'test')));
  const sink = new DirectSink(store, 'v1');
  const { server: settings, ...options } = more;
  const config = {
    ...serverConfigSchema.parse({ port: 0, auth: { kind: 'secret', secret: SECRET } }),
    ...settings,
  };
  const acknowledgements: AckMessage[] = [];
  await bus.createTopics([TOPICS.acks]);
  const consumer = await bus.consume(
    [TOPICS.acks],
    {
      assigned: async () => undefined,
      batch: async ({ records }) => {
        for (const { value } of records) {
          acknowledgements.push(codec.decode('Acknowledgement', value) as AckMessage);
        }
      },
      revoked: async () => undefined,
      failed: (error) => {
        throw error;
      },
    },
    clock,
  );
  const model = { version: 'v1' };
  const server = await WardServer.open({ config, view, store, bus, codec, clock, model, ...options });
  const authorized = (token: string | undefined): Record<string, string> =>
    token === undefined ? {} : { authorization: `Bearer ${token}` };
  return {
    server,
    view,
    bus,
    clock,
    write: async (outputs) => {
      const all = outputsOf(outputs);
      await sink.write(all);
      await view.write(all);
    },
    get: (path, token) => fetch(server.url + path, { headers: authorized(token) }),
    post: (path, body, token, headers = {}) =>
      fetch(server.url + path, {
        method: 'POST',
        headers: { ...authorized(token), 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      }),
    acknowledgements: async () => {
      while (bus.unread > 0) await new Promise((resolve) => setTimeout(resolve, 5));
      return acknowledgements;
    },
    close: async () => {
      await server.close();
      await consumer.close();
      await bus.close();
    },
  };
}

/** A token of the shared secret, by default a clinician's of every ward, good for an hour. */
export function tokenOf(
  role: Role = 'clinician',
  wards: readonly string[] = [ALL_WARDS],
  { subject = 'dr.who', forMs = HOUR_MS }: { subject?: string; forMs?: number } = {},
): Promise<string> {
  return signToken(SECRET, { subject, role, wards: new Set(wards) }, new Date(Date.now() + forMs));
}

/** A stay that begins at `START`. */
export function stay(patientId: string, wardId: string | null, bedId = '1'): PatientState {
  const first = { patientId, partition: 0, eventTime: START };
  const patient = new PatientState(first, { stepMs: HOUR_MS, steps: 48 }, 64);
  patient.wardId = wardId;
  patient.bedId = bedId;
  return patient;
}

/** A WebSocket client that keeps what it was sent. */
export class TestClient {
  readonly frames: ServerFrame[] = [];
  readonly socket: WebSocket;
  /** Resolves with code and reason. */
  readonly closed: Promise<{ code: number; reason: string }>;
  #waiting: (() => void)[] = [];

  constructor(url: string, token: string | undefined, options: WebSocket.ClientOptions = {}) {
    const bearer = token === undefined ? [] : [`bearer.${token}`];
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, [SUBPROTOCOL, ...bearer], options);
    this.socket.on('message', (data) => {
      this.frames.push(documented(serverFrameSchema, JSON.parse(String(data))));
      this.#wake();
    });
    this.closed = new Promise((resolve) => {
      this.socket.once('close', (code, reason) => {
        resolve({ code, reason: String(reason) });
        this.#wake();
      });
    });
    this.socket.on('error', () => undefined);
  }

  send(frame: unknown): void {
    this.socket.send(typeof frame === 'string' ? frame : JSON.stringify(frame));
  }

  /** The first frame of a type from `from` on, once it is there. */
  async next<Type extends ServerFrame['type']>(
    type: Type,
    from = 0,
  ): Promise<Extract<ServerFrame, { type: Type }>> {
    for (;;) {
      const frame = this.frames.slice(from).find((each) => each.type === type);
      if (frame !== undefined) return frame as Extract<ServerFrame, { type: Type }>;
      if (this.socket.readyState >= WebSocket.CLOSING) throw new Error(`closed before ${type} came`);
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  of<Type extends ServerFrame['type']>(type: Type): Extract<ServerFrame, { type: Type }>[] {
    return this.frames.filter((each): each is Extract<ServerFrame, { type: Type }> => each.type === type);
  }

  close(): Promise<unknown> {
    this.socket.close();
    return this.closed;
  }

  #wake(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

/** What the schema says of a body; throws where the body has what the schema, and so the API documents, do not. */
export function documented<Schema extends z.ZodType>(schema: Schema, body: unknown): z.infer<Schema> {
  const parsed = schema.parse(body);
  expect(parsed).toEqual(body);
  expectBothNames(body);
  return parsed;
}

const OLD_NAMES = { mortality: 'risk', mortalityTrend: 'riskTrend', mortalityHistory: 'riskHistory' };

/** Wherever a body tells the risk of death, it does so under the name of version 0.1 too. */
export function expectBothNames(body: unknown): void {
  if (typeof body !== 'object' || body === null) return;
  const fields = body as Readonly<Record<string, unknown>>;
  for (const [name, old] of Object.entries(OLD_NAMES))
    if (name in fields) expect([old, fields[old]]).toEqual([old, fields[name]]);
  for (const each of Object.values(fields)) expectBothNames(each);
}

export async function json<Body>(response: Response): Promise<Body> {
  return (await response.json()) as Body;
}
