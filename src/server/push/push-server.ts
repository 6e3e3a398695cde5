import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Subscription as Listening } from 'rxjs';
import { type WebSocket, WebSocketServer } from 'ws';
import { z } from 'zod';
import type { AlertMessage } from '../../contract/messages.js';
import {
  CLOSE,
  NOTICE,
  PROTOCOL_VERSION,
  type ReplayState,
  type ServerFrame,
  type Session,
  SUBPROTOCOL,
  type SubscribeFrame,
} from '../../contract/protocol.js';
import { clientFrameSchema } from '../../contract/schemas.js';
import type { LoggedAlert } from '../../ward/alert-order.js';
import type { Departure, WardBoard } from '../../ward/ward-board.js';
import type { Access } from '../access/access.js';
import type { AuditTrail } from '../access/audit-trail.js';
import { may, requirePermission } from '../access/principal.js';
import type { Refusals } from '../access/refusals.js';
import { ScopedWard, type WardSources } from '../access/scoped-ward.js';
import { HttpProblem, problemOfError } from '../problem.js';
import type { ReplayControl } from '../replay-control.js';
import { Audiences } from './audience.js';
import { ChangeRounds } from './change-rounds.js';
import { askedBy, namedIn, parseJson, refuse, shorten } from './frames.js';
import { encode, PushClient } from './push-client.js';
import { Subscription } from './subscription.js';

const HEARTBEAT_MS = 2000;
/** How often it is looked whether what is shown is still live. */
const LOOK_MS = 1000;
/** Clients that do not answer a ping by the next one are cut off. */
const PING_MS = 30_000;
const MAX_FRAME_BYTES = 65_536;
/** Of all connections, what one person or program may have: nobody can take every place. */
const MAX_SHARE = 0.5;
/** A client that has not subscribed by then is closed. */
const SUBSCRIBE_WITHIN_MS = 30_000;

export interface PushOptions {
  readonly server: Server;
  readonly sources: WardSources;
  readonly access: Access;
  readonly modelVersion: string;
  /** The time of day: tokens end by it. */
  readonly now: () => number;
  readonly maxConnections: number;
  readonly compression: boolean;
  readonly replay?: ReplayControl | undefined;
  readonly trail: AuditTrail;
  readonly refusals: Refusals;
}

/** Pushes the ward to WebSocket clients: a snapshot, then changes. Changes of patients coalesce; alerts never drop. */
export class PushServer {
  readonly #options: PushOptions;
  readonly #view: WardBoard;
  readonly #sockets: WebSocketServer;
  readonly #clients = new Set<PushClient>();
  readonly #audiences: Audiences;
  readonly #timers: NodeJS.Timeout[];
  readonly #listening: Listening[];
  readonly #rounds: ChangeRounds;

  constructor(options: PushOptions) {
    this.#options = options;
    const { server, sources, replay, compression, trail } = options;
    const view = sources.view;
    this.#view = view;
    this.#audiences = new Audiences(({ scope, address, asked }, action, patients) => {
      trail.record(scope.principal, address, { action, outcome: 'allowed', patients, detail: asked });
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_FRAME_BYTES,
      perMessageDeflate: compression ? { threshold: 1024, concurrencyLimit: 2 } : false,
      handleProtocols: (offered) => (offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false),
    });
    server.on('upgrade', (request, socket, head) => void this.#upgrade(request, socket, head));
    this.#listening = [
      view.alerts$.subscribe((logged) => this.#broadcastAlert(logged)),
      view.departed$.subscribe((departure) => this.#broadcastDeparture(departure)),
      view.dropped$.subscribe((alerts) => this.#retell(alerts)),
      view.reset$.subscribe(() => this.#sendSnapshots()),
    ];
    if (replay !== undefined) {
      this.#listening.push(replay.changes$.subscribe((state) => this.#broadcastReplay(state)));
    }
    this.#timers = [
      setInterval(() => this.#heartbeat(), HEARTBEAT_MS),
      setInterval(() => view.look(), LOOK_MS),
      setInterval(() => this.#ping(), PING_MS),
    ];
    this.#rounds = new ChangeRounds(view, this.#clients, this.#audiences);
  }

  /** Clients connected. */
  get connections(): number {
    return this.#clients.size;
  }

  /** Bytes that wait in the sockets of clients, all together. */
  get queuedBytes(): number {
    let bytes = 0;
    for (const { socket } of this.#clients) bytes += socket.bufferedAmount;
    return bytes;
  }

  close(): void {
    this.#rounds.close();
    for (const timer of this.#timers) clearInterval(timer);
    for (const each of this.#listening) each.unsubscribe();
    this.#audiences.flush();
    for (const client of this.#clients) client.close(1001, 'the server is stopping');
    this.#sockets.close();
  }

  async #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on('error', () => socket.destroy());
    try {
      const path = (request.url ?? '/').split('?')[0];
      if (path !== '/ws') return refuse(socket, 404, 'there is nothing here');
      if (this.#clients.size >= this.#options.maxConnections) {
        return refuse(socket, 503, 'too many connections');
      }
      const principal = await this.#options.access.identify(request);
      if (socket.destroyed) return;
      requirePermission(principal, 'read');
      if (this.#placesOf(principal.subject) >= MAX_SHARE * this.#options.maxConnections) {
        return refuse(socket, 503, 'too many connections of one person or program');
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        this.#welcome(webSocket, new ScopedWard(principal, this.#options.sources), request);
      });
    } catch (error) {
      const { status, detail } = problemOfError(error);
      const { access, refusals } = this.#options;
      refusals.add(access.addressOf(request), 'GET /ws', `${status}: ${detail}`);
      refuse(socket, status, detail, error instanceof HttpProblem ? error.retryAfterS : null);
    }
  }

  #placesOf(subject: string): number {
    let places = 0;
    for (const { scope } of this.#clients) if (scope.principal.subject === subject) places++;
    return places;
  }

  #welcome(socket: WebSocket, scope: ScopedWard, request: IncomingMessage): void {
    const client = new PushClient(socket, scope, this.#options.access.addressOf(request));
    this.#clients.add(client);
    const deadline = setTimeout(() => {
      if (client.generation === 0) client.close(CLOSE.protocolError, 'subscribe first');
    }, SUBSCRIBE_WITHIN_MS);
    socket.on('error', () => socket.terminate());
    socket.on('close', () => {
      clearTimeout(deadline);
      client.forget();
      this.#audiences.leave(client);
      this.#clients.delete(client);
    });
    socket.on('pong', () => {
      client.isAlive = true;
    });
    socket.on('message', (data, isBinary) => {
      void this.#receive(client, isBinary ? undefined : String(data));
    });
    client.send(encode(this.#hello(scope)));
    client.expireAt(this.#options.now);
  }

  #hello({ principal }: ScopedWard): ServerFrame {
    const { subject, role, wards, expiresAt } = principal;
    const user: Session = { subject, role, wards: [...wards], expiresAt };
    return {
      type: 'hello',
      version: PROTOCOL_VERSION,
      server: 'wardstream',
      modelVersion: this.#options.modelVersion,
      notice: NOTICE,
      heartbeatMs: HEARTBEAT_MS,
      user,
    };
  }

  async #receive(client: PushClient, text: string | undefined): Promise<void> {
    if (!client.isOpen) return;
    if (!client.mayReceive(this.#options.now())) {
      client.close(CLOSE.tooMany, 'too many frames');
      return;
    }
    const frame = clientFrameSchema.safeParse(parseJson(text));
    if (!frame.success) {
      client.close(CLOSE.protocolError, shorten(z.prettifyError(frame.error)));
      return;
    }
    if (frame.data.type === 'authenticate') await this.#authenticate(client, frame.data.token);
    else await this.#subscribe(client, frame.data);
  }

  /** A newer token may allow less: what was subscribed must be subscribed anew. */
  async #authenticate(client: PushClient, token: string): Promise<void> {
    try {
      const principal = await this.#options.access.verify(token);
      if (!may(principal, 'read')) {
        this.#refuse(client, CLOSE.forbidden, `the role ${principal.role} may not do this`);
        return;
      }
      if (principal.subject !== client.scope.principal.subject) {
        this.#refuse(client, CLOSE.unauthorized, 'the token is of someone else');
        return;
      }
      client.generation++;
      client.subscription = null;
      this.#audiences.leave(client);
      client.scope = new ScopedWard(principal, this.#options.sources);
      client.send(encode(this.#hello(client.scope)));
      client.expireAt(this.#options.now);
    } catch (error) {
      const { status, detail } = problemOfError(error);
      this.#refuse(client, status === 401 ? CLOSE.unauthorized : CLOSE.tryAgain, detail);
    }
  }

  /** Ends a connection for what its client may not do. */
  #refuse(client: PushClient, code: number, why: string): void {
    const noted = {
      action: 'subscribe',
      outcome: 'refused',
      target: 'GET /ws',
      detail: `${code}: ${why}`,
    } as const;
    this.#options.trail.record(client.scope.principal, client.address, noted);
    client.close(code, shorten(why));
  }

  async #subscribe(client: PushClient, request: SubscribeFrame): Promise<void> {
    const subscription = new Subscription(client.scope, request);
    const { forbidden } = subscription;
    if (forbidden.length > 0) {
      this.#refuse(client, CLOSE.forbidden, `the token does not include ward ${forbidden[0]}`);
      return;
    }
    try {
      this.#options.trail.requireRoom();
    } catch (error) {
      client.close(CLOSE.tryAgain, shorten(problemOfError(error).detail));
      return;
    }
    const generation = ++client.generation;
    client.subscription = null;
    client.asked = askedBy(request);
    const answer: ServerFrame[] = [];
    if (request.resumeFrom !== undefined) {
      const missed = await this.#missedSince(request.resumeFrom, client, generation);
      if (client.generation !== generation || !client.isOpen) return;
      const frames = missed?.flatMap((logged) => subscription.frameOf(logged) ?? []) ?? [];
      const from = request.resumeFrom;
      answer.push({ type: 'resumed', from, complete: missed !== null, missed: frames.length }, ...frames);
    }
    // From here to the end nothing else runs, so that no alert falls between snapshot and changes.
    client.dirty.clear();
    const present = this.#present(subscription, client.scope);
    client.sendAll([...answer, ...present]);
    client.subscription = subscription;
    client.subscribedIn = this.#rounds.current;
    this.#audiences.join(client, subscription, namedIn([...answer, ...present]));
  }

  /** What was published after a cursor, up to this very moment: the caller must go on without waiting. */
  async #missedSince(cursor: string, client: PushClient, generation: number): Promise<LoggedAlert[] | null> {
    const { log } = this.#view;
    const recent = log.recentAfter(cursor);
    if (recent !== undefined) return recent;
    const older = await log.after(cursor);
    if (older === null || client.generation !== generation) return null;
    return [...older, ...log.publishedAfter(older.at(-1)?.cursor ?? cursor)];
  }

  #present(subscription: Subscription, scope: ScopedWard): ServerFrame[] {
    const { replay } = this.#options;
    const snapshot: ServerFrame = {
      type: 'snapshot',
      cursor: this.#view.log.cursor,
      ...this.#moment(),
      patients: subscription.values
        ? scope.patients().filter((patient) => subscription.includes(patient))
        : [],
      alerts: scope.openAlerts().filter((alert) => subscription.includesAlert(alert)),
    };
    if (replay === undefined) return [snapshot];
    return [snapshot, { type: 'replay', state: scope.replayState(replay.state) }];
  }

  /** Where the stream is, and whether all of it is known here. */
  #moment() {
    const { clock, now } = this.#view;
    const catchingUp = this.#options.sources.catchingUp?.() ?? null;
    return { clock, ...(now === undefined ? {} : { now }), catchingUp };
  }

  /** Gives those who were shown alerts that left with their patients a ward without them. */
  #retell(dropped: readonly AlertMessage[]): void {
    for (const client of this.#clients) {
      const { subscription, scope } = client;
      if (subscription === null || !dropped.some((alert) => subscription.includesAlert(alert))) continue;
      client.dirty.clear();
      client.sendAll(this.#present(subscription, scope));
    }
  }

  #sendSnapshots(): void {
    this.#rounds.clear();
    for (const client of this.#clients) {
      const { subscription, scope } = client;
      if (subscription === null) continue;
      client.dirty.clear();
      const present = this.#present(subscription, scope);
      client.sendAll(present);
      this.#audiences.join(client, subscription, namedIn(present));
    }
  }

  #broadcastAlert(logged: LoggedAlert): void {
    const encoded = new Map<ServerFrame['type'], Buffer>();
    for (const client of this.#clients) {
      const frame = client.subscription?.frameOf(logged);
      if (!frame) continue;
      const data = encoded.get(frame.type) ?? encode(frame);
      encoded.set(frame.type, data);
      client.sendAlert(data);
      if (frame.type === 'alert') this.#audiences.showAlert(client, logged.alert.patientId);
    }
  }

  #broadcastDeparture(departure: Departure): void {
    this.#rounds.forget(departure.patientId);
    this.#audiences.depart(departure.patientId);
    const { patientId, reason } = departure;
    const data = encode({ type: 'discharged', patientId, reason });
    // Who moved to another ward is still here for those who see that one too.
    const now = this.#view.view(departure.patientId);
    for (const client of this.#clients) {
      const { subscription } = client;
      if (!subscription?.values || !subscription.includes(departure)) continue;
      if (now !== undefined && subscription.includes(now)) continue;
      client.dirty.delete(departure.patientId);
      client.sendAlert(data);
    }
  }

  #broadcastReplay(state: ReplayState): void {
    for (const client of this.#clients) {
      if (client.subscription === null) continue;
      client.send(encode({ type: 'replay', state: client.scope.replayState(state) }));
    }
  }

  #heartbeat(): void {
    this.#audiences.flush();
    const data = encode({ type: 'heartbeat', ...this.#moment(), cursor: this.#view.log.cursor });
    for (const client of this.#clients) {
      if (client.subscription !== null && client.hasRoom) client.send(data);
    }
    const { replay } = this.#options;
    if (replay?.state.isPlaying) this.#broadcastReplay(replay.state);
  }

  #ping(): void {
    for (const client of this.#clients) {
      if (!client.isAlive) {
        client.close(CLOSE.tooSlow, 'nothing is read; reconnect and resume from the last cursor');
        continue;
      }
      client.isAlive = false;
      client.socket.ping();
    }
  }
}
