import type { Priority } from '../contract/priorities.js';

/** Something that is wrong with the bus, and what to do about it. */
export interface Trouble {
  /** Becomes the rule of a technical notice. */
  readonly kind: string;
  /** Tells troubles of a kind apart, such as a topic; by default there is one. */
  readonly subject?: string;
  readonly priority: Priority;
  /** What is wrong, where, and what to do, in plain words. */
  readonly detail: string;
  /** Patients are not watched while it lasts: the process is not ready. By default they are. */
  readonly stopsInput?: boolean;
}

/** Where technical notices are put up. */
export interface Notices {
  raise(notice: Omit<Trouble, 'stopsInput'>): void;
  clear(kind: string, subject?: string): void;
}

export interface TroublesOptions {
  readonly notices?: Notices | undefined;
  /** Told each trouble once when it begins. */
  readonly onWarning?: ((message: string) => void) | undefined;
  /** Told when it is over. */
  readonly onRelief?: ((message: string) => void) | undefined;
}

/** What is wrong with the bus now: said in the log once, put up as a notice, and kept for who asks whether the process is ready. */
export class Troubles {
  readonly #options: TroublesOptions;
  readonly #open = new Map<string, Trouble>();
  readonly #coming = new Map<string, NodeJS.Timeout>();
  /** How many are open now, by every kind that there has been since the start. */
  readonly counts = new Map<string, number>();

  constructor(options: TroublesOptions = {}) {
    this.#options = options;
  }

  /** One that is open already stays as it is. */
  raise(trouble: Trouble): void {
    const { stopsInput: _, ...notice } = trouble;
    const key = keyOf(trouble.kind, trouble.subject);
    if (this.#open.has(key)) return;
    this.#open.set(key, trouble);
    this.counts.set(trouble.kind, (this.counts.get(trouble.kind) ?? 0) + 1);
    this.#options.onWarning?.(`${trouble.kind}: ${trouble.detail}`);
    this.#options.notices?.raise(notice);
  }

  /** Raises it where it has not been cleared by then; true where that was not to come already. */
  raiseAfter(ms: number, trouble: Trouble): boolean {
    const key = keyOf(trouble.kind, trouble.subject);
    if (this.#open.has(key) || this.#coming.has(key)) return false;
    const timer = setTimeout(() => {
      this.#coming.delete(key);
      this.raise(trouble);
    }, ms);
    timer.unref();
    this.#coming.set(key, timer);
    return true;
  }

  clear(kind: string, subject = ''): void {
    clearTimeout(this.#coming.get(keyOf(kind, subject)));
    this.#coming.delete(keyOf(kind, subject));
    if (!this.#open.delete(keyOf(kind, subject))) return;
    this.counts.set(kind, (this.counts.get(kind) ?? 1) - 1);
    this.#options.onRelief?.(`${kind}${subject === '' ? '' : ` (${subject})`}: over`);
    this.#options.notices?.clear(kind, subject);
  }

  /** Something of a moment, for the log only. */
  say(message: string): void {
    this.#options.onWarning?.(message);
  }

  isOpen(kind: string, subject = ''): boolean {
    return this.#open.has(keyOf(kind, subject));
  }

  /** Why patients are not watched; none where they are. */
  get faults(): string[] {
    return [...this.#open.values()].filter(({ stopsInput }) => stopsInput).map(({ detail }) => detail);
  }
}

/** A notice board that is put up after the first notices: it takes over what is open then. */
export class LateNotices implements Notices {
  readonly #before = new Map<string, Parameters<Notices['raise']>[0]>();
  #board: Notices | null = null;

  open(board: Notices): void {
    this.#board = board;
    for (const notice of this.#before.values()) board.raise(notice);
    this.#before.clear();
  }

  raise(notice: Parameters<Notices['raise']>[0]): void {
    if (this.#board !== null) this.#board.raise(notice);
    else this.#before.set(keyOf(notice.kind, notice.subject), notice);
  }

  clear(kind: string, subject = ''): void {
    if (this.#board !== null) this.#board.clear(kind, subject);
    else this.#before.delete(keyOf(kind, subject));
  }
}

function keyOf(kind: string, subject = ''): string {
  return `${kind}\u0000${subject}`;
}
