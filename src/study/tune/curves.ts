import type { ObservedStay } from '../../cohort/stays.js';
import { MINUTE_MS } from '../../durations.js';
import type { AlertRule } from '../../settings/config.js';
import { type AlertFigures, alertFigures, type Foreseeable, judgedAlerts } from '../policies.js';
import { raisedBy } from '../raised-alerts.js';
import { type Candidate, type Form, rulesOf, shifted, THRESHOLDS } from './space.js';

/** Stays with what should be foretold in each. */
export interface Ground {
  readonly stays: readonly ObservedStay[];
  readonly against: Foreseeable;
}

/** What rules do on stays. */
export function figuresOf(rules: readonly AlertRule[], { stays, against }: Ground): AlertFigures {
  return alertFigures(judgedAlerts(raisedBy(rules, stays), stays, against));
}

/** What a policy does at one of its thresholds. */
export interface CurvePoint extends AlertFigures {
  /** Of its first rule, in the signal's unit. */
  readonly raiseAt: number;
}

/** A policy over thresholds, all else as it is: of several rules all thresholds move together. */
export function thresholdCurve(form: Form, candidate: Candidate, on: Ground): CurvePoint[] {
  const points: CurvePoint[] = [];
  for (let places = -THRESHOLDS.length; places <= THRESHOLDS.length; places++) {
    const moved = shifted(candidate, places);
    if (moved === null) continue;
    const rules = rulesOf(form, moved);
    points.push({ raiseAt: rules[0].raiseAt, ...figuresOf(rules, on) });
  }
  return points;
}

/** Royal College of Physicians 2017: from one point to the emergency threshold and beyond. */
const POINTS = [5, 6, 7, 8, 9, 10, 11, 12] as const;

/** NEWS2 as a rule of its own, over thresholds: what a ward without a model has. */
export function news2Curve(on: Ground): CurvePoint[] {
  return POINTS.map((raiseAt) => {
    const rule: AlertRule = {
      id: 'news2',
      signal: 'news2',
      priority: 'MEDIUM',
      raiseAt,
      resolveBelow: raiseAt - 2,
      holdMs: 10 * MINUTE_MS,
      refractoryMs: 60 * MINUTE_MS,
      escalateAfterMs: 60 * MINUTE_MS,
    };
    return { raiseAt, ...figuresOf([rule], on) };
  });
}
