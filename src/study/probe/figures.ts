import { NEWS2_EMERGENCY } from '../../clinical/news2.js';
import { ARTEFACTS, type Artefact } from './artefacts.js';
import type { ArtefactSeen, InterventionSeen, StaySeen } from './compare.js';
import { DURATIONS, type Intervention, VARIANTS } from './courses.js';
import {
  criteriaMet,
  judgedOf,
  laddersOf,
  PROBE_SIGNS,
  type ProbeSign,
  RISKS,
  type RiskName,
} from './signs.js';

/** A risk may fall by so much where a sign gets worse, and be so far from before when it is over. */
export const MOST_FALL = 0.005;
export const BACK_WITHIN = 0.02;

/** One sign moved to one value for so many minutes, over all stays. NaN, which JSON writes as null, is not defined. */
export interface InterventionFigures {
  readonly sign: string;
  readonly value: number;
  readonly minutes: number;
  /** Whether a criterion of grade critical is met for as long as it asks. */
  readonly isCritical: boolean;
  /** Share of stays with an alarm of state, 0 to 1: of a criterion met, critical where one is; else of any. */
  readonly stateAlarm: number;
  /** The longest time from the first moved value to that alarm. */
  readonly delayMinutes: number;
  /** Means of what the risk was when it ended, less that as charted. */
  readonly deltaMortality: number;
  readonly deltaCirculatory: number;
  readonly deltaHypotension: number;
  readonly deltaRespiratory: number;
  /** Clinical alerts of all stays that they do not raise as charted, and of these those of each kind. */
  readonly alerts: number;
  readonly stateAlerts: number;
  readonly riskAlerts: number;
  readonly news2Alerts: number;
  readonly technicalNotices: number;
  /** Mean change of NEWS2 in points, and the share of stays at or above 7. */
  readonly deltaNews2: number;
  readonly news2Emergency: number;
  /** The same means hours after the sign was back, and the share of stays with every risk back within 0.02. */
  readonly backMortality: number;
  readonly backCirculatory: number;
  readonly backHypotension: number;
  readonly backRespiratory: number;
  readonly backWithin: number;
  /** Clinical alerts that were still open then. */
  readonly stillOpen: number;
}

export interface ArtefactFigures extends Pick<Artefact, 'kind' | 'label' | 'group'> {
  /** Clinical alerts of all stays, well and ill, that they do not raise without it; of the ill only those of states. */
  readonly clinicalAlerts: number;
  readonly technicalNotices: number;
  /** Clinical alerts that were open when it began, and those of them that it ended. */
  readonly openBefore: number;
  readonly wronglyResolved: number;
}

/** Falls of one risk where one sign gets worse in one direction. */
export interface MonotoneFigures {
  readonly sign: string;
  readonly direction: 'low' | 'high';
  readonly risk: RiskName;
  /** Steps of single stays below one that is milder, and how many there were, where the table of directions says that each is worse. */
  readonly violations: number;
  readonly steps: number;
  /** Falls at the other steps, of which it says nothing. */
  readonly open: number;
  /** The largest fall of a stay, and that of the mean of all. */
  readonly largest: number;
  readonly largestOfMean: number;
}

/** A heart that stops in a stable patient, which must not be taken for an artefact. */
export interface ArrestFigures {
  /** Share of stays with an alert of the highest priority before it is over. */
  readonly alarmed: number;
  /** The longest time from the stop to it. */
  readonly delaySeconds: number;
}

export interface ProbeFigures {
  readonly stays: number;
  /** Those that the model gives. */
  readonly risks: readonly RiskName[];
  readonly interventions: readonly InterventionFigures[];
  /** Steps of single stays at which a risk is more than 0.005 below a milder one, over all signs, times and risks. */
  readonly monotoneViolations: number;
  readonly monotone: readonly MonotoneFigures[];
  readonly artefacts: readonly ArtefactFigures[];
  readonly arrest: ArrestFigures;
  /** Clinical alerts that the stays raise as charted in the time looked at. */
  readonly alertsAsCharted: number;
}

/** What the variants of all stays came to. */
export function probeFigures(stays: readonly StaySeen[]): ProbeFigures {
  const interventions = VARIANTS.flatMap((variant, index) =>
    variant.kind === 'intervention'
      ? [
          interventionFigures(
            variant,
            stays.map(({ interventions: seen }) => seen[index]!),
          ),
        ]
      : [],
  );
  const isGiven = (risk: RiskName) =>
    stays.some(({ interventions: seen }) =>
      seen.some((each) => each !== null && !Number.isNaN(each.risks[risk])),
    );
  const risks = RISKS.filter(isGiven);
  const monotone = PROBE_SIGNS.flatMap((sign) => monotoneOf(sign, risks, stays));
  return {
    stays: stays.length,
    risks,
    interventions,
    monotoneViolations: sum(monotone.map(({ violations }) => violations)),
    monotone,
    artefacts: ARTEFACTS.map((artefact) => artefactFigures(artefact, stays)),
    arrest: arrestFigures(stays),
    alertsAsCharted: sum(stays.map(({ asCharted }) => asCharted)),
  };
}

function interventionFigures(
  { sign, value, minutes }: Intervention,
  seen: readonly InterventionSeen[],
): InterventionFigures {
  const mean = (of: (each: InterventionSeen) => number) => meanOf(seen.map(of));
  const total = (of: (each: InterventionSeen) => number) => sum(seen.map(of));
  const delays = seen.map(({ alarmAfter }) => alarmAfter).filter((delay) => !Number.isNaN(delay));
  const isBack = ({ back }: InterventionSeen) => RISKS.every((risk) => !(Math.abs(back[risk]) > BACK_WITHIN));
  return {
    sign: sign.id,
    value,
    minutes,
    isCritical: criteriaMet(sign, value, minutes).some(({ grade }) => grade === 'critical'),
    stateAlarm: delays.length / seen.length,
    delayMinutes: longest(delays),
    deltaMortality: mean(({ deltas }) => deltas.mortality),
    deltaCirculatory: mean(({ deltas }) => deltas.circulatory),
    deltaHypotension: mean(({ deltas }) => deltas.hypotension),
    deltaRespiratory: mean(({ deltas }) => deltas.respiratory),
    alerts: total(({ alerts }) => alerts.state + alerts.risk + alerts.news2),
    stateAlerts: total(({ alerts }) => alerts.state),
    riskAlerts: total(({ alerts }) => alerts.risk),
    news2Alerts: total(({ alerts }) => alerts.news2),
    technicalNotices: total(({ alerts }) => alerts.technical),
    deltaNews2: mean(({ deltaNews2 }) => deltaNews2),
    news2Emergency: seen.filter(({ news2 }) => news2 >= NEWS2_EMERGENCY).length / seen.length,
    backMortality: mean(({ back }) => back.mortality),
    backCirculatory: mean(({ back }) => back.circulatory),
    backHypotension: mean(({ back }) => back.hypotension),
    backRespiratory: mean(({ back }) => back.respiratory),
    backWithin: seen.filter(isBack).length / seen.length,
    stillOpen: total(({ stillOpen }) => stillOpen),
  };
}

function monotoneOf(
  sign: ProbeSign,
  given: readonly RiskName[],
  stays: readonly StaySeen[],
): MonotoneFigures[] {
  return laddersOf(sign).flatMap((ladder) =>
    given.map((risk): MonotoneFigures => {
      const counts = { violations: 0, steps: 0, open: 0, largest: 0, largestOfMean: 0 };
      const risksAt = (values: readonly number[], minutes: number) => {
        const places = values.map((value) => placeOf(sign, value, minutes));
        return stays.map(({ interventions }) => places.map((place) => interventions[place]!.risks[risk]));
      };
      for (const minutes of DURATIONS) {
        const steps = risksAt(judgedOf(sign, ladder), minutes).filter((risks) => risks.length > 1);
        const all = risksAt(ladder, minutes).flatMap(fallsOf);
        counts.open += all.filter((fall) => fall > MOST_FALL).length;
        for (const risks of steps) {
          for (const fall of fallsOf(risks)) {
            counts.steps++;
            if (fall > MOST_FALL) counts.violations++;
            counts.largest = Math.max(counts.largest, fall);
          }
        }
        if (steps.length === 0) continue;
        const means = steps[0].map((_, step) => meanOf(steps.map((risks) => risks[step])));
        counts.largestOfMean = Math.max(counts.largestOfMean, ...fallsOf(means));
      }
      counts.open -= counts.violations;
      return { sign: sign.id, direction: ladder[1] < ladder[0] ? 'low' : 'high', risk, ...counts };
    }),
  );
}

/** How far each step is below the highest of the milder ones; 0: it is not. */
function fallsOf(risks: readonly number[]): number[] {
  let highest = risks[0];
  return risks.slice(1).map((risk) => {
    const fall = highest - risk;
    if (fall > 0) return fall;
    highest = risk;
    return 0;
  });
}

function placeOf(sign: ProbeSign, value: number, minutes: number): number {
  return VARIANTS.findIndex(
    (each) =>
      each.kind === 'intervention' && each.sign === sign && each.value === value && each.minutes === minutes,
  );
}

function artefactFigures(artefact: Artefact, stays: readonly StaySeen[]): ArtefactFigures {
  const { kind, label, group } = artefact;
  const seen = stays.flatMap(({ artefacts }) =>
    artefacts.filter((each, index): each is ArtefactSeen => {
      const variant = VARIANTS[index];
      return each !== null && variant.kind === 'monitored' && variant.artefact === artefact;
    }),
  );
  const total = (of: (each: ArtefactSeen) => number) => sum(seen.map(of));
  return {
    kind,
    label,
    group,
    clinicalAlerts: total(({ alerts }) => alerts.state + alerts.risk + alerts.news2),
    technicalNotices: total(({ alerts }) => alerts.technical),
    openBefore: total(({ open }) => open),
    wronglyResolved: total(({ wronglyResolved }) => wronglyResolved),
  };
}

function arrestFigures(stays: readonly StaySeen[]): ArrestFigures {
  const delays = stays.map(({ arrestAfter }) => arrestAfter).filter((delay) => !Number.isNaN(delay));
  return { alarmed: delays.length / stays.length, delaySeconds: longest(delays) };
}

/** NaN where there is none. */
function longest(delays: readonly number[]): number {
  return delays.length === 0 ? Number.NaN : Math.max(...delays);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Of those that are known; NaN where none is. */
function meanOf(values: readonly number[]): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return sum(known) / known.length;
}
