import type { Position } from './bus.js';
import type { EachBatchPayload } from './kafkajs/index.js';

/** A partition, from its assignment to this process until another has it. */
export class AssignedPartition {
  readonly partition: number;
  /** The handler has processed the assignment. What is to be committed before is of an earlier one. */
  isReady = false;
  /** By topic on the cluster, the next offset to hand over. */
  readonly next = new Map<string, number>();
  /** By topic, what is committed. */
  readonly committed = new Map<string, Position>();
  /** Topics that are not read for now. */
  paused: readonly string[] = [];

  constructor(partition: number) {
    this.partition = partition;
  }
}

/** What the group has assigned to a member. */
export interface Assignment {
  readonly memberId: string;
  readonly topics: readonly string[];
  readonly partitions: readonly number[];
}

/** A generation that follows on another, and what that changes. */
export interface Succession {
  readonly generation: Generation;
  readonly revoked: readonly AssignedPartition[];
  readonly added: readonly AssignedPartition[];
}

/** One generation of the consumer group: what this process has been assigned in it, and as whom. */
export class Generation {
  /** Counted from 1, of this subscription. */
  readonly number: number;
  readonly topics: readonly string[];
  readonly partitions: ReadonlyMap<number, AssignedPartition>;
  /** Empty once the process has left the group, or where it has not joined it. */
  memberId: string;
  /** Attempts to join the next one. While there are any, the group is rebalancing. */
  attempts = 0;
  /**
   * Commits once as this member, in the generation at the time of the call. kafkajs's own `commitOffsets` tries again, by then perhaps
   * in another generation; one between may have given the partitions away: what others did meanwhile would be passed over.
   */
  commitOnce: EachBatchPayload['commitOffsetsIfNecessary'] | null = null;

  private constructor(
    number: number,
    memberId: string,
    topics: readonly string[],
    partitions: readonly AssignedPartition[],
  ) {
    this.number = number;
    this.memberId = memberId;
    this.topics = topics;
    this.partitions = new Map(partitions.map((each) => [each.partition, each]));
  }

  /** Before the group is joined. */
  static none(): Generation {
    return new Generation(0, '', [], []);
  }

  /**
   * The generation that follows. A member that was put out of the group, or missed a generation, does not know who had its partitions
   * meanwhile: then it has lost all of them, and those it has now are new. So it is where the leader knows other topics.
   */
  next({ memberId, topics, partitions }: Assignment): Succession {
    const isSameMember = memberId === this.memberId;
    const hasSameTopics = partitions.length === 0 || topics.join() === this.topics.join();
    const hasMissedNone = isSameMember && this.attempts <= 1 && hasSameTopics;
    const now = partitions.map(
      (partition) => (hasMissedNone && this.partitions.get(partition)) || new AssignedPartition(partition),
    );
    const generation = new Generation(this.number + 1, memberId, topics, now);
    if (isSameMember) generation.commitOnce = this.commitOnce;
    return { generation, revoked: without(this, generation), added: without(generation, this) };
  }

  /** Whether the handler has processed the assignment of every partition. */
  get isBegun(): boolean {
    return [...this.partitions.values()].every(({ isReady }) => isReady);
  }

  /** Whether the partition is assigned now as it was then. */
  has(assigned: AssignedPartition): boolean {
    return this.partitions.get(assigned.partition) === assigned;
  }
}

/** Partitions of one generation that another has not, or has been assigned anew. */
function without(one: Generation, other: Generation): AssignedPartition[] {
  return [...one.partitions.values()].filter((assigned) => !other.has(assigned));
}
