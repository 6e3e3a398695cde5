import type { Deliverer } from '../deliverer.js';
import type { DoorContext } from '../door.js';
import { STATUS } from './command.js';
import type { DicomSender } from './sender.js';
import { type Received, refused, type Translation, translate } from './translate.js';

/** What a door is told of its objects. */
export interface ObjectLimits {
  readonly maxObjectBytes: number;
  readonly maxAgeMs: number;
}

/** An object, or why its bytes are not all there. */
export type Arrived = Received & { readonly fault?: 'oversized' };

/** How many of the bytes of an object that is too large are kept to be seen. */
export const KEPT_BYTES = 65_536;

/** Takes the objects of a door to the log. */
export class DicomReceiver {
  readonly #door: string;
  readonly #sender: DicomSender;
  readonly #limits: ObjectLimits;
  readonly #context: DoorContext;
  readonly #deliverer: Deliverer;

  constructor(
    door: string,
    parts: {
      readonly sender: DicomSender;
      readonly limits: ObjectLimits;
      readonly context: DoorContext;
      readonly deliverer: Deliverer;
    },
  ) {
    this.#door = door;
    this.#sender = parts.sender;
    this.#limits = parts.limits;
    this.#context = parts.context;
    this.#deliverer = parts.deliverer;
  }

  /** All of it is in the log once this resolves. Rejects where the log does not take it: it is to be sent again. */
  async receive(arrived: Arrived): Promise<Translation> {
    const { clock, limits, meters } = this.#context;
    const meter = meters.of(this.#door, arrived.source);
    const translation =
      arrived.fault === 'oversized' || arrived.file.length > limits.maxImageBytes
        ? this.#tooLarge(arrived)
        : translate(arrived, {
            sender: this.#sender,
            now: clock.now(),
            maxFutureSkewMs: limits.maxFutureSkewMs,
            maxAgeMs: this.#limits.maxAgeMs,
          });
    try {
      await this.#deliverer.deliver(translation, { bytes: arrived.file, meter });
    } catch (error) {
      meters.cut(this.#door, 'log');
      const why = (error as Error).message;
      this.#context.onWarning(
        `door ${this.#door}: the log did not take a picture, so it is not acknowledged: ${why}`,
      );
      throw error;
    }
    const { used, ignored, rejected } = translation.counts;
    meter.values.used += used;
    meter.values.ignored += ignored;
    meter.values.rejected += rejected;
    return translation;
  }

  /** Counts how a sender was answered. */
  answered(source: string, answer: string): void {
    const { answers } = this.#context.meters.of(this.#door, source);
    answers.set(answer, (answers.get(answer) ?? 0) + 1);
  }

  #tooLarge({ sopInstance }: Arrived): Translation {
    const most = Math.min(this.#limits.maxObjectBytes, this.#context.limits.maxImageBytes);
    const detail = `more than ${most} bytes`;
    return refused(STATUS.tooLarge, 'oversized', detail, sopInstance);
  }
}
