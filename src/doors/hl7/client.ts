import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WardstreamError } from '../../errors.js';
import { Deframer, framed } from './framing.js';

const LONGEST_ANSWER = 1_048_576;
/** A connection that breaks is made again, and the message sent again: the other side may be starting anew. */
const ATTEMPTS = 60;
const WAIT_MS = 1000;

/** An open connection, and what has come over it. */
interface Connection {
  readonly socket: Socket;
  readonly chunks: AsyncIterator<unknown>;
  readonly frames: Deframer;
}

/** Sends messages over MLLP, each once the one before is answered. */
export class MllpClient {
  readonly #host: string;
  readonly #port: number;
  #connection: Connection | null = null;

  constructor(host: string, port: number) {
    this.#host = host;
    this.#port = port;
  }

  /** MSA-1 of the answer. @throws WardstreamError `WS_BUS` where there is none for a minute. */
  async send(text: string): Promise<string> {
    let why = '';
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (attempt > 0) await sleep(WAIT_MS);
      try {
        return await this.#ask(text);
      } catch (error) {
        this.#drop();
        why = (error as Error).message;
      }
    }
    const where = `mllp://${this.#host}:${this.#port}`;
    throw new WardstreamError('WS_BUS', `${where} does not answer: ${why}; is the door open there?`);
  }

  async close(): Promise<void> {
    this.#drop();
  }

  async #ask(text: string): Promise<string> {
    const { socket, chunks, frames } = this.#connection ?? (await this.#open());
    socket.write(framed(text));
    for (;;) {
      const { value: chunk, done } = await chunks.next();
      if (done === true) throw new Error('the connection was closed');
      for (const { bytes } of frames.push(chunk as Buffer)) {
        const msa = /(?:^|\r)MSA\|(\w\w)/.exec(bytes.toString('utf8'));
        return msa?.[1] ?? '';
      }
    }
  }

  async #open(): Promise<Connection> {
    const socket = connect(this.#port, this.#host);
    await once(socket, 'connect');
    socket.setNoDelay(true);
    // Told by the end of its chunks.
    socket.on('error', () => undefined);
    const chunks = socket[Symbol.asyncIterator]();
    const connection = { socket, chunks, frames: new Deframer(LONGEST_ANSWER) };
    this.#connection = connection;
    return connection;
  }

  #drop(): void {
    this.#connection?.socket.destroy();
    this.#connection = null;
  }
}
