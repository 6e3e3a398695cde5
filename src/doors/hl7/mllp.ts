import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { WardstreamError } from '../../errors.js';
import type { Hl7DoorConfig } from '../../settings/doors.js';
import { Deliverer } from '../deliverer.js';
import type { Door, DoorContext } from '../door.js';
import { type Block, Deframer, framed } from './framing.js';
import { Hl7Reader, receive } from './receiver.js';
import { loadSender } from './sender.js';

/** HL7 v2 over MLLP, with TLS where the settings say so. One connection is answered message by message, in order. */
export class Hl7Door implements Door {
  readonly name: string;
  readonly #config: Hl7DoorConfig;
  readonly #context: DoorContext;
  readonly #reader: Hl7Reader;
  readonly #deliverer: Deliverer;
  readonly #server: Server;
  /** Open connections, and the work on each. */
  readonly #connections = new Map<Socket, Promise<void>>();
  /** Those with a message under way, until it is answered. */
  readonly #busy = new Map<Socket, Promise<unknown>>();
  readonly #closing = new AbortController();

  private constructor(config: Hl7DoorConfig, context: DoorContext) {
    this.name = config.name ?? `hl7-${config.port}`;
    this.#config = config;
    this.#context = context;
    this.#reader = new Hl7Reader(loadSender(config.sender), context.limits.maxFutureSkewMs);
    this.#deliverer = new Deliverer(this.name, context);
    const accept = (socket: Socket) => this.#accept(socket);
    this.#server = config.tls === undefined ? createServer(accept) : this.#secured(config.tls, accept);
    this.#server.maxConnections = config.maxConnections;
  }

  /** @throws WardstreamError `WS_CONFIG` where the sender's file or the certificate is wrong, `WS_PORT_IN_USE` where the port is. */
  static async open(config: Hl7DoorConfig, context: DoorContext): Promise<Hl7Door> {
    const door = new Hl7Door(config, context);
    const server = door.#server;
    try {
      server.listen(config.port, config.host);
      await once(server, 'listening');
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code !== 'EADDRINUSE') throw new WardstreamError('WS_CONFIG', `door ${door.name}: ${message}`);
      const where = `${config.host}:${config.port}`;
      throw new WardstreamError('WS_PORT_IN_USE', `door ${door.name}: ${where} is in use by another process`);
    }
    server.on('error', (error) => context.onWarning(`door ${door.name}: ${error.message}`));
    return door;
  }

  get address(): string {
    const { port } = this.#server.address() as { port: number };
    return `${this.#config.tls === undefined ? 'mllp' : 'mllps'}://${this.#config.host}:${port}`;
  }

  /** Takes no more; what has been received goes to the log and is answered. Nobody is waited for who does not read the answers. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#connections.keys()) socket.pause();
    this.#closing.abort();
    const idle = [...this.#connections].map(async ([socket, work]) => {
      await this.#busy.get(socket);
      socket.destroy();
      await work;
    });
    await Promise.all(idle);
  }

  #secured(tls: NonNullable<Hl7DoorConfig['tls']>, accept: (socket: Socket) => void): Server {
    const { cert, key, ca } = tls;
    const asked = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
    try {
      const server = createTlsServer({ cert, key, ...asked }, accept);
      server.on('tlsClientError', (error) => this.#cut('tls', error.message));
      return server;
    } catch (error) {
      const why = (error as Error).message;
      throw new WardstreamError('WS_CONFIG', `door ${this.name}: tls cannot be used: ${why}`);
    }
  }

  #accept(socket: Socket): void {
    if (this.#isClosing) {
      socket.destroy();
      return;
    }
    const { meters } = this.#context;
    meters.connected(this.name, 1);
    socket.setKeepAlive(true, 30_000);
    socket.setNoDelay(true);
    const work = this.#serve(socket)
      .catch((error: unknown) => this.#broke(error))
      .finally(() => {
        socket.destroy();
        this.#connections.delete(socket);
        meters.connected(this.name, -1);
      });
    this.#connections.set(socket, work);
  }

  /** A sender that goes without a word has nothing under way that is not its own to send again. */
  #broke(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
      this.#context.meters.cut(this.name, 'reset');
    else this.#cut('broken', message);
  }

  /** Reads while the sender sends: the next bytes are asked for once those before them are answered. */
  async #serve(socket: Socket): Promise<void> {
    const frames = new Deframer(this.#config.maxMessageBytes);
    socket.setTimeout(this.#config.idleMs);
    socket.on('timeout', () => {
      if (!frames.isWithin || this.#busy.has(socket)) return;
      this.#cut('idle', `a message was begun and not ended within ${this.#config.idleMs} ms`);
      socket.destroy();
    });
    const blocks = async (chunk: Buffer) => {
      for (const block of frames.push(chunk)) {
        if (!(await this.#answer(socket, block))) return false;
      }
      return true;
    };
    try {
      for await (const chunk of socket) {
        const work = blocks(chunk as Buffer);
        this.#busy.set(socket, work);
        const goesOn = await work;
        this.#busy.delete(socket);
        if (!goesOn || this.#isClosing) return;
      }
    } finally {
      this.#busy.delete(socket);
      if (frames.strayBytes > 0) this.#cut('stray', `${frames.strayBytes} bytes stood outside of blocks`);
      const rest = frames.end();
      // The sender has no answer, so it sends the message again: it is kept to be seen, not to be used.
      if (rest !== null && !this.#isClosing) await this.#setAside(rest);
    }
  }

  /** False where the log does not take it: then there is no answer, and the sender has to send it again. */
  async #answer(socket: Socket, block: Block): Promise<boolean> {
    let answers: string[];
    try {
      answers = await receive(block, this.name, this.#parts);
    } catch (error) {
      this.#cut(
        'log',
        `the log did not take a message, so it is not acknowledged: ${(error as Error).message}`,
      );
      return false;
    }
    for (const answer of answers) {
      if (!socket.write(framed(answer)) && !socket.destroyed) await this.#drained(socket);
    }
    return true;
  }

  /** Once the sender has read what is waiting for it, or no longer can: reading from it says why. */
  async #drained(socket: Socket): Promise<void> {
    await once(socket, 'drain', { signal: this.#closing.signal }).catch(() => undefined);
  }

  async #setAside(block: Block): Promise<void> {
    await receive(block, this.name, this.#parts).catch(() => undefined);
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  get #parts() {
    return { reader: this.#reader, deliverer: this.#deliverer, context: this.#context };
  }

  #cut(reason: string, detail: string): void {
    this.#context.meters.cut(this.name, reason);
    this.#context.onWarning(`door ${this.name}: ${detail}`);
  }
}
