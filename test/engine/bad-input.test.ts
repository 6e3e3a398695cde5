import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { encode } from 'fast-png';
import { afterAll, expect, it } from 'vitest';
import type { ImagingMessage, MessageOf } from '../../src/contract/messages.js';
import { type InputTopic, TOPICS } from '../../src/contract/topics.js';
import { MessageCodec } from '../../src/events/codec.js';
import { DEAD_LETTER_REASONS, type DeadLetterReason } from '../../src/events/dead-letter.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { ack, adt, HOUR_MS, imaging, labs, note, START, treatment, vitals } from '../helpers.js';

const NOON = START + 2 * HOUR_MS;
const MEBIBYTE = 1_048_576;
const WARD = [
  ...simulateWard({ beds: 3, hours: 4, seed: 2, startTime: START, wardId: 'W', vitalsIntervalMs: 60_000 }),
];
const who = { patientId: 'x1', eventTime: NOON };
const id = (messageId: string) => ({ ...who, messageId });

type Record = MessageOf[keyof MessageOf] | Buffer;
/** Every way a message can be bad: where it comes in, what it is, what becomes of it. */
const BAD: readonly [InputTopic, Record, DeadLetterReason][] = [
  [TOPICS.vitals, Buffer.from('not Avro at all'), 'undecodable'],
  [
    TOPICS.labs,
    new MessageCodec().encode('LabResult', labs({ lactate: 2 }, id('cut'))).subarray(0, 30),
    'undecodable',
  ],
  [TOPICS.labs, Buffer.from('c301010203040506070800', 'hex'), 'unknown-schema'],
  [TOPICS.vitals, vitals({ heartRate: 80 }, { ...who, messageId: '' }), 'missing-id'],
  [
    TOPICS.vitals,
    vitals({ heartRate: 80 }, { eventTime: NOON, patientId: '', messageId: 'anonymous' }),
    'missing-id',
  ],
  [
    TOPICS.vitals,
    vitals({ heartRate: 80 }, { ...id('endless'), patientId: 'x'.repeat(600_000) }),
    'invalid-id',
  ],
  [TOPICS.vitals, vitals({ heartRate: 80 }, { ...id('unseen'), patientId: 'p\u200b1' }), 'invalid-id'],
  [TOPICS.vitals, vitals({ heartRate: 80 }, { ...id('nobody'), patientId: 'null' }), 'missing-id'],
  [TOPICS.vitals, vitals({}, id('nothing')), 'empty'],
  [TOPICS.notes, note('  ', id('silence')), 'empty'],
  [TOPICS.vitals, vitals({ phlogiston: 1 }, id('code')), 'unknown-code'],
  [
    TOPICS.vitals,
    { ...vitals({}, id('unit')), observations: [{ code: 'heartRate', value: 80, unit: 'mmol/L' }] },
    'unknown-unit',
  ],
  [TOPICS.treatments, treatment({ ...id('sedative'), drug: 'propofol' }), 'unknown-code'],
  [TOPICS.vitals, vitals({ heartRate: Number.NaN }, id('no number')), 'not-a-number'],
  [TOPICS.vitals, vitals({ temperature: -17.8 }, id('cold')), 'impossible-value'],
  [TOPICS.labs, labs({ ph: 735 }, id('sour')), 'impossible-value'],
  [TOPICS.vitals, vitals({ spo2: 0 }, id('off')), 'no-reading'],
  [TOPICS.vitals, vitals({ heartRate: 80 }, { ...id('tomorrow'), eventTime: NOON + 24 * HOUR_MS }), 'future'],
  [
    TOPICS.vitals,
    vitals({ heartRate: 80 }, { ...id('long ago'), patientId: 'late', eventTime: NOON - HOUR_MS }),
    'before-admission',
  ],
  [
    TOPICS.vitals,
    vitals({ heartRate: 80 }, { ...id('afterwards'), patientId: 'gone', eventTime: NOON }),
    'after-discharge',
  ],
  [TOPICS.imaging, imaging({ ...id('text'), image: Buffer.from('this is no picture') }), 'not-an-image'],
  [TOPICS.notes, note('x'.repeat(50 * MEBIBYTE), id('novel')), 'oversized'],
  [TOPICS.acks, ack('no such alert', { ...who, patientId: 'late', messageId: 'ack' }), 'unknown-alert'],
];

const FOLDER = temporaryFolder();
const PICTURE = Buffer.from(
  encode({ width: 2, height: 2, data: Uint8Array.of(0, 1, 2, 3), channels: 1, depth: 8 }),
);
const BOMB = Buffer.from(PICTURE);
BOMB.writeUInt32BE(60_000, 16);
BOMB.writeUInt32BE(60_000, 20);
/** Images that a network cannot look at: in a stay, they ask for a score as any image does. */
const BAD_IMAGES: readonly [Partial<ImagingMessage>, DeadLetterReason][] = [
  [{ image: PICTURE.subarray(0, 45), uri: null }, 'image-unreadable'],
  [{ image: BOMB, uri: null }, 'image-too-large'],
  [{ image: null, uri: 'https://example.org/picture.png' }, 'uri-refused'],
  [{ image: null, uri: `${FOLDER}none.png` }, 'uri-unavailable'],
];
const IMAGES = BAD_IMAGES.map(([content, reason]) => ({
  bad: imaging({ patientId: 'late', eventTime: NOON + HOUR_MS, messageId: reason, ...content }),
  // Another picture that is not used either, though nothing is wrong with it.
  good: imaging({
    patientId: 'late',
    eventTime: NOON + HOUR_MS,
    messageId: reason,
    image: PICTURE,
    bodySite: 'HAND',
  }),
}));

/** Stays that the bad messages need: one that begins at noon, one that is over by then. */
const STAYS: readonly SourceMessage[] = [
  message(TOPICS.adt, adt('ADMIT', { patientId: 'gone', messageId: 'g1', eventTime: START }), START),
  message(
    TOPICS.adt,
    adt('DISCHARGE', { patientId: 'gone', messageId: 'g2', eventTime: START + HOUR_MS }),
    START + HOUR_MS,
  ),
  message(TOPICS.adt, adt('ADMIT', { patientId: 'late', messageId: 'l1', eventTime: NOON }), NOON),
];

function temporaryFolder(): string {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  return `${pathToFileURL(directory).href}/`;
}

function message(topic: InputTopic, record: Record, eventTime: number): SourceMessage {
  const key = Buffer.isBuffer(record) ? 'x1' : record.patientId;
  return { topic, key, eventTime, record };
}

async function run(messages: readonly SourceMessage[]) {
  const inOrder = [...messages].sort((a, b) => a.eventTime - b.eventTime);
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const config = parseConfig({ encoders: { always: ['image'], imageUris: { allow: [FOLDER] } } });
  return replay({ counts, total: 0, messages: () => inOrder }, { config, speed: 'max' });
}

it('sets every kind of bad input aside with its reason, and scores everybody else as if it had not been there', async () => {
  const images = (which: 'good' | 'bad') =>
    IMAGES.map((each) => message(TOPICS.imaging, each[which], NOON + HOUR_MS));
  const clean = await run([...WARD, ...STAYS, ...images('good')]);
  const bad = await run([
    ...WARD,
    ...STAYS,
    ...images('bad'),
    ...BAD.map(([topic, record]) => message(topic, record, NOON + HOUR_MS)),
  ]);
  const expected: Partial<globalThis.Record<DeadLetterReason, number>> = {};
  for (const reason of [...BAD.map(([, , each]) => each), ...BAD_IMAGES.map(([, each]) => each)])
    expected[reason] = (expected[reason] ?? 0) + 1;
  // What only a door sets aside is tested there.
  const ofDoors = ['unknown-time', 'unsupported-message', 'withdrawn'];
  expect([...Object.keys(expected), ...ofDoors].sort()).toEqual([...DEAD_LETTER_REASONS].sort());
  expect(bad.deadLettersByReason).toEqual({ ...clean.deadLettersByReason, ...expected });
  expect(bad.deadLetters).toBe(clean.deadLetters + BAD.length + BAD_IMAGES.length);
  expect(bad.flagged).toEqual(Object.fromEntries(BAD_IMAGES.map(([, reason]) => [reason, 1])));
  expect(clean.flagged).toEqual({ 'not-a-chest-radiograph': BAD_IMAGES.length });
  expect(bad.scores).toBeGreaterThan(500);
  expect(bad.scoresDigest).toBe(clean.scoresDigest);
});
