import { describe, expect, it } from 'vitest';
import { DischargedStays } from '../../src/align/discharged.js';
import type { StateChange } from '../../src/bus/bus.js';
import { TOPICS } from '../../src/contract/topics.js';
import { Checkpoint, type CheckpointOptions } from '../../src/engine/checkpoint.js';
import { emptyOutputs } from '../../src/engine/outputs.js';
import type { ObservationEvent } from '../../src/events/event.js';
import { eventOf, HOUR_MS, START, vitals } from '../helpers.js';

/** Two stays that ended at the start, one in each of two partitions; `isTaken` is what the group says to a commit. */
function ward() {
  const stays = new DischargedStays();
  for (const partition of [0, 1]) {
    const patientId = `p${partition}`;
    stays.add({ patientId, partition, at: START, appliedTo: null, state: null, update: null });
  }
  const removed: string[] = [];
  const log = {
    write: async (changes: readonly StateChange[]) => {
      removed.push(...changes.filter(({ value }) => value === null).map(({ key }) => key));
      return [];
    },
  };
  const patients = new Map();
  const forgetDischarged = (timeOf: (partition: number) => number) => stays.forgetBefore(timeOf);
  const aligner = { patients, forgetDischarged };
  const checkpoint = new Checkpoint({ log, aligner } as unknown as CheckpointOptions);
  const read = (partition: number, hours: number) => {
    const eventTime = START + hours * HOUR_MS;
    const message = vitals({ heartRate: 80 }, { patientId: 'other', eventTime });
    const origin = { topic: TOPICS.vitals, partition, offset: hours };
    const observations = [eventOf('vitals', message, origin) as ObservationEvent];
    const positions = [{ topic: TOPICS.vitals, partition, offset: hours }];
    checkpoint.note({ ...emptyOutputs(), observations, positions });
  };
  const write = (isTaken: boolean, meanwhile?: () => void) =>
    checkpoint.write({
      consumer: { commit: async () => isTaken, recommit: async () => true },
      atRest: async (call) => call(),
      flush: async () => meanwhile?.(),
    });
  return { read, write, removed };
}

describe('a stay that ended a day ago', () => {
  it('is forgotten once what came after it in its partition is committed, and not for what others have', async () => {
    const { read, write, removed } = ward();
    read(0, 30);
    read(1, 2);
    await write(false);
    expect(removed).toEqual([]);
    await write(true);
    expect(removed).toEqual(['p0']);
    read(1, 23);
    // What comes while the checkpoint is written is not committed with it.
    await write(true, () => read(1, 30));
    expect(removed).toEqual(['p0']);
    await write(true);
    expect(removed).toEqual(['p0', 'p1']);
  });
});
