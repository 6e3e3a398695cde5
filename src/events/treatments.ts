import { type Drug, drugOfCode, isPossibleRate, type Rate, rateOf } from '../clinical/drugs.js';
import type { TreatmentMessage } from '../contract/messages.js';
import type { DeadLetterReason } from './dead-letter.js';
import type { Charting } from './event.js';

/** Takes what of a message cannot be used, with its place in it; the rest is used. */
type RejectPart = (reason: DeadLetterReason, detail: string, index: number) => void;

/** Places of a message's parts in dead letters. */
const [DRUG, RATE] = [0, 1];

/**
 * What a message says of an infusion; null where the drug is none that is known. A rate that cannot be read is not known: the infusion
 * runs, or does not, all the same.
 */
export function chartingOf(message: TreatmentMessage, reject: RejectPart): Charting | null {
  const { drugSystem, drug: code, action, treatmentId, weightKg, corrects, source } = message;
  const drug = drugOfCode(drugSystem, code);
  if (drug === undefined) {
    reject('unknown-code', `no drug has code ${quote(code)} of ${quote(drugSystem)}`, DRUG);
    return null;
  }
  const rate = action === 'STOP' ? null : readRate(drug, message, reject);
  return { drug: drug.id, action, treatmentId, rate, weightKg, corrects, source };
}

function readRate(drug: Drug, { rate, unit, weightKg }: TreatmentMessage, reject: RejectPart): Rate | null {
  if (rate === null) return null;
  if (!Number.isFinite(rate)) {
    reject('not-a-number', `the rate of ${drug.id} is ${rate}`, RATE);
    return null;
  }
  // Nothing is nothing in any unit.
  const read = rate === 0 ? { perMinute: 0, isPerKg: true } : rateOf(drug, rate, unit ?? '');
  if (read === null) {
    reject('unknown-unit', `${drug.id} in ${quote(unit ?? '')}; known: such as ${drug.unit}`, RATE);
    return null;
  }
  if (isPossibleRate(drug, read, weightKg)) return read;
  reject('impossible-value', `${drug.id} ${rate} ${unit} is outside 0 to ${drug.most} ${drug.unit}`, RATE);
  return null;
}

/** A text from outside, shortened, in quotes. */
function quote(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
}
