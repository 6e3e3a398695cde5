import { describe, expect, it } from 'vitest';
import { type Answer, answerTo } from '../../../src/doors/fhir/answer.js';
import { Refused } from '../../../src/doors/fhir/request.js';
import { bundle, concept, NOW, observation, quantity, request } from './resources.js';

const GOOD = observation();
const BAD = observation({ valueQuantity: { value: 82 } });

function read(sent: unknown, ...rest: [sender?: object, type?: string, id?: string]) {
  const asked = request(sent, ...rest);
  const entries = asked instanceof Refused ? [] : asked.entries;
  const messages = entries.flatMap(({ taken }) => taken.messages);
  return { asked, entries, messages, answer: answerTo(asked, '', NOW) };
}

const outcome = ({ body }: Answer) =>
  body as { issue: { severity: string; code: string; expression?: string[] }[] };

describe('a transaction', () => {
  it('is used as a whole', () => {
    const { messages, answer } = read(
      bundle('transaction', [
        GOOD,
        observation({ code: concept('9279-1'), valueQuantity: quantity(14, '/min') }),
      ]),
    );
    expect([messages.length, answer.status]).toEqual([2, 200]);
    expect(answer.body).toMatchObject({
      type: 'transaction-response',
      entry: [{ response: { status: '201' } }, { response: { status: '201' } }],
    });
  });

  it('of which the third entry is wrong is not used at all', () => {
    const { messages, answer, entries } = read(bundle('transaction', [GOOD, GOOD, BAD]));
    expect([messages, answer.status]).toEqual([[], 422]);
    expect(outcome(answer).issue).toMatchObject([
      { severity: 'error', code: 'code-invalid', expression: ['Bundle.entry[2]'] },
    ]);
    expect(entries.map(({ taken }) => [taken.counts.used, taken.rejections.length])).toEqual([
      [0, 0],
      [0, 0],
      [0, 1],
    ]);
  });

  it('with an entry that is to be deleted, or says nothing, is refused', () => {
    const sent = bundle('transaction', [GOOD]) as { entry: { request: object }[] };
    sent.entry[0].request = { method: 'DELETE', url: 'Observation/1' };
    expect(read(sent).answer.status).toBe(422);
    const without = {
      ...bundle('transaction', [GOOD]),
      entry: [{ request: { method: 'POST', url: 'Observation' } }],
    };
    expect(read(without).answer.status).toBe(400);
    expect(read(bundle('transaction', [GOOD, { resourceType: 'Basic' }])).messages).toEqual([]);
  });
});

describe('entries that are no objects', () => {
  const ODD = [null, 'x', [], true, 7];

  it.each(ODD)('%j: a transaction is not used at all', (odd) => {
    const sent = bundle('transaction', [GOOD, GOOD]) as { entry: unknown[] };
    sent.entry.push(odd);
    const { messages, answer } = read(sent);
    expect([messages, answer.status]).toEqual([[], 400]);
    expect(outcome(answer).issue).toMatchObject([{ severity: 'error', expression: ['Bundle.entry[2]'] }]);
  });

  it.each(ODD)('%j: a batch answers each entry in its place', (odd) => {
    const sent = bundle('batch', [GOOD, GOOD]) as { entry: unknown[] };
    sent.entry.splice(1, 0, odd);
    const { messages, answer } = read(sent);
    expect([messages.length, answer.status]).toEqual([2, 200]);
    expect(answer.body).toMatchObject({
      entry: [
        { response: { status: '201' } },
        { response: { status: '400' } },
        { response: { status: '201' } },
      ],
    });
  });

  it('and a list that is none refuses the bundle', () => {
    for (const entry of ['x', 7, null, true]) {
      const { messages, answer } = read({ ...bundle('transaction', []), entry });
      expect([messages, answer.status]).toEqual([[], 400]);
    }
  });
});

describe('other bundles', () => {
  it('a batch is used entry by entry', () => {
    const { messages, answer } = read(bundle('batch', [GOOD, BAD, { resourceType: 'Basic' }]));
    expect([messages.length, answer.status]).toEqual([1, 200]);
    const { entry } = answer.body as { entry: { response: { status: string; location?: string } }[] };
    expect(entry.map(({ response }) => response.status)).toEqual(['201', '422', '404']);
    expect(entry[0].response.location).toMatch(/^Observation\/[0-9a-f]{32}$/);
  });

  const header = {
    resourceType: 'MessageHeader',
    id: 'm1',
    eventUri: 'urn:e',
    source: { endpoint: 'urn:s' },
  };

  it.each([
    ['what can be used is', [header, GOOD, BAD], 1, 200, 'ok'],
    ['what carries more than is used', [header, GOOD, { resourceType: 'Basic' }], 1, 200, 'ok'],
    ['none can be used', [header, BAD], 0, 422, 'fatal-error'],
  ])('a message is answered by a message: %s', (_, resources, count, status, code) => {
    const { messages, answer } = read(bundle('message', resources));
    expect([messages.length, answer.status]).toEqual([count, status]);
    expect(answer.body).toMatchObject({
      type: 'message',
      entry: [{ resource: { resourceType: 'MessageHeader', response: { identifier: 'm1', code } } }],
    });
  });

  it('a collection is read as far as it can be', () => {
    const { messages, answer } = read(bundle('collection', [GOOD, BAD]));
    expect([messages.length, answer.status, outcome(answer).issue.length]).toEqual([1, 200, 2]);
    expect(read(bundle('collection', [BAD])).answer.status).toBe(422);
    expect(read(bundle('collection', [])).answer.status).toBe(200);
  });

  it.each([
    ['history', [{ resourceType: 'Parameters' }, GOOD], 1],
    ['subscription-notification', [{ resourceType: 'SubscriptionStatus' }, GOOD], 1],
    ['history', [{ resourceType: 'Parameters' }], 0],
  ])('a notification of a subscription, of type %s, is read', (type, resources, count) => {
    const { messages, answer } = read(bundle(type, resources));
    expect([messages.length, answer.status]).toEqual([count, 200]);
  });

  it('has the time of what says none', () => {
    const sent = bundle('transaction', [observation({ effectiveDateTime: undefined })], {
      timestamp: '2026-01-14T09:00:00Z',
    });
    expect(read(sent).messages[0].eventTime).toBe(Date.UTC(2026, 0, 14, 9));
  });

  it.each([
    ['a document', bundle('document', [GOOD]), 422],
    ['a searchset', bundle('searchset', [GOOD]), 422],
    ['no type', { resourceType: 'Bundle' }, 422],
    ['a history of a server', bundle('history', [GOOD]), 422],
    ['a message without header', bundle('message', [GOOD]), 422],
    [
      'more entries than are taken',
      { resourceType: 'Bundle', type: 'batch', entry: new Array(10_001).fill({}) },
      413,
    ],
    ['text', 'hello', 400],
    ['a list', [GOOD], 400],
    ['no kind', {}, 400],
    ['bytes', Buffer.from([0xff, 0xfe]), 400],
  ])('%s is refused', (_, sent, status) => {
    expect(read(sent).answer.status).toBe(status);
  });
});

describe('one resource', () => {
  it('is known by its id', () => {
    expect(read({ ...GOOD, id: 'o1' }).answer).toMatchObject({ status: 201, location: 'Observation/o1' });
    expect(read(GOOD, {}, 'Observation', 'o2').answer).toMatchObject({
      status: 201,
      location: 'Observation/o2',
    });
    expect(read({ resourceType: 'Patient', identifier: [{ value: 'm1' }] }).answer.location).toBe(
      'Patient/m1',
    );
  });

  it.each([
    ['another kind than the path', [GOOD, {}, 'Patient'], 400],
    ['another id than the path', [{ ...GOOD, id: 'o1' }, {}, 'Observation', 'o2'], 400],
    ['a kind that is not taken', [{ resourceType: 'Basic' }], 404],
  ] as const)(
    'of %s is refused',
    (_, [sent, sender, type, id]: readonly [object, object?, string?, string?], status) => {
      expect(read(sent, sender, type, id).answer.status).toBe(status);
    },
  );

  it('is answered as its sender prefers', () => {
    const asked = request(GOOD);
    expect(answerTo(asked, 'return=minimal', NOW).body).toBeNull();
    expect(answerTo(asked, 'return=representation', NOW).body).toMatchObject({ resourceType: 'Observation' });
    expect(answerTo(asked, '', NOW).body).toMatchObject({ resourceType: 'OperationOutcome' });
  });

  it('that the sender’s file ignores is accepted', () => {
    const { answer, messages } = read({ resourceType: 'Basic' }, { ignore: ['Basic'] });
    expect([answer.status, messages]).toEqual([201, []]);
  });
});
