import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { type AuditEntry, type AuditQuery, appendAudit, auditOf } from '../../store/audit.js';
import { faultOf } from '../../store/fault.js';
import type { Principal } from './principal.js';

/** What is noted of a view or an action; the rest is who, when and from where. */
export interface Noted {
  readonly action: string;
  readonly outcome: 'allowed' | 'refused' | 'failed';
  readonly patientId?: string | undefined;
  readonly wardId?: string | null | undefined;
  readonly target?: string | undefined;
  readonly detail?: string | undefined;
}

const FLUSH_MS = 500;
const RETRY_MS = 5000;
/** Entries kept while the store is away; more than these are lost, and counted. */
const CAPACITY = 50_000;

/** Who looked at or did what, when and from where. Only ever added to. */
export class AuditTrail {
  readonly #store: ClickHouseClient;
  readonly #now: () => number;
  readonly #onTrouble: (message: string) => void;
  #waiting: AuditEntry[] = [];
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #isClosed = false;

  constructor(store: ClickHouseClient, now: () => number, onTrouble: (message: string) => void) {
    this.#store = store;
    this.#now = now;
    this.#onTrouble = onTrouble;
  }

  record({ subject, role }: Principal, source: string, noted: Noted): void {
    if (this.#waiting.length >= CAPACITY) {
      this.#waiting.shift();
      this.#onTrouble('the store is away and the audit trail is full: its oldest entry is lost');
    }
    const { action, outcome, patientId = '', wardId, target = '', detail = '' } = noted;
    const what = { action, outcome, patientId, wardId: wardId ?? '', target, detail };
    this.#waiting.push({ auditId: randomUUID(), at: this.#now(), actor: subject, role, source, ...what });
    this.#schedule(FLUSH_MS);
  }

  /** The newest entries that match, those still waiting saved first. */
  async query(query: AuditQuery): Promise<AuditEntry[]> {
    await this.flush();
    return auditOf(this.#store, query);
  }

  /** Resolves when everything recorded has been tried to be saved. */
  flush(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.flush();
  }

  async #save(): Promise<void> {
    const entries = this.#waiting;
    if (entries.length === 0) return;
    this.#waiting = [];
    try {
      await appendAudit(this.#store, entries);
    } catch (error) {
      this.#waiting = [...entries, ...this.#waiting];
      this.#onTrouble(`${entries.length} entries of the audit trail wait for the store: ${faultOf(error)}`);
      this.#schedule(RETRY_MS);
    }
  }

  #schedule(afterMs: number): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      void this.flush();
    }, afterMs);
    this.#timer.unref();
  }
}
