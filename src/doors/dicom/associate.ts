import { INVALID_PARAMETER, PDU, PduFault, unit } from './pdu.js';

/** What is offered in an association: an abstract syntax, and the transfer syntaxes in which it may come. */
export interface Offer {
  readonly id: number;
  readonly abstractSyntax: string;
  readonly transferSyntaxes: readonly string[];
}

/** A-ASSOCIATE-RQ (PS3.8, 9.3.2). */
export interface AssociateRequest {
  readonly calledAe: string;
  readonly callingAe: string;
  readonly applicationContext: string;
  readonly offers: readonly Offer[];
  /** Bytes of a data unit that the other side takes at most. */
  readonly maxBytes: number;
}

/** How an offer is answered: with a transfer syntax, or with the reason against it (PS3.8, table 9-18). */
export interface Answered {
  readonly id: number;
  readonly result: number;
  readonly transferSyntax: string;
}
export const ACCEPTED = 0;
export const NO_SUCH_CLASS = 3;
export const NO_SUCH_SYNTAX = 4;

/** Why an association is refused: result, source and reason (PS3.8, table 9-21). */
export const REFUSALS = {
  protocol: [1, 2, 2],
  application: [1, 1, 2],
  callingAe: [1, 1, 3],
  calledAe: [1, 1, 7],
  busy: [2, 3, 2],
} as const;

export const DICOM_APPLICATION = '1.2.840.10008.3.1.1.1';
/** A UUID as UID (PS3.5, B.2) that names this software. */
export const IMPLEMENTATION = '2.25.252468339482910853187426019573650284116';
const IMPLEMENTATION_NAME = 'WARDSTREAM';

const FIXED_BYTES = 68;
/** Where the other side names no bound, or none that can be used. */
const USUAL_BYTES = 16_384;
const FEWEST_BYTES = 128;
const MOST_BYTES = 1_048_576;

/** @throws PduFault where it is damaged; null where it is of another version of the protocol. */
export function readRequest(body: Buffer): AssociateRequest | null {
  const { calledAe, callingAe, version, items } = readAssociate(body);
  if ((version & 1) === 0) return null;
  let applicationContext = '';
  const offers: Offer[] = [];
  let maxBytes = USUAL_BYTES;
  for (const { type, content } of items) {
    if (type === 0x10) applicationContext = uid(content);
    else if (type === 0x20) offers.push(readOffer(content));
    else if (type === 0x50) maxBytes = readMaxBytes(content);
  }
  return { calledAe, callingAe, applicationContext, offers, maxBytes };
}

/** A-ASSOCIATE-AC, with what was offered and how many bytes of a data unit are taken. */
export function accept(request: AssociateRequest, answers: readonly Answered[], maxBytes: number): Buffer {
  const contexts = answers.map(({ id, result, transferSyntax }) =>
    item(0x21, Buffer.concat([Buffer.from([id, 0, result, 0]), item(0x40, Buffer.from(transferSyntax))])),
  );
  const { calledAe, callingAe } = request;
  return unit(PDU.associateAccept, associate(calledAe, callingAe, contexts, maxBytes));
}

export function refuse(why: keyof typeof REFUSALS): Buffer {
  return unit(PDU.associateReject, Buffer.from([0, ...REFUSALS[why]]));
}

/** A-ASSOCIATE-RQ. */
export function request({
  calledAe,
  callingAe,
  offers,
  maxBytes,
}: Omit<AssociateRequest, 'applicationContext'>): Buffer {
  const contexts = offers.map(({ id, abstractSyntax, transferSyntaxes }) =>
    item(
      0x20,
      Buffer.concat([
        Buffer.from([id, 0, 0, 0]),
        item(0x30, Buffer.from(abstractSyntax)),
        ...transferSyntaxes.map((syntax) => item(0x40, Buffer.from(syntax))),
      ]),
    ),
  );
  return unit(PDU.associateRequest, associate(calledAe, callingAe, contexts, maxBytes));
}

/** Of A-ASSOCIATE-AC: the offers that were accepted, and how many bytes of a data unit the other side takes. */
export function readAccept(body: Buffer): { accepted: Map<number, string>; maxBytes: number } {
  const accepted = new Map<number, string>();
  let maxBytes = USUAL_BYTES;
  for (const { type, content } of readAssociate(body).items) {
    if (type === 0x21 && content[2] === ACCEPTED)
      for (const each of itemsOf(content.subarray(4))) accepted.set(content[0], uid(each.content));
    else if (type === 0x50) maxBytes = readMaxBytes(content);
  }
  return { accepted, maxBytes };
}

interface Item {
  readonly type: number;
  readonly content: Buffer;
}

function readAssociate(body: Buffer) {
  if (body.length < FIXED_BYTES) throw new PduFault(INVALID_PARAMETER, 'an association that is cut short');
  const title = (at: number) => body.toString('latin1', at, at + 16).trim();
  const items = [...itemsOf(body.subarray(FIXED_BYTES))];
  return { version: body.readUInt16BE(0), calledAe: title(4), callingAe: title(20), items };
}

function* itemsOf(bytes: Buffer): Generator<Item> {
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt16BE(at + 2) : Number.POSITIVE_INFINITY;
    if (end > bytes.length)
      throw new PduFault(INVALID_PARAMETER, 'an item of an association that is cut short');
    yield { type: bytes[at], content: bytes.subarray(at + 4, end) };
    at = end;
  }
}

function readOffer(content: Buffer): Offer {
  if (content.length < 4) throw new PduFault(INVALID_PARAMETER, 'a presentation context that is cut short');
  let abstractSyntax = '';
  const transferSyntaxes: string[] = [];
  for (const each of itemsOf(content.subarray(4))) {
    if (each.type === 0x30) abstractSyntax = uid(each.content);
    else if (each.type === 0x40) transferSyntaxes.push(uid(each.content));
  }
  return { id: content[0], abstractSyntax, transferSyntaxes };
}

function readMaxBytes(userInformation: Buffer): number {
  for (const { type, content } of itemsOf(userInformation)) {
    if (type !== 0x51 || content.length !== 4) continue;
    const bytes = content.readUInt32BE(0);
    // 0: without bound.
    return bytes === 0 ? MOST_BYTES : Math.max(FEWEST_BYTES, Math.min(MOST_BYTES, bytes));
  }
  return USUAL_BYTES;
}

function associate(
  calledAe: string,
  callingAe: string,
  contexts: readonly Buffer[],
  maxBytes: number,
): Buffer {
  const fixed = Buffer.alloc(FIXED_BYTES);
  fixed.writeUInt16BE(1, 0);
  fixed.write(calledAe.padEnd(16), 4, 16, 'latin1');
  fixed.write(callingAe.padEnd(16), 20, 16, 'latin1');
  const most = Buffer.alloc(4);
  most.writeUInt32BE(maxBytes);
  const user = [
    item(0x51, most),
    item(0x52, Buffer.from(IMPLEMENTATION)),
    item(0x55, Buffer.from(IMPLEMENTATION_NAME)),
  ];
  return Buffer.concat([
    fixed,
    item(0x10, Buffer.from(DICOM_APPLICATION)),
    ...contexts,
    item(0x50, Buffer.concat(user)),
  ]);
}

function item(type: number, content: Buffer): Buffer {
  const head = Buffer.from([type, 0, 0, 0]);
  head.writeUInt16BE(content.length, 2);
  return Buffer.concat([head, content]);
}

/** Without what fills it up. */
function uid(content: Buffer): string {
  return content.toString('latin1').replace(/[\0 ]+$/, '');
}
