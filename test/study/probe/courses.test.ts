import { describe, expect, it } from 'vitest';
import { SIGNS } from '../../../src/clinical/signs.js';
import { CRITERIA, meets } from '../../../src/clinical/state.js';
import { VARIABLE_COUNT, VARIABLES, variableIndex } from '../../../src/clinical/variables.js';
import { ARTEFACTS } from '../../../src/study/probe/artefacts.js';
import { courseOf, DURATIONS, VARIANTS, type Variant } from '../../../src/study/probe/courses.js';
import { ARTEFACT_AT } from '../../../src/study/probe/monitor.js';
import { PROBE_SIGNS } from '../../../src/study/probe/signs.js';
import { wellStay } from './stays.js';

const MINUTE_MS = 60_000;
const stay = wellStay();

const variantOf = (sign: string, value: number, minutes: number) =>
  VARIANTS.find(
    (each) =>
      each.kind === 'intervention' &&
      each.sign.id === sign &&
      each.value === value &&
      each.minutes === minutes,
  )!;
/** Values of a variable in a course: minutes since the sign was moved, and the value. */
const valuesOf = (id: string, variant: Variant) =>
  courseOf(stay, variant, 'p')
    .values.filter(({ variable }) => variable === variableIndex(id))
    .map(({ atMs, value }) => [(atMs - stay.startMs) / MINUTE_MS, value] as const)
    .sort((a, b) => a[0] - b[0]);

describe('one sign', () => {
  it('has its value for as long, and then that of the chart', () => {
    expect(
      valuesOf('heartRate', variantOf('heartRate', 140, 60)).filter(([at]) => at >= -60 && at <= 120),
    ).toEqual([[-60, 75], ...[0, 5, 15, 30, 45, 60].map((at) => [at, 140]), [65, 75], [120, 75]]);
  });

  it('of several numbers moves them together, in the sources that the stay has', () => {
    const variant = variantOf('map', 50, 10);
    const during = (id: string) => valuesOf(id, variant).filter(([at]) => at >= 0 && at <= 10);
    expect(during('mapInvasive')).toEqual([0, 5, 10].map((at) => [at, 50]));
    expect(during('sbpInvasive')).toEqual([0, 5, 10].map((at) => [at, 70]));
    expect(during('mapCuff')).toEqual([]);
  });

  it('is there although the stay never charted it, also where it has something that goes with it', () => {
    const variant = variantOf('hemoglobin', 6.6, 60);
    expect(valuesOf('hemoglobin', variant)).toEqual([
      [0, 6.6],
      [65, 12.5],
    ]);
    expect(valuesOf('hematocrit', variant)[0]).toEqual([0, expect.closeTo(19.8, 9)]);
  });

  it('comes once from a laboratory, and goes back to normal where none was charted', () => {
    expect(valuesOf('lactate', variantOf('lactate', 7, 180))).toEqual([
      [0, 7],
      [185, 1],
    ]);
  });

  it('changes nothing else, whatever it is', () => {
    for (const variant of VARIANTS) {
      if (variant.kind !== 'intervention') continue;
      const own = new Set(
        variant.sign
          .settings(variant.value)
          .flat()
          .map(({ variable }) => variable),
      );
      const others = ({ variable }: { variable: number }) => !own.has(variable);
      const until = stay.startMs + variant.until * MINUTE_MS;
      expect(courseOf(stay, variant, 'p').values.filter(others)).toEqual(
        courseOf(stay, VARIANTS[0], 'p').values.filter((each) => others(each) && each.atMs <= until),
      );
    }
  });
});

it('there is a variant for every sign, value and time, and for every artefact in a well and an ill patient', () => {
  const interventions = VARIANTS.filter(({ kind }) => kind === 'intervention');
  const values = PROBE_SIGNS.reduce((sum, { low, high }) => sum + low.length + high.length + 1, 0);
  expect(interventions).toHaveLength(values * DURATIONS.length);
  expect(VARIANTS.filter(({ kind }) => kind === 'monitored')).toHaveLength(2 * (ARTEFACTS.length + 1));
});

describe('false values', () => {
  const monitored = (isIll: boolean, kind: string | null) =>
    VARIANTS.find(
      (each) => each.kind === 'monitored' && each.isIll === isIll && (each.artefact?.kind ?? null) === kind,
    )!;
  const statesAt = (variant: Variant, minute: number) => {
    const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    const ages = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
    const at = stay.startMs + minute * MINUTE_MS;
    for (const { atMs, variable, value } of courseOf(stay, variant, 'p').values.toSorted(
      (a, b) => a.atMs - b.atMs,
    )) {
      if (atMs > at) break;
      values[variable] = value;
      ages[variable] = at - atMs;
    }
    return CRITERIA.filter((criterion) => {
      const { sign, direction } = criterion;
      const reading = SIGNS[sign].read(values, ages, at, { direction, best: 15, spoke: -1 });
      return reading !== null && meets(reading, criterion);
    }).map(({ id }) => id);
  };

  it('are sent to a patient who is well, and to one in whom nobody can miss it', () => {
    for (const minute of [0, 30, 80, 90, 120, 200])
      expect(statesAt(monitored(false, null), minute)).toEqual([]);
    for (const minute of [70, 80, 90, 120, 200]) {
      expect(statesAt(monitored(true, null), minute)).toEqual(
        expect.arrayContaining([
          'hypotension-severe',
          'tachycardia',
          'tachypnoea',
          'desaturation-severe',
          'lactate-high',
        ]),
      );
    }
  });

  it('are of at least ten kinds of artefact, and of wrong units beside', () => {
    const of = (group: string) => ARTEFACTS.filter((each) => each.group === group).length;
    expect(of('artefact')).toBeGreaterThanOrEqual(10);
    expect(of('unit mistake')).toBeGreaterThanOrEqual(5);
  });

  it.each(ARTEFACTS.map(({ kind, minutes }) => [kind, minutes] as const))(
    '%s differs from the truth while it lasts, and only then',
    (kind, minutes) => {
      for (const isIll of [false, true]) {
        const [truth, sent] = [monitored(isIll, null), monitored(isIll, kind)].map((variant) => {
          const lines = courseOf(stay, variant, 'p').values.map(
            ({ atMs, variable, value }) =>
              [(atMs - stay.startMs) / MINUTE_MS, `${VARIABLES[variable].id} ${value}`] as const,
          );
          return (from: number, until: number) =>
            lines.filter(([at]) => at >= from && at < until).map(([at, what]) => `${at} ${what}`);
        });
        expect(sent(0, ARTEFACT_AT)).toEqual(truth(0, ARTEFACT_AT));
        const over = ARTEFACT_AT + minutes;
        expect(sent(ARTEFACT_AT, over)).not.toEqual(truth(ARTEFACT_AT, over));
        expect(new Set(truth(over, over + 60))).toEqual(
          new Set([
            ...truth(over, over + 60),
            ...sent(over, over + 60).filter((each) => Number.parseInt(each, 10) % 5 === 0),
          ]),
        );
      }
    },
  );
});
