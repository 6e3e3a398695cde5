import { setTimeout as sleep } from 'node:timers/promises';
import { NO_NOTICES, type NoticeBoard } from '../alerts/notices.js';
import type { MessageCodec } from '../events/codec.js';
import type { RawRecord } from '../events/record.js';

const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 30_000;
/** Asked at once: bytes that are no message can name any id. */
const AT_ONCE = 8;

/** Where a message stands among bytes. */
type Span = Pick<RawRecord, 'bytes' | 'start' | 'end'>;

/** What the loader is given besides the codec; all may be left out. */
export interface SchemaLoaderOptions {
  readonly notices?: NoticeBoard;
  /** Told once each time the registry is away, and once when it is back. */
  readonly onWarning?: ((message: string) => void) | undefined;
  readonly firstPauseMs?: number;
}

/**
 * Has the schema registry give the writer schemas that messages name. That a registry has no such schema is an answer; one that cannot be
 * asked is asked again, with growing pauses, and said to be away: what waits for it is sound.
 */
export class SchemaLoader {
  readonly #codec: MessageCodec;
  readonly #options: SchemaLoaderOptions;
  readonly #loads = new Map<number, Promise<void>>();
  readonly #closing = new AbortController();
  #isAway = false;

  constructor(codec: MessageCodec, options: SchemaLoaderOptions = {}) {
    this.#codec = codec;
    this.#options = options;
  }

  /** Whether the registry could not be asked when it was asked last. */
  get isAway(): boolean {
    return this.#isAway;
  }

  /** Whether a record names a schema that is not here yet. */
  isMissing(records: readonly Span[]): boolean {
    return records.some(({ bytes, start, end }) => this.#codec.missingSchemaId(bytes, start, end) !== null);
  }

  /** Resolves when the schemas that the records name are here, or known not to be; and when it is closed. */
  async load(records: readonly Span[]): Promise<void> {
    const missing = new Set<number>();
    for (const { bytes, start, end } of records) {
      const id = this.#codec.missingSchemaId(bytes, start, end);
      if (id !== null) missing.add(id);
    }
    const ids = [...missing];
    for (let start = 0; start < ids.length && !this.#closing.signal.aborted; start += AT_ONCE) {
      await Promise.all(ids.slice(start, start + AT_ONCE).map((id) => this.#load(id)));
    }
  }

  close(): void {
    this.#closing.abort();
  }

  #load(id: number): Promise<void> {
    const under = this.#loads.get(id);
    if (under !== undefined) return under;
    const load = this.#persist(id).finally(() => this.#loads.delete(id));
    this.#loads.set(id, load);
    return load;
  }

  async #persist(id: number): Promise<void> {
    const { signal } = this.#closing;
    const { firstPauseMs = FIRST_PAUSE_MS } = this.#options;
    for (let pauseMs = firstPauseMs; !signal.aborted; pauseMs = Math.min(2 * pauseMs, MAX_PAUSE_MS)) {
      try {
        await this.#codec.loadSchema(id);
        this.#back();
        return;
      } catch (error) {
        this.#away(error instanceof Error ? error.message : String(error));
        await sleep(pauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  #away(why: string): void {
    if (this.#isAway) return;
    this.#isAway = true;
    const { notices = NO_NOTICES, onWarning } = this.#options;
    const detail = `The schema registry cannot be asked: ${why}. Partitions with messages that need it wait, and their patients are not watched until it is back. Nothing is lost.`;
    notices.raise({ kind: 'schema-registry-away', priority: 'HIGH', detail });
    onWarning?.(`the schema registry cannot be asked, messages wait: ${why}`);
  }

  #back(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    const { notices = NO_NOTICES, onWarning } = this.#options;
    notices.clear('schema-registry-away');
    onWarning?.('the schema registry is back');
  }
}
