import { REASONS, reasonCode, USED } from '../clinical/trust.js';
import { VARIABLE_COUNT, VARIABLES } from '../clinical/variables.js';
import type { ClinicalEvent } from '../events/event.js';

/** Of these, each is a dead letter too, since an interface has to be mended. */
const LETTERS = [reasonCode('unit'), reasonCode('impossible')];

export interface UntrustedValues {
  readonly variable: string;
  readonly reason: string;
  readonly values: number;
}

/** Values that were not used, since the start. */
export class TrustCounts {
  /** By variable and code of the reason. */
  readonly #counts = new Float64Array(VARIABLE_COUNT * (REASONS.length + 1));

  /** Those that were usable when they came in. */
  usable = 0;

  /** Adds the values of an event that are not used; `before` of them were not usable when they came in. */
  add(variables: readonly number[], verdicts: Uint8Array, before: number): void {
    this.usable -= before;
    for (let index = 0; index < variables.length; index++) {
      if (verdicts[index] === USED) continue;
      this.usable++;
      this.#counts[placeOf(variables[index], verdicts[index])]++;
    }
  }

  /** All of them. */
  get #total(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Those that no dead letter tells of. */
  get withoutLetter(): number {
    let sum = this.#total;
    for (let variable = 0; variable < VARIABLE_COUNT; variable++) {
      for (const code of LETTERS) sum -= this.#counts[placeOf(variable, code)];
    }
    return sum;
  }

  /** By variable and reason, where there are any. */
  all(): UntrustedValues[] {
    return VARIABLES.flatMap(({ id: variable }, index) =>
      REASONS.flatMap(({ id: reason }, code) => {
        const values = this.#counts[placeOf(index, code + 1)];
        return values === 0 ? [] : [{ variable, reason, values }];
      }),
    );
  }
}

function placeOf(variable: number, code: number): number {
  return variable * (REASONS.length + 1) + code;
}

/** Whether an event of values has none that a patient can have. */
export function isEmpty(event: ClinicalEvent): boolean {
  return event.variables !== null && usableOf(event) === 0;
}

/** Values of an event that speak against nothing yet. */
export function usableOf({ variables, verdicts }: ClinicalEvent): number {
  if (variables === null) return 0;
  if (verdicts === null) return variables.length;
  return verdicts.reduce((sum, code) => sum + (code === USED ? 1 : 0), 0);
}
