import { AssignerProtocol, type PartitionAssigner } from './kafkajs/index.js';

/** A member of the consumer group and the partitions it had. */
export interface Member {
  readonly memberId: string;
  readonly owned: readonly number[];
}

/**
 * Partition numbers of each member: evenly many, and as far as that allows those it had, since a partition that moves
 * takes its patients' state with it.
 */
export function assignPartitions(
  members: readonly Member[],
  partitionCount: number,
): ReadonlyMap<string, number[]> {
  const sorted = [...members].sort((a, b) => (a.memberId < b.memberId ? -1 : 1));
  const assigned = new Map<string, number[]>(sorted.map(({ memberId }) => [memberId, []]));
  const least = Math.floor(partitionCount / sorted.length);
  // So many members have one partition more; those who have most keep most.
  let extra = partitionCount % sorted.length;
  const free = new Set(Array.from({ length: partitionCount }, (_, partition) => partition));
  for (const { memberId, owned } of [...sorted].sort((a, b) => b.owned.length - a.owned.length)) {
    const mine = assigned.get(memberId)!;
    for (const partition of [...owned].sort((a, b) => a - b)) {
      const hasRoom = mine.length < least || (mine.length === least && extra > 0);
      if (!hasRoom || !free.delete(partition)) continue;
      if (mine.length === least) extra--;
      mine.push(partition);
    }
  }
  for (const partition of free) {
    const [neediest] = [...assigned.values()].sort((a, b) => a.length - b.length);
    neediest.push(partition);
  }
  for (const partitions of assigned.values()) partitions.sort((a, b) => a - b);
  return assigned;
}

/**
 * Gives a member the same partition numbers of every topic, so that all that concerns a patient is read by one process;
 * kafkajs's own assigner goes topic by topic. `owned` tells what this member has now; partitions from the `limit`th on
 * are assigned to nobody: there is no state for them.
 */
export function coPartitionedAssigner(
  owned: () => readonly number[],
  limit = Number.POSITIVE_INFINITY,
): PartitionAssigner {
  const name = 'WardstreamCoPartitioned';
  const version = 1;
  return ({ cluster }) => ({
    name,
    version,
    async assign({ members, topics }) {
      // A topic that is not there for now does not keep the others from being read.
      const counts = topics
        .map((topic) => cluster.findTopicPartitionMetadata(topic).length)
        .filter((count) => count > 0);
      const described = members.map(({ memberId, memberMetadata }) => ({
        memberId,
        owned: ownedIn(AssignerProtocol.MemberMetadata.decode(memberMetadata)?.userData),
      }));
      const assigned = assignPartitions(described, Math.min(limit, ...counts));
      return [...assigned].map(([memberId, partitions]) => ({
        memberId,
        memberAssignment: AssignerProtocol.MemberAssignment.encode({
          version,
          assignment: Object.fromEntries(topics.map((topic) => [topic, partitions])),
          userData: Buffer.alloc(0),
        }),
      }));
    },
    protocol({ topics }) {
      const userData = Buffer.from(Int32Array.from(owned()).buffer);
      return { name, metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData }) };
    },
  });
}

/** Gives the only member of a group the partitions it asked for. */
export function fixedAssigner(partitions: readonly number[]): PartitionAssigner {
  const name = 'WardstreamFixed';
  const version = 1;
  return () => ({
    name,
    version,
    async assign({ members, topics }) {
      const assignment = Object.fromEntries(topics.map((topic) => [topic, [...partitions]]));
      const userData = Buffer.alloc(0);
      const memberAssignment = AssignerProtocol.MemberAssignment.encode({ version, assignment, userData });
      return members.map(({ memberId }) => ({ memberId, memberAssignment }));
    },
    protocol({ topics }) {
      const userData = Buffer.alloc(0);
      return { name, metadata: AssignerProtocol.MemberMetadata.encode({ version, topics, userData }) };
    },
  });
}

function ownedIn(userData: Buffer | undefined): number[] {
  const bytes = userData ?? Buffer.alloc(0);
  return Array.from({ length: Math.floor(bytes.length / 4) }, (_, index) => bytes.readInt32LE(index * 4));
}
