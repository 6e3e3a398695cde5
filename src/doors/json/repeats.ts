import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import { DoorProblem } from '../http/problem.js';

/** Answers remembered. */
const MOST_KEYS = 10_000;
const MOST_KEY_LENGTH = 200;

/** What was answered under a key. */
interface Known<Answered> {
  readonly body: string;
  readonly answer: Promise<Answered>;
}

/** Answers by Idempotency-Key: the same request again is answered as before, and one that is under way is waited for. */
export class Repeats<Answered> {
  readonly #known = new LRUCache<string, Known<Answered>>({ max: MOST_KEYS });

  /** @throws DoorProblem 422 where another request came under the key, 400 where it is none; what `work` throws is not remembered. */
  async once(
    key: string | undefined,
    scope: string,
    body: Buffer,
    work: () => Promise<Answered>,
  ): Promise<Answered> {
    if (key === undefined) return work();
    if (key === '' || key.length > MOST_KEY_LENGTH) {
      throw new DoorProblem(400, `Idempotency-Key must have 1 to ${MOST_KEY_LENGTH} characters`);
    }
    const place = `${scope}\n${key}`;
    const digest = createHash('sha256').update(body).digest('base64');
    const known = this.#known.get(place);
    if (known !== undefined) {
      if (known.body === digest) return known.answer;
      throw new DoorProblem(422, 'another request came under this Idempotency-Key; give each its own');
    }
    const answer = work();
    this.#known.set(place, { body: digest, answer });
    // What the log did not take is to be sent again under the same key.
    answer.catch(() => this.#known.delete(place));
    return answer;
  }
}
