import { describe, expect, it } from 'vitest';
import { clockAheadMs, serverNow } from '../../../dashboards/ward/src/clock.js';
import {
  dataStateOf,
  notLiveText,
  patienceForAll,
  wardNotLiveText,
} from '../../../dashboards/ward/src/liveness.js';
import { EMPTY_WARD, type Ward } from '../../../dashboards/ward/src/state.js';
import { vitalsOf } from '../../../dashboards/ward/src/ward/vitals.js';
import { clockText } from '../../../dashboards/ward/src/ward-text.js';
import { patientView } from './views.js';

const NOW = 1_000_000_000;
const MINUTE = 60_000;
const LIVE = { kind: 'live' } as const;
const FEED = { usualMs: 1000, silentAfterMs: 7000, silent: [] };

const bed = (bedId: string, more = {}) =>
  patientView({ patientId: bedId, bedId, lastEventAt: NOW, feed: FEED, ...more });
const wardOf = (...patients: ReturnType<typeof bed>[]): Ward => ({
  ...EMPTY_WARD,
  clock: NOW,
  patients: new Map(patients.map((each) => [each.patientId, each])),
});
const notLive = (cause: 'unread' | 'behind' | 'silent', ageMs = 2 * MINUTE) => ({
  notLive: { cause, since: NOW - ageMs },
});

describe('the time that ages are counted by', () => {
  const told = { now: NOW, wallAt: 5000, passedAt: 700 };
  it('goes on from what the server told, also where the viewer’s clock is set back or the machine sleeps', () => {
    expect(serverNow(told, 6000, 1700)).toBe(NOW + 1000);
    expect(serverNow(told, -3_600_000, 1700)).toBe(NOW + 1000);
    expect(serverNow(told, 5000 + MINUTE, 800)).toBe(NOW + MINUTE);
  });

  it('tells of a viewer’s clock that is wrong, not of what a frame takes', () => {
    expect([clockAheadMs(null), clockAheadMs({ ...told, wallAt: NOW + 9000 })]).toEqual([0, 0]);
    expect(clockText(clockAheadMs({ ...told, wallAt: NOW + 45_000 }))).toMatch(/is 45 s ahead of the server/);
    expect(clockText(clockAheadMs({ ...told, wallAt: NOW - 180_000 }))).toMatch(/is 3 min behind the server/);
    expect(clockText(0)).toBe('');
  });
});

describe('a bed', () => {
  it('says which of three it is, and since when', () => {
    const text = (more: object) => notLiveText(bed('1', more), NOW);
    expect(text({})).toBe('');
    expect(text(notLive('unread'))).toBe('not read 2 min');
    expect(text(notLive('behind'))).toBe('engine behind 2 min');
    expect(text(notLive('silent'))).toBe('feed silent 2 min');
  });

  it('says that nothing comes where the server does not, by how often values come', () => {
    expect(notLiveText(bed('1', { lastEventAt: NOW - 26_000 }), NOW)).toBe('');
    expect(notLiveText(bed('1', { lastEventAt: NOW - 28_000 }), NOW)).toBe('no data < 1 min');
    const slow = { feed: { ...FEED, silentAfterMs: 3 * MINUTE }, lastEventAt: NOW - MINUTE };
    expect(notLiveText(bed('1', slow), NOW)).toBe('');
    expect(notLiveText(patientView({ lastEventAt: NOW - 14 * MINUTE }), NOW)).toBe('');
    expect(notLiveText(patientView({ lastEventAt: NOW - 16 * MINUTE }), NOW)).toBe('no data 16 min');
    expect(patienceForAll([bed('1'), bed('2', slow)])).toBe(27_000);
    expect(patienceForAll([])).toBe(15 * MINUTE);
  });

  it('marks a value as old that is silent by its own interval, of a pressure only that of the source shown', () => {
    const at = NOW - MINUTE;
    const value = (more: object) => ({ value: 80, unit: 'mm[Hg]', at, ...more });
    const values = {
      heartRate: value({ unit: '/min', at: NOW }),
      spo2: value({ unit: '%' }),
      mapInvasive: value({ at: NOW }),
      mapCuff: value({}),
    };
    const old = (silent: string[]) =>
      vitalsOf(bed('1', { values, feed: { ...FEED, silent } }), NOW).flatMap(({ name, stale }) =>
        stale ? name : [],
      );
    expect(old([])).toEqual([]);
    expect(old(['spo2', 'mapCuff'])).toEqual(['SpO₂']);
    expect(old(['mapInvasive'])).toEqual(['BP art']);
    expect(old(['temperature'])).toEqual([]);
  });
});

describe('a ward', () => {
  it('is live only where it is connected, the server knows the present, and every bed is', () => {
    const state = (ward: Ward, link: Parameters<typeof dataStateOf>[0] = LIVE) =>
      dataStateOf(link, ward, NOW).text;
    expect(state(wardOf(bed('1'), bed('2')))).toBe('Live');
    expect(state(wardOf(bed('1'), bed('2', notLive('silent'))))).toBe('Not live: 1 of 2 beds');
    expect(state(wardOf(bed('1')), { kind: 'lost', since: NOW })).toBe('Not live');
    expect(state({ ...wardOf(bed('1')), catchingUp: { partitions: 0, of: 2 } })).toBe('Catching up');
    const unread = wardOf(bed('1', notLive('unread')));
    expect(state({ ...unread, catchingUp: { partitions: 0, of: 2 } })).toBe('Not live: 1 of 1 beds');
    expect([state(EMPTY_WARD), state(wardOf())]).toEqual(['No data yet', 'No beds']);
    expect(state({ ...wardOf(bed('1')), replay: {} as Ward['replay'] })).toBe('Replay, not live');
  });

  it('says of all what most beds have in common, not of one of many', () => {
    const text = (...causes: (Parameters<typeof notLive>[0] | null)[]) =>
      wardNotLiveText(
        wardOf(...causes.map((cause, index) => bed(`${index}`, cause === null ? {} : notLive(cause))))
          .patients,
      );
    expect(text(null, null)).toBe('');
    expect(text('silent', null, null, null)).toBe('');
    expect(text('silent', 'silent', null, null)).toBe('');
    expect(text('silent', 'silent', 'silent', null)).toMatch(/^Nothing comes of 3 of 4 beds since/);
    expect(text('behind', 'behind', 'behind', null)).toMatch(/^Of 3 of 4 beds not all is read since/);
    expect(text('unread')).toMatch(/^Nothing is read of 1 of 1 beds since/);
  });
});
