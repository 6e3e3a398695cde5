import type { Trouble, Troubles } from './troubles.js';

const KIND = 'input-away';
/** So long nothing is read before it is said to people: longer than a rebalance in which every process answers. */
const AWAY_MS = 6000;
const LOOK_MS = 1000;
/** Found so often in a row: of a process that was stopped, answers come before the second look. */
const TIMES = 2;

export interface InputAwayOptions {
  readonly troubles: Pick<Troubles, 'raise' | 'raiseAfter' | 'clear' | 'isOpen' | 'say'>;
  /** Who reads, where it is not the engines. */
  readonly who?: string | undefined;
  /** For how long no broker has answered, in milliseconds. */
  readonly unansweredMs: () => number;
}

/**
 * Tells people that nothing is read from Kafka: the membership is broken off, or no broker answers, as of one that hangs, of which the
 * client says nothing for half a minute. Told within 9 s of the last answer.
 */
export class InputAway {
  readonly #options: InputAwayOptions;
  #looking: NodeJS.Timeout | undefined;
  #found = 0;
  /** Since the membership broke off no other was taken up. */
  #isBroken = false;

  constructor(options: InputAwayOptions) {
    this.#options = options;
  }

  start(): void {
    this.#looking = setInterval(() => this.look(), LOOK_MS);
    this.#looking.unref();
  }

  /** The membership has broken off. */
  broke(why: string): void {
    const { troubles, who } = this.#options;
    this.#isBroken = true;
    if (troubles.raiseAfter(AWAY_MS, troubleOf(who, why)))
      troubles.say(`reading from Kafka is interrupted, and tried again: ${why}`);
  }

  /** It is taken up again. */
  joined(): void {
    this.#isBroken = false;
    this.#clear();
  }

  look(): void {
    const { troubles, who, unansweredMs } = this.#options;
    this.#found = unansweredMs() > AWAY_MS ? this.#found + 1 : 0;
    if (this.#found === TIMES) troubles.raise(troubleOf(who, 'no broker answers'));
    if (this.#found === 0 && !this.#isBroken) this.#clear();
  }

  close(): void {
    clearInterval(this.#looking);
    this.#clear();
  }

  #clear(): void {
    const { troubles, who } = this.#options;
    troubles.clear(KIND, who);
  }
}

function troubleOf(who: string | undefined, why: string): Trouble {
  const effect = who === undefined ? 'Patients are not watched' : `${who} gets nothing`;
  return {
    kind: KIND,
    ...(who === undefined ? {} : { subject: who }),
    priority: 'HIGH',
    detail: `nothing is read from Kafka for ${AWAY_MS / 1000} s: ${why}. ${effect}; it is tried again all the time. Are the brokers up?`,
    stopsInput: who === undefined,
  };
}
