import { alarmText, titleOf } from '../../contract/amounts.js';
import type { AlertMessage, AlertState } from '../../contract/messages.js';
import { FORECASTS, forecastText, NO_FORECASTS, type Outcomes } from '../../contract/outcomes.js';
import type { Priority } from '../../contract/priorities.js';
import type { PatientView } from '../../contract/protocol.js';
import { hashId } from '../../events/dead-letter.js';
import type { EpochMs } from '../../events/event.js';

/**
 * Alerts and risks as FHIR R4 (https://hl7.org/fhir/R4), by hand: the few fields used are written out here, so that
 * production needs no FHIR library. Tests hold them against `@medplum/fhirtypes`.
 */

/** Identifies our patients; a hospital maps it to its own system. */
export const PATIENT_SYSTEM = 'urn:wardstream:patient';
export const ALERT_SYSTEM = 'urn:wardstream:alert';
const RULE_SYSTEM = 'urn:wardstream:rule';
const MODEL_SYSTEM = 'urn:wardstream:model';

interface Coding {
  system: string;
  code: string;
  display?: string;
}

interface Concept {
  coding: Coding[];
  text: string;
}

interface Identifier {
  system: string;
  value: string;
}

interface Reference {
  identifier: Identifier;
  type?: 'Patient';
  display?: string;
}

export interface FlagResource {
  resourceType: 'Flag';
  id: string;
  identifier: Identifier[];
  status: 'active' | 'inactive';
  category: Concept[];
  code: Concept;
  subject: Reference;
  period: { start: string; end?: string };
}

export interface RiskAssessmentResource {
  resourceType: 'RiskAssessment';
  id: string;
  identifier: Identifier[];
  status: 'final';
  method: Concept;
  code: Concept;
  subject: Reference;
  occurrenceDateTime: string;
  prediction: {
    outcome: Concept;
    probabilityDecimal: number;
    qualitativeRisk?: Concept;
    whenRange?: { low: Quantity; high: Quantity };
  }[];
  note?: { text: string }[];
}

interface Quantity {
  value: number;
  unit: string;
  system: string;
  code: string;
}

export type Resource = FlagResource | RiskAssessmentResource;

export interface BundleResource<Entry extends Resource = Resource> {
  resourceType: 'Bundle';
  type: 'searchset' | 'collection';
  total?: number;
  timestamp: string;
  link?: { relation: 'self' | 'next'; url: string }[];
  entry: { fullUrl: string; resource: Entry; search?: { mode: 'match' } }[];
}

/** Priorities in the words of IEC 60601-1-8, 6.1.2. */
const PRIORITY_TEXT: Readonly<Record<Priority, string>> = {
  HIGH: 'High priority alarm condition',
  MEDIUM: 'Medium priority alarm condition',
  LOW: 'Low priority alarm condition',
};

/** An alert as the warning that it is, from when its condition began; inactive once it is resolved. */
export function flagOf(alert: AlertMessage): FlagResource {
  const { alertId, patientId, rule, priority, state, eventTime, onsetTime } = alert;
  const isOver = state === 'RESOLVED';
  return {
    resourceType: 'Flag',
    id: alertId,
    identifier: [{ system: ALERT_SYSTEM, value: alertId }],
    status: isOver ? 'inactive' : 'active',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/flag-category',
            code: 'clinical',
            display: 'Clinical',
          },
        ],
        text: PRIORITY_TEXT[priority],
      },
    ],
    code: {
      coding: [{ system: RULE_SYSTEM, code: rule, display: titleOf(alert) }],
      text: `${alarmText(alert)}: ${stateText(state)}`,
    },
    subject: subjectOf(patientId),
    period: isOver ? { start: iso(onsetTime), end: iso(eventTime) } : { start: iso(onsetTime) },
  };
}

/** The risk of death an alert rests on. */
export function alertRiskOf(alert: AlertMessage, mortality: number): RiskAssessmentResource {
  const { alertId, sequence, patientId, eventTime, modelVersion, news2 } = alert;
  const outcomes = { mortality, ...NO_FORECASTS };
  const assessment = riskAssessment(`${alertId}-${sequence}`, patientId, eventTime, modelVersion, outcomes);
  return news2 === null ? assessment : { ...assessment, note: [{ text: `NEWS2 ${news2}` }] };
}

/** A patient's newest score; null before the first. */
export function riskOf(patient: PatientView, modelVersion: string): RiskAssessmentResource | null {
  const { patientId, mortality, riskAt } = patient;
  if (mortality === null || riskAt === null) return null;
  // Of at most 64 characters, whatever a patient is called (FHIR R4, 2.24.0.1, id).
  const id = hashId('risk', patientId, riskAt);
  return riskAssessment(id, patientId, riskAt, modelVersion, { ...patient, mortality });
}

/** An alert with the risk of death it rests on, in one bundle. */
export function alertBundle(alert: AlertMessage): BundleResource {
  return {
    resourceType: 'Bundle',
    type: 'collection',
    timestamp: iso(alert.eventTime),
    entry: [flagOf(alert), ...(alert.mortality === null ? [] : [alertRiskOf(alert, alert.mortality)])].map(
      (resource) => ({ fullUrl: urlOf(resource), resource }),
    ),
  };
}

/** Results of a search. */
export function searchBundle<Entry extends Resource>(
  resources: readonly Entry[],
  now: EpochMs,
  links: NonNullable<BundleResource['link']>,
): BundleResource<Entry> {
  return {
    resourceType: 'Bundle',
    type: 'searchset',
    timestamp: iso(now),
    link: links,
    entry: resources.map((resource) => ({
      fullUrl: urlOf(resource),
      resource,
      search: { mode: 'match' as const },
    })),
  };
}

const HOURS: Omit<Quantity, 'value'> = { unit: 'h', system: 'http://unitsofmeasure.org', code: 'h' };

function riskAssessment(
  id: string,
  patientId: string,
  time: EpochMs,
  modelVersion: string,
  outcomes: Outcomes,
): RiskAssessmentResource {
  const onsets = FORECASTS.flatMap((forecast) => {
    const probability = outcomes[forecast.id];
    if (probability === null) return [];
    const text = forecastText(forecast, outcomes);
    const code = forecast.id === 'deterioration' ? forecast.id : text.replaceAll(' ', '-');
    return [
      {
        outcome: { coding: [{ system: 'urn:wardstream:outcome', code }], text },
        probabilityDecimal: decimal(probability),
        whenRange: { low: { value: 0, ...HOURS }, high: { value: forecast.hours, ...HOURS } },
      },
    ];
  });
  return {
    resourceType: 'RiskAssessment',
    id,
    identifier: [{ system: 'urn:wardstream:score', value: id }],
    status: 'final',
    method: {
      coding: [{ system: MODEL_SYSTEM, code: modelVersion }],
      text: `Wardstream model ${modelVersion}`,
    },
    code: {
      coding: [{ system: 'urn:wardstream:assessment', code: 'deterioration' }],
      text: 'Risk of deterioration',
    },
    subject: subjectOf(patientId),
    occurrenceDateTime: iso(time),
    prediction: [
      {
        outcome: {
          coding: [{ system: 'urn:wardstream:outcome', code: 'death-in-hospital' }],
          text: 'death in hospital',
        },
        probabilityDecimal: decimal(outcomes.mortality),
      },
      ...onsets,
    ],
  };
}

function subjectOf(patientId: string): Reference {
  return { type: 'Patient', identifier: { system: PATIENT_SYSTEM, value: patientId } };
}

function urlOf({ resourceType, id }: Resource): string {
  return `urn:wardstream:${resourceType.toLowerCase()}:${id}`;
}

function stateText(state: AlertState): string {
  return state.toLowerCase();
}

/** FHIR's decimal is exact text; six places are more than the model knows. */
function decimal(value: number): number {
  return Number(value.toFixed(6));
}

function iso(time: EpochMs): string {
  return new Date(time).toISOString();
}
