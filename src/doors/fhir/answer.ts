import { hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';
import { textAt } from './json.js';
import { type OperationOutcome, toldOf } from './outcome.js';
import { type Entry, type ReadRequest, Refused } from './request.js';

/** How a request is answered. */
export interface Answer {
  readonly status: number;
  /** Where the resource is known from now on, after `/fhir/`; null of a bundle, and of what is refused. */
  readonly location: string | null;
  /** Null: none was asked for. */
  readonly body: object | null;
}

/** The answer to a request; `prefer` is its header of that name. */
export function answerTo(read: ReadRequest | Refused, prefer: string, now: EpochMs): Answer {
  if (read instanceof Refused) return { status: read.taken.status, location: null, body: toldOf(read.taken) };
  const { kind, entries, skipped } = read;
  const bad = entries.filter(({ taken }) => taken.isRefused);
  switch (kind) {
    case 'single':
      return single(entries[0], prefer);
    case 'transaction':
      if (bad.length > 0)
        return {
          status: statusOf(bad),
          location: null,
          body: outcomesOf(read, ({ taken }) => taken.isRefused),
        };
      return { status: 200, location: null, body: responses('transaction-response', entries) };
    case 'batch':
      return { status: 200, location: null, body: responses('batch-response', entries) };
    case 'collection':
      return { status: allBad(read) ? 422 : 200, location: null, body: outcomesOf(read, () => true) };
    case 'message': {
      const outcome = { ...outcomesOf(read, () => true), id: 'outcome' };
      const response = {
        identifier: textAt(skipped[0], 'id'),
        code: allBad(read) ? 'fatal-error' : 'ok',
        details: { reference: '#outcome' },
      };
      const answer = {
        resourceType: 'MessageHeader',
        id: hashId('fhir-answer', response.identifier, now),
        eventUri: textAt(skipped[0], 'eventUri') || 'urn:wardstream:message',
        source: { endpoint: 'urn:wardstream:fhir' },
        response,
        contained: [outcome],
      };
      const bundle = {
        resourceType: 'Bundle',
        type: 'message',
        timestamp: iso(now),
        entry: [{ resource: answer }],
      };
      return { status: allBad(read) ? 422 : 200, location: null, body: bundle };
    }
  }
}

function single({ taken, resource, location }: Entry, prefer: string): Answer {
  const { status } = taken;
  if (taken.isRefused) return { status, location: null, body: toldOf(taken) };
  if (/return=minimal/.test(prefer)) return { status, location, body: null };
  return { status, location, body: /return=representation/.test(prefer) ? resource : toldOf(taken) };
}

/** Nothing of it could be used, and something should have been. */
function allBad({ entries }: ReadRequest): boolean {
  const isUsed = entries.some(({ taken }) => taken.messages.length > 0);
  return !isUsed && entries.some(({ taken }) => taken.isRefused);
}

function statusOf(bad: readonly Entry[]): number {
  return bad.some(({ taken }) => taken.status === 400) ? 400 : 422;
}

function responses(type: string, entries: readonly Entry[]): object {
  const entry = entries.map(({ taken, location }) => ({
    response: {
      status: `${taken.status}`,
      ...(taken.isRefused ? {} : { location }),
      outcome: toldOf(taken),
    },
  }));
  return { resourceType: 'Bundle', type, entry };
}

/** What is to be said of these entries, each issue with the place of its entry in the bundle. */
function outcomesOf({ entries, skipped }: ReadRequest, told: (entry: Entry) => boolean): OperationOutcome {
  const issue = entries.flatMap((entry, index) =>
    told(entry)
      ? toldOf(entry.taken).issue.map((each) => ({
          ...each,
          expression: [`Bundle.entry[${skipped.length + index}]`],
        }))
      : [],
  );
  if (issue.length > 0) return { resourceType: 'OperationOutcome', issue };
  const diagnostics = 'there is nothing in it';
  return {
    resourceType: 'OperationOutcome',
    issue: [{ severity: 'information', code: 'informational', diagnostics }],
  };
}

function iso(time: EpochMs): string {
  return new Date(time).toISOString();
}
