import { z } from 'zod';
import { DEAD_LETTER_REASONS } from '../../events/dead-letter.js';
import type { Outcome } from './outcome.js';

/** Refusals and codes told one by one; of further ones only the number is. */
const MOST_TOLD = 1000;

const count = z.number().int();
/** What a sender is told of what it posted. */
export const answerSchema = z
  .object({
    items: count.describe('Items of the request.'),
    accepted: count.describe('Items of which the log has all that can be used.'),
    values: z
      .object({
        used: count,
        unmapped: count.describe('Of codes that nothing is known of.'),
        ignored: count.describe('Empty ones, and those that the sender file leaves out.'),
        rejected: count,
      })
      .describe('Values, admissions and notes, by what became of them.'),
    refused: z
      .array(
        z.object({
          item: count.describe('From 0, in the order of the request.'),
          observation: count.nullable().describe('From 0, within the item; null: the item as a whole.'),
          reason: z.enum(DEAD_LETTER_REASONS),
          detail: z.string(),
        }),
      )
      .describe('What was not used, and why.'),
    unmapped: z.array(z.string()).describe('Codes that nothing is known of.'),
    untold: count.describe('Refusals beyond the first 1000.'),
  })
  .meta({ id: 'IngestAnswer', description: 'What became of each item.' });
export type IngestAnswer = z.infer<typeof answerSchema>;

/** Adds up what became of the items of one request. */
export class Answer {
  readonly #told: IngestAnswer = {
    items: 0,
    accepted: 0,
    values: { used: 0, unmapped: 0, ignored: 0, rejected: 0 },
    refused: [],
    unmapped: [],
    untold: 0,
  };
  readonly #codes = new Set<string>();
  /** Items of which something was not used. */
  #faulty = 0;

  add(outcome: Outcome): void {
    const told = this.#told;
    const item = told.items++;
    const { rejections, unmapped, counts, isRefused } = outcome;
    if (!isRefused) told.accepted++;
    if (rejections.length > 0) this.#faulty++;
    for (const each of ['used', 'unmapped', 'ignored', 'rejected'] as const)
      told.values[each] += counts[each];
    for (const { index, reason, detail } of rejections) {
      const observation = index < 0 ? null : index;
      if (told.refused.length < MOST_TOLD) told.refused.push({ item, observation, reason, detail });
      else told.untold++;
    }
    for (const { code } of unmapped) if (this.#codes.size < MOST_TOLD) this.#codes.add(code);
  }

  /** 200: nothing was refused. 207: some was. 422: there is nothing that can be used. */
  get status(): 200 | 207 | 422 {
    if (this.#faulty === 0) return 200;
    return this.#told.accepted > 0 ? 207 : 422;
  }

  get body(): IngestAnswer {
    return { ...this.#told, unmapped: [...this.#codes] };
  }
}
