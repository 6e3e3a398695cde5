import type { EventBus, OutgoingMessage } from '../bus/bus.js';
import type { MessageCodec } from '../events/codec.js';
import { hashId } from '../events/dead-letter.js';
import { TOPICS } from '../events/topics.js';
import type { Outputs, Score, Sink } from './outputs.js';

export const OUTPUT_TOPICS = [TOPICS.scores, TOPICS.alerts, TOPICS.deadLetters] as const;

/** Produces scores, alert transitions and dead letters to their topics, for programs that read them there. */
export class BusSink implements Sink {
  readonly #bus: EventBus;
  readonly #codec: MessageCodec;
  readonly #modelVersion: string;

  constructor(bus: EventBus, codec: MessageCodec, modelVersion: string) {
    this.#bus = bus;
    this.#codec = codec;
    this.#modelVersion = modelVersion;
  }

  async write({ scores, shadowScores = [], alerts, deadLetters }: Outputs): Promise<void> {
    const codec = this.#codec;
    await this.#produce(
      TOPICS.alerts,
      alerts.map((alert) => ({ key: alert.patientId || alert.alertId, value: codec.encode('Alert', alert) })),
    );
    await this.#produce(TOPICS.scores, [
      ...scores.map((score) => ({
        key: score.patientId,
        value: this.#encodeScore(score, this.#modelVersion, false),
      })),
      ...shadowScores.map((score) => ({
        key: score.patientId,
        value: this.#encodeScore(score, score.modelVersion, true),
      })),
    ]);
    await this.#produce(
      TOPICS.deadLetters,
      deadLetters.map((letter) => ({
        key: letter.patientId ?? letter.deadLetterId,
        value: codec.encode('DeadLetter', letter),
      })),
    );
  }

  async #produce(topic: string, messages: readonly OutgoingMessage[]): Promise<void> {
    if (messages.length > 0) await this.#bus.produce(topic, messages);
  }

  #encodeScore(score: Score, modelVersion: string, shadow: boolean): Buffer {
    const { patientId, stayId, wardId, eventTime, news2, news2Missing, qsofa, late, contributions } = score;
    const { risk, circulatory, respiratory, deterioration, outOfRange } = score;
    return this.#codec.encode('RiskScore', {
      scoreId: hashId(patientId, eventTime, modelVersion),
      patientId,
      stayId,
      wardId,
      eventTime,
      modelVersion,
      risk,
      circulatory,
      respiratory,
      deterioration,
      news2,
      news2Missing: [...news2Missing],
      qsofa,
      late,
      contributions,
      outOfRange: [...outOfRange],
      shadow,
    });
  }
}
