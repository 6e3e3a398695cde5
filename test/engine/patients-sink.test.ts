import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { PatientState } from '../../src/align/patient.js';
import type { OutgoingMessage, TailBatch } from '../../src/bus/bus.js';
import { MemoryBus } from '../../src/bus/memory.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import type { PatientNowMessage } from '../../src/contract/now-messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import { Epochs } from '../../src/engine/epochs.js';
import { PatientsSink } from '../../src/engine/patients-sink.js';
import { MessageCodec } from '../../src/events/codec.js';
import { adt, alert, eventOf, HOUR_MS, outputsOf, START, score } from '../helpers.js';

const codec = new MessageCodec();

function stay(patientId = 'p1'): PatientState {
  const event = eventOf('adt', adt('ADMIT', { patientId, wardId: 'W' }));
  return new PatientState(event, { stepMs: HOUR_MS, steps: 4 }, 16);
}

/** A sink, and what it has written, decoded: null for a tombstone. */
async function written(bus = new MemoryBus({ partitions: 1, capacity: 100 }), known?: readonly string[]) {
  const records: (readonly [key: string, now: PatientNowMessage | null])[] = [];
  const batch = ({ records: some }: TailBatch) => {
    for (const { key, value } of some) {
      const now = value === null ? null : (codec.decode('PatientNow', value) as PatientNowMessage);
      records.push([key, now]);
    }
  };
  await bus.tail([{ topic: TOPICS.patients, from: 'beginning' }], { begun: () => undefined, batch });
  const said = { known: new Set(known), overwritten: new Set<string>(), epoch: 0 };
  const look = known === undefined ? {} : { logged: async () => said };
  const sink = new PatientsSink(bus, codec, { engine: 'a', ...look });
  return { sink, records };
}

describe('what an engine writes of a patient', () => {
  it('is where they lie, what was measured, foretold and alarmed, and how far the input is in it', async () => {
    const { sink, records } = await written();
    const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    values[variableIndex('heartRate')] = 80;
    const ages = new Float32Array(VARIABLE_COUNT).fill(60_000);
    const scored = score(60, 0.25, { values, ages, news2: 3, bedId: '7' });
    const positions = [{ topic: TOPICS.vitals, partition: 0, offset: 12 }];
    await sink.write(outputsOf({ admitted: [stay()], scores: [scored], alerts: [alert('a')], positions }));
    await sink.flush();
    const [[key, now]] = records;
    expect([key, records.length]).toEqual(['p1', 1]);
    expect(now).toMatchObject({
      patientId: 'p1',
      wardId: 'W',
      bedId: '7',
      eventTime: START + HOUR_MS,
      scoredAt: START + HOUR_MS,
      mortality: 0.25,
      news2: 3,
      mortalityHistory: [{ at: START + HOUR_MS, mortality: 0.25 }],
      values: [{ variable: 'heartRate', value: 80, unit: '/min', at: START + HOUR_MS - 60_000 }],
      engine: 'a',
      partition: 0,
      positions: { 'ward.vitals': 12 },
    });
    const [open] = now!.alerts.map((bytes) => codec.decode('Alert', bytes) as AlertMessage);
    expect(open).toMatchObject({ alertId: 'a', state: 'RAISED' });
    await sink.write(outputsOf({ alerts: [alert('a', 1, { state: 'RESOLVED' })] }));
    await sink.flush();
    expect(records.at(-1)?.[1]?.alerts).toEqual([]);
  });

  it('comes at most every 150 ms, the newest then', async () => {
    const { sink, records } = await written();
    await sink.write(outputsOf({ admitted: [stay()] }));
    const began = performance.now();
    let minute = 0;
    while (performance.now() - began < 500) {
      await sink.write(outputsOf({ scores: [score(++minute, 0.2)] }));
      await sleep(5);
    }
    await sink.flush();
    const rounds = (performance.now() - began) / 150;
    expect(records.length).toBeGreaterThan(1);
    expect(records.length).toBeLessThanOrEqual(Math.ceil(rounds) + 1);
    expect(records.at(-1)?.[1]?.eventTime).toBe(START + minute * 60_000);
  });

  it('is nothing where nothing that a ward would see has changed', async () => {
    const { sink, records } = await written();
    await sink.write(outputsOf({ admitted: [stay()] }));
    await sink.flush();
    await sink.write(outputsOf({ positions: [{ topic: TOPICS.vitals, partition: 0, offset: 1 }] }));
    await sink.flush();
    expect(records).toHaveLength(1);
  });

  it('ends with the last record and a tombstone; who is admitted anew in the same batch has none', async () => {
    const { sink, records } = await written();
    const first = stay();
    await sink.write(outputsOf({ admitted: [first], scores: [score(1, 0.2)] }));
    await sink.flush();
    const resolved = alert('a', 1, { state: 'RESOLVED' });
    await sink.write(outputsOf({ scores: [score(2, 0.3)], alerts: [resolved], discharged: [first] }));
    await sink.flush();
    expect(records.map(([, now]) => now?.mortality ?? null)).toEqual([0.2, 0.3, null]);
    const event = eventOf('adt', adt('ADMIT', { eventTime: START + HOUR_MS }));
    const again = new PatientState(event, { stepMs: HOUR_MS, steps: 4 }, 16);
    await sink.write(outputsOf({ admitted: [stay()] }));
    await sink.flush();
    await sink.write(outputsOf({ admitted: [again], discharged: [first] }));
    await sink.flush();
    expect(records.at(-1)?.[1]?.stayId).toBe(again.stayId);
    expect(records.slice(3)).toHaveLength(2);
  });

  it('of somebody from a snapshot is nothing before something changes, unless the log has lost them', async () => {
    const { sink, records } = await written(undefined, ['p1']);
    const restored = ['p1', 'p2'].map((patientId) => ({ patient: stay(patientId), alerts: [] }));
    await sink.write(outputsOf({ restored }));
    await sink.flush();
    expect(records.map(([key, now]) => [key, now?.restored])).toEqual([['p2', true]]);
    await sink.write(outputsOf({ scores: [score(1, 0.2)] }));
    await sink.flush();
    expect(records.map(([key, now]) => [key, now?.restored])).toEqual([
      ['p2', true],
      ['p1', false],
    ]);
  });

  it('stops with the patients of a partition that another engine has now', async () => {
    const { sink, records } = await written();
    await sink.write(outputsOf({ admitted: [stay()] }));
    await sink.flush();
    await sink.write(outputsOf({ released: [{ patientId: 'p1', partition: 0 }] }));
    await sink.write(outputsOf({ scores: [score(1, 0.2)] }));
    await sink.flush();
    expect(records).toHaveLength(1);
  });

  it('is waited for up to what had changed, however much changes meanwhile', async () => {
    class SlowBus extends MemoryBus {
      override async append(topic: string, messages: readonly OutgoingMessage[]) {
        await sleep(10);
        return super.append(topic, messages);
      }
    }
    const { sink, records } = await written(new SlowBus({ partitions: 1, capacity: 10_000 }));
    let isFlushed = false;
    await sink.write(outputsOf({ admitted: [stay()], scores: [score(1, 0.2)] }));
    const flushed = sink.flush().then(() => {
      isFlushed = true;
    });
    for (let minute = 2; !isFlushed && minute < 500; minute++) {
      await sink.write(outputsOf({ scores: [score(minute, 0.2)] }));
      await sleep(1);
    }
    expect([isFlushed, records[0]?.[0]]).toEqual([true, 'p1']);
    await flushed;
    await sink.close();
  });

  it('waits where the log refuses it, the newest only, and holds nobody up', async () => {
    class RefusingBus extends MemoryBus {
      isRefusing = true;
      override async append(topic: string, messages: readonly OutgoingMessage[]) {
        if (this.isRefusing) throw new Error('full');
        return super.append(topic, messages);
      }
    }
    const bus = new RefusingBus({ partitions: 1, capacity: 100 });
    const { sink, records } = await written(bus);
    await sink.write(outputsOf({ admitted: [stay(), stay('p2')] }));
    for (let minute = 1; minute <= 50; minute++) {
      await sink.write(outputsOf({ scores: [score(minute, 0.2)] }));
    }
    const [over] = [stay('p2')];
    await sink.write(outputsOf({ discharged: [over] }));
    await sleep(50);
    bus.isRefusing = false;
    await sink.flush();
    const now = new Map(records);
    expect([now.get('p1')?.eventTime, now.get('p2')]).toEqual([START + 50 * 60_000, null]);
  });

  it('is not mended where the group cannot be asked, which is told and ends nothing', async () => {
    const troubles: string[] = [];
    const epochs = new Epochs({ epochOf: () => 1 }, () => Promise.reject(new Error('not allowed')));
    const bus = new MemoryBus({ partitions: 1, capacity: 10 });
    const onTrouble = (message: string) => troubles.push(message);
    const sink = new PatientsSink(bus, codec, { engine: 'a', epochs, onTrouble });
    await sink.mend(0);
    expect([troubles.length, sink.written]).toEqual([1, 0]);
    expect(troubles[0]).toContain('not allowed');
    await sink.close();
  });
});
