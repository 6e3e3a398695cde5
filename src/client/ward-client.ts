import type { NoteKind } from '../contract/note-kinds.js';
import {
  type ActionRequest,
  type Alert,
  type AlertEventsResponse,
  type AlertsResponse,
  CLOSE,
  type Explanation,
  type ImagesResponse,
  type NotesResponse,
  type PatientResponse,
  type PatientsResponse,
  PROTOCOL_VERSION,
  type Problem,
  type ServerFrame,
  SUBPROTOCOL,
  type SubscribeFrame,
  type Timeline,
} from '../contract/protocol.js';

/** What the client needs of a WebSocket: the browser's, or the package `ws`. */
export interface Socket {
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(): void;
}
export type OpenSocket = (url: string, protocols: string[]) => Socket;

export interface ClientOptions extends Omit<SubscribeFrame, 'type'> {
  /** Where the server is, such as https://wardstream.example. */
  readonly url: string;
  /** The token, or what gets one: called at each connection and before a token ends. Left out: the session cookie. */
  readonly token?: string | (() => string | Promise<string>) | undefined;
  /** Without a frame for this long, in milliseconds, the connection counts as lost; heartbeats come every 2 s. */
  readonly silenceMs?: number;
  /** Longest wait between two attempts, in milliseconds. */
  readonly maxBackoffMs?: number;
}

/** How the client stands with the server. */
export type ClientState =
  | { readonly kind: 'connecting' }
  | { readonly kind: 'live' }
  /** It tries again by itself. `since`: when the last frame came, local time; null if none ever did. */
  | { readonly kind: 'lost'; readonly since: number | null }
  /** Trying again would not help: the token, or what was subscribed, is not accepted. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'incompatible'; readonly version: number }
  | { readonly kind: 'closed' };

/** What can be listened to: every frame of the server by its type, and these. */
export type ClientEvents = { [Frame in ServerFrame as Frame['type']]: Frame } & {
  state: ClientState;
  /** Each alert record once, in order. */
  record: Alert;
  /** The server no longer knows what was missed; the snapshot that follows is the truth. */
  gap: { readonly from: string };
};

const FIRST_BACKOFF_MS = 500;
const DEFAULT_MAX_BACKOFF_MS = 10_000;
const DEFAULT_SILENCE_MS = 4500;
/** A new token is asked for this long before the old one ends. */
const RENEW_BEFORE_MS = 60_000;
const MAX_TIMER_MS = 2 ** 31 - 1;
const REQUEST_TIMEOUT_MS = 10_000;
/** Records remembered, so that each is told once even where a server tells it again. */
const REMEMBERED = 5000;

/** An answer of the server that is not what was asked for. */
export class WardClientError extends Error {
  /** HTTP status; 0 where there was no answer. */
  readonly status: number;

  constructor(status: number, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'WardClientError';
    this.status = status;
  }
}

/**
 * A connection to a ward that heals itself: it reconnects with jitter, resumes after the last alert record seen, and
 * tells each record once.
 */
export class WardClient {
  readonly #options: ClientOptions;
  readonly #openSocket: OpenSocket;
  readonly #listeners = new Map<string, Set<(value: never) => void>>();
  readonly #told = new Set<string>();
  #state: ClientState = { kind: 'connecting' };
  #cursor: string | undefined;
  #socket: Socket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #renewal: ReturnType<typeof setTimeout> | undefined;
  #attempts = 0;
  /** Counts attempts to connect, so that one that took too long leaves the field to the next. */
  #opening = 0;
  #lastFrameAt: number | null = null;
  #isClosed = false;

  constructor(options: ClientOptions, openSocket: OpenSocket) {
    this.#options = options;
    this.#openSocket = openSocket;
    this.#cursor = options.resumeFrom;
    queueMicrotask(() => void this.#open());
  }

  get state(): ClientState {
    return this.#state;
  }

  /** Place of the newest alert record seen; kept and given as `resumeFrom`, a later client goes on from it. */
  get cursor(): string | undefined {
    return this.#cursor;
  }

  /** Calls `listener` from now on; the function returned ends that. */
  on<Name extends keyof ClientEvents>(name: Name, listener: (value: ClientEvents[Name]) => void): () => void {
    let all = this.#listeners.get(name);
    if (all === undefined) {
      all = new Set();
      this.#listeners.set(name, all);
    }
    all.add(listener as (value: never) => void);
    return () => all.delete(listener as (value: never) => void);
  }

  close(): void {
    this.#isClosed = true;
    this.#abandon();
    this.#become({ kind: 'closed' });
  }

  // HTTP ----------------------------------------------------------------------------------------------------------------

  patients(): Promise<PatientsResponse> {
    return this.request('GET', '/api/v1/patients');
  }

  patient(patientId: string): Promise<PatientResponse> {
    return this.request('GET', `/api/v1/patients/${encodeURIComponent(patientId)}`);
  }

  timeline(patientId: string, hours = 24): Promise<Timeline> {
    return this.request('GET', `/api/v1/patients/${encodeURIComponent(patientId)}/timeline?hours=${hours}`);
  }

  notes(patientId: string, kind: NoteKind = 'note'): Promise<NotesResponse> {
    return this.request('GET', `/api/v1/patients/${encodeURIComponent(patientId)}/notes?kind=${kind}`);
  }

  images(patientId: string): Promise<ImagesResponse> {
    return this.request('GET', `/api/v1/patients/${encodeURIComponent(patientId)}/images`);
  }

  explanation(patientId: string): Promise<Explanation> {
    return this.request('GET', `/api/v1/patients/${encodeURIComponent(patientId)}/explanation`);
  }

  alerts(query: Readonly<Record<string, string>> = {}): Promise<AlertsResponse> {
    return this.request('GET', `/api/v1/alerts?${new URLSearchParams(query)}`);
  }

  alertEvents(alertId: string): Promise<AlertEventsResponse> {
    return this.request('GET', `/api/v1/alerts/${encodeURIComponent(alertId)}/events`);
  }

  /** Does something about an alert; its next record comes by push. */
  act(alertId: string, action: ActionRequest): Promise<{ messageId: string }> {
    return this.request('POST', `/api/v1/alerts/${encodeURIComponent(alertId)}/actions`, action);
  }

  /** Any request of the HTTP API. @throws WardClientError. */
  async request<Body>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown): Promise<Body> {
    const token = await this.#token();
    let response: Response;
    try {
      response = await fetch(new URL(path, this.#options.url), {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
    } catch (error) {
      throw new WardClientError(0, 'the server did not answer', { cause: error });
    }
    if (!response.ok) {
      const problem = (await response.json().catch(() => undefined)) as Problem | undefined;
      throw new WardClientError(response.status, problem?.detail ?? `the server answered ${response.status}`);
    }
    return (response.status === 204 ? undefined : await response.json()) as Body;
  }

  // Push ----------------------------------------------------------------------------------------------------------------

  async #token(): Promise<string | undefined> {
    const { token } = this.#options;
    return typeof token === 'function' ? token() : token;
  }

  async #open(): Promise<void> {
    if (this.#isClosed) return;
    if (this.#state.kind !== 'lost') this.#become({ kind: 'connecting' });
    this.#expectFrame();
    const opening = ++this.#opening;
    try {
      const token = await this.#token();
      if (this.#isClosed || opening !== this.#opening) return;
      const url = `${this.#options.url.replace(/^http/, 'ws').replace(/\/$/, '')}/ws`;
      const socket = this.#openSocket(url, [
        SUBPROTOCOL,
        ...(token === undefined ? [] : [`bearer.${token}`]),
      ]);
      this.#socket = socket;
      socket.onmessage = ({ data }: { data: unknown }) => this.#receive(socket, String(data));
      socket.onclose = ({ code, reason }: { code: number; reason: string }) => this.#lose(code, reason);
      socket.onerror = () => undefined;
    } catch {
      if (opening === this.#opening) this.#lose();
    }
  }

  #receive(socket: Socket, text: string): void {
    const frame = parseFrame(text);
    if (frame === undefined) return;
    this.#lastFrameAt = Date.now();
    this.#expectFrame();
    switch (frame.type) {
      case 'hello':
        if (frame.version !== PROTOCOL_VERSION) {
          this.#end({ kind: 'incompatible', version: frame.version });
          return;
        }
        this.#renewBefore(frame.user.expiresAt);
        socket.send(JSON.stringify(this.#subscription()));
        break;
      case 'resumed':
        if (!frame.complete) this.#emit('gap', { from: frame.from });
        break;
      case 'snapshot':
        this.#attempts = 0;
        this.#cursor = frame.cursor;
        break;
      case 'alert':
      case 'withdrawn':
        this.#cursor = frame.cursor;
        break;
      case 'heartbeat':
        if (frame.cursor !== undefined && this.#state.kind === 'live') this.#cursor = frame.cursor;
        break;
      default:
    }
    this.#emit(frame.type, frame as never);
    if (frame.type === 'alert') this.#tell(frame.alert);
    if (frame.type === 'snapshot') this.#become({ kind: 'live' });
  }

  /** A record comes again behind a snapshot that was without it; it is part of the ward then, but no news. */
  #tell(alert: Alert): void {
    const key = `${alert.alertId} ${alert.sequence}`;
    if (this.#told.has(key)) return;
    this.#told.add(key);
    if (this.#told.size > REMEMBERED) this.#told.delete(this.#told.values().next().value as string);
    this.#emit('record', alert);
  }

  #subscription(): SubscribeFrame {
    const { wards, patients, priorities, values } = this.#options;
    const resumeFrom = this.#cursor;
    const given = { wards, patients, priorities, values, resumeFrom };
    const known = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
    return { type: 'subscribe', ...known };
  }

  /** Does not wait for the socket to close: on a dead network that takes much longer than a person should. */
  #expectFrame(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lose(), this.#options.silenceMs ?? DEFAULT_SILENCE_MS);
  }

  #lose(code = 1006, reason = ''): void {
    const canRenew = typeof this.#options.token === 'function';
    if (
      code === CLOSE.protocolError ||
      code === CLOSE.forbidden ||
      (code === CLOSE.unauthorized && !canRenew)
    ) {
      this.#end({ kind: 'refused', reason });
      return;
    }
    this.#abandon();
    this.#become({ kind: 'lost', since: this.#lastFrameAt });
    const most = Math.min(
      this.#options.maxBackoffMs ?? DEFAULT_MAX_BACKOFF_MS,
      FIRST_BACKOFF_MS * 2 ** this.#attempts++,
    );
    this.#timer = setTimeout(() => void this.#retry(), most * (0.5 + Math.random() / 2));
  }

  /** A browser hides why a WebSocket was refused, so plain HTTP is asked whether the token still holds. */
  async #retry(): Promise<void> {
    try {
      await this.request('GET', '/api/v1/session');
    } catch (error) {
      const isRefused = error instanceof WardClientError && error.status === 401;
      if (isRefused && typeof this.#options.token !== 'function' && !this.#isClosed) {
        this.#end({ kind: 'refused', reason: error.message });
        return;
      }
    }
    await this.#open();
  }

  #renewBefore(expiresAt: number | null): void {
    clearTimeout(this.#renewal);
    if (expiresAt === null || typeof this.#options.token !== 'function') return;
    const wait = Math.min(MAX_TIMER_MS, Math.max(1000, expiresAt - Date.now() - RENEW_BEFORE_MS));
    this.#renewal = setTimeout(async () => {
      const token = await this.#token().catch(() => undefined);
      if (token !== undefined && !this.#isClosed) {
        this.#socket?.send(JSON.stringify({ type: 'authenticate', token }));
      }
    }, wait);
  }

  #end(state: ClientState): void {
    this.#isClosed = true;
    this.#abandon();
    this.#become(state);
  }

  #abandon(): void {
    this.#opening++;
    clearTimeout(this.#timer);
    clearTimeout(this.#renewal);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close();
  }

  #become(state: ClientState): void {
    if (state.kind === this.#state.kind && state.kind !== 'lost') return;
    this.#state = state;
    this.#emit('state', state);
  }

  #emit<Name extends keyof ClientEvents>(name: Name, value: ClientEvents[Name]): void {
    for (const listener of this.#listeners.get(name) ?? []) listener(value as never);
  }
}

function parseFrame(text: string): ServerFrame | undefined {
  try {
    const frame: unknown = JSON.parse(text);
    return typeof frame === 'object' && frame !== null && 'type' in frame
      ? (frame as ServerFrame)
      : undefined;
  } catch {
    return undefined;
  }
}
