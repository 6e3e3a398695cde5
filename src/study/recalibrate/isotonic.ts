import type { Curve } from '../../inference/recalibration.js';
import type { Foretold } from './logistic.js';

/** Rows with and without the outcome behind each point of a curve, at least: a share of so few is uncertain by a tenth. Ours. */
const LEAST_ROWS = 20;

interface Block {
  rows: number;
  positives: number;
  /** Of the logits. */
  sum: number;
}

/**
 * The rising curve nearest to the outcomes, by pooling neighbours that fall (Ayer et al., Annals of Mathematical Statistics
 * 1955;26:641-647). Steps would make different scores equal, so its points are the middles of the steps, with straight lines of
 * logits between them. Steps with too few rows of one kind are joined to the next. Null where fewer than two are left: nothing rises.
 */
export function fitIsotonic({ logits, outcomes }: Foretold): Extract<Curve, { form: 'isotonic' }> | null {
  const order = Uint32Array.from(logits, (_, row) => row).sort((a, b) => logits[a] - logits[b]);
  const blocks: Block[] = [];
  for (let at = 0; at < order.length; ) {
    const logit = logits[order[at]];
    const block = { rows: 0, positives: 0, sum: 0 };
    // What is equal stays equal.
    for (; at < order.length && logits[order[at]] === logit; at++) {
      block.rows++;
      block.positives += outcomes[order[at]];
      block.sum += logit;
    }
    blocks.push(block);
    while (blocks.length > 1 && shareOf(blocks.at(-2)!) >= shareOf(blocks.at(-1)!)) joinLast(blocks);
  }
  const points: Block[] = [];
  for (const block of blocks) {
    const last = points.at(-1);
    if (last !== undefined && !isEnough(last)) points.splice(-1, 1, joined(last, block));
    else points.push({ ...block });
  }
  while (points.length > 1 && !isEnough(points.at(-1)!)) joinLast(points);
  if (points.length < 2) return null;
  return {
    form: 'isotonic',
    from: points.map(({ sum, rows }) => sum / rows),
    to: points.map(({ positives, rows }) => Math.log(positives / (rows - positives))),
  };
}

function shareOf({ positives, rows }: Block): number {
  return positives / rows;
}

function isEnough({ positives, rows }: Block): boolean {
  return positives >= LEAST_ROWS && rows - positives >= LEAST_ROWS;
}

function joined(a: Block, b: Block): Block {
  return { rows: a.rows + b.rows, positives: a.positives + b.positives, sum: a.sum + b.sum };
}

function joinLast(blocks: Block[]): void {
  const last = blocks.pop()!;
  blocks.push(joined(blocks.pop()!, last));
}
