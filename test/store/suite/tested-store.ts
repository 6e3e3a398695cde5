import type { ClickHouseClient } from '@clickhouse/client';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { PatientState } from '../../../src/align/patient.js';
import { NO_SOFA, type Sofa } from '../../../src/clinical/sofa.js';
import type { PresentState } from '../../../src/clinical/state.js';
import type { Outputs } from '../../../src/engine/outputs.js';
import type { ObservationEvent } from '../../../src/events/event.js';
import { select } from '../../../src/store/select.js';
import { adt, eventOf, HOUR_MS, START, vitals } from '../../helpers.js';
import { DirectSink } from '../direct-sink.js';

export const MINUTE_MS = 60_000;

/** A store that tests share, empty before each. */
export class TestedStore {
  client!: ClickHouseClient;

  /** Registers its opening, emptying and closing with the test file. */
  constructor(open: () => Promise<ClickHouseClient>) {
    beforeAll(async () => {
      this.client = await open();
    });
    afterAll(async () => {
      await this.client.close();
    });
    beforeEach(async () => {
      for (const table of await filled(this.client))
        await this.client.command({ query: `TRUNCATE TABLE ${table}` });
    });
  }

  /** The newest score of each patient who is not discharged, by patient id, as the dashboards of Grafana read it. */
  currentScores() {
    return select<{
      patientId: string;
      wardId: string;
      bedId: string;
      mortality: number;
      circulatory: number | null;
    }>(
      this.client,
      `SELECT patient_id AS patientId, ward_id AS wardId, bed_id AS bedId, mortality, circulatory, hypotension, respiratory, sepsis
         FROM current_scores FINAL
         WHERE stay_id NOT IN (SELECT stay_id FROM stays FINAL WHERE discharged_at IS NOT NULL) ORDER BY patientId`,
    );
  }

  /** Written, written again, and asked before and after the parts are merged. */
  async twice(outputs: Outputs, ask: () => Promise<void>): Promise<void> {
    for (let time = 0; time < 2; time++) {
      const sink = new DirectSink(unclosed(this.client), 'm1');
      await sink.write(outputs);
      await sink.close();
    }
    await ask();
    for (const table of await filled(this.client))
      await this.client.command({ query: `OPTIMIZE TABLE ${table} FINAL` });
    await ask();
  }
}

/** Tables with rows. */
async function filled(client: ClickHouseClient): Promise<string[]> {
  const rows = await select<{ name: string }>(
    client,
    `SELECT name FROM system.tables WHERE database = currentDatabase() AND total_rows > 0 AND name != 'schema_migrations'`,
  );
  return rows.map(({ name }) => name);
}

/** The client, which the sink may not close. */
export function unclosed(client: ClickHouseClient): ClickHouseClient {
  return { insert: (params: never) => client.insert(params), close: async () => undefined } as never;
}

export function observation(
  patientId: string,
  ms: number,
  values: Record<string, number>,
  messageId: string,
): ObservationEvent {
  const message = vitals(values, { patientId, messageId, eventTime: START + ms });
  return eventOf('vitals', message) as ObservationEvent;
}

export function patientAt(patientId: string, admittedAt: number): PatientState {
  const patient = new PatientState(
    { patientId, partition: 0, eventTime: admittedAt },
    { stepMs: HOUR_MS, steps: 4 },
    16,
  );
  patient.updateFrom(adt('ADMIT', { patientId, wardId: 'W', bedId: '1' }));
  return patient;
}

export const LOW: PresentState = {
  criterion: 'hypotension',
  label: 'Low mean pressure',
  grade: 'failing',
  sign: 'map',
  value: 61.5,
  unit: 'mm[Hg]',
  since: START - 10 * MINUTE_MS,
  at: START,
  variable: 'mapCuff',
};
export const STATE: PresentState = {
  criterion: 'potassium-high',
  label: 'Very high potassium',
  grade: 'critical',
  sign: 'potassium',
  value: 6.5,
  unit: 'mmol/L',
  since: START,
  at: START,
  variable: 'potassium',
};
export const SOFA: Sofa = { ...NO_SOFA, total: 5, coagulation: 2, renal: 3 };
