import { MINUTE_MS } from '../../durations.js';
import type { EpochMs } from '../../events/event.js';
import { VARIANTS, type Variant } from './courses.js';
import { ARTEFACT_AT } from './monitor.js';
import type { AlertKind, Moment, Seen, SeenAlert } from './observed.js';
import { type ByRisk, byRisk, criteriaMet } from './signs.js';
import type { StableStay } from './stays.js';

export type CountByKind = Readonly<Record<AlertKind, number>>;

/** What one intervention did to one stay. */
export interface InterventionSeen {
  /** Probabilities when it ended. */
  readonly risks: ByRisk;
  /** The same less those of the stay as charted. */
  readonly deltas: ByRisk;
  /** The difference some hours after the sign was back. */
  readonly back: ByRisk;
  /** NEWS2 points when it ended, and less those as charted. */
  readonly news2: number;
  readonly deltaNews2: number;
  /** Minutes from the first moved value to the alarm of state; NaN: none. */
  readonly alarmAfter: number;
  /** Alerts that the stay as charted does not raise. */
  readonly alerts: CountByKind;
  /** Of these, still open at the end. */
  readonly stillOpen: number;
}

/** What one artefact did to one stay, well or ill. */
export interface ArtefactSeen {
  /** Alerts that the same patient does not raise without it; of risk and NEWS2 only where the patient is well. */
  readonly alerts: CountByKind;
  /** Clinical alerts open when it began, and those that ended although they do not without it. */
  readonly open: number;
  readonly wronglyResolved: number;
}

/** What the variants did to one stay, in the order of `VARIANTS`; null: not of that kind. */
export interface StaySeen {
  /** Its place among the stays. */
  readonly number: number;
  readonly patientId: string;
  /** Clinical alerts that the stay raises as charted, from the start on. */
  readonly asCharted: number;
  readonly interventions: readonly (InterventionSeen | null)[];
  readonly artefacts: readonly (ArtefactSeen | null)[];
  /** Seconds from the heart's stop to the first alert of the highest priority, of whatever kind; NaN: none. */
  readonly arrestAfter: number;
}

/** Sets each variant of a stay beside the same stay without the change. */
export function compareStay(
  { number, chart, startMs }: StableStay,
  seen: readonly Seen[],
  admittedAt: EpochMs,
): StaySeen {
  const start = admittedAt + startMs;
  const charted = seen[0];
  const untouched = (isIll: boolean) =>
    seen[
      VARIANTS.findIndex(
        (each) => each.kind === 'monitored' && each.artefact === null && each.isIll === isIll,
      )
    ];
  return {
    number,
    patientId: chart.patientId,
    asCharted: charted.alerts.filter(({ kind, raisedAt }) => kind !== 'technical' && raisedAt >= start)
      .length,
    interventions: VARIANTS.map((variant, index) =>
      variant.kind === 'intervention' ? interventionSeen(variant, seen[index], charted, start) : null,
    ),
    artefacts: VARIANTS.map((variant, index) =>
      variant.kind === 'monitored' && variant.artefact !== null
        ? artefactSeen(variant, seen[index], untouched(variant.isIll), start)
        : null,
    ),
    arrestAfter: arrestAfter(seen[VARIANTS.findIndex(({ kind }) => kind === 'arrest')], start),
  };
}

function arrestAfter({ alerts }: Seen, start: EpochMs): number {
  const stop = start + ARTEFACT_AT * MINUTE_MS;
  const first = alerts.find(({ priority, raisedAt }) => priority === 'HIGH' && raisedAt >= stop);
  return first === undefined ? Number.NaN : (first.raisedAt - stop) / 1000;
}

function interventionSeen(
  variant: Variant & { kind: 'intervention' },
  seen: Seen,
  charted: Seen,
  start: EpochMs,
): InterventionSeen {
  const { sign, value, minutes } = variant;
  const end = start + minutes * MINUTE_MS;
  const until = start + variant.until * MINUTE_MS;
  const [moved, usual] = [lastAt(seen.moments, end), lastAt(charted.moments, end)];
  const [movedBack, usualBack] = [lastAt(seen.moments, until), lastAt(charted.moments, until)];
  const own = ownAlerts(seen, charted, start, until);
  const met = criteriaMet(sign, value, minutes);
  const critical = met.filter(({ grade }) => grade === 'critical');
  const asked = new Set((critical.length > 0 ? critical : met).map(({ id }) => id));
  const alarm = own.find(({ kind, rule }) => kind === 'state' && (asked.size === 0 || asked.has(rule)));
  return {
    risks: byRisk((risk) => moved[risk]),
    deltas: byRisk((risk) => moved[risk] - usual[risk]),
    back: byRisk((risk) => movedBack[risk] - usualBack[risk]),
    news2: moved.news2,
    deltaNews2: moved.news2 - usual.news2,
    alarmAfter: alarm === undefined ? Number.NaN : (alarm.raisedAt - start) / MINUTE_MS,
    alerts: countByKind(own),
    stillOpen: own.filter(({ kind, endedAt }) => kind !== 'technical' && endedAt > until).length,
  };
}

function artefactSeen(
  { until, isIll }: Variant & { kind: 'monitored' },
  seen: Seen,
  untouched: Seen,
  start: EpochMs,
): ArtefactSeen {
  const from = start + ARTEFACT_AT * MINUTE_MS;
  const end = start + until * MINUTE_MS;
  const isOpen = ({ kind, raisedAt, endedAt }: SeenAlert) =>
    kind !== 'technical' && raisedAt < from && endedAt >= from;
  const open = seen.alerts.filter(isOpen);
  const goesOn = new Set(
    untouched.alerts.filter((each) => isOpen(each) && each.endedAt > end).map(({ rule }) => rule),
  );
  const wrong = open.filter(({ rule, endedAt }) => endedAt <= end && goesOn.has(rule));
  return {
    // A risk or NEWS2 of a patient in shock is not false, whichever value tips it.
    alerts: countByKind(
      ownAlerts(seen, untouched, from, end).filter(
        ({ kind }) => !isIll || kind === 'state' || kind === 'technical',
      ),
    ),
    open: open.length,
    wronglyResolved: wrong.length,
  };
}

/** A notice has the time of the clock, which goes on while values wait for others of their moment. */
const NOTICE_LAG_MS = 60 * MINUTE_MS;

/** Alerts raised from one time to another of a rule by which the other patient raised none then. */
function ownAlerts({ alerts }: Seen, other: Seen, from: EpochMs, until: EpochMs): SeenAlert[] {
  const isBy = ({ raisedAt }: SeenAlert, end: EpochMs) => raisedAt >= from && raisedAt <= end;
  const raised = new Set(
    other.alerts
      .filter((each) => isBy(each, each.kind === 'technical' ? until + NOTICE_LAG_MS : until))
      .map(({ rule }) => rule),
  );
  return alerts.filter((each) => isBy(each, until) && !raised.has(each.rule));
}

const NOTHING: Moment = { time: Number.NaN, ...byRisk(() => Number.NaN), news2: Number.NaN };

/** The last moment at or before a time. */
function lastAt(moments: readonly Moment[], time: EpochMs): Moment {
  return moments.findLast((each) => each.time <= time) ?? NOTHING;
}

function countByKind(alerts: readonly SeenAlert[]): CountByKind {
  const counts = { state: 0, news2: 0, risk: 0, technical: 0 };
  for (const { kind } of alerts) counts[kind]++;
  return counts;
}
