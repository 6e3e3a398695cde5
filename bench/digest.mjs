// Determinism on the whole of set A: replayed twice, and once with the messages out of order by up to 250 ms of event time.
// `equal` says whether all three gave the same digest of all scores.

import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { Random } from '../dist/simulate/random.js';
import { openSource } from '../dist/sources/open-source.js';

const SET_A = process.env.WARDSTREAM_SET_A ?? '../shared/data/physionet2012/set-a';
const WINDOW_MS = 250;
const BLOCK_MS = 3_600_000;

/** The messages of a source, each sent up to WINDOW_MS late, in the order of sending. */
function* shuffled(messages, seed) {
  const random = new Random(seed, 0);
  const block = [];
  const inOrder = (last) => {
    block.sort((a, b) => a.sentAt - b.sentAt);
    const count = last
      ? block.length
      : block.findIndex(({ sentAt }) => sentAt >= block.at(-1).message.eventTime);
    return block.splice(0, Math.max(0, count)).map(({ message }) => message);
  };
  let from = Number.NEGATIVE_INFINITY;
  for (const message of messages) {
    if (message.eventTime - from > BLOCK_MS && block.length > 0) {
      yield* inOrder(false);
      from = message.eventTime;
    }
    block.push({ message, sentAt: message.eventTime + random.uniform() * WINDOW_MS });
  }
  yield* inOrder(true);
}

async function digestOf(seed) {
  const source = openSource(`physionet2012:${SET_A}`);
  const messages = () => (seed === null ? source.messages() : shuffled(source.messages(), seed));
  const wrapped = { counts: source.counts, total: source.total, messages };
  return (await replay(wrapped, { config: parseConfig({}), speed: 'max' })).scoresDigest;
}

export async function measure() {
  const digests = [await digestOf(null), await digestOf(null), await digestOf(1)];
  return { equal: new Set(digests).size === 1, digests };
}
