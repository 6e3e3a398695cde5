import { Kafka, logLevel, Partitioners } from 'kafkajs';
import { describe, expect, it } from 'vitest';
import { WALL_CLOCK } from '../../../src/clock.js';
import type { VitalSignsMessage } from '../../../src/contract/messages.js';
import { INPUT_TOPICS, TOPICS } from '../../../src/contract/topics.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { simulateWard } from '../../../src/simulate/ward.js';
import { bytesOf } from '../../../src/sources/source.js';
import { adt } from '../../helpers.js';
import { startBroker } from '../kafka/broker.js';
import { undisturbed } from './history.js';
import { broker, messages, reference, scene, setTheStage } from './stage.js';

const MINUTE_MS = 60_000;
setTheStage(startBroker);

/** Runs one engine over all that is there. */
async function runThrough(more: object = {}): Promise<void> {
  const engine = await scene.run(more);
  await scene.until(1);
  expect(await engine.stop()).toBe(0);
}

describe('input that is not as it should be', () => {
  it('poison on every topic is set aside, and changes nothing', async () => {
    const vitals = bytesOf(messages.find(({ topic }) => topic === TOPICS.vitals)!, scene.codec);
    const poison = [
      { key: 'nobody', value: null },
      { key: null, value: Buffer.from('not Avro') },
      { key: 'p', value: vitals.subarray(0, vitals.length - 3) },
      { key: 'p', value: Buffer.concat([Buffer.from([0xc3, 0x01]), Buffer.alloc(8, 7), vitals]) },
      { key: 'p', value: Buffer.alloc(100_000, 0xff) },
    ];
    const kafka = new Kafka({ brokers: broker.brokers, logLevel: logLevel.NOTHING });
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner });
    await producer.connect();
    const spoil = async () => {
      for (const topic of INPUT_TOPICS) {
        await producer.send({ topic: scene.bus.topicPrefix + topic, messages: poison });
      }
    };
    await spoil();
    await scene.produce(messages);
    await spoil();
    await producer.disconnect();
    // The stays have dead letters of their own: all are kept, however many there are in a second.
    await runThrough({ limits: { deadLetters: { letters: 10_000 } } });
    await scene.expectResults(reference);
    const letters = await scene.deadLetters();
    for (const topic of INPUT_TOPICS) {
      const reasons = letters.filter((letter) => letter.topic === topic).map(({ reason }) => reason);
      const bad = reasons.filter((reason) => ['undecodable', 'unknown-schema'].includes(reason));
      // A send that was tried again on a topic just made may be in its log twice.
      expect(bad.length, topic).toBeGreaterThanOrEqual(2 * poison.length);
    }
  });

  it('sent twice, each message and then everything again, changes nothing', async () => {
    await scene.produce(messages.flatMap((message) => [message, message]));
    await scene.produce(messages);
    await runThrough();
    await scene.expectResults(reference);
  });

  it('read at very different speeds from its topics is scored in order all the same', async () => {
    // So much in each message that vital signs take many fetches, and laboratory results one.
    const ward = messages.filter(({ eventTime }) => eventTime < messages[0].eventTime + 48 * 60 * MINUTE_MS);
    const heavy = ward.map((message) => {
      if (message.topic !== TOPICS.vitals) return message;
      const record = { ...(message.record as VitalSignsMessage), source: 'monitor '.repeat(1000) };
      return { ...message, record };
    });
    const discharges = [...new Set(ward.map(({ key }) => key))].map((patientId) =>
      discharge(patientId, messages[0].eventTime + 48 * 60 * MINUTE_MS),
    );
    const expected = await undisturbed([...heavy, ...discharges]);
    await scene.produce([...heavy, ...discharges]);
    await runThrough({ align: { maxWaiting: 20 } });
    await scene.expectResults(expected);
  });

  it('of producers whose clocks are ten minutes ahead or behind is neither lost nor in disorder', async () => {
    const now = Math.floor(WALL_CLOCK.now() / 1000) * 1000;
    const ward = (wardId: string, seed: number, endTime: number) => [
      ...simulateWard({ beds: 8, hours: 6, seed, startTime: endTime - 360 * MINUTE_MS, wardId }),
    ];
    const shift = (wardMessages: readonly SourceMessage[], byMs: number): SourceMessage[] =>
      wardMessages.map((message) => {
        const record = message.record as { eventTime: number; observedAt?: number | null };
        const eventTime = record.eventTime + byMs;
        const observedAt = record.observedAt == null ? null : record.observedAt + byMs;
        const shifted = { ...record, eventTime, ...('observedAt' in record ? { observedAt } : {}) };
        return { ...message, eventTime, record: shifted } as SourceMessage;
      });
    // The newest of these lie half a minute beyond the engine's clock.
    const ahead = shift(ward('AHEAD', 1, now - 9.5 * MINUTE_MS), 10 * MINUTE_MS);
    const behind = shift(ward('BEHIND', 2, now - MINUTE_MS), -10 * MINUTE_MS);
    const mixed = ward('MIXED', 3, now - 12 * MINUTE_MS);
    const skewed = [
      ...ahead,
      ...behind,
      ...mixed.filter(({ topic }) => topic !== TOPICS.labs),
      ...shift(
        mixed.filter(({ topic }) => topic === TOPICS.labs),
        10 * MINUTE_MS,
      ),
    ];
    const last = new Map<string, number>();
    for (const { key, eventTime } of skewed) last.set(key, Math.max(eventTime, last.get(key) ?? 0));
    const all = [...skewed, ...[...last].map(([key, time]) => discharge(key, time + 1))];
    const expected = await undisturbed(all);
    const inOrderOfSending = [...all].sort((a, b) => a.eventTime - b.eventTime);
    await scene.produce(inOrderOfSending);
    await runThrough();
    await scene.expectResults(expected);
    // The monitors send 0 where a line reads nothing.
    const letters = (await scene.deadLetters()).filter(({ reason }) => reason !== 'no-reading');
    expect(letters).toEqual([]);
  });
});

function discharge(patientId: string, eventTime: number): SourceMessage {
  const record = adt('DISCHARGE', { patientId, eventTime, messageId: `${patientId}:out` });
  return { topic: TOPICS.adt, key: patientId, eventTime, record };
}
