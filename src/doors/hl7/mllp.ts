import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Hl7DoorConfig } from '../../settings/doors.js';
import { Connections } from '../connections.js';
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
  readonly #connections: Connections;

  private constructor(config: Hl7DoorConfig, context: DoorContext) {
    this.name = config.name ?? `hl7-${config.port}`;
    this.#config = config;
    this.#context = context;
    this.#reader = new Hl7Reader(loadSender(config.sender), context.limits.maxFutureSkewMs);
    this.#deliverer = new Deliverer(this.name, context);
    this.#connections = new Connections({
      name: this.name,
      place: { ...config, protocol: 'mllp' },
      context,
      most: config.maxConnections,
      serve: (socket) => this.#serve(socket),
    });
  }

  /** @throws WardstreamError `WS_CONFIG` where the sender's file or the certificate is wrong, `WS_PORT_IN_USE` where the port is. */
  static async open(config: Hl7DoorConfig, context: DoorContext): Promise<Hl7Door> {
    const door = new Hl7Door(config, context);
    await door.#connections.listen();
    return door;
  }

  get address(): string {
    return this.#connections.address;
  }

  /** Takes no more; what has been received goes to the log and is answered. Nobody is waited for who does not read the answers. */
  async close(): Promise<void> {
    await this.#connections.close();
  }

  async #serve(socket: Socket): Promise<void> {
    const frames = new Deframer(this.#config.maxMessageBytes);
    const connections = this.#connections;
    socket.setTimeout(this.#config.idleMs);
    socket.on('timeout', () => {
      if (!frames.isWithin || connections.isBusy(socket)) return;
      connections.cut('idle', `a message was begun and not ended within ${this.#config.idleMs} ms`);
      socket.destroy();
    });
    const blocks = async (chunk: Buffer) => {
      for (const block of frames.push(chunk)) {
        if (!(await this.#answer(socket, block))) return false;
      }
      return true;
    };
    try {
      await connections.read(socket, blocks);
    } finally {
      socket.destroy();
      if (frames.strayBytes > 0)
        connections.cut('stray', `${frames.strayBytes} bytes stood outside of blocks`);
      const rest = frames.end();
      // The sender has no answer, so it sends the message again: it is kept to be seen, not to be used.
      if (rest !== null && !connections.closing.aborted) await this.#setAside(rest);
    }
  }

  /** False where the log does not take it: then there is no answer, and the sender has to send it again. */
  async #answer(socket: Socket, block: Block): Promise<boolean> {
    let answers: string[];
    try {
      answers = await receive(block, this.name, this.#parts);
    } catch (error) {
      this.#connections.cut(
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
    await once(socket, 'drain', { signal: this.#connections.closing }).catch(() => undefined);
  }

  async #setAside(block: Block): Promise<void> {
    await receive(block, this.name, this.#parts).catch(() => undefined);
  }

  get #parts() {
    return { reader: this.#reader, deliverer: this.#deliverer, context: this.#context };
  }
}
