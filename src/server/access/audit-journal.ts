import {
  closeSync,
  existsSync,
  fsyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import type { AuditEntry } from '../../store/audit.js';

/** A file in which entries of the audit wait for the store, one a line, so that a restart does not lose them. */
export class AuditJournal {
  readonly #file: number;
  #isEmpty: boolean;
  /** What an earlier run left. Some of it may be in the store already: under the same ids. */
  readonly left: readonly AuditEntry[];

  /** @throws where the file cannot be opened or read. */
  constructor(path: string) {
    mkdirSync(dirname(path), { recursive: true });
    const lines = existsSync(path) ? readFileSync(path, 'utf8').split('\n') : [];
    // The last line of a run that was killed may be half a line.
    this.left = lines.flatMap((line) => parsed(line) ?? []);
    this.#isEmpty = lines.length === 0;
    this.#file = openSync(path, 'a', 0o600);
  }

  /** Resolves nothing: when it returns the entries are on the disk. */
  append(entries: readonly AuditEntry[]): void {
    if (entries.length === 0) return;
    writeSync(this.#file, `${entries.map((each) => JSON.stringify(each)).join('\n')}\n`);
    fsyncSync(this.#file);
    this.#isEmpty = false;
  }

  /** Everything is in the store. */
  clear(): void {
    if (this.#isEmpty) return;
    ftruncateSync(this.#file);
    this.#isEmpty = true;
  }

  close(): void {
    closeSync(this.#file);
  }
}

function parsed(line: string): AuditEntry | null {
  try {
    const entry = JSON.parse(line) as Partial<AuditEntry> | null;
    return typeof entry?.auditId === 'string' && typeof entry.at === 'number' ? (entry as AuditEntry) : null;
  } catch {
    return null;
  }
}
