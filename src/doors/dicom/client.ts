import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readAccept, request } from './associate.js';
import { command, readCommand } from './command.js';
import { abort, dataUnits, dataValues, PDU, type Pdu, PduReader, releaseRequest } from './pdu.js';

const MAX_PDU_BYTES = 131_072;

/** What is to be stored. */
export interface Instance {
  readonly sopClass: string;
  readonly sopInstance: string;
  readonly transferSyntax: string;
  readonly dataSet: Buffer;
}

export interface ClientOptions {
  readonly host: string;
  readonly port: number;
  readonly callingAe: string;
  readonly calledAe: string;
  /** Abstract syntaxes, and the transfer syntax of what is sent in each. */
  readonly offers: readonly { readonly abstractSyntax: string; readonly transferSyntax: string }[];
}

/** An association that sends, each message once the one before is answered. */
export class DicomClient {
  readonly #socket: Socket;
  readonly #units: AsyncGenerator<Pdu>;
  /** Presentation context by abstract and transfer syntax. */
  #contexts = new Map<string, number>();
  #maxBytes = 0;
  #messages = 0;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#units = unitsOf(socket);
  }

  /** @throws Error where the other side refuses, or takes none of what is offered. */
  static async open({ host, port, callingAe, calledAe, offers }: ClientOptions): Promise<DicomClient> {
    const socket = connect(port, host);
    await once(socket, 'connect');
    socket.setNoDelay(true);
    // Told by the end of what comes.
    socket.on('error', () => undefined);
    const client = new DicomClient(socket);
    try {
      await client.#associate(callingAe, calledAe, offers);
      return client;
    } catch (error) {
      socket.destroy();
      throw error;
    }
  }

  /** The status of its answer. @throws Error where there is none. */
  async store({ sopClass, sopInstance, transferSyntax, dataSet }: Instance): Promise<number> {
    const context = this.#context(sopClass, transferSyntax);
    this.#send(context, 'command', command(sopClass, sopInstance, ++this.#messages));
    this.#send(context, 'data', dataSet);
    return this.#answer();
  }

  /** C-ECHO. @throws Error where there is no answer. */
  async echo(sopClass: string, transferSyntax: string): Promise<number> {
    this.#send(this.#context(sopClass, transferSyntax), 'command', command(sopClass, null, ++this.#messages));
    return this.#answer();
  }

  async close(): Promise<void> {
    this.#socket.write(releaseRequest());
    await this.#next().catch(() => undefined);
    this.#socket.destroy();
  }

  /** Ends without a word to what is under way. */
  abort(): void {
    this.#socket.end(abort(0));
  }

  async #associate(callingAe: string, calledAe: string, offers: ClientOptions['offers']): Promise<void> {
    const numbered = offers.map(({ abstractSyntax, transferSyntax }, index) => ({
      id: 2 * index + 1,
      abstractSyntax,
      transferSyntaxes: [transferSyntax],
    }));
    this.#socket.write(request({ calledAe, callingAe, offers: numbered, maxBytes: MAX_PDU_BYTES }));
    const { type, body } = await this.#next();
    if (type !== PDU.associateAccept) throw new Error(`the association is refused (${[...body].join(' ')})`);
    const { accepted, maxBytes } = readAccept(body);
    this.#maxBytes = maxBytes;
    for (const { id, abstractSyntax, transferSyntaxes } of numbered)
      if (accepted.has(id)) this.#contexts.set(`${abstractSyntax} ${transferSyntaxes[0]}`, id);
    if (accepted.size === 0) throw new Error('nothing of what is offered is taken');
  }

  #context(abstractSyntax: string, transferSyntax: string): number {
    const id = this.#contexts.get(`${abstractSyntax} ${transferSyntax}`);
    if (id === undefined) throw new Error(`${abstractSyntax} in ${transferSyntax} is not taken`);
    return id;
  }

  #send(context: number, kind: 'command' | 'data', bytes: Buffer): void {
    for (const unit of dataUnits(context, kind, bytes, this.#maxBytes)) this.#socket.write(unit);
  }

  async #answer(): Promise<number> {
    const { type, body } = await this.#next();
    if (type !== PDU.data) throw new Error('the association was aborted');
    const parts = [...dataValues(body)].map(({ bytes }) => bytes);
    return readCommand(Buffer.concat(parts)).status;
  }

  async #next(): Promise<Pdu> {
    const { value, done } = await this.#units.next();
    if (done === true) throw new Error('the connection was closed');
    return value;
  }
}

async function* unitsOf(socket: Socket): AsyncGenerator<Pdu> {
  const reader = new PduReader(MAX_PDU_BYTES);
  for await (const chunk of socket) yield* reader.push(chunk as Buffer);
}
