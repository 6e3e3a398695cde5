import { type ChartedRows, chart, chartedSeries, emptyChart } from '../cohort/stays.js';
import { HOUR_MS } from '../durations.js';
import type { ClinicalEvent } from '../events/event.js';
import { type EndpointId, endpointEvents } from './events.js';

/** Events of one endpoint in one stay, [start, end] in hours since admission, ascending. */
export type LabelledEvents = readonly (readonly [start: number, end: number])[];

interface Stay {
  readonly admittedAt: number;
  endAt: number;
  readonly chart: ChartedRows;
}

/** Collects what endpoints are told from, as labels for training. They look ahead: never for use live. One stay a patient. */
export class LabelCollector {
  readonly #stays = new Map<string, Stay>();

  add({ patientId, eventTime, observedAt, variables, values, verdicts, kind }: ClinicalEvent): void {
    let stay = this.#stays.get(patientId);
    if (stay === undefined) {
      stay = { admittedAt: eventTime, endAt: eventTime, chart: emptyChart() };
      this.#stays.set(patientId, stay);
    }
    if (kind === 'vitals' || kind === 'labs') stay.endAt = Math.max(stay.endAt, eventTime);
    variables?.forEach((variable, index) => {
      if (!verdicts?.[index]) chart(stay.chart, variable, values[index], observedAt);
    });
  }

  /** Events of an endpoint and the length of the stay in hours, of each patient. */
  labels(endpoint: EndpointId, patientIds: readonly string[]): LabelledEvents[] {
    return patientIds.map((id) => {
      const stay = this.#stays.get(id);
      if (stay === undefined) return [];
      const hours = (time: number) => Math.round(((time - stay.admittedAt) / HOUR_MS) * 1e4) / 1e4;
      const charted = chartedSeries(stay.chart);
      const events = endpointEvents(endpoint, { charted, admittedAt: stay.admittedAt });
      return events.map(({ start, end }) => [hours(start), hours(end)] as const);
    });
  }

  /** Hours from admission to the last value, of each patient. */
  hours(patientIds: readonly string[]): number[] {
    return patientIds.map((id) => {
      const stay = this.#stays.get(id);
      return stay === undefined ? 0 : Math.round(((stay.endAt - stay.admittedAt) / HOUR_MS) * 1e4) / 1e4;
    });
  }
}
