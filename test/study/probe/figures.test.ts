import { describe, expect, it } from 'vitest';
import { ARTEFACTS } from '../../../src/study/probe/artefacts.js';
import type { InterventionSeen, StaySeen } from '../../../src/study/probe/compare.js';
import { VARIANTS, type Variant } from '../../../src/study/probe/courses.js';
import { probeFigures } from '../../../src/study/probe/figures.js';
import { headlineOf } from '../../../src/study/probe/ladders.js';
import { byRisk } from '../../../src/study/probe/signs.js';

type Moved = Variant & { kind: 'intervention' };

/** A stay of which every risk is what `risk` says of a variant, and whose alarm comes when `alarmAfter` says. */
function stay(
  number: number,
  risk: (variant: Moved) => number,
  alarmAfter: (variant: Moved) => number = () => Number.NaN,
): StaySeen {
  const all = (value: number) => byRisk((name) => (name === 'mortality' ? value : Number.NaN));
  return {
    number,
    patientId: `p${number}`,
    asCharted: 1,
    arrestAfter: number === 0 ? 12 : Number.NaN,
    interventions: VARIANTS.map((variant): InterventionSeen | null =>
      variant.kind !== 'intervention'
        ? null
        : {
            risks: all(risk(variant)),
            deltas: all(risk(variant) - 0.1),
            back: all(number === 0 ? 0.03 : 0.01),
            news2: variant.value,
            deltaNews2: number,
            alarmAfter: alarmAfter(variant),
            alerts: { state: 1, risk: number, news2: 0, technical: 2 },
            stillOpen: number,
          },
    ),
    artefacts: VARIANTS.map((variant) =>
      variant.kind === 'monitored' && variant.artefact !== null
        ? {
            alerts: { state: 0, risk: 0, news2: variant.isIll ? 1 : 0, technical: 1 },
            open: variant.isIll ? 3 : 0,
            wronglyResolved: variant.isIll && variant.artefact.kind === 'line-flush' ? 2 : 0,
          }
        : null,
    ),
  };
}

const at = (figures: ReturnType<typeof probeFigures>, sign: string, value: number, minutes: number) =>
  figures.interventions.find(
    (each) => each.sign === sign && each.value === value && each.minutes === minutes,
  )!;

describe('figures of two stays', () => {
  const figures = probeFigures([
    stay(
      0,
      () => 0.2,
      ({ value }) => (value === 50 ? 4 : Number.NaN),
    ),
    stay(
      1,
      () => 0.4,
      () => 10,
    ),
  ]);

  it('say the share of stays alarmed, the longest delay, and sums of alerts', () => {
    expect(at(figures, 'map', 50, 60)).toMatchObject({
      isCritical: true,
      stateAlarm: 1,
      delayMinutes: 10,
      alerts: 3,
      stateAlerts: 2,
      riskAlerts: 1,
      technicalNotices: 4,
      stillOpen: 1,
    });
    expect(at(figures, 'map', 45, 60)).toMatchObject({ stateAlarm: 0.5, delayMinutes: 10 });
  });

  it('are means of the stays, and not defined where the model gives nothing', () => {
    const { deltaMortality, backMortality, backWithin, deltaCirculatory, deltaNews2 } = at(
      figures,
      'gcs',
      3,
      10,
    );
    expect(deltaMortality).toBeCloseTo(0.2, 9);
    expect(backMortality).toBeCloseTo(0.02, 9);
    expect(backWithin).toBe(0.5);
    expect(deltaNews2).toBe(0.5);
    expect(deltaCirculatory).toBeNaN();
  });

  it('count what each artefact did to the well and the ill', () => {
    expect(figures.artefacts).toHaveLength(ARTEFACTS.length);
    expect(figures.artefacts.find(({ kind }) => kind === 'line-flush')).toMatchObject({
      clinicalAlerts: 2,
      technicalNotices: 4,
      openBefore: 6,
      wronglyResolved: 4,
    });
    expect(figures.arrest).toEqual({ alarmed: 0.5, delaySeconds: 12 });
    expect(figures.alertsAsCharted).toBe(2);
    expect(figures.stays).toBe(2);
  });
});

it('tells apart what a sign says by its value and by being charted', () => {
  // Any reading of a laboratory value takes 0.05 off, as against 0.1 as charted; potassium from 6 on adds 0.03.
  const risk = ({ sign, value }: Moved) => 0.05 + (sign.id === 'potassium' && value > 6 ? 0.03 : 0);
  const { signsSeen, signsOverNormal } = headlineOf(probeFigures([stay(0, risk)]));
  expect([signsSeen, signsOverNormal]).toEqual([0, 1]);
});

describe('monotonicity', () => {
  const violations = (risk: (variant: Moved) => number) =>
    probeFigures([stay(0, risk)]).monotone.filter((each) => each.violations > 0);

  it('holds where a worse value never has less risk', () => {
    expect(
      probeFigures([stay(0, ({ sign, value }) => Math.abs(value - sign.normal))]).monotoneViolations,
    ).toBe(0);
  });

  it('counts each step below a milder one, in the direction in which it is worse', () => {
    // Creatinine rises to 8 and is then lower, by 0.02 at 12; three times.
    const found = violations(({ sign, value }) =>
      sign.id === 'creatinine' ? (value === 12 ? 0.18 : value / 40) : 0,
    );
    expect(found).toEqual([
      {
        sign: 'creatinine',
        direction: 'high',
        risk: 'mortality',
        violations: 3,
        steps: 18,
        open: 0,
        largest: expect.closeTo(0.02, 9),
        largestOfMean: expect.closeTo(0.02, 9),
      },
    ]);
  });

  it('adds up falls that are small one by one, and leaves those within 0.005', () => {
    const falling = (step: number) =>
      violations(({ sign, value }) => (sign.id === 'spo2' ? 0.5 - step * (97 - value) : 0));
    expect(falling(0.0002)).toEqual([]);
    // 0.00045 a per cent: of the values below 95 %, from where on the table calls lower worse, those of 80 and 75 % are more than 0.005 below it.
    expect(falling(0.00045)).toMatchObject([{ sign: 'spo2', direction: 'low', violations: 6, open: 3 }]);
  });

  it('is not asked where the table of directions says nothing', () => {
    const { monotone, monotoneViolations } = probeFigures([
      stay(0, ({ sign, value }) => (sign.id === 'map' && value > 85 ? 0.1 : 0.2)),
    ]);
    expect(monotoneViolations).toBe(0);
    expect(monotone.find(({ sign, direction }) => sign === 'map' && direction === 'high')).toMatchObject({
      violations: 0,
      steps: 0,
      open: 21,
    });
  });
});
