/** Quick SOFA. Singer et al., JAMA 2016;315:801-810, box 4. */

/** Breaths a minute, at or above. */
export const QSOFA_RESP_RATE = 22;
/** mmHg, at or below. */
export const QSOFA_SYSTOLIC = 100;

/** Null is unknown. */
export interface QsofaInputs {
  readonly respRate: number | null;
  readonly sbp: number | null;
  /** Altered mentation is Glasgow Coma Scale below 15. */
  readonly alert: boolean | null;
}

/** 0 to 3 over the inputs present; null where all are missing. */
export function qsofa({ respRate, sbp, alert }: QsofaInputs): number | null {
  if (respRate === null && sbp === null && alert === null) return null;
  const fast = respRate !== null && respRate >= QSOFA_RESP_RATE;
  const low = sbp !== null && sbp <= QSOFA_SYSTOLIC;
  return Number(fast) + Number(low) + Number(alert === false);
}
