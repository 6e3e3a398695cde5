import { randomUUID } from 'node:crypto';
import type { EventBus, OpenLog, Tail, TailBatch, TailHandler } from '../bus/bus.js';
import type { ExplanationAnswerMessage } from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import { within } from '../deadline.js';
import type { Explanation } from '../engine/explanations.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import type { OutcomeName } from '../inference/explain.js';
import { HttpProblem } from './problem.js';

/** So long an answer is waited for. */
const ANSWER_MS = 5000;

export interface AskedOptions {
  readonly bus: EventBus & OpenLog;
  readonly codec: MessageCodec;
  readonly answerMs?: number;
}

/** Explanations from whichever engine has the patient: asked on `ward.requests`, answered on `ward.answers`. */
export class AskedExplanations implements TailHandler {
  readonly #options: AskedOptions;
  readonly #waiting = new Map<string, (answer: ExplanationAnswerMessage) => void>();
  #tail: Tail | null = null;

  constructor(options: AskedOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    this.#tail = await this.#options.bus.tail([{ topic: TOPICS.answers, from: 0 }], this);
  }

  async close(): Promise<void> {
    await this.#tail?.close();
  }

  /** Null where there is no score to explain yet. @throws HttpProblem 503 where no engine answers in time. */
  async explain(patientId: string, outcome: OutcomeName = 'mortality'): Promise<Explanation | null> {
    const { bus, codec, answerMs = ANSWER_MS } = this.#options;
    const requestId = randomUUID();
    const answered = new Promise<ExplanationAnswerMessage>((resolve) =>
      this.#waiting.set(requestId, resolve),
    );
    const value = codec.encode('ExplanationRequest', { requestId, patientId, outcome });
    const asked = bus.produce(TOPICS.requests, [{ key: patientId, value }]).then(() => answered);
    try {
      const answer = await within(answerMs, asked, () => null);
      if (answer === null) {
        const what = `no engine that has the patient has answered within ${answerMs / 1000} s`;
        throw new HttpProblem(503, `${what}: it may be restarting, or the log away; try again`);
      }
      if (answer.failure !== null)
        throw new HttpProblem(503, `the engine cannot explain it: ${answer.failure}`);
      return explanationOf(answer);
    } finally {
      this.#waiting.delete(requestId);
    }
  }

  begun(): void {
    // Nobody waits for an answer from before.
  }

  batch({ records }: TailBatch): void {
    if (this.#waiting.size === 0) return;
    for (const { value } of records) {
      const answer = value === null ? null : this.#options.codec.decode('ExplanationAnswer', value);
      if (answer !== null && !(answer instanceof DecodeFailure))
        this.#waiting.get(answer.requestId)?.(answer);
    }
  }
}

function explanationOf({ patientId, explanation }: ExplanationAnswerMessage): Explanation | null {
  if (explanation === null) return null;
  const { newestText, newestImage, outcome, ...rest } = explanation;
  return {
    ...rest,
    patientId,
    outcome: outcome as OutcomeName,
    newest: { text: newestText, image: newestImage },
  };
}
