import type { EventBus, OpenLog, Tail, TailBatch, TailHandler } from '../bus/bus.js';
import type { ExplanationAnswerMessage } from '../contract/messages.js';
import { MODEL_OUTPUTS } from '../contract/outcomes.js';
import { TOPICS } from '../contract/topics.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import type { OutcomeName } from '../inference/explain.js';
import type { Explanation } from './explanations.js';

/** Of several requests for one patient, those beyond so many under way are left to their time-out. */
const MOST_UNDER_WAY = 32;

/** What can explain scores: an engine. */
export interface Explaining {
  /** Undefined where the patient is another engine's. */
  partitionOf(patientId: string): number | undefined;
  explain(patientId: string, outcome?: OutcomeName): Promise<Explanation | null>;
}

export interface AnswersOptions {
  readonly bus: EventBus & OpenLog;
  readonly codec: MessageCodec;
  /** Names the engine in its answers. */
  readonly engine: string;
  readonly explaining: Explaining;
}

/** Answers, on `ward.answers`, the requests on `ward.requests` that are about patients of this engine. */
export class Answers implements TailHandler {
  readonly #options: AnswersOptions;
  #tail: Tail | null = null;
  #underWay = 0;

  constructor(options: AnswersOptions) {
    this.#options = options;
  }

  /** Answers what is asked from now on. */
  async open(): Promise<void> {
    this.#tail = await this.#options.bus.tail([{ topic: TOPICS.requests, from: 0 }], this);
  }

  async close(): Promise<void> {
    await this.#tail?.close();
  }

  begun(): void {
    // What was asked before has had its time.
  }

  batch({ records }: TailBatch): void {
    const { codec, explaining } = this.#options;
    for (const { value } of records) {
      const request = value === null ? null : codec.decode('ExplanationRequest', value);
      if (request === null || request instanceof DecodeFailure) continue;
      const { requestId, patientId, outcome } = request;
      if (explaining.partitionOf(patientId) === undefined || this.#underWay >= MOST_UNDER_WAY) continue;
      this.#underWay++;
      void this.#answer(requestId, patientId, outcome)
        // A log that takes nothing has told so itself; who asked is told by their clock.
        .catch(() => undefined)
        .finally(() => {
          this.#underWay--;
        });
    }
  }

  async #answer(requestId: string, patientId: string, outcome: string): Promise<void> {
    const { bus, codec, engine, explaining } = this.#options;
    const known = MODEL_OUTPUTS.find((each) => each === outcome);
    const answer: ExplanationAnswerMessage = {
      requestId,
      patientId,
      engine,
      explanation: null,
      failure: null,
    };
    try {
      if (known === undefined) answer.failure = `nothing is foretold under the name ${outcome}`;
      else answer.explanation = messageOf(await explaining.explain(patientId, known));
    } catch (error) {
      answer.failure = error instanceof Error ? error.message : String(error);
    }
    await bus.produce(TOPICS.answers, [{ key: patientId, value: codec.encode('ExplanationAnswer', answer) }]);
  }
}

function messageOf(explanation: Explanation | null): ExplanationAnswerMessage['explanation'] {
  if (explanation === null) return null;
  const { stayId, eventTime, modelVersion, outcome, value, contributions, newest, variables } = explanation;
  return {
    stayId,
    eventTime,
    modelVersion,
    outcome,
    value,
    contributions,
    newestText: newest.text,
    newestImage: newest.image,
    variables: variables.map((each) => ({ ...each, ageMs: Math.round(each.ageMs) })),
  };
}
