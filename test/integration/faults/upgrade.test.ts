import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { KafkaBus } from '../../../src/bus/kafka.js';
import type { AlertMessage, RiskScoreMessage } from '../../../src/contract/messages.js';
import { TOPICS } from '../../../src/contract/topics.js';
import { DecodeFailure } from '../../../src/events/codec.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { simulateWard } from '../../../src/simulate/ward.js';
import { adt } from '../../helpers.js';
import { COPIED, copyModel, copyReadingNotes } from '../../model-copies.js';
import { startBroker } from '../kafka/broker.js';
import { scoresIn } from './history.js';
import { messages, middle, reference, scene, setTheStage } from './stage.js';

const HOUR_MS = 3_600_000;
const BEDS = 6;
const HOURS = 30;
const OLD = COPIED;
/** It reads notes, which the other one leaves aside. */
const NEW = 'reads-notes';
setTheStage(startBroker);

/** A directory of both models. */
function models(): string {
  const directory = join(scene.directory, 'models');
  copyModel(directory, OLD);
  copyReadingNotes(directory, NEW, { size: 512, encoder: 'use-lite-en' });
  return directory;
}

/** A ward with notes; all are discharged, so that every alert comes to its end. */
function ward(): SourceMessage[] {
  const startTime = Date.UTC(2026, 0, 5);
  const vitalsIntervalMs = HOUR_MS / 6;
  const stays = [
    ...simulateWard({ beds: BEDS, hours: HOURS, seed: 11, startTime, wardId: 'W', vitalsIntervalMs }),
  ];
  const eventTime = startTime + (HOURS + 1) * HOUR_MS;
  const ends = [...new Set(stays.map(({ key }) => key))].map((patientId) => {
    const record = adt('DISCHARGE', { patientId, eventTime, messageId: `${patientId}:out` });
    return { topic: TOPICS.adt, key: patientId, eventTime, record };
  });
  return [...stays, ...ends];
}

/** Makes every snapshot one of a layout that nobody knows. */
async function spoilSnapshots(): Promise<number> {
  const bus = await KafkaBus.open(scene.bus);
  const partitions = Array.from({ length: scene.bus.partitions }, (_, partition) => partition);
  const entries = await bus.state.restore(partitions, (entry) => entry);
  await bus.state.write(
    entries.map(({ key, partition, value }) => {
      const snapshot = scene.codec.decode('PatientSnapshot', value);
      if (snapshot instanceof DecodeFailure) throw new Error(snapshot.detail);
      return {
        key,
        partition,
        value: scene.codec.encode('PatientSnapshot', { ...snapshot, formatVersion: 99 }),
      };
    }),
  );
  await bus.close();
  return entries.length;
}

describe('an engine that finds snapshots of another layout', () => {
  it('reads their past again from the input and goes on: nothing lost, nothing repeated', async () => {
    await scene.produce(messages.slice(0, middle));
    const before = await scene.run();
    await scene.until(1);
    expect(await before.stop()).toBe(0);
    const spoilt = await spoilSnapshots();
    expect(spoilt).toBeGreaterThan(50);
    await scene.produce(messages.slice(middle));
    const after = await scene.run();
    await scene.until(1);
    expect(after.said()).toContain('are of another layout or model: their past is read again');
    expect(await after.stop()).toBe(0);
    await scene.expectResults(reference);
  });
});

describe.each([
  { from: OLD, to: NEW, isReadAgain: true, how: 'that reads notes too: the past is read again' },
  { from: NEW, to: OLD, isReadAgain: false, how: 'that reads less: its cache is computed anew' },
])('an engine that comes back with another model, $how', ({ from, to, isReadAgain }) => {
  it('scores from there as that model would have all along, and no alert is lost or doubled', async () => {
    const stays = ward();
    const directory = models();
    const half = stays.filter(({ eventTime }) => eventTime < stays[0].eventTime + (HOURS / 2) * HOUR_MS);
    await scene.produce(half);
    const before = await scene.run({ model: { directory, version: from } });
    await scene.until(1);
    expect(await before.stop()).toBe(0);
    await scene.produce(stays.filter((message) => !half.includes(message)));
    const after = await scene.run({ model: { directory, version: to } });
    await scene.until(1);
    expect(after.said().includes('their past is read again')).toBe(isReadAgain);
    expect(await after.stop()).toBe(0);

    const references = new Map<string, ReadonlyMap<string, number>>();
    for (const version of [from, to]) references.set(version, await scoresIn(stays, { directory, version }));
    const given = new Map<string, string>();
    for (const score of await scene.read<RiskScoreMessage>(TOPICS.scores, 'RiskScore')) {
      const { patientId, eventTime, modelVersion, mortality } = score;
      const moment = `${patientId} ${eventTime}`;
      expect(mortality, `${moment} of ${modelVersion}`).toBe(references.get(modelVersion)?.get(moment));
      expect(given.get(moment) ?? modelVersion).toBe(modelVersion);
      given.set(moment, modelVersion);
    }
    expect([...given.keys()].sort()).toEqual([...references.get(to)!.keys()].sort());
    expect(new Set(given.values())).toEqual(new Set([from, to]));

    const alerts = new Map<string, AlertMessage[]>();
    for (const alert of await scene.read<AlertMessage>(TOPICS.alerts, 'Alert')) {
      const records = alerts.get(alert.alertId) ?? [];
      records[alert.sequence] = alert;
      alerts.set(alert.alertId, records);
    }
    const spans = [...alerts.values()].map((records) => {
      expect(Object.keys(records)).toHaveLength(records.length);
      expect([records[0].state, records.at(-1)!.state]).toEqual(['RAISED', 'RESOLVED']);
      const { patientId, rule } = records[0];
      return { what: `${patientId} ${rule}`, from: records[0].eventTime, to: records.at(-1)!.eventTime };
    });
    const cut = half.at(-1)!.eventTime;
    expect(spans.some((span) => span.from < cut && span.to > cut)).toBe(true);
    for (const span of spans) {
      const others = spans.filter((other) => other !== span && other.what === span.what);
      expect(others.filter((other) => other.from < span.to && span.from < other.to)).toEqual([]);
    }
  });
});
