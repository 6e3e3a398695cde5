import { partitionOf } from '../bus/memory.js';
import type { MessageOf, Observation } from '../contract/messages.js';
import { type InputTopic, RECORD_OF_TOPIC, TOPICS } from '../contract/topics.js';
import { HOUR_MS } from '../durations.js';
import { DecodeFailure, MessageCodec } from '../events/codec.js';
import type { SourceMessage } from '../events/source-message.js';
import type { ReplaySource } from '../sources/source.js';

/** A way in which the same history could have reached us in a worse state. */
export type Variant = { readonly id: string; readonly label: string } & (
  | { readonly kind: 'delay'; readonly topic: InputTopic; readonly ms: number }
  | { readonly kind: 'without'; readonly topics: readonly InputTopic[] }
  | { readonly kind: 'missing'; readonly share: number; readonly seed: number }
);

/** What stands between patient id and variant: an id may hold no control character, and hospitals' ids hold no picture of one. */
const MARK = '\u2401';

/**
 * The history of some patients, once in every variant, side by side as patients of their own: one pass over the source scores
 * them all. Messages stay in event-time order.
 */
export function withVariants(
  source: ReplaySource,
  patients: ReadonlySet<string>,
  variants: readonly Variant[],
): ReplaySource {
  return {
    counts: source.counts,
    total: patients.size,
    messages: () => varied(source, patients, variants),
  };
}

/** Patient and variant of a patient id that `withVariants` made. */
export function variantOf(patientId: string): { readonly patientId: string; readonly variant: string } {
  const [id, variant = ''] = patientId.split(MARK);
  return { patientId: id, variant };
}

async function* varied(
  source: ReplaySource,
  patients: ReadonlySet<string>,
  variants: readonly Variant[],
): AsyncGenerator<SourceMessage> {
  const codec = new MessageCodec();
  // Delays of one variant are equal, so what it holds back is in order.
  const held = variants.map((): SourceMessage[] => []);
  const release = function* (until: number): Generator<SourceMessage> {
    for (;;) {
      let next: SourceMessage[] | undefined;
      for (const queue of held) {
        if (
          queue.length > 0 &&
          queue[0].eventTime <= until &&
          !(queue[0].eventTime >= (next?.[0].eventTime ?? Number.POSITIVE_INFINITY))
        ) {
          next = queue;
        }
      }
      if (next === undefined) return;
      yield next.shift()!;
    }
  };
  for await (const message of source.messages()) {
    if (!patients.has(message.key)) continue;
    const record = recordOf(message, codec);
    if (record === null) continue;
    yield* release(message.eventTime);
    for (let index = 0; index < variants.length; index++) {
      const changed = change(message, record, variants[index]);
      if (changed === null) continue;
      if (changed.eventTime > message.eventTime) held[index].push(changed);
      else yield changed;
    }
  }
  yield* release(Number.POSITIVE_INFINITY);
}

type Body = MessageOf[keyof MessageOf];

/** A message in a variant; null where nothing of it is left. */
function change(message: SourceMessage, record: Body, variant: Variant): SourceMessage | null {
  const key = `${message.key}${MARK}${variant.id}`;
  const { topic } = message;
  const asPatient = { ...record, patientId: key };
  if (variant.kind === 'without') {
    return variant.topics.includes(topic) ? null : { ...message, key, record: asPatient };
  }
  if (variant.kind === 'delay') {
    if (topic !== variant.topic) return { ...message, key, record: asPatient };
    const eventTime = message.eventTime + variant.ms;
    const observedAt = 'observedAt' in record ? (record.observedAt ?? message.eventTime) : message.eventTime;
    return { topic, key, eventTime, record: { ...asPatient, eventTime, observedAt } as Body };
  }
  if (!('observations' in record)) return { ...message, key, record: asPatient };
  const { messageId } = record;
  const observations = record.observations.filter(
    (_: Observation, index: number) =>
      partitionOf(`${messageId}:${index}:${variant.seed}`, 10_000) >= variant.share * 10_000,
  );
  if (observations.length === 0) return null;
  return { ...message, key, record: { ...asPatient, observations } as Body };
}

/** A message as a record, decoded where it is bytes; null where it cannot be. */
export function recordOf({ topic, record }: SourceMessage, codec: MessageCodec): Body | null {
  if (!Buffer.isBuffer(record)) return record;
  const decoded = codec.decode(RECORD_OF_TOPIC[topic], record);
  return decoded instanceof DecodeFailure ? null : (decoded as Body);
}

/** What validation tries on every model: labs late, a modality gone, a tenth of the values lost. */
export const STANDARD_VARIANTS: readonly Variant[] = [
  {
    id: 'labs-3h',
    label: 'laboratory results 3 hours later',
    kind: 'delay',
    topic: TOPICS.labs,
    ms: 3 * HOUR_MS,
  },
  { id: 'no-labs', label: 'no laboratory results', kind: 'without', topics: [TOPICS.labs] },
  { id: 'no-vitals', label: 'no vital signs', kind: 'without', topics: [TOPICS.vitals] },
  { id: 'lost-10', label: '10 % of all values lost at random', kind: 'missing', share: 0.1, seed: 1 },
];
