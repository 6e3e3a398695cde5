import type { StateLog } from '../bus/bus.js';

/**
 * The epoch of what this process writes of each partition, for those who read it. A claim that was appended late, by a process that had
 * been frozen, may be newer than that of the partition's owner: so nothing is written with it before the group has said that the
 * partition is still this process's.
 */
export class Epochs {
  readonly #state: Pick<StateLog, 'epochOf'>;
  readonly #isMember: () => Promise<boolean>;
  /** By partition, the claim of which the group has said that it holds. */
  readonly #confirmed = new Map<number, number>();
  /** By partition and claim, what is written with instead. */
  readonly #raised = new Map<number, { readonly claim: number; readonly epoch: number }>();

  /** `isMember` asks the group. */
  constructor(state: Pick<StateLog, 'epochOf'>, isMember: () => Promise<boolean>) {
    this.#state = state;
    this.#isMember = isMember;
  }

  /** Null where the partition is not known to be this process's. `isAsked`: the group is asked whatever it has said before. */
  async of(partition: number, isAsked = false): Promise<number | null> {
    const claim = this.#state.epochOf(partition);
    if (claim === undefined) return null;
    if (isAsked || this.#confirmed.get(partition) !== claim) {
      if (!(await this.#isMember()) || this.#state.epochOf(partition) !== claim) return null;
      this.#confirmed.set(partition, claim);
    }
    const raised = this.#raised.get(partition);
    return raised?.claim === claim ? raised.epoch : claim;
  }

  /** What is written from now on goes beyond what the log has: the topic of claims was made anew, and counts from the start. */
  raise(partition: number, epoch: number): void {
    const claim = this.#state.epochOf(partition);
    if (claim !== undefined) this.#raised.set(partition, { claim, epoch });
  }
}
