import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NoteMemory } from '../../src/align/note-memory.js';
import { PatientState } from '../../src/align/patient.js';
import type { PresentState } from '../../src/clinical/state.js';
import { reasonCode } from '../../src/clinical/trust.js';
import { VARIABLE_COUNT, variableIndex } from '../../src/clinical/variables.js';
import type { AlertMessage } from '../../src/contract/messages.js';
import { StoredAlertLog } from '../../src/store/alert-log.js';
import { AlertLog } from '../../src/ward/alert-log.js';
import { WardView } from '../../src/ward/ward-view.js';
import { adt, alert, eventOf, HOUR_MS, outputsOf, START, score } from '../helpers.js';
import { openTestStore } from '../server/ward.js';

let test: Awaited<ReturnType<typeof openTestStore>>;

beforeAll(async () => {
  test = await openTestStore();
});
afterAll(() => test.close());

/** A run of the process: what it pushes of the records the engine delivers. */
async function run(instance: string) {
  const view = new WardView(await AlertLog.open(await StoredAlertLog.open(test.store, instance)));
  const pushed: string[] = [];
  view.alerts$.subscribe(({ alert: { alertId, sequence } }) => pushed.push(`${alertId} ${sequence}`));
  return { view, pushed, deliver: (...alerts: AlertMessage[]) => view.write(outputsOf({ alerts })) };
}

it('pushes each record once, however often it is delivered', async () => {
  const { view, pushed, deliver } = await run('once');
  await deliver(alert('x', 0), alert('x', 1, { state: 'ACKNOWLEDGED' }));
  await deliver(alert('x', 0), alert('x', 1, { state: 'ACKNOWLEDGED' }));
  expect(pushed).toEqual(['x 0', 'x 1']);
  expect(view.openAlerts.get('x')?.state).toBe('ACKNOWLEDGED');
});

it('after a restart pushes again what is open, since who came back was shown a ward without it', async () => {
  const before = await run('restart');
  await before.deliver(alert('open', 0), alert('open', 1, { state: 'ESCALATED' }), alert('over', 0));
  await before.deliver(alert('over', 1, { state: 'RESOLVED' }));
  const after = await run('restart');
  expect(after.view.openAlerts.size).toBe(0);
  await after.deliver(alert('open', 0), alert('over', 0), alert('open', 1, { state: 'ESCALATED' }));
  await after.deliver(alert('over', 1, { state: 'RESOLVED' }), alert('open', 2, { state: 'ACKNOWLEDGED' }));
  expect(after.pushed).toEqual(['open 1', 'open 2']);
  expect([...after.view.openAlerts.keys()]).toEqual(['open']);
});

it('shows what is not used beside what was used last, until all is used again', async () => {
  const view = new WardView();
  const event = eventOf('adt', adt('ADMIT', { wardId: 'W' }));
  await view.write(outputsOf({ admitted: [new PatientState(event, { stepMs: HOUR_MS, steps: 4 }, 16)] }));
  const state = {
    patientId: 'p1',
    wardId: 'W',
    time: START,
    mayBeArrestedSince: null,
    mayBeApnoeicSince: null,
    isUnwatched: false,
  };
  const flush = {
    variable: variableIndex('mapInvasive'),
    value: 221.4,
    at: START,
    code: reasonCode('flush'),
    against: Number.NaN,
  };
  view.takeChanged();
  await view.write(outputsOf({ trust: [{ ...state, doubts: [flush] }] }));
  expect(view.takeChanged()).toMatchObject([
    {
      doubted: {
        mapInvasive: { value: 221, unit: 'mm[Hg]', at: START, verdict: 'artefact', reason: 'flush' },
      },
    },
  ]);
  await view.write(outputsOf({ trust: [{ ...state, doubts: [] }] }));
  expect(view.view('p1')).not.toHaveProperty('doubted');
});

it('shows the states of a patient as they were told last, also between two scores', async () => {
  const view = new WardView();
  const patient = new PatientState(
    eventOf('adt', adt('ADMIT', { wardId: 'W' })),
    { stepMs: HOUR_MS, steps: 4 },
    16,
  );
  const states: PresentState[] = [
    {
      criterion: 'bradycardia',
      label: 'Very slow heart rate',
      grade: 'critical',
      sign: 'heartRate',
      value: 38,
      unit: '/min',
      since: START,
      at: START,
      variable: 'heartRate',
    },
  ];
  await view.write(outputsOf({ admitted: [patient], scores: [score(1, 0.2)] }));
  expect(view.view('p1')?.states).toEqual([]);
  view.takeChanged();
  await view.write(outputsOf({ states: [{ patientId: 'p1', states }] }));
  expect(view.takeChanged()).toMatchObject([{ patientId: 'p1', states }]);
  await view.write(outputsOf({ scores: [score(2, 0.2)] }));
  expect(view.view('p1')?.states).toEqual(states);
  await view.write(
    outputsOf({
      states: [
        { patientId: 'p1', states: [] },
        { patientId: 'nobody', states },
      ],
    }),
  );
  expect(view.views()).toMatchObject([{ patientId: 'p1', states: [] }]);
});

describe('a silent patient', () => {
  const HEART_RATE = variableIndex('heartRate');
  const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
  const silent = {
    patientId: 'p1',
    partition: 0,
    stayId: 'p1@s',
    admittedAt: START,
    lastEventAt: START + HOUR_MS,
    wardId: 'W',
    bedId: '7',
    demographics: { ageYears: 70, sex: null, heightCm: null, weightKg: null, unitType: null },
    notes: new NoteMemory(),
    states: [],
    alerts: [alert('a', 3, { state: 'ESCALATED' })],
    lastScore: score(60, 0.4),
    values: values.fill(80, HEART_RATE, HEART_RATE + 1),
    ages: new Float32Array(VARIABLE_COUNT).fill(60_000),
  };

  it('of whom the process learns at an assignment is shown with place, time of the last value and open alerts', async () => {
    const view = new WardView();
    await view.write(outputsOf({ silent: [silent] }));
    expect(view.views()).toMatchObject([
      { patientId: 'p1', wardId: 'W', bedId: '7', ageYears: 70, lastEventAt: START + HOUR_MS, stale: true },
    ]);
    expect(view.views()).toMatchObject([
      { mortality: 0.4, values: { heartRate: { value: 80, at: START + HOUR_MS - 60_000 } } },
    ]);
    expect([...view.openAlerts.keys()]).toEqual(['a']);
    expect(view.stateOf('p1')).toBeUndefined();
  });

  it('keeps what was known last, goes on from there when back, and goes when released', async () => {
    const view = new WardView();
    const event = eventOf('adt', adt('ADMIT', { wardId: 'W' }));
    const patient = new PatientState(event, { stepMs: HOUR_MS, steps: 4 }, 16);
    await view.write(outputsOf({ admitted: [patient], scores: [score(1, 0.2), score(2, 0.3)] }));
    view.takeChanged();
    await view.write(outputsOf({ silent: [{ ...silent, alerts: [] }] }));
    expect(view.takeChanged()).toMatchObject([{ mortality: 0.3, stale: true }]);
    expect(view.view('p1')?.mortalityHistory).toHaveLength(1);
    await view.write(outputsOf({ recalled: [{ patient }], scores: [score(3, 0.4)] }));
    expect(view.view('p1')).toMatchObject({ mortality: 0.4, stale: false });
    expect(view.stateOf('p1')).toBe(patient);
    await view.write(outputsOf({ silent: [silent] }));
    await view.write(outputsOf({ released: [{ patientId: 'p1', partition: 0 }] }));
    expect(view.views()).toEqual([]);
  });
});
