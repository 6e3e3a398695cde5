import { type NoticeBoard, QUIET_MS } from '../alerts/notices.js';
import type { Home, HomeOf } from '../bus/bus.js';
import { crc32Partition, murmur2Partition } from '../bus/partitioners.js';
import { readId } from '../contract/ids.js';
import { TOPICS } from '../contract/topics.js';
import type { ClinicalEvent, EpochMs } from '../events/event.js';
import type { RawRecord } from '../events/record.js';

/** Why a message lies in another partition than its patient. */
export const MISPLACEMENTS = [
  'crc32',
  'no-key',
  'another-key',
  'another-form',
  'unknown-partitioner',
] as const;
export type Misplacement = (typeof MISPLACEMENTS)[number];

const SPLIT =
  'Such patients are split between processes: their alerts may lack ward and bed, and what is seen of them is in parts.';
const WORDS: Readonly<Record<Misplacement, string>> = {
  crc32:
    'a producer uses the default partitioner of librdkafka (CRC32). Set partitioner=murmur2_random in it (clients for Python, Go, .NET, C).',
  'no-key': 'messages have no key. Have the producer give the patient id as key.',
  'another-key':
    'the key of messages is not their patient id. Have the producer give the patient id as key, and nothing else.',
  'another-form':
    'keys spell the patient id otherwise (spaces around it, letters that are not composed, Unicode NFC). Have the producer write both the same.',
  'unknown-partitioner':
    'a producer places messages neither by murmur2 nor by CRC32, or partitions were added. Set its partitioner to murmur2.',
};

/** Patients known to be in their place; beyond it all are asked again. */
const MAX_PLACED = 100_000;

/** Keeps an eye on what producers do: whether a patient's messages lie where the patient is, and batches that cannot be read. */
export class InputWatch {
  readonly #homeOf: HomeOf;
  readonly #notices: NoticeBoard;
  /** Patients in their place, and where that is: of them nothing is computed again. */
  readonly #placed = new Map<string, number>();
  readonly #misplaced = new Map<string, number>();
  /** Notices that are open, and when their cause was last seen. */
  readonly #open = new Map<string, { readonly kind: string; readonly subject: string; at: EpochMs }>();

  constructor(homeOf: HomeOf, notices: NoticeBoard) {
    this.#homeOf = homeOf;
    this.#notices = notices;
  }

  /** Messages in another partition than their patient, by topic and cause. */
  get misplaced(): { readonly topic: string; readonly cause: Misplacement; readonly messages: number }[] {
    return [...this.#misplaced].map(([key, messages]) => {
      const [topic, cause] = key.split(' ') as [string, Misplacement];
      return { topic, cause, messages };
    });
  }

  /** Takes note of where an event's message lies. */
  place({ patientId }: Pick<ClinicalEvent, 'patientId'>, record: RawRecord, now: EpochMs): void {
    if (this.#open.size > 0) this.#clearQuiet(now);
    const { topic, partition } = record;
    if (this.#placed.get(patientId) === partition) return;
    // It goes where its alert came from, which is not for the writer of acknowledgements to mend.
    if (topic === TOPICS.acks) return;
    const home = this.#homeOf(topic, patientId);
    if (home === null) return;
    if (home.partition === partition) {
      if (this.#placed.size >= MAX_PLACED) this.#placed.clear();
      this.#placed.set(patientId, partition);
      return;
    }
    const cause = causeOf(record, patientId, home);
    const key = `${topic} ${cause}`;
    this.#misplaced.set(key, (this.#misplaced.get(key) ?? 0) + 1);
    const detail = `Messages of topic ${topic} lie in other partitions than their patients: ${WORDS[cause]} ${SPLIT}`;
    this.#raise('wrong-partitioner', key, detail, now);
  }

  /** Takes note of a batch that could not be read. */
  unread({ topic, partition }: RawRecord, why: string, now: EpochMs): void {
    const detail =
      `Messages of topic ${topic}, partition ${partition}, are set aside unread: ${why}. They may be of any patient. ` +
      'Have the producer send smaller batches, or what it sends as it should be; what is there of them is a dead letter.';
    this.#raise('batch-set-aside', `${topic}/${partition}`, detail, now);
  }

  #raise(kind: string, subject: string, detail: string, at: EpochMs): void {
    this.#open.set(`${kind} ${subject}`, { kind, subject, at });
    this.#notices.raise({ kind, subject, priority: 'HIGH', detail });
  }

  #clearQuiet(now: EpochMs): void {
    for (const [key, { kind, subject, at }] of this.#open) {
      if (now - at < QUIET_MS) continue;
      this.#open.delete(key);
      this.#notices.clear(kind, subject);
    }
  }
}

function causeOf({ source, partition }: RawRecord, patientId: string, { partitions }: Home): Misplacement {
  const key = source?.key ?? null;
  if (key === null || key.length === 0) return 'no-key';
  const text = key.toString('utf8');
  if (readId(text) !== patientId) return 'another-key';
  if (murmur2Partition(key, partitions) === partition) return 'another-form';
  return crc32Partition(key, partitions) === partition ? 'crc32' : 'unknown-partitioner';
}
