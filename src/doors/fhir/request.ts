import { hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import { CodeBook } from '../hl7/codes.js';
import type { Sender } from '../hl7/sender.js';
import { isObject, type Json, objectAt, textAt, typeOf, valueAt } from './json.js';
import { Scope } from './references.js';
import { type Reading, Taken } from './taken.js';
import { instantOf } from './times.js';
import { isTaken, translate } from './translate.js';

/** A request as it came, after `/fhir`. */
export interface Asked {
  /** The kind in the path; empty of the base, where bundles go. */
  readonly type: string;
  /** The logical id in the path; empty where there is none. */
  readonly id: string;
  readonly body: Buffer;
  readonly source: string;
}

/** One resource of a request, and what came of it. */
export interface Entry {
  readonly resource: Json;
  readonly taken: Taken;
  /** For its dead letters. */
  readonly bytes: () => Buffer;
  /** Kind and logical id under which it is known from now on. */
  readonly location: string;
}

/** What a request comes to. */
export interface ReadRequest {
  /** How the whole is answered. */
  readonly kind: 'single' | 'transaction' | 'batch' | 'message' | 'collection';
  readonly entries: readonly Entry[];
  /** Entries of the bundle before these: the header of a message, the status of a subscription. */
  readonly skipped: readonly Json[];
}

/** A request that cannot be taken at all. */
export class Refused {
  readonly taken: Taken;

  constructor(status: number, detail: string, reason: 'undecodable' | 'unsupported-message' = 'undecodable') {
    this.taken = new Taken().refuse(status, reason, detail);
  }
}

/** Bundles of R4: those that tell something new; a subscription tells in one of type history. */
const BUNDLES: ReadonlyMap<string, ReadRequest['kind']> = new Map([
  ['transaction', 'transaction'],
  ['batch', 'batch'],
  ['message', 'message'],
  ['collection', 'collection'],
  ['history', 'collection'],
  ['subscription-notification', 'collection'],
]);
/** How the notification of a subscription begins, in the R4 backport and later. */
const STATUSES = new Set(['Parameters', 'SubscriptionStatus']);
const MOST_ENTRIES = 10_000;
/** FHIR R4, 2.24.0.1. */
const ID = /^[A-Za-z0-9\-.]{1,64}$/;

/** Reads requests of one sender. */
export class FhirReader {
  readonly #sender: Sender;
  readonly #codes: CodeBook;
  readonly #maxFutureSkewMs: number;

  constructor(sender: Sender, maxFutureSkewMs: number) {
    this.#sender = sender;
    this.#codes = new CodeBook(sender);
    this.#maxFutureSkewMs = maxFutureSkewMs;
  }

  /** What a request comes to. Never throws. */
  read({ type, id, body, source }: Asked, now: EpochMs): ReadRequest | Refused {
    const resource = parsed(body);
    if (resource === undefined) return new Refused(400, 'the body is no JSON object in UTF-8');
    const kind = typeOf(resource);
    if (kind === '') return new Refused(400, 'the resource does not say its resourceType');
    if (type !== '' && type !== kind)
      return new Refused(400, `the path says ${type}, the resource ${kind.slice(0, 60)}`);
    const own = textAt(resource, 'id');
    if (id !== '' && own !== '' && own !== id)
      return new Refused(400, `the path says id ${id}, the resource ${own}`);
    if (kind === 'Bundle') return this.#bundle(resource, source, now);
    const known = id === '' || own === id ? resource : { ...resource, id };
    const reading = this.#reading(new Scope(), source, null, now);
    const entry = entryOf(known, translate(known, reading), () => body);
    return { kind: 'single', entries: [entry], skipped: [] };
  }

  #bundle(bundle: Json, source: string, now: EpochMs): ReadRequest | Refused {
    const type = textAt(bundle, 'type');
    const kind = BUNDLES.get(type);
    if (kind === undefined)
      return new Refused(
        422,
        `a bundle of type ${JSON.stringify(type.slice(0, 40))} is not taken`,
        'unsupported-message',
      );
    const given = entriesOf(bundle);
    if (given === null) return new Refused(400, 'the entries of the bundle are no list');
    if (given.length > MOST_ENTRIES)
      return new Refused(413, `a bundle of ${given.length} entries; at most ${MOST_ENTRIES}`);
    const zone = this.#sender.timeZone ?? null;
    const sentAt = instantOf(textAt(bundle, 'timestamp'), zone, now);
    const reading = this.#reading(new Scope(given.filter(isObject)), source, sentAt, now);
    const first = isObject(given[0]) ? objectAt(given[0], 'resource') : undefined;
    if (kind === 'message' && typeOf(first) !== 'MessageHeader') {
      return new Refused(422, 'the first entry of a message must be its MessageHeader');
    }
    const isTold = kind === 'collection' && STATUSES.has(typeOf(first));
    if (type === 'history' && !isTold) {
      const detail = 'a history is taken only as the notification of a subscription';
      return new Refused(422, detail, 'unsupported-message');
    }
    const skipped = first !== undefined && (kind === 'message' || isTold) ? [first] : [];
    const others = given.slice(skipped.length);
    const entries = others.map((each) => this.#entry(each, kind, reading));
    if (kind === 'transaction' && entries.some(({ taken }) => taken.isRefused)) {
      for (const { taken } of entries) taken.drop();
    }
    return { kind, entries, skipped };
  }

  #entry(entry: unknown, kind: ReadRequest['kind'], reading: Reading): Entry {
    const bytes = () => Buffer.from(stringified(entry));
    if (!isObject(entry)) {
      return entryOf({}, new Taken().refuse(400, 'undecodable', 'the entry is no object'), bytes);
    }
    const resource = objectAt(entry, 'resource') ?? {};
    const taken =
      kind === 'transaction' || kind === 'batch' ? asked(entry, resource, reading) : told(resource, reading);
    return entryOf(resource, taken, bytes);
  }

  #reading(scope: Scope, source: string, sentAt: EpochMs | null, now: EpochMs): Reading {
    const [sender, codes, maxFutureSkewMs] = [this.#sender, this.#codes, this.#maxFutureSkewMs];
    return { sender, codes, source, scope, sentAt, now, maxFutureSkewMs };
  }
}

/** What stands in a bundle, each in its place whatever it is; null where it is no list. */
function entriesOf(bundle: Json): readonly unknown[] | null {
  const given = valueAt(bundle, 'entry');
  if (given === undefined) return [];
  if (isObject(given)) return [given];
  return Array.isArray(given) ? given : null;
}

/** What comes of an entry that says what is to be done. */
function asked(entry: Json, resource: Json, reading: Reading): Taken {
  const method = textAt(objectAt(entry, 'request'), 'method').toUpperCase();
  if (method === 'POST' || method === 'PUT') return translate(resource, reading);
  const what = method === '' ? 'an entry without method' : method.slice(0, 20);
  return new Taken().refuse(405, 'unsupported-message', `${what} is not taken: POST and PUT are`);
}

/** What comes of an entry that only tells. A bundle may carry more than is used here. */
function told(resource: Json, reading: Reading): Taken {
  if (isTaken(typeOf(resource))) return translate(resource, reading);
  const taken = new Taken();
  taken.ignore(`a ${typeOf(resource).slice(0, 60) || 'resource without type'} says nothing that is used`);
  return taken;
}

function entryOf(resource: Json, taken: Taken, bytes: () => Buffer): Entry {
  const ids = [textAt(resource, 'id'), typeOf(resource) === 'Patient' ? (taken.patientId ?? '') : ''];
  const id = ids.find((each) => ID.test(each)) ?? hashId(bytes().toString('latin1'));
  return { resource, taken, bytes, location: `${typeOf(resource)}/${id}` };
}

function parsed(body: Buffer): Json | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(body);
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** As JSON; empty where it is nested deeper than can be written. */
function stringified(entry: unknown): string {
  try {
    return JSON.stringify(entry);
  } catch {
    return '';
  }
}
