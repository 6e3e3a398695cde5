import type { AppliedTo } from '../align/patient.js';
import type { LogState } from '../bus/bus.js';

/** Between a topic and its id, in a snapshot's positions. */
const OF = '@';

/**
 * Positions as a snapshot carries them: besides each topic's, the same under the topic's name and id, so that an offset is not taken for
 * one of another topic that was made under the name. Programs that do not know the ids read the plain ones.
 */
export function withIds(positions: AppliedTo, idOf: LogState['idOf']): AppliedTo {
  const identified: Record<string, number> = { ...positions };
  for (const [topic, offset] of Object.entries(positions)) {
    const id = idOf(topic);
    if (id !== undefined) identified[`${topic}${OF}${id}`] = offset;
  }
  return identified;
}

/**
 * The positions of a snapshot that are places in the logs as they are now. One of another log counts for nothing: by its id, or,
 * where the snapshot or the bus has none, as it lies beyond the log's end.
 */
export function validPositions(positions: AppliedTo, partition: number, logs: LogState): AppliedTo {
  const valid: Record<string, number> = {};
  const topics = Object.keys(positions);
  for (const topic of topics) {
    if (topic.includes(OF)) continue;
    const id = logs.idOf(topic);
    const isIdentified = id !== undefined && topics.some((each) => each.startsWith(topic + OF));
    const end = logs.endOf(topic, partition);
    const isOurs = isIdentified
      ? `${topic}${OF}${id}` in positions
      : end === undefined || positions[topic] <= end;
    if (isOurs) valid[topic] = positions[topic];
    else if (positions[topic] > 0) logs.tellAnother?.(topic, partition, positions[topic]);
  }
  return valid;
}

/** Of a bus whose logs live as long as the process. */
export const SAME_LOGS: LogState = { idOf: () => undefined, endOf: () => undefined };
