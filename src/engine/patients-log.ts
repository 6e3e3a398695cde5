import { CLAIM_KEY, type OpenLog } from '../bus/bus.js';
import { Fence } from '../bus/fence.js';
import { TOPICS } from '../contract/topics.js';

/** What a partition of `ward.patients` says of who is on the ward. */
export interface PatientsInLog {
  /** Patients with a record that counts. */
  readonly known: ReadonlySet<string>;
  /** Those of whom the last record does not: compaction may leave it alone of all. */
  readonly overwritten: ReadonlySet<string>;
  /** The highest of its records; 0: none says one. */
  readonly epoch: number;
}

/** Reads all of a partition. @throws WardstreamError `WS_BUS` where the log does not give it. */
export async function readPatients(log: OpenLog, partition: number): Promise<PatientsInLog> {
  const { records } = await log.read(TOPICS.patients, partition, 0);
  const fence = new Fence();
  const known = new Set<string>();
  const overwritten = new Set<string>();
  for (const { key, value, epoch } of records) {
    const counts = fence.passes(partition, epoch);
    if (key === CLAIM_KEY) continue;
    if (!counts) overwritten.add(key);
    else {
      overwritten.delete(key);
      if (value === null) known.delete(key);
      else known.add(key);
    }
  }
  return { known, overwritten, epoch: fence.epochOf(partition) };
}
