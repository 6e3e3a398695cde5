import { describe, expect, it } from 'vitest';
import { compareStay } from '../../../src/study/probe/compare.js';
import { VARIANTS, type Variant } from '../../../src/study/probe/courses.js';
import { ARTEFACT_AT } from '../../../src/study/probe/monitor.js';
import type { Seen, SeenAlert } from '../../../src/study/probe/observed.js';
import { wellStay } from './stays.js';

const MINUTE_MS = 60_000;
const ADMITTED = Date.UTC(2026, 0, 1);
const START = ADMITTED + wellStay().startMs;
const at = (minute: number) => START + minute * MINUTE_MS;

const moment = (minute: number, mortality: number, news2 = 2) => ({
  time: at(minute),
  mortality,
  circulatory: mortality / 2,
  hypotension: Number.NaN,
  respiratory: Number.NaN,
  news2,
});
const alert = (
  rule: string,
  raised: number,
  ended = Number.POSITIVE_INFINITY,
  more: Partial<SeenAlert> = {},
): SeenAlert => ({
  rule,
  kind: 'risk',
  grade: null,
  priority: 'MEDIUM',
  raisedAt: at(raised),
  endedAt: Number.isFinite(ended) ? at(ended) : ended,
  ...more,
});
const state = (rule: string, raised: number, grade: SeenAlert['grade'] = 'critical') =>
  alert(rule, raised, Number.POSITIVE_INFINITY, { kind: 'state', grade });

/** What came of a stay: nothing but of the variants named. */
function compared(seen: (variant: Variant) => Partial<Seen> | undefined) {
  return compareStay(
    wellStay(),
    VARIANTS.map((variant) => ({ moments: [], alerts: [], ...seen(variant) })),
    ADMITTED,
  );
}
const isMoved = (variant: Variant, sign: string, value: number, minutes: number) =>
  variant.kind === 'intervention' &&
  variant.sign.id === sign &&
  variant.value === value &&
  variant.minutes === minutes;
const indexOf = (is: (variant: Variant) => boolean) => VARIANTS.findIndex(is);
const is50 = (variant: Variant) => isMoved(variant, 'map', 50, 60);

describe('one sign beside the stay as charted', () => {
  const moved = (charted: Partial<Seen>, seen: Partial<Seen>) =>
    compared((variant) => (variant.kind === 'as charted' ? charted : is50(variant) ? seen : undefined))
      .interventions[indexOf(is50)]!;

  it('takes the last score when the sign goes back, and six hours later', () => {
    const found = moved(
      { moments: [moment(-10, 0.9), moment(30, 0.1), moment(61, 0.7), moment(400, 0.2)] },
      { moments: [moment(-10, 0.9), moment(60, 0.4, 5), moment(70, 0.1), moment(420, 0.25)] },
    );
    expect(found.risks.mortality).toBe(0.4);
    expect(found.deltas.mortality).toBeCloseTo(0.3, 9);
    expect(found.deltas.circulatory).toBeCloseTo(0.15, 9);
    expect(found.deltas.respiratory).toBeNaN();
    expect(found.back.mortality).toBeCloseTo(0.05, 9);
    expect(found).toMatchObject({ news2: 5, deltaNews2: 3 });
  });

  it('is alarmed by a critical criterion that the value meets, not by another or a lesser one', () => {
    const alarmAfter = (...alerts: SeenAlert[]) => moved({}, { alerts }).alarmAfter;
    expect(alarmAfter(state('hypotension-severe', 10))).toBe(10);
    expect(alarmAfter(state('hypotension', 4, 'failing'), state('systolic-low', 9))).toBe(9);
    expect(alarmAfter(state('hypotension', 4, 'failing'))).toBeNaN();
    expect(alarmAfter(state('tachycardia', 4))).toBeNaN();
    expect(alarmAfter(alert('risk-high', 2))).toBeNaN();
    expect(alarmAfter(state('hypotension-severe', -5))).toBeNaN();
  });

  it('counts alerts by kind, without those that come as charted too', () => {
    const found = moved(
      { alerts: [alert('risk-high', 40), alert('risk-elevated', -40)] },
      {
        alerts: [
          alert('risk-high', 12),
          alert('risk-elevated', 15, 80),
          alert('news2-emergency', 20, Number.POSITIVE_INFINITY, { kind: 'news2' }),
          alert('no-reading', 3, 9, { kind: 'technical' }),
          state('hypotension-severe', 10),
        ],
      },
    );
    expect(found.alerts).toEqual({ state: 1, risk: 1, news2: 1, technical: 1 });
    expect(found.stillOpen).toBe(2);
  });

  it('counts no notice that comes as charted too, be it told a little later there', () => {
    const notice = (raised: number) => alert('value-not-used', raised, undefined, { kind: 'technical' });
    expect(moved({ alerts: [notice(430)] }, { alerts: [notice(420)] }).alerts.technical).toBe(0);
    expect(moved({ alerts: [notice(-1)] }, { alerts: [notice(420)] }).alerts.technical).toBe(1);
  });
});

describe('an artefact beside the same patient without it', () => {
  const isFlush = (variant: Variant) =>
    variant.kind === 'monitored' && variant.isIll && variant.artefact?.kind === 'line-flush';
  const isIll = (variant: Variant) =>
    variant.kind === 'monitored' && variant.isIll && variant.artefact === null;
  const flushed = (untouched: SeenAlert[], ...alerts: SeenAlert[]) =>
    compared((variant) =>
      isIll(variant) ? { alerts: untouched } : isFlush(variant) ? { alerts } : undefined,
    ).artefacts[indexOf(isFlush)]!;

  it('ends an alert wrongly that goes on without it', () => {
    const open = state('hypotension-severe', 70);
    expect(flushed([open], { ...open, endedAt: at(ARTEFACT_AT + 3) })).toEqual({
      alerts: { state: 0, risk: 0, news2: 0, technical: 0 },
      open: 1,
      wronglyResolved: 1,
    });
    expect(flushed([open], open)).toMatchObject({ open: 1, wronglyResolved: 0 });
  });

  it('ends none wrongly that ends anyway, ended before, or is a technical notice', () => {
    const ending = alert('risk-high', 70, ARTEFACT_AT + 20);
    expect(flushed([ending], alert('risk-high', 70, ARTEFACT_AT + 3))).toMatchObject({
      open: 1,
      wronglyResolved: 0,
    });
    expect(flushed([alert('risk-high', 70)], alert('risk-high', 70, ARTEFACT_AT - 1))).toMatchObject({
      open: 0,
    });
    const notice = alert('no-reading', 70, ARTEFACT_AT + 3, { kind: 'technical' });
    expect(
      flushed([alert('no-reading', 70, Number.POSITIVE_INFINITY, { kind: 'technical' })], notice),
    ).toMatchObject({
      open: 0,
      wronglyResolved: 0,
    });
  });

  it('counts what it raises, again too', () => {
    const open = state('hypotension-severe', 70);
    const found = flushed(
      [open],
      { ...open, endedAt: at(ARTEFACT_AT + 3) },
      state('hypotension-severe', ARTEFACT_AT + 20),
      alert('implausible', ARTEFACT_AT, ARTEFACT_AT + 2, { kind: 'technical' }),
      // Not false in a patient in shock.
      alert('risk-high', ARTEFACT_AT + 5),
    );
    expect(found.alerts).toEqual({ state: 1, risk: 0, news2: 0, technical: 1 });
  });
});

describe('a heart that stops', () => {
  const toldAfter = (...alerts: SeenAlert[]) =>
    compared(({ kind }) => (kind === 'arrest' ? { alerts } : undefined)).arrestAfter;

  it('is told by the first alert of the highest priority, of whatever kind', () => {
    const notice = alert('no-reading', ARTEFACT_AT + 0.5, undefined, { kind: 'technical', priority: 'HIGH' });
    expect(toldAfter(alert('risk-high', ARTEFACT_AT), notice, state('bradycardia', ARTEFACT_AT + 10))).toBe(
      30,
    );
    expect(toldAfter(alert('risk-high', ARTEFACT_AT))).toBeNaN();
    expect(toldAfter(alert('sepsis', ARTEFACT_AT - 1, undefined, { priority: 'HIGH' }))).toBeNaN();
  });
});
