import { expect, it } from 'vitest';
import type { NotPresent } from '../../src/engine/behind.js';
import { silentOf } from '../../src/engine/silent.js';
import { WardView } from '../../src/ward/ward-view.js';
import { outputsOf, START, score } from '../helpers.js';
import { stay } from '../server/ward.js';

const PATIENT = stay('p1', 'W');
const SILENT = {
  patientId: 'p1',
  usualMs: 1000,
  silentAfterMs: 7000,
  silentSince: START + 60_000,
  silent: ['heartRate'],
};

async function shown() {
  const view = new WardView();
  const state: { now: NotPresent | null } = { now: null };
  view.liveness.follow((partition) => (partition === PATIENT.partition ? state.now : null));
  await view.write(outputsOf({ admitted: [PATIENT], scores: [score(1, 0.2, { patientId: 'p1' })] }));
  view.look();
  view.takeChanged();
  return { view, state };
}

it('a patient is live until something says otherwise; what nobody reads says nothing of the feed', async () => {
  const { view, state } = await shown();
  expect(view.view('p1')).not.toHaveProperty('notLive');
  await view.write(outputsOf({ feeds: [SILENT] }));
  expect(view.view('p1')).toMatchObject({
    notLive: { cause: 'silent', since: START + 60_000 },
    feed: { usualMs: 1000, silentAfterMs: 7000, silent: ['heartRate'] },
  });
  state.now = { cause: 'behind', since: START };
  expect(view.view('p1')?.notLive).toEqual({ cause: 'behind', since: START });
  // Up to when is not known: the newest that is shown.
  state.now = { cause: 'unread', since: null };
  expect(view.view('p1')?.notLive).toEqual({ cause: 'unread', since: view.view('p1')?.lastEventAt });
  state.now = null;
  await view.write(outputsOf({ feeds: [{ ...SILENT, silentSince: null, silent: [] }] }));
  expect(view.view('p1')).not.toHaveProperty('notLive');
  expect(view.view('p1')?.feed?.silent).toEqual([]);
});

it('whoever watches is told at the next look, once, also where the view was read meanwhile', async () => {
  const { view, state } = await shown();
  const changed = () => {
    view.look();
    return view.takeChanged().map(({ patientId, notLive }) => [patientId, notLive?.cause]);
  };
  expect(changed()).toEqual([]);
  state.now = { cause: 'unread', since: START };
  view.view('p1');
  expect(changed()).toEqual([['p1', 'unread']]);
  state.now = { cause: 'unread', since: START };
  expect(changed()).toEqual([]);
  expect([...view.notLive()]).toEqual([
    ['unread', 1],
    ['behind', 0],
    ['silent', 0],
  ]);
  state.now = null;
  expect(changed()).toEqual([['p1', undefined]]);
});

it('one of whom nothing is kept in memory is silent; with a new stay nothing of the old one holds', async () => {
  const { view } = await shown();
  await view.write(outputsOf({ silent: [silentOf(PATIENT, [], [])] }));
  expect(view.view('p1')?.notLive).toEqual({ cause: 'silent', since: PATIENT.lastEventAt });
  await view.write(outputsOf({ recalled: [{ patient: PATIENT }] }));
  expect(view.view('p1')).not.toHaveProperty('notLive');
  await view.write(outputsOf({ feeds: [SILENT] }));
  await view.write(outputsOf({ discharged: [PATIENT] }));
  await view.write(outputsOf({ admitted: [PATIENT], feeds: [] }));
  expect(view.view('p1')).not.toHaveProperty('notLive');
  expect(view.view('p1')).not.toHaveProperty('feed');
});
