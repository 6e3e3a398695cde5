import type { Socket } from 'node:net';
import { READ_SYNTAXES } from '../../encoders/dicom-frame.js';
import {
  ACCEPTED,
  type Answered,
  type AssociateRequest,
  accept,
  DICOM_APPLICATION,
  NO_SUCH_CLASS,
  NO_SUCH_SYNTAX,
  type Offer,
  type REFUSALS,
  readRequest,
  refuse,
} from './associate.js';
import {
  C_CANCEL,
  C_ECHO,
  C_STORE,
  type Command,
  readCommand,
  response,
  STATUS,
  statusText,
} from './command.js';
import type { Gathered, Room } from './gathering.js';
import { Gathering } from './gathering.js';
import { fileOf } from './part10.js';
import {
  type DataValue,
  dataUnits,
  dataValues,
  INVALID_PARAMETER,
  PDU,
  type Pdu,
  PduFault,
  releaseResponse,
  UNEXPECTED_PDU,
} from './pdu.js';
import { type Arrived, type DicomReceiver, KEPT_BYTES } from './receiver.js';
import { STORED_CLASSES, VERIFICATION } from './sop-classes.js';

/** What is the same for all associations of a door. */
export interface AssociationOptions {
  readonly receiver: DicomReceiver;
  /** Title that callers have to call; any where it is left out. */
  readonly aeTitle: string | undefined;
  /** Titles of who may call; anybody where it is left out. */
  readonly callers: readonly string[] | undefined;
  readonly maxPduBytes: number;
  readonly maxObjectBytes: number;
  readonly room: Room;
  readonly isBusy: () => boolean;
}

/** A command is a few hundred bytes. */
const LONGEST_COMMAND = 16_384;

/** One association: what its peer sends is answered message by message, in order. */
export class Association {
  readonly #socket: Pick<Socket, 'write'>;
  readonly #options: AssociationOptions;
  /** Abstract and transfer syntax by presentation context. */
  readonly #contexts = new Map<number, Offer & { readonly transferSyntax: string }>();
  #request: AssociateRequest | null = null;
  #command: Gathering;
  /** Whose data set is coming. */
  #awaited: { readonly command: Command; readonly contextId: number; readonly data: Gathering } | null = null;

  constructor(socket: Pick<Socket, 'write'>, options: AssociationOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#command = new Gathering(LONGEST_COMMAND, options.room);
  }

  /** Whether a message was begun and has not ended. */
  get isWithin(): boolean {
    return this.#awaited !== null || this.#command.length > 0;
  }

  /** Goes on with what came; false where the association is over. @throws PduFault where it is against the protocol. */
  async take({ type, body }: Pdu): Promise<boolean> {
    if (type === PDU.abort) return false;
    if (this.#request === null) {
      if (type !== PDU.associateRequest)
        throw new PduFault(UNEXPECTED_PDU, `data unit ${type} before an association`);
      return this.#begin(body);
    }
    if (type === PDU.releaseRequest) {
      this.#socket.write(releaseResponse());
      return false;
    }
    if (type !== PDU.data) throw new PduFault(UNEXPECTED_PDU, `data unit ${type} within an association`);
    for (const value of dataValues(body)) await this.#gather(value);
    return true;
  }

  /** Gives back what was reserved for a message that will not end. */
  end(): void {
    this.#command.end();
    this.#awaited?.data.end();
    this.#awaited = null;
  }

  #begin(body: Buffer): boolean {
    const request = readRequest(body);
    const why = request === null ? 'protocol' : this.#whyNot(request);
    if (request === null || why !== null) {
      this.#socket.write(refuse(why ?? 'protocol'));
      return false;
    }
    this.#request = request;
    const answers = request.offers.map((offer) => this.#answer(offer));
    this.#socket.write(accept(request, answers, this.#options.maxPduBytes));
    return true;
  }

  #whyNot({ applicationContext, calledAe, callingAe }: AssociateRequest): keyof typeof REFUSALS | null {
    const { aeTitle, callers, isBusy } = this.#options;
    if (applicationContext !== DICOM_APPLICATION) return 'application';
    if (aeTitle !== undefined && calledAe !== aeTitle) return 'calledAe';
    if (callers !== undefined && !callers.includes(callingAe)) return 'callingAe';
    return isBusy() ? 'busy' : null;
  }

  /** The plainest transfer syntax of those that are offered. */
  #answer(offer: Offer): Answered {
    const { id, abstractSyntax, transferSyntaxes } = offer;
    if (abstractSyntax !== VERIFICATION && !STORED_CLASSES.has(abstractSyntax))
      return { id, result: NO_SUCH_CLASS, transferSyntax: transferSyntaxes[0] ?? '' };
    const transferSyntax = READ_SYNTAXES.find((each) => transferSyntaxes.includes(each));
    if (transferSyntax === undefined)
      return { id, result: NO_SUCH_SYNTAX, transferSyntax: transferSyntaxes[0] ?? '' };
    this.#contexts.set(id, { ...offer, transferSyntax });
    return { id, result: ACCEPTED, transferSyntax };
  }

  async #gather({ contextId, isCommand, isLast, bytes }: DataValue): Promise<void> {
    if (!this.#contexts.has(contextId))
      throw new PduFault(INVALID_PARAMETER, `presentation context ${contextId} was not accepted`);
    const awaited = this.#awaited;
    if (isCommand !== (awaited === null))
      throw new PduFault(
        UNEXPECTED_PDU,
        isCommand ? 'a command within a data set' : 'a data set without a command',
      );
    if (awaited === null) {
      this.#command.add(bytes);
      if (!isLast) return;
      const { bytes: whole, fault } = this.#command.take();
      this.#command.end();
      if (fault !== null) throw new PduFault(INVALID_PARAMETER, 'a command that is too long');
      await this.#obey(readCommand(whole), contextId);
      return;
    }
    if (contextId !== awaited.contextId)
      throw new PduFault(INVALID_PARAMETER, 'a data set in another presentation context than its command');
    awaited.data.add(bytes);
    if (!isLast) return;
    this.#awaited = null;
    try {
      await this.#store(awaited.command, contextId, awaited.data.take());
    } finally {
      awaited.data.end();
    }
  }

  async #obey(command: Command, contextId: number): Promise<void> {
    if (command.field === C_CANCEL) return;
    if (command.hasData) {
      const data = new Gathering(this.#options.maxObjectBytes, this.#options.room, KEPT_BYTES);
      this.#awaited = { command, contextId, data };
      return;
    }
    if (command.field === C_STORE) this.#answerWith(command, contextId, STATUS.unreadable, 'no data set');
    else if (command.field === C_ECHO) this.#answerWith(command, contextId, STATUS.success, '');
    else this.#answerWith(command, contextId, STATUS.unknownCommand, '');
  }

  async #store(command: Command, contextId: number, { bytes, fault }: Gathered): Promise<void> {
    if (command.field !== C_STORE) return this.#answerWith(command, contextId, STATUS.unknownCommand, '');
    if (fault === 'no-room')
      return this.#answerWith(command, contextId, STATUS.outOfResources, 'too much is on its way');
    const { transferSyntax = '' } = this.#contexts.get(contextId) ?? {};
    const { sopClass, sopInstance } = command;
    const source = this.#request?.callingAe ?? '';
    const file = fileOf({ sopClass, sopInstance, transferSyntax, source }, bytes);
    const arrived: Arrived = { file, sopClass, sopInstance, source, ...(fault === null ? {} : { fault }) };
    try {
      const { status, text } = await this.#options.receiver.receive(arrived);
      this.#answerWith(command, contextId, status, text);
    } catch {
      this.#answerWith(command, contextId, STATUS.outOfResources, 'the log takes nothing now');
    }
  }

  #answerWith(command: Command, contextId: number, status: number, text: string): void {
    const { maxBytes = 0, callingAe = '' } = this.#request ?? {};
    this.#options.receiver.answered(callingAe, command.field === C_ECHO ? 'echo' : statusText(status));
    for (const unit of dataUnits(contextId, 'command', response(command, status, text), maxBytes))
      this.#socket.write(unit);
  }
}
