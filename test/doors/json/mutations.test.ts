import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RECORD_OF_TOPIC } from '../../../src/contract/topics.js';
import { PLAIN_SENDER } from '../../../src/doors/hl7/sender.js';
import { ITEM_KINDS } from '../../../src/doors/json/items.js';
import { openJsonDoor } from '../../../src/doors/json/json-door.js';
import { MessageCodec } from '../../../src/events/codec.js';
import { DEFAULT_LIMITS, parseConfig } from '../../../src/settings/config.js';
import type { JsonDoorConfig } from '../../../src/settings/doors.js';
import { NOW, openDoor } from '../http-senders.js';

const TIME = '2026-01-14T10:10:00+01:00';
const OBSERVATIONS = [
  { code: '8867-4', value: 80, unit: '/min' },
  { code: '2524-7', value: '<0.3', unit: 'mmol/L' },
];
const ITEMS = {
  observations: {
    patientId: 'p1',
    time: TIME,
    observedAt: TIME,
    specimenId: 'S1',
    observations: OBSERVATIONS,
  },
  admissions: {
    patientId: 'p1',
    time: TIME,
    type: 'ADMIT',
    wardId: 'ICU',
    bedId: '5',
    ageYears: 66,
    sex: 'MALE',
  },
  notes: { patientId: 'p1', time: TIME, text: 'On high flow oxygen.', noteType: 'nursing', language: 'en' },
};
const KINDS = Object.keys(ITEMS) as (keyof typeof ITEMS)[];
const CODEC = new MessageCodec();

const ODD = [
  'null',
  '1e999',
  '-0',
  '"\\ud800"',
  '"__proto__"',
  '""',
  '[]',
  '{}',
  '1e-320',
  '"2026-02-30T10:00Z"',
  '"1e3"',
  '"\\u0000"',
  '"８０"',
];

/** A sound item in which a value is another one, a field is gone, or the text is broken. */
function mutated(kind: keyof typeof ITEMS) {
  const sound = JSON.stringify(ITEMS[kind]);
  const value = fc.oneof(
    fc.constantFrom(...ODD),
    fc.json(),
    fc.string().map((text) => JSON.stringify(text)),
  );
  const values = [...sound.matchAll(/(?<=:)(?:"[^"]*"|[\d.]+)/g)];
  const replaced = fc.tuple(fc.nat(values.length - 1), value).map(([at, by]) => {
    const [old] = values[at];
    const { index } = values[at];
    return sound.slice(0, index) + by + sound.slice(index + old.length);
  });
  const renamed = fc.tuple(fc.constantFrom(...Object.keys(ITEMS[kind])), fc.string()).map(([name, by]) => {
    return sound.replace(JSON.stringify(name), JSON.stringify(by));
  });
  const broken = fc
    .tuple(fc.nat(sound.length), fc.nat(9), fc.string({ maxLength: 9 }))
    .map(([at, length, by]) => {
      return sound.slice(0, at) + by + sound.slice(at + length);
    });
  return fc.oneof(replaced, renamed, broken, fc.json());
}

const CASES = fc.oneof(...KINDS.map((kind) => fc.tuple(fc.constant(kind), mutated(kind))));

describe('mutated JSON', () => {
  it('is used or told of, and the log can hold what comes out', () => {
    const reading = { sender: PLAIN_SENDER, source: 's', now: NOW, limits: DEFAULT_LIMITS };
    let used = 0;
    let refused = 0;
    fc.assert(
      fc.property(CASES, ([kind, text]) => {
        let item: unknown;
        try {
          item = JSON.parse(text);
        } catch {
          return;
        }
        const { messages, rejections, counts, unmapped } = ITEM_KINDS[kind].read(item, reading);
        for (const { topic, record } of messages) CODEC.encode(RECORD_OF_TOPIC[topic], record as never);
        expect(messages.length + rejections.length + unmapped.length + counts.ignored).toBeGreaterThan(0);
        expect(rejections.every(({ detail }) => detail.length > 0)).toBe(true);
        if (messages.length > 0) used++;
        else refused++;
      }),
      { numRuns: 10_000 },
    );
    // Neither side of it is empty.
    expect(Math.min(used, refused)).toBeGreaterThan(500);
  });

  it('is answered', async () => {
    const [config] = parseConfig({ doors: [{ kind: 'json', port: 0 }] }).doors as JsonDoorConfig[];
    const { url } = await openDoor((context) => openJsonDoor(config, context));
    const types = fc.constantFrom('application/json', 'application/x-ndjson');
    await fc.assert(
      fc.asyncProperty(CASES, types, async ([kind, body], type) => {
        const headers = { 'content-type': type, authorization: 'Bearer fuzz' };
        const response = await fetch(`${url}/ingest/${kind}`, { method: 'POST', headers, body });
        expect([200, 207, 400, 422]).toContain(response.status);
        expect(await response.json()).toHaveProperty(response.status === 400 ? 'detail' : 'refused');
      }),
      { numRuns: 200 },
    );
  });
});
