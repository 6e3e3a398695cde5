import { SIGNS } from '../../../src/clinical/signs.js';
import { STALE_MS } from '../../../src/clinical/sources.js';
import { CRITERIA, type Criterion } from '../../../src/clinical/state.js';
import { VARIABLES } from '../../../src/clinical/variables.js';
import { amountText } from '../../../src/contract/amounts.js';
import { DAY_MS } from '../../../src/durations.js';
import { ageText, labelOf, minuteText } from './format.js';
import type { DoubtView, PatientView } from './protocol.js';
import { CHARTED_STALE_MS } from './ward/vitals.js';

/** What a patient is in now, and what is not used of what is told of them: facts, beside the forecast of the model. */

const CRITERION_BY_ID = new Map(CRITERIA.map((criterion, rank) => [criterion.id, { criterion, rank }]));

export type StateView = PatientView['states'][number];

/** Critical states first, then in the order of the criteria. */
export function sortStates<State extends Pick<StateView, 'grade' | 'criterion'>>(
  states: readonly State[],
): State[] {
  const rank = ({ grade, criterion }: State) =>
    (grade === 'critical' ? 0 : CRITERIA.length) + (CRITERION_BY_ID.get(criterion)?.rank ?? CRITERIA.length);
  return states.toSorted((a, b) => rank(a) - rank(b));
}

/** `54 mmHg` */
export function stateValue({ value, unit }: Pick<StateView, 'value' | 'unit'>): string {
  return amountText(value, unit);
}

/** `since 02:10`; of what began more than a day ago for how long it has been there. */
export function sinceMoment(since: number, now: number): string {
  return now - since < DAY_MS ? `since ${minuteText(since)}` : `for ${ageText(now - since)}`;
}

/** `at most 55 mmHg for 10 min`; empty where the criterion is not known here. */
export function criterionText(id: string): string {
  const criterion: Criterion | undefined = CRITERION_BY_ID.get(id)?.criterion;
  if (criterion === undefined) return '';
  const { direction, limit, lastsMs, sign } = criterion;
  const bound = `${direction === 'low' ? 'at most' : 'at least'} ${amountText(limit, SIGNS[sign].unit)}`;
  return lastsMs === 0 ? bound : `${bound} for ${ageText(lastsMs)}`;
}

/** The circulation, or oxygenation as PaO2/FiO2, whose state cannot be told as of now. */
export interface UnclearState {
  readonly organ: 'circulation' | 'P/F';
  /** How old what it is told from is; null: not known, or too old to count. */
  readonly ageMs: number | null;
}

/** As of the values alone. */
const ASKED = { direction: 'low', best: Number.NaN, spoke: -1 } as const;
const SIGN_OF = { circulation: 'map', 'P/F': 'oxygenation' } as const;
export const ORGANS = Object.keys(SIGN_OF).length;
/** What a monitor sends; what is charted or drawn by the hour is old later, as on the tile. */
const MONITORED: ReadonlySet<string> = new Set(['mapInvasive', 'spo2']);

/** Organs whose state cannot be told, since what it is told from is not known, too old to count, or old. */
export function unclearStates({ values: views }: Pick<PatientView, 'values'>, now: number): UnclearState[] {
  const values = new Float32Array(VARIABLES.length).fill(Number.NaN);
  const ages = new Float32Array(VARIABLES.length).fill(Number.NaN);
  VARIABLES.forEach(({ id }, index) => {
    const view = views[id];
    if (view === undefined) return;
    values[index] = view.value;
    ages[index] = Math.max(0, now - view.at);
  });
  return (['circulation', 'P/F'] as const).flatMap((organ): UnclearState[] => {
    const reading = SIGNS[SIGN_OF[organ]].read(values, ages, now, ASKED);
    if (reading === null) return [{ organ, ageMs: null }];
    const ageMs = now - reading.at;
    const isMonitored = MONITORED.has(VARIABLES[reading.variable].id);
    return ageMs > (isMonitored ? STALE_MS : CHARTED_STALE_MS) ? [{ organ, ageMs }] : [];
  });
}

/** Values of one probe that are not used for one reason. */
export interface Doubt {
  readonly probe: string;
  readonly reason: string;
  readonly words: string;
  readonly verdict: DoubtView['verdict'];
  /** Each variable with its value. */
  readonly values: readonly (DoubtView & { readonly variable: string })[];
  /** When the newest was observed. */
  readonly at: number;
}

const ARREST = 'maybe-arrest';
const APNOEA = 'maybe-apnoea';
/** What may be no fault of a probe, the gravest last. */
const GRAVEST: readonly string[] = [APNOEA, ARREST];
/** A line or a cuff is one probe. */
const PROBES: readonly (readonly [name: string, variables: RegExp])[] = [
  ['BP art', /^(sbp|dbp|map)Invasive$/],
  ['BP cuff', /^(sbp|dbp|map)Cuff$/],
  ['HR', /^heartRate$/],
  ['RR', /^respRate$/],
  ['SpO₂', /^spo2$/],
  ['SaO₂', /^sao2$/],
  ['Temp', /^temperature$/],
];

export function probeOf(variable: string): string {
  return PROBES.find(([, variables]) => variables.test(variable))?.[0] ?? labelOf(variable);
}

/** What of the newest values is not used, by probe and reason: what may be an arrest first, then apnoea, then the newest. */
export function doubtsOf({ doubted = {} }: Pick<PatientView, 'doubted'>): Doubt[] {
  const groups = new Map<string, Doubt>();
  for (const [variable, view] of Object.entries(doubted)) {
    const probe = probeOf(variable);
    const { reason, words, verdict, at } = view;
    const known = groups.get(`${probe} ${reason}`);
    const values = [...(known?.values ?? []), { ...view, variable }];
    const newest = Math.max(known?.at ?? 0, at);
    groups.set(`${probe} ${reason}`, { probe, reason, words, verdict, values, at: newest });
  }
  const rank = ({ reason }: Doubt) => GRAVEST.length - GRAVEST.indexOf(reason);
  return [...groups.values()].sort((a, b) => rank(a) - rank(b) || b.at - a.at);
}

/** A reason in a word or two: `flush`, `other patient`. */
export function reasonText(reason: string): string {
  if (reason === ARREST) return 'may be an arrest';
  return reason === APNOEA ? 'may be apnoea' : reason.replaceAll('-', ' ');
}

export function mayBeArrest({ reason }: Pick<Doubt, 'reason'>): boolean {
  return reason === ARREST;
}

/** Whether somebody has to come now, whatever the risk says: a critical state, or what may be an arrest. */
export function isCritical(patient: Pick<PatientView, 'states' | 'doubted'>): boolean {
  return patient.states.some(({ grade }) => grade === 'critical') || doubtsOf(patient).some(mayBeArrest);
}
