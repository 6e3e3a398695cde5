import { inflateRawSync } from 'node:zlib';
import { beforeAll, describe, expect, it } from 'vitest';
import { VARIABLE_COUNT } from '../../src/clinical/variables.js';
import type { AlertMessage, PatientSnapshotMessage } from '../../src/contract/messages.js';
import { INPUT_TOPICS } from '../../src/contract/topics.js';
import type { Sink } from '../../src/engine/outputs.js';
import { restorePatient } from '../../src/engine/snapshot.js';
import { loadModel } from '../../src/inference/model.js';
import { parseConfig } from '../../src/settings/config.js';
import { HOUR_MS, START } from '../helpers.js';
import {
  changeSnapshots,
  differences,
  Gate,
  keepSnapshot,
  live,
  log,
  moved,
  newWorld,
  Results,
  snapshotsOf,
  through,
  withPartitionsTakenAway,
} from './outlived.js';

const { config: model } = loadModel(parseConfig({}).model.version);

/** As a program wrote it that did not know the field yet. */
function withoutInHeader(snapshot: PatientSnapshotMessage, field: string): PatientSnapshotMessage {
  const { [field]: _, ...header } = headerOf(snapshot);
  const bytes = inflateRawSync(snapshot.state);
  return withHeader(snapshot, header, bytes.subarray(4 + bytes.readUInt32LE(0)));
}

/** As a program wrote it that knew of no hypotension or sepsis; the model foretells neither. */
function withoutLaterOutputs(snapshot: PatientSnapshotMessage): PatientSnapshotMessage {
  const header = headerOf(snapshot);
  const { hypotension: _, sepsis: __, ...lastScore } = header.lastScore as Record<string, unknown>;
  const bytes = inflateRawSync(snapshot.state);
  return withHeader(snapshot, { ...header, lastScore }, bytes.subarray(4 + bytes.readUInt32LE(0)));
}

function headerOf({ state }: PatientSnapshotMessage): Record<string, unknown> {
  const bytes = inflateRawSync(state);
  return JSON.parse(bytes.toString('utf8', 4, 4 + bytes.readUInt32LE(0))) as Record<string, unknown>;
}

/** The snapshot with another header before these arrays. */
function withHeader(
  snapshot: PatientSnapshotMessage,
  header: object,
  arrays: Buffer,
): PatientSnapshotMessage {
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(4);
  length.writeUInt32LE(text.length);
  return { ...snapshot, compression: 'NONE', state: Buffer.concat([length, text, arrays]) };
}

/** What the log leads to where nothing happens to the process. */
const uninterrupted = new Results();
beforeAll(async () => {
  await live(newWorld(), uninterrupted, log.length, true);
});

describe('state that outlives the process', () => {
  it('continues after a crash at any place as if nothing had happened: the same scores, the same alerts', async () => {
    expect(uninterrupted.alerts.size).toBeGreaterThan(2);
    const world = newWorld();
    const results = new Results();
    for (const share of [0.2, 0.45, 0.46, 0.9]) {
      await live(world, results, Math.floor(log.length * share), false);
      expect(world.entries.size).toBe(3);
    }
    await live(world, results, log.length, true);
    expect(new Map([...results.scores].sort())).toEqual(new Map([...uninterrupted.scores].sort()));
    expect(new Map([...results.alerts].sort())).toEqual(new Map([...uninterrupted.alerts].sort()));
  });

  it.each([
    [
      'between the discharge and the update that takes it back',
      [through('DISCHARGE', 10), through('UPDATE', 10.05)],
    ],
    ['before and after an admission that is told late', [through('ADMIT', 0.5) - 2, through('ADMIT', 0.5)]],
    ['around a move that is told late', [through('TRANSFER', 20) - 1, through('TRANSFER', 20)]],
    ['between an admission and the discharge of that moment', [through('ADMIT', 30)]],
  ])('knows stays as if nothing had happened, restarted %s', async (_, places) => {
    const alerts = [...uninterrupted.alerts.values()].map((text) => JSON.parse(text) as AlertMessage);
    expect(alerts.filter(({ patientId }) => patientId === moved).map(({ wardId }) => wardId)).toContain('U');
    expect(new Set(alerts.map(({ rule }) => rule))).toContain('place-unknown');
    const world = newWorld();
    const results = new Results();
    for (const place of places) await live(world, results, place, false);
    await live(world, results, log.length, true);
    expect(differences(results.scores, uninterrupted.scores)).toEqual([]);
    expect(differences(results.alerts, uninterrupted.alerts)).toEqual([]);
  });

  it('takes a discharge back that another process knows of from the log only', async () => {
    const world = newWorld();
    const results = new Results();
    for (const place of [through('DISCHARGE', 10), through('UPDATE', 10.05)]) {
      await live(world, results, place, true);
      const kept = snapshotsOf(world).find(({ patientId }) => patientId === moved);
      expect([kept?.stayId, kept?.eventTime]).toEqual(['', START + 10 * HOUR_MS]);
      expect(kept?.state.length).toBeGreaterThan(0);
    }
    await live(world, results, log.length, true);
    expect(differences(results.scores, uninterrupted.scores)).toEqual([]);
    expect(differences(results.alerts, uninterrupted.alerts)).toEqual([]);
  });

  it('commits all that was dealt with when it is told to stop', async () => {
    const world = newWorld();
    await live(world, new Results(), log.length, true);
    for (const topic of INPUT_TOPICS) {
      const last = log.findLast((each) => each.topic === topic);
      expect(world.committed.get(topic)).toBe(last && last.offset + 1);
    }
  });

  it('commits only what every sink has made safe', async () => {
    const world = newWorld();
    const order: string[] = [];
    const slow: Sink = {
      write: async () => undefined,
      flush: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10));
        order.push(`safe, committed before: ${world.committed.size}`);
      },
    };
    await live(world, slow, 50, true);
    expect(order[0]).toBe('safe, committed before: 0');
    expect(world.committed.size).toBeGreaterThan(0);
  });

  it('commits nothing of what was under way when the partitions were taken away', async () => {
    const world = newWorld();
    const gate = new Gate();
    await withPartitionsTakenAway(world, gate, { write: () => gate.passed() });
    expect(world.committed.size).toBe(0);
  });

  it('writes nothing of what was copied before the partitions were taken away', async () => {
    const world = newWorld();
    const gate = new Gate();
    await withPartitionsTakenAway(world, gate, { write: async () => undefined, flush: () => gate.passed() });
    expect(world.entries.size).toBe(0);
  });

  it.each([
    ['of another layout: the past is read again', { formatVersion: 99 }],
    ['of another model that looks at the same: its cache is computed anew', { modelVersion: 'another' }],
  ])('continues the same from snapshots %s', async (_, change) => {
    const world = newWorld();
    const results = new Results();
    await live(world, results, Math.floor(log.length * 0.45), true);
    changeSnapshots(world, change);
    await live(world, results, log.length, true);
    expect(new Map([...results.scores].sort())).toEqual(new Map([...uninterrupted.scores].sort()));
    expect(new Map([...results.alerts].sort())).toEqual(new Map([...uninterrupted.alerts].sort()));
  });

  it('gives the same scores from snapshots that are damaged', async () => {
    const world = newWorld();
    const results = new Results();
    await live(world, results, Math.floor(log.length * 0.45), true);
    changeSnapshots(world, { state: Buffer.from('nonsense') });
    await live(world, results, log.length, true);
    expect(new Map([...results.scores].sort())).toEqual(new Map([...uninterrupted.scores].sort()));
  });

  it('does not score what is read again, and replaces the snapshots', async () => {
    const world = newWorld();
    const half = Math.floor(log.length * 0.45);
    await live(world, new Results(), half, true);
    const placesOf = () =>
      new Map(snapshotsOf(world).map(({ patientId, positions }) => [patientId, positions]));
    const places = placesOf();
    changeSnapshots(world, { formatVersion: 99 });
    const again = new Results();
    await live(world, again, half, true);
    expect([again.scores.size, again.alerts.size]).toEqual([0, 0]);
    expect(snapshotsOf(world).map(({ formatVersion }) => formatVersion)).toEqual([5, 5, 5]);
    expect(placesOf()).toEqual(places);
  });

  it('tells of each patient the last score, where the snapshot is of this model and not older than that', async () => {
    const world = newWorld();
    const last = new Map<string, number>();
    const keep: Sink = {
      write: async ({ scores }) => {
        for (const { patientId, mortality } of scores) last.set(patientId, mortality);
      },
    };
    await live(world, keep, 500, true);
    const snapshots = snapshotsOf(world);
    expect(last.size).toBe(snapshots.length);
    const options = { partition: 0, dedupeWindow: 1024, model };
    for (const snapshot of snapshots) {
      const { patient } = restorePatient(snapshot, options)!;
      expect(patient.lastScore).toMatchObject({
        mortality: last.get(patient.patientId),
        eventTime: patient.lastScoreAt,
      });
      const another = { ...options, model: { ...options.model, version: 'another' } };
      expect(restorePatient(snapshot, another)?.patient.lastScore).toBeNull();
      const before = restorePatient(withoutLaterOutputs(snapshot), options)!.patient.lastScore;
      expect(before).toEqual(patient.lastScore);
      expect(before).toMatchObject({ hypotension: null, sepsis: null });
      const older = restorePatient(withoutInHeader(snapshot, 'lastScore'), options);
      expect(older?.patient.lastScore).toBeNull();
      expect(older?.patient.lastEventAt).toBe(patient.lastEventAt);
    }
  });

  it('is kept under both names of the risk of death, and read of version 0.1, which had the old one alone', async () => {
    const uninterrupted = new Results();
    await live(newWorld(), uninterrupted, log.length, true);
    const world = newWorld();
    const results = new Results();
    const isNamedTwice: boolean[] = [];
    for (const place of [250, 500]) {
      await live(world, results, place, true);
      for (const snapshot of snapshotsOf(world)) {
        const text = JSON.stringify(headerOf(snapshot), (name, value: unknown) =>
          name === 'alerts' && typeof value === 'string' && value !== '' ? JSON.parse(value) : value,
        );
        const old = JSON.parse(text, (_, value: unknown) => {
          if (typeof value !== 'object' || value === null || !('mortality' in value)) return value;
          const { risk, ...rest } = value as { mortality: unknown; risk?: unknown };
          isNamedTwice.push(Object.is(risk, rest.mortality));
          return Object.fromEntries(
            Object.entries(rest).map(([name, each]) => [name === 'mortality' ? 'risk' : name, each]),
          );
        }) as { alerts: unknown };
        const alerts = old.alerts === '' ? '' : JSON.stringify(old.alerts);
        const bytes = inflateRawSync(snapshot.state);
        const arrays = bytes.subarray(4 + bytes.readUInt32LE(0));
        keepSnapshot(world, withHeader(snapshot, { ...old, alerts }, arrays));
      }
    }
    expect(isNamedTwice.length).toBeGreaterThan(20);
    expect(isNamedTwice).not.toContain(false);
    await live(world, results, log.length, true);
    expect(differences(results.scores, uninterrupted.scores)).toEqual([]);
    expect(differences(results.alerts, uninterrupted.alerts)).toEqual([]);
  });

  it('has the signs as they were, and of an earlier version those of the last value of each hour', async () => {
    const world = newWorld();
    await live(world, new Results(), 500, true);
    const options = { partition: 0, dedupeWindow: 1024, model };
    let episodes = 0;
    for (const snapshot of snapshotsOf(world)) {
      const {
        signs: kept,
        infusions: _,
        ...rest
      } = headerOf(snapshot) as { signs: { numbers: number }; infusions: unknown };
      expect(restorePatient(snapshot, options)!.patient.timeline.signs.toArray()).toHaveLength(kept.numbers);
      const state = inflateRawSync(snapshot.state);
      const arrays = state.subarray(4 + state.readUInt32LE(0), state.length - 8 * kept.numbers);
      const older = { ...withHeader(snapshot, rest, arrays), formatVersion: 4 };
      const { timeline, lastEventAt } = restorePatient(older, options)!.patient;
      const [values, ages] = [new Float32Array(VARIABLE_COUNT), new Float32Array(VARIABLE_COUNT)];
      timeline.lastKnown(lastEventAt, values, ages);
      timeline.signs.update();
      for (const { criterion, value, variable } of timeline.signs.active()) {
        if (['oxygenation', 'gcsFall'].includes(criterion.sign)) continue;
        expect([criterion.id, value]).toEqual([criterion.id, values[variable]]);
        episodes++;
      }
    }
    expect(episodes).toBeGreaterThan(3);
  });

  it('is not restored from a snapshot of another layout or vocabulary, one that is damaged, or of a model with other inputs', async () => {
    const world = newWorld();
    await live(world, new Results(), 500, true);
    const [snapshot] = snapshotsOf(world);
    const options = { partition: 0, dedupeWindow: 1024, model };
    expect(restorePatient(snapshot, options)?.patient.patientId).toBe(snapshot.patientId);
    expect(restorePatient({ ...snapshot, formatVersion: 99 }, options)).toBeNull();
    expect(restorePatient({ ...snapshot, state: snapshot.state.subarray(0, 900) }, options)).toBeNull();
    expect(restorePatient({ ...snapshot, state: Buffer.from('nonsense') }, options)).toBeNull();
    const other = { ...model, version: 'another' };
    expect(restorePatient(snapshot, { ...options, model: other })?.fill).toBeNull();
    expect(restorePatient(snapshot, { ...options, model: { ...other, steps: 24 } })).toBeNull();
    const modalities = { text: { name: 'notes', size: 8 } };
    const reader = { ...other, encoder: { ...other.encoder, modalities } } as typeof other;
    expect(restorePatient(snapshot, { ...options, model: reader })).toBeNull();
  });
});
