import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { WardstreamError } from '../errors.js';
import type { Hl7DoorConfig } from '../settings/doors.js';
import { cannotListen } from './cannot-listen.js';
import type { DoorContext } from './door.js';

/** Where it listens, and with which certificate; what an address begins with is the protocol, followed by s where TLS is. */
type Place = Pick<Hl7DoorConfig, 'host' | 'port' | 'tls'> & { readonly protocol: string };

interface ConnectionsOptions {
  /** Of the door. */
  readonly name: string;
  readonly place: Place;
  readonly context: DoorContext;
  /** More are not accepted. */
  readonly most: number;
  /** Deals with a connection until it is over. What it writes last is still sent, unless it destroys the socket. */
  readonly serve: (socket: Socket) => Promise<void>;
}

/** The connections of a door that listens to sockets, with TLS where the settings say so. */
export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #server: Server;
  /** Open ones, and the work on each. */
  readonly #open = new Map<Socket, Promise<void>>();
  /** Those with something under way, until it is answered. */
  readonly #busy = new Map<Socket, Promise<unknown>>();
  readonly #closing = new AbortController();

  /** @throws WardstreamError `WS_CONFIG` where the certificate is wrong. */
  constructor(options: ConnectionsOptions) {
    this.#options = options;
    const { tls } = options.place;
    const accept = (socket: Socket) => this.#accept(socket);
    this.#server = tls === undefined ? createServer(accept) : this.#secured(tls, accept);
    this.#server.maxConnections = options.most;
  }

  /** @throws WardstreamError as `cannotListen`. */
  async listen(): Promise<void> {
    const { name, place, context } = this.#options;
    try {
      this.#server.listen(place.port, place.host);
      await once(this.#server, 'listening');
    } catch (error) {
      throw cannotListen(name, place, error);
    }
    this.#server.on('error', (error) => context.onWarning(`door ${name}: ${error.message}`));
  }

  get address(): string {
    const { protocol, host, tls } = this.#options.place;
    const { port } = this.#server.address() as { port: number };
    return `${protocol}${tls === undefined ? '' : 's'}://${host}:${port}`;
  }

  get count(): number {
    return this.#open.size;
  }

  /** Aborted once the door closes. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  isBusy(socket: Socket): boolean {
    return this.#busy.has(socket);
  }

  /** Reads until the peer ends, the door closes or `take` says false: the next bytes are asked for once those before them are dealt with. */
  async read(socket: Socket, take: (chunk: Buffer) => Promise<boolean>): Promise<void> {
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        const work = take(chunk as Buffer);
        this.#busy.set(socket, work);
        const goesOn = await work;
        this.#busy.delete(socket);
        if (!goesOn || this.#closing.signal.aborted) return;
      }
    } finally {
      this.#busy.delete(socket);
    }
  }

  /** Counts something that ended before its time, and says so. */
  cut(reason: string, detail: string): void {
    const { name, context } = this.#options;
    context.meters.cut(name, reason);
    context.onWarning(`door ${name}: ${detail}`);
  }

  /** Takes no more; what has been received is dealt with, then its connection is destroyed. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#open.keys()) socket.pause();
    this.#closing.abort();
    const ended = [...this.#open].map(async ([socket, work]) => {
      await this.#busy.get(socket);
      socket.destroy();
      await work;
    });
    await Promise.all(ended);
  }

  #secured(tls: NonNullable<Place['tls']>, accept: (socket: Socket) => void): Server {
    const { cert, key, ca } = tls;
    const asked = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
    try {
      const server = createTlsServer({ cert, key, ...asked }, accept);
      server.on('tlsClientError', (error) => this.cut('tls', error.message));
      return server;
    } catch (error) {
      const why = (error as Error).message;
      throw new WardstreamError('WS_CONFIG', `door ${this.#options.name}: tls cannot be used: ${why}`);
    }
  }

  #accept(socket: Socket): void {
    if (this.#closing.signal.aborted) {
      socket.destroy();
      return;
    }
    const { name, context, serve } = this.#options;
    context.meters.connected(name, 1);
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    const work = serve(socket)
      .catch((error: unknown) => this.#broke(error))
      .finally(() => {
        socket.destroySoon();
        this.#open.delete(socket);
        context.meters.connected(name, -1);
      });
    this.#open.set(socket, work);
  }

  /** A sender that goes without a word has nothing under way that is not its own to send again. */
  #broke(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
      this.#options.context.meters.cut(this.#options.name, 'reset');
    else this.cut('broken', message);
  }
}
