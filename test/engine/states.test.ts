import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { AlertPolicy } from '../../src/alerts/policy.js';
import type { Baseline } from '../../src/clinical/baselines.js';
import { AlignAndScore, applyAlertPolicy } from '../../src/engine/stages.js';
import type { ClinicalEvent } from '../../src/events/event.js';
import { MicroBatcher } from '../../src/inference/batcher.js';
import { BlankRuntime } from '../../src/inference/blank.js';
import { loadModel } from '../../src/inference/model.js';
import { DEFAULT_CONFIG } from '../../src/settings/config.js';
import { eventOf, labs, orderedOf, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const { encoder, shape, config } = loadModel('latest');
const ALIGN = { ...DEFAULT_CONFIG.align, stepMs: config.stepMs, steps: config.steps, dedupeWindow: 64 };
const minutes = (time: number) => (time - START) / MINUTE_MS;

let made = 0;
const at = (minute: number) => ({ eventTime: START + minute * MINUTE_MS, messageId: `m${made++}` });
const measured = (minute: number, values: Record<string, number>) =>
  eventOf('vitals', vitals(values, at(minute)));
const result = (minute: number, values: Record<string, number>) => eventOf('labs', labs(values, at(minute)));

/** What comes of runs of events, each released at once, all input being in up to a minute. */
async function outcomesOf(
  runs: readonly { readonly events: readonly ClinicalEvent[]; readonly through: number }[],
  baselines: Readonly<Record<string, Baseline>> = {},
) {
  const batcher = new MicroBatcher(encoder, new BlankRuntime(shape), shape, 16);
  const stage = new AlignAndScore(
    { ...ALIGN, minScoreIntervalMs: 15 * MINUTE_MS },
    batcher,
    undefined,
    null,
    baselines,
  );
  const policy = new AlertPolicy([], 'v', Number.POSITIVE_INFINITY, DEFAULT_CONFIG.alerts.state);
  const batches = runs.map(({ events, through }) => {
    const time = START + through * MINUTE_MS;
    return orderedOf(events, { watermarks: new Map([[0, { ordered: time, complete: time }]]) });
  });
  const decided = applyAlertPolicy(policy, (id) => stage.aligner.patients.get(id)?.partition);
  const outputs = await lastValueFrom(from(batches).pipe(stage.operator(), decided, toArray()));
  return {
    scores: outputs.flatMap(({ scores }) => scores),
    /** By run. */
    alerts: outputs.map(({ alerts }) =>
      alerts.map(({ rule, state, eventTime }) => [rule, state, minutes(eventTime)]),
    ),
    states: outputs.map(({ states }) => states.map((each) => each.states.map(({ criterion }) => criterion))),
  };
}

describe('states', () => {
  it('are told with each score, and alarmed between two as well', async () => {
    const { scores, alerts, states } = await outcomesOf([
      { events: [measured(0, { heartRate: 80 })], through: 0 },
      // Neither is scored: the interval is longer.
      { events: [measured(1, { mapInvasive: 50 })], through: 1 },
      { events: [measured(12, { mapInvasive: 52 })], through: 12 },
      { events: [measured(16, { heartRate: 82 })], through: 16 },
    ]);
    expect(alerts).toEqual([[], [], [['hypotension-severe', 'RAISED', 11]], []]);
    expect(states).toEqual([
      [],
      [[]],
      [['hypotension-severe', 'hypotension']],
      [['hypotension-severe', 'hypotension']],
    ]);
    expect(scores.map(({ eventTime }) => minutes(eventTime))).toEqual([0, 16]);
    expect(scores[0].states).toEqual([]);
    expect(scores[1].states).toMatchObject([
      { criterion: 'hypotension-severe', grade: 'critical', since: START + MINUTE_MS, value: 52 },
      { criterion: 'hypotension', variable: 'mapInvasive', at: START + 12 * MINUTE_MS },
    ]);
  });

  it('begin by time alone of a patient of whom nothing more comes', async () => {
    const { alerts, states } = await outcomesOf([
      { events: [measured(0, { spo2: 70 })], through: 0 },
      { events: [], through: 9 },
      { events: [], through: 11 },
    ]);
    expect(alerts).toEqual([[], [], [['desaturation-severe', 'RAISED', 10]]]);
    expect(states).toEqual([[[]], [], [['desaturation-severe', 'desaturation']]]);
  });

  it('are alarmed at once of a result that comes late, not only with the next value', async () => {
    const { alerts } = await outcomesOf([
      { events: [measured(0, { heartRate: 80 }), measured(5, { heartRate: 80 })], through: 5 },
      { events: [result(3, { potassium: 7 })], through: 5 },
    ]);
    expect(alerts).toEqual([[], [['potassium-high', 'RAISED', 5]]]);
  });

  it('go by what is normal for the patient, and so does NEWS2', async () => {
    const course = [
      { events: [measured(0, { spo2: 87, heartRate: 38 })], through: 0 },
      { events: [measured(20, { spo2: 87, heartRate: 38 })], through: 20 },
    ];
    const usual = await outcomesOf(course);
    expect(usual.alerts[1].map(([rule]) => rule)).toEqual(['bradycardia', 'desaturation']);
    const own = await outcomesOf(course, { p1: { spo2Target: [88, 92], heartRateLow: 35 } });
    expect(own.alerts[1]).toEqual([]);
    expect([usual.scores[1].news2, own.scores[1].news2]).toEqual([6, 4]);
  });
});
