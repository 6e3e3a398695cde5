import { reasonOf, USED } from '../../src/clinical/trust.js';
import { scoreMessage } from '../../src/engine/bus-sink.js';
import type { Outputs } from '../../src/engine/outputs.js';
import { staysOf } from '../../src/engine/verdicts.js';
import { problemOf } from '../../src/events/encoding.js';
import type { ObservationEvent } from '../../src/events/event.js';
import {
  alertRow,
  deadLetterRow,
  imageRow,
  type Marks,
  noteRow,
  observationRows,
  type Row,
  scoreRow,
  shadowScoreRow,
  stayRow,
  type Table,
  treatmentRow,
} from '../../src/store/rows.js';

/** The rows of what the engine put out, without a log between. */
export function putRows(outputs: Outputs, modelVersion: string, put: (table: Table, row: Row) => void): void {
  const { notes, images, treatments, observations, scores, shadowScores = [], alerts, deadLetters } = outputs;
  for (const event of notes) put('notes', noteRow(event));
  for (const event of images) {
    const { encoding } = event;
    put('images', imageRow(event, encoding?.finding ?? null, problemOf(encoding)));
  }
  for (const event of treatments) put('treatments', treatmentRow(event));
  for (const event of observations) {
    // What became of its values is stored already, before the snapshot that knows it.
    if (event.isRepeated) continue;
    for (const row of observationRows(event, marksOf(event))) put('observations', row);
  }
  for (const { patientId, stay } of staysOf(outputs)) {
    if (stay !== null) put('stays', stayRow(patientId, stay));
  }
  for (const score of scores) {
    put('scores', scoreRow(scoreMessage(score, modelVersion, false)));
  }
  for (const score of shadowScores) {
    put('shadow_scores', shadowScoreRow(scoreMessage(score, score.modelVersion, true)));
  }
  for (const alert of alerts) put('alert_events', alertRow(alert));
  for (const letter of deadLetters) put('dead_letters', deadLetterRow(letter));
}

function marksOf({ verdicts }: ObservationEvent): Marks | null {
  if (verdicts === null) return null;
  const marks = new Map<number, readonly [string, string]>();
  verdicts.forEach((code, index) => {
    if (code === USED) return;
    const { verdict, id } = reasonOf(code);
    marks.set(index, [verdict, id]);
  });
  return marks;
}
