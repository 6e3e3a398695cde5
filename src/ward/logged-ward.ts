import {
  CLAIM_KEY,
  type OpenLog,
  type Tail,
  type TailBatch,
  type TailHandler,
  type TailRecord,
  type TailStart,
} from '../bus/bus.js';
import { Fence } from '../bus/fence.js';
import { INDEX_BY_CODE } from '../clinical/variables.js';
import type { AlertMessage } from '../contract/messages.js';
import type { PatientNowMessage } from '../contract/now-messages.js';
import type { CatchingUpView } from '../contract/protocol.js';
import { TOPICS } from '../contract/topics.js';
import { DecodeFailure, type MessageCodec } from '../events/codec.js';
import type { EpochMs } from '../events/event.js';
import type { EngineWatch } from './engine-watch.js';
import { viewOf } from './patient-record.js';
import { type PlacedAlert, TopicOrder } from './topic-order.js';
import { WardBoard } from './ward-board.js';

/** So many records before the end of `ward.alerts` are read at the start: so that what an engine writes again is known. */
const LOOK_BACK = 500;

export interface LoggedWardOptions {
  /** The time of day, where the stream is live. */
  readonly now?: (() => EpochMs) | undefined;
  readonly onTrouble?: (message: string) => void;
  /** Told what engines say; left out where nobody asks whether what is shown is the present. */
  readonly engines?: EngineWatch | undefined;
}

/**
 * The ward as the log tells it: `ward.patients` from its beginning and `ward.alerts` from its end, of all partitions, whichever engine
 * writes them. An alert that comes ahead of its patient is shown at once.
 */
export class LoggedWard extends WardBoard implements TailHandler {
  override readonly log: TopicOrder;
  readonly #bus: OpenLog;
  readonly #codec: MessageCodec;
  readonly #engines: EngineWatch | undefined;
  readonly #onTrouble: (message: string) => void;
  /** Open alerts that only records of their patients have told, by patient. */
  readonly #told = new Map<string, Set<string>>();
  /** Of `ward.patients`, where each partition ended at the start; what is before it is kept until it is all there. */
  readonly #ends = new Map<number, number>();
  readonly #waiting = new Map<number, Map<string, TailRecord>>();
  /** Of `ward.alerts`: what is before was there before us. */
  #alertsFrom: number[] = [];
  #tails: Tail[] = [];
  /** Which records of `ward.patients` count. */
  readonly #fence = new Fence();
  /** Records that could not be read, by topic. */
  readonly undecodable = new Map<string, number>();
  /** Records of engines that had lost their partition to another one. */
  fenced = 0;

  constructor(
    bus: OpenLog,
    codec: MessageCodec,
    { now, onTrouble = () => undefined, engines }: LoggedWardOptions,
  ) {
    super(now);
    this.#engines = engines;
    if (engines !== undefined) this.liveness.follow((partition) => engines.notPresent(partition));
    this.#bus = bus;
    this.#codec = codec;
    this.#onTrouble = onTrouble;
    this.log = new TopicOrder(async (partition, from, to) => {
      const stretch = await bus.read(TOPICS.alerts, partition, from, to);
      return { from: stretch.from, alerts: stretch.records.flatMap((each) => this.#placed(partition, each)) };
    });
  }

  /** Begins to read. Alerts first: what comes while patients are read is not missed. */
  async open(): Promise<void> {
    this.#tails.push(await this.#bus.tail([{ topic: TOPICS.alerts, from: LOOK_BACK }], this));
    this.#tails.push(await this.#bus.tail([{ topic: TOPICS.patients, from: 'beginning' }], this));
    // By itself: where it may not be read, the others are.
    if (this.#engines !== undefined)
      this.#tails.push(await this.#bus.tail([{ topic: TOPICS.engines, from: 1 }], this));
  }

  async close(): Promise<void> {
    await Promise.all(this.#tails.map((tail) => tail.close()));
  }

  /**
   * How far what is shown is from the present; null where it is. Restored is what is read to where it ended at the start; of the rest, an
   * engine says that it is the present.
   */
  get catchingUp(): CatchingUpView | null {
    if (this.#tails.length < 2) return { partitions: 0, of: 0, restored: 0 };
    const all = [...this.#ends.keys()];
    const restored = all.filter((partition) => !this.#waiting.has(partition));
    const present = restored.filter((partition) => this.#engines?.isKnown(partition) ?? true);
    if (present.length === all.length) return null;
    return { partitions: present.length, of: all.length, restored: restored.length };
  }

  begun(topic: string, id: string, partitions: readonly TailStart[]): void {
    if (topic === TOPICS.alerts) {
      this.#alertsFrom = partitions.map(({ end }) => end);
      this.log.begin(id, partitions);
      for (const alert of this.openAlerts.values()) this.#tellOf(alert);
    } else if (topic === TOPICS.engines) this.#engines?.begun(partitions);
    else this.#beginPatients(partitions);
  }

  batch(batch: TailBatch): void {
    const { topic, partition, records, next } = batch;
    if (topic === TOPICS.patients) {
      this.#readPatients(batch);
      return;
    }
    if (topic === TOPICS.engines) {
      this.#engines?.batch(batch);
      return;
    }
    for (const record of records)
      for (const placed of this.#placed(partition, record)) this.#readAlert(placed);
    this.log.reach(partition, next);
  }

  /** Shows a notice of this process, which is in no log. */
  tell(alert: AlertMessage): void {
    this.log.note(alert);
    this.moveClock(alert.eventTime);
    this.keepOpen(alert);
    this.alerts$.next({ cursor: this.log.cursor, alert });
  }

  #beginPatients(partitions: readonly TailStart[]): void {
    const isAnew = this.#ends.size > 0;
    this.#ends.clear();
    this.#waiting.clear();
    this.#fence.clear();
    for (const [partition, { from, end }] of partitions.entries()) {
      this.#ends.set(partition, end);
      if (from < end) this.#waiting.set(partition, new Map());
    }
    if (!isAnew) return;
    this.#told.clear();
    this.clear();
    this.reset$.next();
  }

  #readPatients({ partition, records, next }: TailBatch): void {
    const waiting = this.#waiting.get(partition);
    for (const record of records) {
      const { key, epoch } = record;
      if (!this.#fence.passes(partition, epoch)) this.fenced++;
      else if (key !== CLAIM_KEY) {
        // Of what was there at the start only the newest of each patient is looked at.
        if (waiting === undefined) this.#readPatient(partition, record);
        else waiting.set(key, record);
      }
    }
    if (waiting === undefined) this.#engines?.noteWritten(partition);
    if (waiting === undefined || next < (this.#ends.get(partition) ?? 0)) return;
    this.#waiting.delete(partition);
    for (const record of waiting.values()) this.#readPatient(partition, record);
  }

  #readPatient(partition: number, { key, value }: TailRecord): void {
    if (value === null) {
      // Who lies in another partition by now is not meant.
      if (this.partitionOf(key) !== partition) return;
      this.#told.delete(key);
      this.remove(new Set([key]), 'discharged');
      return;
    }
    const now = this.#codec.decode('PatientNow', value);
    if (now instanceof DecodeFailure) this.#count(TOPICS.patients, now);
    else this.#show(now);
  }

  /** What is older than what is shown comes from an engine that reads again what another one has read. */
  #show(now: PatientNowMessage): void {
    const { patientId, stayId, partition, wardId } = now;
    const before = this.patients.get(patientId);
    if (before?.stayId === stayId && now.eventTime < before.lastEventAt) return;
    this.patients.set(patientId, viewOf(now));
    if (now.silent) this.silent.add(patientId);
    else this.silent.delete(patientId);
    this.liveness.place(patientId, partition);
    if (now.feed !== null) this.liveness.noteFeed({ patientId, ...now.feed });
    this.liveness.silence(patientId, now.silent ? now.eventTime : null);
    this.moveClock(now.eventTime);
    this.#remember(now, before?.values ?? {});
    this.change(patientId);
    if (before !== undefined && before.wardId !== wardId)
      this.departed$.next({ patientId, wardId: before.wardId, reason: 'moved' });
    this.#showAlerts(now);
  }

  /** The open alerts of a patient as the record has them, but for those of which the log has told more. */
  #showAlerts({ patientId, alerts }: PatientNowMessage): void {
    const open = alerts.flatMap((bytes) => this.#decodeAlert(bytes));
    for (const alert of open) {
      if (!this.log.isNewest(alert)) continue;
      if (!this.openAlerts.has(alert.alertId)) this.#tellOf(alert);
      this.keepOpen(alert);
    }
    const ids = new Set(open.map(({ alertId }) => alertId));
    const over = [...(this.#told.get(patientId) ?? [])].flatMap((alertId) => {
      const alert = this.openAlerts.get(alertId);
      return alert !== undefined && alert.stayId !== '' && !ids.has(alertId) ? [alert] : [];
    });
    for (const alert of over) {
      this.#untell(alert);
      this.openAlerts.delete(alert.alertId);
    }
    if (over.length > 0) this.dropped$.next(over);
  }

  #tellOf({ patientId, alertId }: AlertMessage): void {
    const told = this.#told.get(patientId) ?? new Set();
    this.#told.set(patientId, told.add(alertId));
  }

  #untell({ patientId, alertId }: AlertMessage): void {
    const told = this.#told.get(patientId);
    told?.delete(alertId);
    if (told?.size === 0) this.#told.delete(patientId);
  }

  #readAlert(placed: PlacedAlert): void {
    const { partition, offset, alert } = placed;
    const logged = this.log.append(placed);
    // What was written before the start is in the records of the patients.
    if (logged === null || offset < (this.#alertsFrom[partition] ?? 0)) return;
    this.#untell(alert);
    this.moveClock(alert.eventTime);
    this.keepOpen(alert);
    this.alerts$.next(logged);
  }

  /** Keeps values that are new, for courses of which the store has not all yet. */
  #remember(
    { patientId, values }: PatientNowMessage,
    before: Readonly<Record<string, { readonly at: number }>>,
  ): void {
    for (const { variable, value, at } of values) {
      const index = INDEX_BY_CODE.get(variable);
      if (index === undefined || at <= (before[variable]?.at ?? Number.NEGATIVE_INFINITY)) continue;
      this.recent.keepValue(patientId, {
        eventTime: at,
        variables: [index],
        values: [value],
        verdicts: null,
      });
    }
  }

  #placed(partition: number, { offset, value }: TailRecord): PlacedAlert[] {
    return value === null ? [] : this.#decodeAlert(value).map((alert) => ({ partition, offset, alert }));
  }

  #decodeAlert(bytes: Buffer): AlertMessage[] {
    const alert = this.#codec.decode('Alert', bytes);
    if (!(alert instanceof DecodeFailure)) return [alert];
    this.#count(TOPICS.alerts, alert);
    return [];
  }

  #count(topic: string, { detail }: DecodeFailure): void {
    const before = this.undecodable.get(topic) ?? 0;
    this.undecodable.set(topic, before + 1);
    if (before === 0) this.#onTrouble(`a record of ${topic} cannot be read and is not shown: ${detail}`);
  }
}
