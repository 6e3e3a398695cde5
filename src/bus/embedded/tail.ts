import { setImmediate } from 'node:timers/promises';
import type { Tail, TailHandler, TailOf, TailStart } from '../bus.js';
import type { EmbeddedLog } from './log.js';

const MAX_BATCH = 1000;

interface Part {
  readonly topic: string;
  readonly partition: number;
  /** Where it ended when the reading began. */
  readonly ended: number;
  next: number;
}

/** All partitions of some topics of the log, read as they come. */
export class EmbeddedTail implements Tail {
  readonly #log: EmbeddedLog;
  readonly #handler: TailHandler;
  readonly #parts: Part[] = [];
  readonly #unsubscribe: () => void;
  #reading: Promise<void> = Promise.resolve();
  #isReading = false;
  #isOpen = true;

  private constructor(log: EmbeddedLog, topics: readonly TailOf[], handler: TailHandler) {
    this.#log = log;
    this.#handler = handler;
    for (const { topic, from } of topics) this.#begin(topic, from);
    this.#unsubscribe = log.onAppend(() => this.#wake());
    this.#wake();
  }

  static start(log: EmbeddedLog, topics: readonly TailOf[], handler: TailHandler): EmbeddedTail {
    return new EmbeddedTail(log, topics, handler);
  }

  get progress(): { readonly partitions: number; readonly of: number } {
    const read = this.#parts.filter(({ next, ended }) => next >= ended);
    return { partitions: read.length, of: this.#parts.length };
  }

  async close(): Promise<void> {
    this.#isOpen = false;
    this.#unsubscribe();
    await this.#reading;
  }

  #begin(topic: string, from: TailOf['from']): void {
    const partitions = this.#log.topics().find(({ name }) => name === topic)?.partitions ?? 0;
    const starts: TailStart[] = [];
    for (let partition = 0; partition < partitions; partition++) {
      const ended = this.#log.endOf(topic, partition) ?? 0;
      const begin = this.#log.startOf(topic, partition);
      const next = from === 'beginning' ? begin : Math.max(begin, ended - from);
      this.#parts.push({ topic, partition, ended, next });
      starts.push({ from: next, end: ended });
    }
    this.#handler.begun(topic, this.#log.idOf(topic) ?? '', starts);
  }

  #wake(): void {
    if (!this.#isReading) this.#reading = this.#read();
  }

  async #read(): Promise<void> {
    this.#isReading = true;
    let isIdle = false;
    while (!isIdle && this.#isOpen) {
      isIdle = true;
      for (const part of this.#parts) if (this.#handOver(part)) isIdle = false;
      // What is read from the beginning may be much: others have their turn.
      if (!isIdle) await setImmediate();
    }
    // At once: several appends may end with one write, and each wakes it.
    this.#isReading = false;
  }

  #handOver(part: Part): boolean {
    const { topic, partition, next } = part;
    const end = this.#log.endOf(topic, partition) ?? 0;
    if (next >= end) return false;
    const records = this.#log.read(topic, partition, next, MAX_BATCH);
    part.next = (records.at(-1)?.offset ?? end - 1) + 1;
    this.#handler.batch({ topic, partition, records, next: part.next });
    return true;
  }
}
