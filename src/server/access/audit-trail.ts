import { randomUUID } from 'node:crypto';
import type { ClickHouseClient } from '@clickhouse/client';
import { NO_NOTICES, type NoticeBoard } from '../../alerts/notices.js';
import type { AuditSettings } from '../../settings/server.js';
import {
  type AuditEntry,
  type AuditQuery,
  appendOrSetAside,
  auditOf,
  setAsideAudit,
} from '../../store/audit.js';
import { faultOf } from '../../store/fault.js';
import { HttpProblem } from '../problem.js';
import { AuditJournal } from './audit-journal.js';
import type { Principal } from './principal.js';

/** What is noted of a view or an action; the rest is who, when and from where. */
export interface Noted {
  readonly action: string;
  readonly outcome: 'allowed' | 'refused' | 'failed';
  readonly patientId?: string | undefined;
  /** Everybody whom an answer about several patients named. */
  readonly patients?: readonly string[] | undefined;
  readonly wardId?: string | null | undefined;
  readonly target?: string | undefined;
  readonly detail?: string | undefined;
}

export interface AuditTrailOptions {
  readonly store: ClickHouseClient;
  readonly settings: AuditSettings;
  /** The time of day. */
  readonly now: () => number;
  readonly onTrouble: (message: string) => void;
  readonly notices?: NoticeBoard | undefined;
}

/** Who did something; null where nobody could be made out. */
export type Who = Pick<Principal, 'subject' | 'role'> | null;

export const NOT_WRITTEN = 'audit-not-written';
const FLUSH_MS = 500;
const RETRY_MS = 5000;
/** An insert without an answer for so long is trouble, though it may still go well. */
const STUCK_MS = 10_000;
/** Patients of one row; the set of a larger answer takes several rows. */
const MAX_PATIENTS = 1000;
/** An entry counts as one, and once more for each of so many patients: so the bound is one of memory. */
const PATIENTS_AN_ENTRY = 50;
/** Of one insert, so counted. */
const MAX_INSERT = 2000;

/**
 * Who looked at or did what, when and from where. Only ever added to. What the store does not take waits; is alarmed when it has
 * waited too long; and when too much waits, nobody may look at more patients (`server.audit`).
 */
export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #journal: AuditJournal | null;
  readonly #journaled = new WeakSet<AuditEntry>();
  /** Oldest first; of these the first are with the store just now. */
  #waiting: AuditEntry[] = [];
  #size = 0;
  #lost = 0;
  #awaySince: number | null = null;
  #savingSince: number | null = null;
  #retryAt = 0;
  #isAlarmed = false;
  #timer: NodeJS.Timeout | undefined;
  #saving: Promise<void> = Promise.resolve();
  #isClosed = false;

  /** @throws where the journal of the settings cannot be opened. */
  constructor(options: AuditTrailOptions) {
    this.#options = options;
    const { journal } = options.settings;
    this.#journal = journal === undefined ? null : new AuditJournal(journal);
    for (const entry of this.#journal?.left ?? []) {
      this.#journaled.add(entry);
      this.#add(entry);
    }
    if (this.#waiting.length > 0) this.#schedule(FLUSH_MS);
  }

  /** How long the store has not taken what there is, in milliseconds; 0 while it does. */
  get awayMs(): number {
    return this.#awaySince === null ? 0 : this.#options.now() - this.#awaySince;
  }

  /** Entries that are not in the store yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  record(who: Who, source: string, noted: Noted): void {
    const { action, outcome, patientId = '', patients = [], wardId, target = '', detail = '' } = noted;
    for (let from = 0; from === 0 || from < patients.length; from += MAX_PATIENTS) {
      this.#add({
        auditId: randomUUID(),
        at: this.#options.now(),
        actor: who?.subject ?? '',
        role: who?.role ?? '',
        action,
        outcome,
        patientId,
        patients: patients.slice(from, from + MAX_PATIENTS),
        wardId: wardId ?? '',
        target,
        source,
        detail,
      });
    }
    this.#schedule(FLUSH_MS);
  }

  /** @throws HttpProblem 503 where too much waits to be written: no patient may be looked at unseen. */
  requireRoom(): void {
    const { whenFull, maxWaiting } = this.#options.settings;
    if (whenFull === 'forget' || this.#size < maxWaiting || !this.#isBehind) return;
    const why =
      'the audit trail cannot be written and is full: nothing more of patients is shown until it can';
    throw new HttpProblem(503, why, { retryAfterS: RETRY_MS / 1000 });
  }

  /** The newest entries that match, those still waiting saved first. */
  async query(query: AuditQuery): Promise<AuditEntry[]> {
    await this.flush();
    return auditOf(this.#options.store, query);
  }

  /** Resolves when everything recorded has been tried to be saved. */
  flush(): Promise<void> {
    this.#saving = this.#saving.then(() => this.#save());
    return this.#saving;
  }

  /** What the store does not take now is in the journal, where there is one. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.flush();
    this.#journal?.close();
  }

  get #isBehind(): boolean {
    const since = this.#savingSince;
    return this.#awaySince !== null || (since !== null && this.#options.now() - since > STUCK_MS);
  }

  #add(entry: AuditEntry): void {
    this.#waiting.push(entry);
    this.#size += sizeOf(entry);
    // Actions and refusals are recorded beyond the bound at which views are refused; nothing grows for ever.
    const { whenFull, maxWaiting } = this.#options.settings;
    const most = whenFull === 'forget' ? maxWaiting : 2 * maxWaiting;
    while (this.#size > most && this.#isBehind) {
      this.#size -= sizeOf(this.#waiting.shift()!);
      this.#lost++;
    }
  }

  async #save(): Promise<void> {
    const { store, now } = this.#options;
    this.#savingSince = now();
    try {
      while (this.#waiting.length > 0) {
        const batch = this.#nextBatch();
        const refused = await appendOrSetAside(store, batch);
        const done = new Set(batch);
        this.#waiting = this.#waiting.filter((entry) => !done.has(entry));
        this.#size = this.#waiting.reduce((sum, entry) => sum + sizeOf(entry), 0);
        if (refused.length > 0) await this.#setAside(refused);
      }
      this.#journal?.clear();
      if (this.#awaySince !== null) this.#recover();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#savingSince = null;
    }
  }

  #nextBatch(): AuditEntry[] {
    let size = 0;
    let length = 0;
    while (length < this.#waiting.length && size < MAX_INSERT) size += sizeOf(this.#waiting[length++]);
    return this.#waiting.slice(0, length);
  }

  async #setAside(refused: readonly AuditEntry[]): Promise<void> {
    const { store, onTrouble } = this.#options;
    const what = `${refused.length} entries of the audit trail are refused by the store`;
    try {
      await setAsideAudit(store, refused);
      onTrouble(`${what} and set aside with the dead letters`);
    } catch (error) {
      onTrouble(`${what}, and cannot be set aside: ${faultOf(error)}`);
    }
  }

  #fail(error: unknown): void {
    const { now, settings, onTrouble, notices = NO_NOTICES } = this.#options;
    this.#awaySince ??= this.#savingSince ?? now();
    this.#retryAt = now() + RETRY_MS;
    const many = this.#waiting.length;
    const lost = this.#lost === 0 ? '' : `, ${this.#lost} older ones are lost`;
    onTrouble(`${many} entries of the audit trail wait for the store${lost}: ${faultOf(error)}`);
    this.#keep();
    this.#schedule(FLUSH_MS);
    if (!this.#isAlarmed && now() - this.#awaySince >= settings.alarmAfterMs) {
      this.#isAlarmed = true;
      const then =
        settings.whenFull === 'forget'
          ? 'the oldest entries are lost then'
          : 'nothing more of patients is shown then; alerts still come, and can be acknowledged';
      notices.raise({
        kind: NOT_WRITTEN,
        priority: 'HIGH',
        detail:
          'Who looks at patients cannot be written down: the store does not take the audit trail. ' +
          `${settings.maxWaiting} entries may wait (server.audit.maxWaiting); ${then}. Bring the store back.`,
      });
    }
  }

  #recover(): void {
    const since = this.#awaySince ?? 0;
    this.#awaySince = null;
    this.#retryAt = 0;
    this.#isAlarmed = false;
    this.#options.notices?.clear(NOT_WRITTEN);
    if (this.#lost === 0) return;
    const detail = `${this.#lost} entries of the time since ${new Date(since).toISOString()} are lost`;
    this.#lost = 0;
    this.record(null, '', { action: 'audit-lost', outcome: 'failed', detail });
  }

  /** Onto the disk, what waits for a store that is away. */
  #keep(): void {
    if (this.#journal === null) return;
    const entries = this.#waiting.filter((entry) => !this.#journaled.has(entry));
    try {
      this.#journal.append(entries);
      for (const entry of entries) this.#journaled.add(entry);
    } catch (error) {
      this.#options.onTrouble(`the journal of the audit trail cannot be written: ${String(error)}`);
    }
  }

  #schedule(afterMs: number): void {
    if (this.#timer !== undefined || this.#isClosed) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const mustWait = this.#savingSince !== null || this.#options.now() < this.#retryAt;
      if (mustWait) {
        this.#keep();
        this.#schedule(FLUSH_MS);
      } else void this.flush();
    }, afterMs);
    this.#timer.unref();
  }
}

function sizeOf({ patients }: AuditEntry): number {
  return 1 + Math.floor(patients.length / PATIENTS_AN_ENTRY);
}
