import { USED } from '../clinical/trust.js';
import { DAY_MS } from '../durations.js';
import type { EpochMs, ImagingClinicalEvent, NoteClinicalEvent, ObservationEvent } from '../events/event.js';
import { hash32, WITHDRAWN } from './results.js';
import type { PatientTimeline, StepIndex } from './timeline.js';

/** What came before a stay's first event counts as this much older at most: timelines keep ages in 32 bits of milliseconds. */
const MAX_BEFORE_MS = 24 * DAY_MS;

/** The step of a late event; what came before the stay's first event is of its first step. */
export function stepIn(timeline: PatientTimeline, time: EpochMs): StepIndex {
  return Math.max(0, timeline.stepOf(time));
}

/** Records the values of an event in a step, which must be in the ring; gives the oldest step that changed. What is not used is not recorded. */
export function recordValues(timeline: PatientTimeline, step: StepIndex, event: ObservationEvent): StepIndex {
  const { kind, variables, values, verdicts } = event;
  if (kind === 'labs' && event.eventTime >= timeline.origin) return recordResults(timeline, step, event);
  const observedAt = Math.max(event.observedAt, timeline.origin - MAX_BEFORE_MS);
  for (let index = 0; index < variables.length; index++) {
    if (verdicts !== null && verdicts[index] !== USED) continue;
    timeline.record(step, variables[index], values[index], observedAt);
  }
  return step;
}

/** Records what a laboratory tells, corrections among it. */
function recordResults(timeline: PatientTimeline, step: StepIndex, event: ObservationEvent): StepIndex {
  const { variables, values, verdicts, withdrawn, observedAt, eventTime } = event;
  const specimen = hash32(event.specimenId);
  const message = hash32(event.messageId);
  const told = { specimen, message, observedAt, eventTime };
  let changed = step;
  for (let index = 0; index < variables.length; index++) {
    const variable = variables[index];
    if (verdicts === null || verdicts[index] === USED) {
      const result = { ...told, variable, value: values[index] };
      changed = Math.min(changed, timeline.recordResult(step, result));
    } else if (timeline.isTold({ ...told, variable })) {
      // What it corrects was wrong, also where the correction cannot be used.
      const result = { ...told, variable, value: WITHDRAWN };
      changed = Math.min(changed, timeline.recordResult(step, result));
    }
  }
  for (const variable of withdrawn) {
    changed = Math.min(changed, timeline.recordResult(step, { ...told, variable, value: WITHDRAWN }));
  }
  return changed;
}

/** Keeps the encoding of a note or image, where it is the newest of its step; gives the step that changed, infinite where none did. */
export function recordDocument(
  timeline: PatientTimeline,
  step: StepIndex,
  { kind, messageId, eventTime, encoding }: NoteClinicalEvent | ImagingClinicalEvent,
): StepIndex {
  if (encoding === null || encoding.embedding === null || step < timeline.oldestStep)
    return Number.POSITIVE_INFINITY;
  const documents = kind === 'notes' ? timeline.notes : timeline.images;
  const isNewest = documents.record(step, { messageId, eventTime, embedding: encoding.embedding });
  return isNewest ? step : Number.POSITIVE_INFINITY;
}
