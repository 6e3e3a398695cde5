import { Trust } from '../../src/align/trust.js';
import { REASONS } from '../../src/clinical/trust.js';
import { VARIABLES } from '../../src/clinical/variables.js';
import type { ObservationEvent } from '../../src/events/event.js';
import { eventOf, START, vitals } from '../helpers.js';

export const MINUTE_MS = 60_000;

/** A patient whose monitor tells something now and then. */
export class Bed {
  trust = new Trust();
  #told = 0;

  /** What becomes of values at `minute`: the reasons of those that are not used, by variable. */
  tell(minute: number, values: Record<string, number>, isLate = false): Record<string, string> {
    const eventTime = START + Math.round(minute * MINUTE_MS);
    const event = eventOf('vitals', vitals(values, { eventTime, messageId: `m${this.#told++}` }));
    this.trust.judge(event as ObservationEvent, isLate);
    return reasonsIn(event as ObservationEvent);
  }

  /** The same values every minute from `from` to before `to`; the reasons of the last. */
  keep(from: number, to: number, values: Record<string, number>): Record<string, string> {
    let last = {};
    for (let minute = from; minute < to; minute++) last = this.tell(minute, values);
    return last;
  }

  get isArrest(): boolean {
    return !Number.isNaN(this.trust.mayBeArrestedSince);
  }

  /** Since when there may be an arrest, in minutes. */
  get arrestSince(): number {
    return (this.trust.mayBeArrestedSince - START) / MINUTE_MS;
  }

  /** Since when the patient may not breathe, in minutes. */
  get apnoeaSince(): number {
    return (this.trust.mayBeApnoeicSince - START) / MINUTE_MS;
  }
}

export function reasonsIn({ variables, verdicts }: ObservationEvent): Record<string, string> {
  return Object.fromEntries(
    variables.flatMap((variable, index) => {
      const code = verdicts?.[index] ?? 0;
      return code === 0 ? [] : [[VARIABLES[variable].id, REASONS[code - 1].id]];
    }),
  );
}

export const LINE = { sbpInvasive: 120, dbpInvasive: 60, mapInvasive: 80 };
export const WELL = { heartRate: 80, respRate: 16, spo2: 97, temperature: 36.8, ...LINE };

/** A saturation that falls and rises by 1 %, after a minute 10 in which a watch began; the reasons of the last. */
export function moves(bed: Bed, beside: Record<string, number> = {}): Record<string, string> {
  bed.tell(11, { ...beside, spo2: 96 });
  return bed.tell(11.5, { ...beside, spo2: 97 });
}
