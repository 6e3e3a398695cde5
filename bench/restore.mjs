// Seconds to take over 1 000 patients with 48 h of history from the state topic of a real Kafka: read, decode, rebuild.
import { randomUUID } from 'node:crypto';
import { KafkaBus } from '../dist/bus/kafka.js';
import { TOPICS } from '../dist/contract/topics.js';
import { restorePatient, snapshotOf } from '../dist/engine/snapshot.js';
import { AttentionCache } from '../dist/inference/attention-cache.js';
import { parseConfig } from '../dist/settings/config.js';
import { openBroker } from './support/broker.mjs';
import { afterTwoDays } from './support/two-days.mjs';

const PATIENTS = 1000;
const BEDS = 20;
const PARTITIONS = 4;

/** Patients at the end of 48 simulated hours. */
async function patientsOf() {
  const patients = new Map();
  const keep = {
    write: async ({ admitted }) => {
      for (const patient of admitted) patients.set(patient.patientId, patient);
    },
  };
  const engine = await afterTwoDays(BEDS, [keep]);
  await engine.close();
  return { patients: [...patients.values()], engine };
}

export async function measure() {
  const broker = await openBroker();
  try {
    return await restore(broker.brokers);
  } finally {
    await broker.stop();
  }
}

async function restore(brokers) {
  const { patients, engine } = await patientsOf();
  const { model, codec } = engine;
  const bus = await KafkaBus.open({
    ...parseConfig({
      bus: { kind: 'kafka', brokers, partitions: PARTITIONS },
    }).bus,
    topicPrefix: `bench-${randomUUID()}.`,
  });
  await bus.createTopics([TOPICS.state]);
  // A cache full of numbers that do not compress, as real ones.
  const cache = new AttentionCache(model.shape);
  for (const array of [cache.k, cache.v])
    for (let index = 0; index < array.length; index++) array[index] = Math.random();
  const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
  await bus.state.restore(partitions);
  let bytes = 0;
  for (let start = 0; start < PATIENTS; start += 50) {
    const changes = [];
    for (let index = start; index < start + 50; index++) {
      const snapshot = snapshotOf(patients[index % BEDS], cache, '', model.config, {});
      const value = codec.encode('PatientSnapshot', { ...snapshot, patientId: `P${index}` });
      changes.push({ key: `P${index}`, partition: index % PARTITIONS, value });
      bytes += value.length;
    }
    await bus.state.write(changes);
  }
  const began = performance.now();
  const read = await bus.state.restore(partitions);
  const readSeconds = (performance.now() - began) / 1000;
  const options = { dedupeWindow: 1024, model: model.config };
  const restored = read.filter(
    ({ partition, value }) =>
      restorePatient(codec.decode('PatientSnapshot', value), { ...options, partition }) !== null,
  ).length;
  const seconds = (performance.now() - began) / 1000;
  await bus.close();
  return {
    patients: restored,
    seconds: Number(seconds.toFixed(2)),
    ofWhichReading: Number(readSeconds.toFixed(2)),
    kbPerSnapshot: Number((bytes / PATIENTS / 1024).toFixed(1)),
  };
}
