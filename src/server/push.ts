import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { Authenticator } from './auth.js';
import { CLOSE, NOTICE, type ServerFrame, SUBPROTOCOL } from './protocol.js';
import type { LoggedAlert, WardView } from './ward-view.js';

const HEARTBEAT_MS = 2000;
/** Patient changes are sent at most this often. */
const COALESCE_MS = 250;
/** A client with more than this unread gets no patient changes, and past ten times as much is closed. */
const MAX_BUFFERED_BYTES = 1_048_576;
const MAX_FRAME_BYTES = 65_536;

const subscribeSchema = z.object({
  type: z.literal('subscribe'),
  /** Ward ids; `*` is every ward. */
  wards: z.array(z.string()).min(1),
  resumeFrom: z.number().int().nonnegative().optional(),
});

interface Client {
  readonly socket: WebSocket;
  wards: ReadonlySet<string>;
}

/** Pushes the ward to WebSocket clients: a snapshot, then changes. Changes of patients coalesce; alerts never drop. */
export class PushServer {
  readonly #view: WardView;
  readonly #modelVersion: string;
  readonly #authenticate: Authenticator;
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_FRAME_BYTES,
    handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
  });
  readonly #clients = new Set<Client>();
  readonly #timers: NodeJS.Timeout[];

  constructor(server: Server, view: WardView, modelVersion: string, authenticate: Authenticator) {
    this.#view = view;
    this.#modelVersion = modelVersion;
    this.#authenticate = authenticate;
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
    view.alerts$.subscribe((logged) => this.#broadcastAlert(logged));
    view.discharged$.subscribe((patientId) => this.#broadcast({ type: 'discharged', patientId }));
    this.#timers = [
      setInterval(() => this.#broadcastPatients(), COALESCE_MS),
      setInterval(() => this.#broadcast({ type: 'heartbeat', clock: view.clock }), HEARTBEAT_MS),
    ];
  }

  close(): void {
    for (const timer of this.#timers) clearInterval(timer);
    for (const { socket } of this.#clients) socket.close(1001, 'the server is stopping');
    this.#sockets.close();
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((each) => each.trim());
    const bearer = offered.find((each) => each.startsWith('bearer.'))?.slice('bearer.'.length);
    const authorization = request.headers.authorization?.replace(/^Bearer /, '');
    if (path !== '/ws' || !this.#authenticate(bearer ?? authorization)) {
      const status = path === '/ws' ? '401 Unauthorized' : '404 Not Found';
      socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, socket, head, (webSocket) => this.#welcome(webSocket));
  }

  #welcome(socket: WebSocket): void {
    const client: Client = { socket, wards: new Set() };
    socket.on('error', () => socket.terminate());
    socket.on('close', () => this.#clients.delete(client));
    socket.on('message', (data) => this.#receive(client, String(data)));
    const modelVersion = this.#modelVersion;
    send(socket, { type: 'hello', version: 1, server: 'wardstream', modelVersion, notice: NOTICE });
  }

  /** The only message a client sends: what it wants to see, and from which alert on. */
  #receive(client: Client, text: string): void {
    const request = subscribeSchema.safeParse(parseJson(text));
    if (!request.success) {
      client.socket.close(CLOSE.protocolError, 'expected {"type":"subscribe","wards":[…]}');
      return;
    }
    const { wards, resumeFrom } = request.data;
    client.wards = new Set(wards);
    const missed = resumeFrom === undefined ? [] : (this.#view.alertsAfter(resumeFrom) ?? []);
    for (const logged of missed) this.#sendAlert(client, logged);
    send(client.socket, {
      type: 'snapshot',
      cursor: this.#view.cursor,
      clock: this.#view.clock,
      patients: this.#view.views().filter(({ wardId }) => sees(client, wardId)),
      alerts: [...this.#view.openAlerts.values()].filter(({ wardId }) => sees(client, wardId)),
    });
    this.#clients.add(client);
  }

  #broadcastPatients(): void {
    const changed = this.#view.takeChanged();
    if (changed.length === 0) return;
    const clock = this.#view.clock;
    for (const client of this.#clients) {
      if (client.socket.bufferedAmount > MAX_BUFFERED_BYTES) continue;
      const patients = changed.filter(({ wardId }) => sees(client, wardId));
      if (patients.length > 0) send(client.socket, { type: 'patients', clock, patients });
    }
  }

  #broadcastAlert(logged: LoggedAlert): void {
    for (const client of this.#clients) this.#sendAlert(client, logged);
  }

  #sendAlert(client: Client, { cursor, alert }: LoggedAlert): void {
    if (!sees(client, alert.wardId)) return;
    if (client.socket.bufferedAmount > 10 * MAX_BUFFERED_BYTES) {
      client.socket.close(CLOSE.tooSlow, 'too slow; reconnect and resume from the last cursor');
      return;
    }
    send(client.socket, { type: 'alert', cursor, alert });
  }

  #broadcast(frame: ServerFrame): void {
    for (const { socket } of this.#clients) send(socket, frame);
  }
}

function sees({ wards }: Client, wardId: string | null): boolean {
  return wards.has('*') || (wardId !== null && wards.has(wardId));
}

function send(socket: WebSocket, frame: ServerFrame): void {
  if (socket.readyState === socket.OPEN) socket.send(JSON.stringify(frame));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
