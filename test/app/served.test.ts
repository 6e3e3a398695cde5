import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { ServedReplay, type Truth, truthOf } from '../../src/app/served.js';
import { parseConfig } from '../../src/settings/config.js';
import { openSource } from '../../src/sources/open-source.js';
import { scoresOf } from '../../src/store/queries.js';
import { WardView } from '../../src/ward/ward-view.js';
import { openTestStore } from '../server/ward.js';

const MINUTE_MS = 60_000;
const config = parseConfig({});
const open = () => openSource('simulate:beds=3,hours=4,seed=1', undefined, undefined, undefined, config);

let store: Awaited<ReturnType<typeof openTestStore>>;
let truth: Truth;
let view: WardView;
let replayed: ServedReplay;

beforeAll(async () => {
  store = await openTestStore();
  truth = await truthOf(open(), config);
});
afterAll(() => store.close());

function begin(): void {
  view = new WardView();
  const how = { speed: null, isPlaying: false };
  replayed = new ServedReplay({ open, config, truth, view, store: store.store, ...how });
}
afterEach(async () => {
  await replayed?.close();
});

/** Every stored score of the first patient up to a while before `time`, once the ward stands there; and the newest. */
async function scoresAt(time: number): Promise<{ settled: unknown[]; newest: number }> {
  await replayed.seek(time);
  const oldest = Math.min(...view.views().map(({ lastEventAt }) => lastEventAt));
  expect(oldest).toBeGreaterThan(time - 6 * MINUTE_MS);
  const [{ patientId }] = view.views();
  const scores = await scoresOf(store.store, patientId, 1000);
  const settled = scores.filter(({ eventTime }) => eventTime < time - 10 * MINUTE_MS);
  return { settled, newest: scores.at(-1)?.eventTime ?? 0 };
}

describe('a replay that is watched', () => {
  it('knows what truly happened, and when history begins and ends', () => {
    expect(truth.to - truth.from).toBeGreaterThan(3 * 60 * MINUTE_MS);
    for (const { time, kind, label } of truth.events) {
      expect([time >= truth.from, time <= truth.to, label !== '']).toEqual([true, true, true]);
      expect(['hypotension', 'respiratoryFailure']).toContain(kind);
    }
    expect([...truth.events].sort((a, b) => a.time - b.time)).toEqual(truth.events);
  });

  it('waits while paused, runs ahead, and comes to the same place again after going back', async () => {
    begin();
    expect(replayed.state).toMatchObject({ isPlaying: false, time: truth.from, isAtEnd: false });
    let resets = 0;
    view.reset$.subscribe(() => resets++);
    const early = truth.from + 60 * MINUTE_MS;
    const late = truth.from + 150 * MINUTE_MS;
    const first = await scoresAt(early);
    const later = await scoresAt(late);
    expect(first.settled.length).toBeGreaterThan(30);
    expect(later.settled.slice(0, first.settled.length)).toEqual(first.settled);
    expect([resets, later.newest > early]).toEqual([0, true]);
    // Back: all begins anew, comes to the same, and nothing of what is still to come is left in the store.
    const again = await scoresAt(early);
    expect(again.settled).toEqual(first.settled);
    expect([resets, again.newest <= early]).toEqual([1, true]);
    expect((await scoresAt(late)).settled).toEqual(later.settled);
  }, 60_000);

  it('plays to the end, and says so', async () => {
    begin();
    const states: boolean[] = [];
    replayed.changes$.subscribe(({ isPlaying }) => states.push(isPlaying));
    replayed.setSpeed(null);
    replayed.play();
    await expect.poll(() => replayed.state.isAtEnd, { timeout: 30_000 }).toBe(true);
    expect([states.includes(true), replayed.state.isPlaying]).toEqual([true, false]);
    await replayed.seek(truth.to + MINUTE_MS);
  }, 60_000);
});
