import { describe, expect, it } from 'vitest';
import type { ClinicalEvent } from '../../src/events/event.js';
import { adt, eventOf, START, vitals } from '../helpers.js';
import { admit, at, discharge, lab, MINUTE_MS, Recorder, rate } from './recorder.js';

describe('a stay', () => {
  it('begins at its first event, admission or not', () => {
    expect(new Recorder().apply(admit(0), rate(1))).toEqual(['p1 admitted 0', 'p1 score 1']);
    expect(new Recorder().apply(rate(5), admit(7))).toEqual(['p1 admitted 5', 'p1 score 5']);
  });

  it('refuses what is before admission, with the start of the stay in the detail', () => {
    const recorder = new Recorder();
    recorder.apply(admit(10), rate(11));
    expect(recorder.apply(rate(9))).toEqual([
      'p1 before-admission 9: the stay begins 2026-01-01T00:10:00.000Z',
    ]);
    expect(recorder.heartRate(11)).toEqual([80, 0]);
    expect(recorder.aligner.counts).toMatchObject({ rejectedObservations: 1, late: 0 });
  });

  it('ends at discharge: what follows is refused, at whatever time it says it happened', () => {
    const recorder = new Recorder();
    expect(recorder.apply(admit(0), rate(1), discharge(30))).toEqual([
      'p1 admitted 0',
      'p1 score 1',
      'p1 discharged 30',
    ]);
    const reason = 'the stay ended 2026-01-01T00:30:00.000Z';
    expect(recorder.apply(rate(20), lab(31))).toEqual([
      `p1 after-discharge 20: ${reason}`,
      `p1 after-discharge 31: ${reason}`,
    ]);
    expect(recorder.aligner.patients.size).toBe(0);
    expect(recorder.aligner.counts.rejectedObservations).toBe(2);
  });

  it('scores what was due before the discharge of the same moment', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0), rate(1));
    // At one moment, ADT comes before values: these are after the stay.
    expect(recorder.apply(lab(29), discharge(30), rate(30))).toEqual([
      'p1 score 29',
      'p1 discharged 30',
      'p1 after-discharge 30: the stay ended 2026-01-01T00:30:00.000Z',
    ]);
  });

  it('begins anew with an admission after the discharge, and knows nothing of the one before', () => {
    const recorder = new Recorder();
    recorder.apply(admit(0, { ageYears: 70, wardId: 'W' }), rate(1, 140), discharge(30));
    const before = recorder.apply(rate(31));
    expect(before).toEqual([expect.stringContaining('after-discharge')]);
    expect(recorder.apply(admit(60), rate(61, 80))).toEqual(['p1 admitted 60', 'p1 score 61']);
    const patient = recorder.aligner.patients.get('p1')!;
    expect(patient.stayId).toBe('p1@2026-01-01T01:00:00.000Z');
    expect([patient.wardId, patient.demographics.ageYears, patient.timeline.openStep]).toEqual([
      null,
      null,
      0,
    ]);
    expect(recorder.heartRate(61)).toEqual([80, 0]);
    expect(recorder.apply(rate(29))).toEqual([
      'p1 before-admission 29: the stay begins 2026-01-01T01:00:00.000Z',
    ]);
  });

  it('is not begun anew by the admission of the stay that has ended, come late', () => {
    const recorder = new Recorder();
    recorder.apply(rate(1), discharge(30));
    expect(recorder.apply(admit(0), admit(29))).toEqual([
      expect.stringContaining('p1 after-discharge 0'),
      expect.stringContaining('p1 after-discharge 29'),
    ]);
    expect(recorder.aligner.patients.size).toBe(0);
  });

  it('takes over ward, bed and demographics as they become known, and keeps what a message leaves out', () => {
    const recorder = new Recorder();
    recorder.apply(
      admit(0, { wardId: 'W', bedId: '1', ageYears: 70 }),
      eventOf('adt', adt('UPDATE', { ...at(5), sex: 'FEMALE', heightCm: 160 })),
      eventOf('adt', adt('TRANSFER', { ...at(6), bedId: '2' })),
    );
    expect(recorder.aligner.patients.get('p1')).toMatchObject({
      wardId: 'W',
      bedId: '2',
      demographics: { ageYears: 70, sex: 'FEMALE', heightCm: 160, weightKg: null },
    });
  });

  it('is forgotten with its partition, and only with its own', () => {
    const recorder = new Recorder();
    const elsewhere = { topic: 'ward.vitals', partition: 3, offset: 0 };
    recorder.apply(rate(0), eventOf('vitals', vitals({ heartRate: 90 }, at(0, 'p2')), elsewhere));
    recorder.said = [];
    recorder.aligner.release(new Set([3, 4]));
    expect(recorder.said).toEqual(['p2 released']);
    expect([...recorder.aligner.patients.keys()]).toEqual(['p1']);
    // It may come back: the partition's log is read on from its start by whoever has it.
    expect(recorder.apply(rate(1, 80, 'p2'))).toContain('p2 admitted 1');
  });
});

describe('duplicates', () => {
  it('have no effect but are counted, with the observations in them', () => {
    const recorder = new Recorder();
    const twice = eventOf('vitals', vitals({ heartRate: 80, respRate: 20 }, at(1)));
    recorder.apply(admit(0), twice);
    const { timeline } = recorder.aligner.patients.get('p1')!;
    const before = timeline.count.slice();
    expect(recorder.apply(twice, twice)).toEqual([]);
    expect(timeline.count).toEqual(before);
    expect(recorder.aligner.counts).toEqual({
      duplicates: 2,
      duplicateObservations: 4,
      late: 0,
      rejectedObservations: 0,
    });
  });

  it('are told by patient: two patients may use one message id', () => {
    const recorder = new Recorder();
    expect(recorder.apply(rate(0, 80, 'p1', 'same'), rate(0, 80, 'p2', 'same'))).toEqual([
      'p1 admitted 0',
      'p2 admitted 0',
      'p1 score 0',
      'p2 score 0',
    ]);
    expect(recorder.aligner.counts.duplicates).toBe(0);
  });

  it('of an admission begin no second stay', () => {
    const recorder = new Recorder();
    const first = admit(0);
    expect(recorder.apply(first, first)).toEqual(['p1 admitted 0']);
    expect(recorder.aligner.counts.duplicates).toBe(1);
  });
});

describe('what is read again after a restart', () => {
  const placed = (event: ClinicalEvent, offset: number): ClinicalEvent => ({ ...event, offset });

  it('is known by its offset, also where its id has been forgotten', () => {
    const recorder = new Recorder({ dedupeWindow: 2 });
    const events = [0, 1, 2, 3, 4].map((minute) => placed(rate(minute), minute));
    recorder.apply(...events);
    const patient = recorder.aligner.patients.get('p1')!;
    patient.appliedTo = { 'ward.vitals': 5 };
    expect(recorder.apply(...events, placed(rate(5), 5))).toEqual(['p1 score 5']);
    expect(recorder.aligner.counts).toMatchObject({ duplicates: 5, late: 0 });
  });

  it('of a stay that is over neither begins a new one nor is set aside', () => {
    const recorder = new Recorder();
    recorder.aligner.restoreDischarged({
      patientId: 'p1',
      partition: 0,
      at: START + 10 * MINUTE_MS,
      appliedTo: { 'ward.vitals': 5 },
      state: null,
      update: null,
    });
    expect(recorder.apply(placed(rate(9), 4))).toEqual([]);
    expect(recorder.aligner.counts).toMatchObject({ duplicates: 1, duplicateObservations: 1 });
    expect(recorder.apply(placed(rate(9), 5))).toEqual([expect.stringContaining('p1 after-discharge 9')]);
    expect(recorder.apply(placed(admit(11), 5))).toEqual(['p1 admitted 11']);
  });

  it('is no matter any more once the stay is forgotten, or its partition another process has', () => {
    const recorder = new Recorder();
    const stay = { patientId: 'p1', partition: 3, at: START, appliedTo: null, state: null, update: null };
    recorder.aligner.restoreDischarged(stay);
    expect(recorder.aligner.forgetDischarged(() => START)).toEqual([]);
    expect(recorder.aligner.forgetDischarged(() => START + 1)).toEqual([stay]);
    recorder.aligner.restoreDischarged(stay);
    recorder.aligner.release(new Set([3]));
    expect(recorder.aligner.dischargedStay('p1')).toBeUndefined();
  });
});
