import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { WardstreamError } from '../../errors.js';
import type { DicomDoorConfig } from '../../settings/dicom-doors.js';
import { Deliverer } from '../deliverer.js';
import type { Door, DoorContext } from '../door.js';
import { Association, type AssociationOptions } from './association.js';
import { Room } from './gathering.js';
import { abort, PduFault, PduReader } from './pdu.js';
import { DicomReceiver } from './receiver.js';
import { loadDicomSender } from './sender.js';

/** A door for DICOM's own protocol (PS3.8): C-ECHO and C-STORE, with TLS where the settings say so. */
export class DicomDoor implements Door {
  readonly name: string;
  readonly #config: DicomDoorConfig;
  readonly #context: DoorContext;
  readonly #options: AssociationOptions;
  readonly #server: Server;
  /** Open connections, and the work on each. */
  readonly #connections = new Map<Socket, Promise<void>>();
  /** Those with something under way, until it is answered. */
  readonly #busy = new Map<Socket, Promise<unknown>>();
  readonly #closing = new AbortController();

  private constructor(config: DicomDoorConfig, context: DoorContext) {
    this.name = config.name ?? `dicom-${config.port}`;
    this.#config = config;
    this.#context = context;
    const { maxObjectBytes, maxAgeMs, maxPduBytes, maxConnections, aeTitle, callers } = config;
    const receiver = new DicomReceiver(this.name, {
      sender: loadDicomSender(config.sender),
      limits: { maxObjectBytes, maxAgeMs },
      context,
      deliverer: new Deliverer(this.name, context),
    });
    const room = new Room(config.maxBytes);
    const isBusy = () => this.#connections.size > maxConnections;
    this.#options = { receiver, aeTitle, callers, maxPduBytes, maxObjectBytes, room, isBusy };
    const serve = (socket: Socket) => this.#accept(socket);
    this.#server = config.tls === undefined ? createServer(serve) : this.#secured(config.tls, serve);
    // Who is one too many is told so; of a crowd nobody is.
    this.#server.maxConnections = 2 * maxConnections;
  }

  /** @throws WardstreamError `WS_CONFIG` where the sender's file or the certificate is wrong, `WS_PORT_IN_USE` where the port is. */
  static async open(config: DicomDoorConfig, context: DoorContext): Promise<DicomDoor> {
    const door = new DicomDoor(config, context);
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
    return `${this.#config.tls === undefined ? 'dicom' : 'dicoms'}://${this.#config.host}:${port}`;
  }

  /** Takes no more; what has been received goes to the log and is answered, then the association is aborted. */
  async close(): Promise<void> {
    this.#server.close();
    for (const socket of this.#connections.keys()) socket.pause();
    this.#closing.abort();
    const ended = [...this.#connections].map(async ([socket, work]) => {
      await this.#busy.get(socket);
      socket.destroy();
      await work;
    });
    await Promise.all(ended);
  }

  #secured(tls: NonNullable<DicomDoorConfig['tls']>, serve: (socket: Socket) => void): Server {
    const { cert, key, ca } = tls;
    const asked = ca === undefined ? {} : { ca, requestCert: true, rejectUnauthorized: true };
    try {
      const server = createTlsServer({ cert, key, ...asked }, serve);
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
        socket.destroySoon();
        this.#connections.delete(socket);
        meters.connected(this.name, -1);
      });
    this.#connections.set(socket, work);
  }

  #broke(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ECONNRESET' || code === 'ERR_STREAM_PREMATURE_CLOSE')
      this.#context.meters.cut(this.name, 'reset');
    else this.#cut('broken', message);
  }

  /** Reads while the peer sends: the next bytes are asked for once those before them are dealt with. */
  async #serve(socket: Socket): Promise<void> {
    const units = new PduReader(this.#config.maxPduBytes);
    const association = new Association(socket, this.#options);
    socket.setTimeout(this.#config.idleMs);
    socket.on('timeout', () => {
      if (this.#busy.has(socket)) return;
      this.#cut('idle', `nothing came over an association for ${this.#config.idleMs} ms`);
      socket.destroy();
    });
    const taken = async (chunk: Buffer) => {
      try {
        for (const unit of units.push(chunk)) if (!(await association.take(unit))) return false;
        return true;
      } catch (error) {
        if (!(error instanceof PduFault)) throw error;
        this.#cut('protocol', `an association was aborted: ${error.message}`);
        socket.write(abort(error.reason));
        return false;
      }
    };
    try {
      for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
        const work = taken(chunk as Buffer);
        this.#busy.set(socket, work);
        const goesOn = await work;
        this.#busy.delete(socket);
        if (!goesOn || this.#isClosing) break;
      }
    } finally {
      this.#busy.delete(socket);
      // What was begun and not ended leaves nothing behind: its sender has no answer, and sends it again.
      if (association.isWithin && !this.#isClosing) this.#context.meters.cut(this.name, 'aborted');
      association.end();
    }
  }

  get #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  #cut(reason: string, detail: string): void {
    this.#context.meters.cut(this.name, reason);
    this.#context.onWarning(`door ${this.name}: ${detail}`);
  }
}
