import { NO_NOTICES, type NoticeBoard } from '../alerts/notices.js';
import type { EventBus, OutgoingMessage } from '../bus/bus.js';
import type { RiskScoreMessage, VerdictMessage } from '../contract/messages.js';
import { TOPICS } from '../contract/topics.js';
import type { MessageCodec } from '../events/codec.js';
import { hashId } from '../events/dead-letter.js';
import { Outbox, OutboxBudget } from '../outbox.js';
import type { Outputs, Score, Sink } from './outputs.js';
import { DecidedThrough, staysOf } from './verdicts.js';

export const OUTPUT_TOPICS = [TOPICS.scores, TOPICS.alerts, TOPICS.deadLetters, TOPICS.verdicts] as const;
type OutputTopic = (typeof OUTPUT_TOPICS)[number];

/** Messages in memory that wait for the bus: hours of a unit's scores. */
const MAX_WAITING_BYTES = 64 * 1_048_576;
/** One call of `produce` at most. */
const MAX_MESSAGES = 10_000;
const MAX_PRODUCED_BYTES = 4 * 1_048_576;
/** What a message takes beside its value. */
const MESSAGE_BYTES = 200;
/** Share of the memory up to which a topic may fill it, where the bus takes nothing: scores go first, alerts last. */
const SHARES: Record<OutputTopic, number> = {
  [TOPICS.scores]: 0.8,
  [TOPICS.deadLetters]: 0.9,
  // What is not said to be unused would be taken for used.
  [TOPICS.verdicts]: 1,
  [TOPICS.alerts]: 1,
};
/** A bus that has taken something within this time is waited for when memory is full; one that has not is done without. */
const MOVING_MS = 5000;
/** Messages that wait longer than this are a reason for a notice. */
const AWAY_MS = 15_000;
const WATCH_MS = 1000;
/** How far the input is decided on is said so often while it goes on, and before it is committed. */
const SAY_EVERY_MS = 500;

export interface BusSinkOptions {
  readonly notices?: NoticeBoard;
  /** Told in words what is not produced. */
  readonly onTrouble?: (message: string) => void;
  /** Live, nobody waits for a bus that takes nothing, and what is least is left out. History waits. */
  readonly isLive?: boolean;
  /** Bytes of messages in memory at most. */
  readonly maxWaitingBytes?: number;
}

/**
 * Produces scores, alert transitions, dead letters and verdicts to their topics, for programs that read them there. Nobody waits for
 * it: each partition of a topic has an outbox of its own, so that one that cannot be written to holds up no other. Where the bus takes nothing
 * for long and memory is full, what is least is left out: scores, then dead letters, alerts last.
 */
export class BusSink implements Sink {
  readonly #codec: MessageCodec;
  readonly #modelVersion: string;
  readonly #notices: NoticeBoard;
  readonly #onTrouble: (message: string) => void;
  readonly #isLive: boolean;
  readonly #budget: OutboxBudget;
  readonly #bus: EventBus;
  /** By partition. */
  readonly #outboxes: Readonly<Record<OutputTopic, Map<number, Outbox<OutgoingMessage>>>>;
  readonly #decided = new DecidedThrough();
  #saidAt = Number.NEGATIVE_INFINITY;
  readonly #faults = new Map<OutputTopic, string>();
  readonly #watching: NodeJS.Timeout;
  #isLeavingOut = false;
  /** Messages that were not produced since memory was full, by topic. */
  readonly leftOut = new Map<OutputTopic, number>();

  constructor(bus: EventBus, codec: MessageCodec, modelVersion: string, options: BusSinkOptions = {}) {
    const { notices = NO_NOTICES, onTrouble = () => undefined } = options;
    this.#codec = codec;
    this.#modelVersion = modelVersion;
    this.#notices = notices;
    this.#onTrouble = onTrouble;
    this.#budget = new OutboxBudget(options.maxWaitingBytes ?? MAX_WAITING_BYTES);
    this.#isLive = options.isLive ?? true;
    this.#bus = bus;
    const outboxes = OUTPUT_TOPICS.map((topic) => [topic, new Map()] as const);
    this.#outboxes = Object.fromEntries(outboxes) as Record<
      OutputTopic,
      Map<number, Outbox<OutgoingMessage>>
    >;
    this.#watching = setInterval(() => this.#watch(), WATCH_MS);
    this.#watching.unref();
  }

  /** Takes the results. Waits for room only where the bus is taking messages as they come. */
  async write(outputs: Outputs): Promise<void> {
    const { scores, shadowScores = [], alerts, deadLetters } = outputs;
    const codec = this.#codec;
    for (const alert of alerts) {
      this.#put(TOPICS.alerts, alert.patientId || alert.alertId, codec.encode('Alert', alert));
    }
    for (const score of scores) {
      const message = scoreMessage(score, this.#modelVersion, false);
      this.#put(TOPICS.scores, score.patientId, codec.encode('RiskScore', message));
    }
    for (const score of shadowScores) {
      const message = scoreMessage(score, score.modelVersion, true);
      this.#put(TOPICS.scores, score.patientId, codec.encode('RiskScore', message));
    }
    for (const letter of deadLetters) {
      const key = letter.patientId ?? letter.deadLetterId;
      this.#put(TOPICS.deadLetters, key, codec.encode('DeadLetter', letter));
    }
    for (const verdict of [...outputs.verdicts, ...staysOf(outputs)]) this.#putVerdict(verdict);
    this.#decided.note(outputs.positions);
    if (performance.now() - this.#saidAt >= SAY_EVERY_MS) this.#sayDecided();
    while (this.#isFull(SHARES[TOPICS.scores], 0) && this.#mayWait) {
      await this.#budget.change(MOVING_MS);
    }
  }

  /** Messages in memory that wait for the bus. */
  get waiting(): number {
    return this.#all().reduce((sum, { items }) => sum + items, 0);
  }

  async flush(): Promise<void> {
    this.#sayDecided();
    await Promise.all(this.#all().map((outbox) => outbox.flush()));
  }

  async close(): Promise<void> {
    clearInterval(this.#watching);
    this.#sayDecided();
    await Promise.all(this.#all().map((outbox) => outbox.close()));
  }

  /** Behind all that it covers. */
  #sayDecided(): void {
    this.#saidAt = performance.now();
    for (const decided of this.#decided.take()) this.#putVerdict(decided);
  }

  /** Into the partition of the input, wherever its producer put it. */
  #putVerdict(verdict: VerdictMessage): void {
    this.#put(TOPICS.verdicts, verdict.patientId, this.#codec.encode('Verdict', verdict), verdict.partition);
  }

  #put(topic: OutputTopic, key: string, value: Buffer, partition?: number): void {
    const bytes = value.length + MESSAGE_BYTES;
    if (!this.#isFull(SHARES[topic], bytes) || this.#mayWait) {
      const outbox = this.#outboxOf(topic, partition ?? this.#bus.partitionOf?.(key) ?? 0);
      outbox.add(partition === undefined ? { key, value } : { key, partition, value }, bytes);
      return;
    }
    this.leftOut.set(topic, (this.leftOut.get(topic) ?? 0) + 1);
    if (this.#isLeavingOut) return;
    this.#isLeavingOut = true;
    this.#onTrouble('results are left out of the output topics: memory is full of what waits for them');
  }

  get #mayWait(): boolean {
    return !this.#isLive || this.#budget.isMoving(MOVING_MS);
  }

  #all(): Outbox<OutgoingMessage>[] {
    return OUTPUT_TOPICS.flatMap((topic) => [...this.#outboxes[topic].values()]);
  }

  #outboxOf(topic: OutputTopic, partition: number): Outbox<OutgoingMessage> {
    const known = this.#outboxes[topic].get(partition);
    if (known !== undefined) return known;
    const outbox = new Outbox<OutgoingMessage>({
      send: (messages) => this.#bus.produce(topic, messages),
      budget: this.#budget,
      maxItems: MAX_MESSAGES,
      maxBytes: MAX_PRODUCED_BYTES,
      onFailure: (error) => this.#fail(topic, error),
    });
    this.#outboxes[topic].set(partition, outbox);
    return outbox;
  }

  #isFull(share: number, more: number): boolean {
    return this.#budget.used + more > share * this.#budget.maxBytes;
  }

  #fail(topic: OutputTopic, error: unknown): void {
    const fault = error instanceof Error ? error.message : String(error);
    if (this.#faults.get(topic) === fault) return;
    this.#faults.set(topic, fault);
    this.#onTrouble(`${topic} takes nothing and is tried again: ${fault}`);
  }

  /** Looks how long messages have waited, whatever the bus says or does not say. */
  #watch(): void {
    for (const topic of OUTPUT_TOPICS) {
      const outboxes = [...this.#outboxes[topic].values()];
      const oldestMs = Math.max(0, ...outboxes.map((outbox) => outbox.oldestMs));
      if (outboxes.every(({ items }) => items === 0)) this.#faults.delete(topic);
      if (oldestMs < AWAY_MS) {
        this.#notices.clear('output-not-written', topic);
        continue;
      }
      this.#notices.raise({
        kind: 'output-not-written',
        subject: topic,
        priority: topic === TOPICS.alerts ? 'HIGH' : 'MEDIUM',
        detail: `Kafka takes nothing for ${topic} (${this.#faults.get(topic) ?? 'no answer'}). Alerts are shown here; programs that read the topic do not get them. It needs somebody who mends it.`,
      });
    }
    if (!this.#isFull(SHARES[TOPICS.scores] / 2, 0)) this.#isLeavingOut = false;
  }
}

/** The record of a score; `shadow`: of the model in shadow. */
export function scoreMessage(score: Score, modelVersion: string, shadow: boolean): RiskScoreMessage {
  const { patientId, stayId, wardId, bedId, eventTime, news2, news2Missing, qsofa, late, contributions } =
    score;
  const { mortality, circulatory, hypotension, respiratory, sepsis, deterioration } = score;
  const { outOfRange, sofa, states } = score;
  return {
    scoreId: hashId(patientId, eventTime, modelVersion),
    patientId,
    stayId,
    wardId,
    eventTime,
    modelVersion,
    mortality,
    circulatory,
    hypotension,
    respiratory,
    sepsis,
    deterioration,
    news2,
    news2Missing: [...news2Missing],
    qsofa,
    late,
    contributions,
    outOfRange: [...outOfRange],
    shadow,
    sofa,
    states: [...states],
    bedId,
  };
}
