import type { NoticeBoard } from '../alerts/notices.js';
import type { EpochMs } from '../events/event.js';
import type { Table } from './rows.js';

/** Rows that are not stored since the store took none and memory was full: counted, and told with the stretch of time to read again. */
export class LeftOut {
  readonly #notices: NoticeBoard;
  readonly #tell: (message: string) => void;
  /** Since the start, by table. */
  readonly rows = new Map<Table, number>();
  /** Of the stretch that goes on now. */
  #since: { rows: number; from: EpochMs; to: EpochMs } | null = null;

  constructor(notices: NoticeBoard, tell: (message: string) => void) {
    this.#notices = notices;
    this.#tell = tell;
  }

  add(table: Table, eventTime: EpochMs | null): void {
    this.rows.set(table, (this.rows.get(table) ?? 0) + 1);
    if (this.#since === null) {
      this.#since = { rows: 0, from: Number.POSITIVE_INFINITY, to: Number.NEGATIVE_INFINITY };
      const what = 'rows are left out of the store, which takes none: memory is full of what waits for it';
      this.#tell(`${what}; the topics have their input`);
      this.#notices.raise({
        kind: 'store-rows-left-out',
        priority: 'HIGH',
        detail: `ClickHouse has taken nothing for so long that results are no longer kept for it. Alerts go on; courses and reports will lack this time until it is replayed from the topics.`,
      });
    }
    const since = this.#since;
    since.rows++;
    if (eventTime === null) return;
    since.from = Math.min(since.from, eventTime);
    since.to = Math.max(since.to, eventTime);
  }

  /** There is room again. */
  end(): void {
    const since = this.#since;
    if (since === null) return;
    this.#since = null;
    this.#notices.clear('store-rows-left-out');
    const { rows, from, to } = since;
    const range = Number.isFinite(from) ? `${iso(from)}..${iso(to + 1000)}` : 'FROM..TO';
    this.#tell(`${rows} rows were left out of the store; replay --from kafka:${range} brings them in`);
  }
}

function iso(time: EpochMs): string {
  return new Date(time).toISOString().replace(/\.\d+/, '');
}
