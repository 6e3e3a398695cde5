import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import type { EventBus, OutgoingMessage } from '../../src/bus/bus.js';
import type { VerdictMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import { BusSink } from '../../src/engine/bus-sink.js';
import { emptyOutputs, type Outputs } from '../../src/engine/outputs.js';
import { verdictsOf } from '../../src/engine/verdicts.js';
import { MessageCodec } from '../../src/events/codec.js';
import type { NoteClinicalEvent } from '../../src/events/event.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { factsOf } from '../../src/notes/facts.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { adt, eventOf, HOUR_MS, labs, note, START, treatment, vitals } from '../helpers.js';

const NOON = START + 12 * HOUR_MS;
const who = (messageId: string, eventTime = NOON) => ({ patientId: 'p1', messageId, eventTime });

/** What the engine says of a history, in the order of its topics. */
async function said(
  records: readonly (readonly [keyof typeof TOPICS, SourceMessage['record'], at?: number])[],
) {
  const messages = records.map(([topic, record, at]) => {
    const { patientId: key, eventTime: its } = record as { patientId: string; eventTime: number };
    const eventTime = at ?? its;
    return { topic: TOPICS[topic], key, eventTime, record } as SourceMessage;
  });
  const counts = { patients: 1, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const verdicts: VerdictMessage[] = [];
  const write = async (outputs: Outputs) => {
    verdicts.push(...outputs.verdicts);
  };
  const source = { counts, total: 1, messages: () => messages };
  let isUnderWay = () => false;
  await replay(source, {
    config: parseConfig({}),
    speed: 'max',
    sinks: [{ write }],
    asksModel: false,
    onOpened: ({ engine, bus }) => {
      isUnderWay = () => bus.unread > 0 || engine.inFlight > 0;
    },
    // Each moment is over before the next comes: what is late is late.
    pace: {
      reach: async () => {
        while (isUnderWay()) await sleep(1);
        return true;
      },
    },
  });
  const told = verdicts.map(({ topic, offset, outcome, reason, values }) => [
    topic.slice('ward.'.length),
    offset,
    reason === '' ? outcome : `${outcome}: ${reason}`,
    ...values.map(({ index, verdict, reason: why }) => `${index} ${verdict}: ${why}`),
  ]);
  return told.map((parts) => parts.join(', ')).sort();
}

it('of what was simply used nothing is said; of all else what became of it', async () => {
  const mixed = vitals({ phlogiston: 1, heartRate: 80, temperature: -17.8, spo2: 0 }, who('mixed'));
  expect(
    await said([
      ['adt', adt('ADMIT', { ...who('a'), wardId: 'W' })],
      ['vitals', vitals({ heartRate: 80 }, who('used'))],
      ['vitals', vitals({ heartRate: 80 }, who('used'))],
      ['vitals', mixed],
      ['labs', labs({ lactate: 2 }, who('future', NOON + 24 * HOUR_MS)), NOON],
      ['labs', labs({ phlogiston: 2 }, who('nothing'))],
      ['treatments', treatment(who('pump', NOON))],
      ['vitals', vitals({ heartRate: 85 }, who('new', NOON + HOUR_MS))],
      ['vitals', vitals({ heartRate: 85 }, who('newer', NOON + 2 * HOUR_MS))],
      ['labs', labs({ lactate: 2 }, who('before', START)), NOON + 2 * HOUR_MS],
      ['notes', note('Breathes well.', who('late', NOON + 1000)), NOON + 2 * HOUR_MS],
      ['adt', adt('DISCHARGE', who('d', NOON + 2.5 * HOUR_MS))],
      ['vitals', vitals({ heartRate: 0 }, who('gone', NOON + 3 * HOUR_MS))],
    ]),
  ).toEqual([
    'labs, 0, set-aside: future',
    'labs, 1, set-aside: unknown-code, 0 set-aside: unknown-code',
    'labs, 2, set-aside: before-admission',
    'notes, 0, late',
    'vitals, 1, duplicate',
    // Of the place of the values in the message, not among those that are left of it.
    'vitals, 2, used, 0 set-aside: unknown-code',
    'vitals, 2, used, 2 artefact: impossible, 3 artefact: no-reading',
    'vitals, 5, set-aside: after-discharge',
  ]);
});

it('of a note: the values that became the patient’s, with the sentence', async () => {
  const text = 'Comfortable. Lactate 3.5 mmol/L. Goal MAP 65.';
  const event = eventOf('notes', note(text, who('n'))) as NoteClinicalEvent;
  event.facts = factsOf(text);
  const [{ derived }] = verdictsOf([event]);
  const told = derived.map(({ variable, value, start, end }) => [variable, value, text.slice(start, end)]);
  expect(told).toEqual([['lactate', 3.5, expect.stringContaining('Lactate 3.5')]]);
  event.fate = 'duplicate';
  event.isRepeated = true;
  expect(verdictsOf([event])[0].derived).toEqual([]);
});

it('of a message that is only read again nothing is said; of very many values in several records', () => {
  const event = eventOf('vitals', vitals({ heartRate: 0 }, who('m')));
  event.verdicts = new Uint8Array(2500).fill(1);
  expect(verdictsOf([event]).map(({ values }) => [values[0].index, values.length])).toEqual([
    [0, 1000],
    [1000, 1000],
    [2000, 500],
  ]);
  event.isRepeated = true;
  expect(verdictsOf([event])).toEqual([]);
});

it('it goes to the partition of the input, and behind it how far that is decided on, once', async () => {
  const codec = new MessageCodec();
  const produced: [number | undefined, VerdictMessage][] = [];
  const produce = async (topic: string, messages: readonly OutgoingMessage[]) => {
    if (topic !== TOPICS.verdicts) return;
    for (const { partition, value } of messages)
      produced.push([partition, codec.decode('Verdict', value!) as VerdictMessage]);
  };
  const sink = new BusSink({ produce, partitionOf: () => 0 } as unknown as EventBus, codec, 'v');
  const event = eventOf('vitals', vitals({ heartRate: 0 }, who('m')), {
    topic: TOPICS.vitals,
    partition: 3,
    offset: 8,
  });
  event.fate = 'late';
  const positions = [
    { topic: TOPICS.vitals, partition: 3, offset: 9, from: 4 },
    { topic: TOPICS.labs, partition: 3, offset: 2 },
    { topic: TOPICS.vitals, partition: 1, offset: 5 },
  ];
  await sink.write({ ...emptyOutputs(), verdicts: verdictsOf([event]), positions });
  await sink.write({ ...emptyOutputs(), positions });
  await sink.flush();
  await sink.write({ ...emptyOutputs(), positions: [{ ...positions[1], offset: 3 }] });
  await sink.close();
  const of = (partition: number) =>
    produced.flatMap(([at, { offset, through }]) => (at === partition ? [[offset, through]] : []));
  expect(of(3)).toEqual([
    [8, []],
    [
      -1,
      [
        { topic: TOPICS.vitals, from: 4, offset: 9 },
        { topic: TOPICS.labs, from: 0, offset: 2 },
      ],
    ],
    [-1, [{ topic: TOPICS.labs, from: 0, offset: 3 }]],
  ]);
  expect(of(1)).toEqual([[-1, [{ topic: TOPICS.vitals, from: 0, offset: 5 }]]]);
  expect(of(0)).toEqual([]);
});
