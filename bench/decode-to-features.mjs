// From bytes to features, against a bare avsc decode of the same messages, in one process and one run. A row of features is
// made where the engine would score: at most every ten seconds of a patient, and at each laboratory result.
import avro from 'avsc';
import { PartitionMerge } from '../dist/align/merge.js';
import { RECORD_OF_TOPIC, TOPICS } from '../dist/contract/topics.js';
import { EventDecoder, RawRecord } from '../dist/engine/decode.js';
import { readSchema } from '../dist/events/avro.js';
import { MessageCodec } from '../dist/events/codec.js';
import { loadModel } from '../dist/inference/model.js';
import { DEFAULT_CONFIG } from '../dist/settings/config.js';
import { simulateWard } from '../dist/simulate/ward.js';
import { rowMaker } from './support/rows.mjs';

const ROUNDS = 5;
const BATCH = 2048;
const HEADER_BYTES = 10;

/** Vital signs and laboratory results of 16 beds: a set of vital signs every `seconds` for `hours`. */
function messagesOf(seconds, hours) {
  const codec = new MessageCodec();
  const ward = {
    beds: 16,
    hours,
    seed: 1,
    startTime: Date.UTC(2026, 0, 5),
    wardId: 'W',
    vitalsIntervalMs: seconds * 1000,
  };
  const messages = [];
  for (const { topic, record, eventTime } of simulateWard(ward)) {
    if (topic !== TOPICS.vitals && topic !== TOPICS.labs) continue;
    const name = RECORD_OF_TOPIC[topic];
    const value = codec.encode(name, record);
    messages.push({ name, eventTime, value, record: new RawRecord(topic, 0, messages.length, value) });
  }
  return messages;
}

function bareDecode(messages) {
  const types = new Map(
    ['VitalSigns', 'LabResult'].map((name) => [name, avro.Type.forSchema(readSchema(name))]),
  );
  const began = performance.now();
  let seen = 0;
  for (const { name, value } of messages) {
    seen += types.get(name).decode(value, HEADER_BYTES).value.observations.length;
  }
  if (seen === 0) throw new Error('nothing was decoded');
  return (1000 * messages.length) / (performance.now() - began);
}

function toFeatures(messages, model) {
  const { align, limits } = DEFAULT_CONFIG;
  const { aligner, made } = rowMaker(align, model);
  const decoder = new EventDecoder(new MessageCodec(), limits);
  const merge = new PartitionMerge({ ...align, live: false });
  const began = performance.now();
  for (let start = 0; start < messages.length; start += BATCH) {
    const end = Math.min(start + BATCH, messages.length);
    const now = messages[end - 1].eventTime;
    const events = [];
    for (let index = start; index < end; index++) {
      const event = decoder.decode(messages[index].record, now);
      if (event !== null) events.push(event);
    }
    merge.add('all', events, now);
    aligner.apply(merge.release(now));
  }
  aligner.apply(merge.flush());
  const perSecond = (1000 * messages.length) / (performance.now() - began);
  return { perSecond, rows: made.rows };
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)];

function compare(messages, model) {
  const decode = [];
  const features = [];
  let rows = 0;
  for (let round = 0; round <= ROUNDS; round++) {
    const bare = bareDecode(messages);
    const path = toFeatures(messages, model);
    rows = path.rows;
    if (round === 0) continue; // warming up
    decode.push(bare);
    features.push(path.perSecond);
  }
  const ratios = decode.map((each, index) => features[index] / each);
  return {
    ratio: Number(median(ratios).toFixed(3)),
    decodePerSecond: Math.round(median(decode)),
    featuresPerSecond: Math.round(median(features)),
    messages: messages.length,
    rowsPerMessage: Number((rows / messages.length).toFixed(2)),
  };
}

/** Messages a second: the headline from monitors that send every second; beside it, once a minute, where every message is scored. */
export async function measure() {
  const model = loadModel('latest');
  return { ...compare(messagesOf(1, 1), model), everyMinute: compare(messagesOf(60, 24), model) };
}
