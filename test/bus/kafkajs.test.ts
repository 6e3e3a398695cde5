import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isRefused } from '../../src/bus/kafka-errors.js';

const require = createRequire(import.meta.url);
const FORK = 'src/bus/kafkajs';
const of = (file: string) => require(`../../${FORK}/src/${file}.js`);
const ConsumerGroup = of('consumer/consumerGroup');
const Broker = of('broker/index');
const Cluster = of('cluster/index');
const { lookup } = of('protocol/requests/index');

describe('the files', () => {
  const PUBLISHED = dirname(require.resolve('kafkajs/package.json'));
  const OURS = ['README.md', 'index.d.ts', 'package.json'];
  const LEFT_OUT = ['CHANGELOG.md', 'CONTRIBUTING.md', 'README.md', 'package.json'];

  function filesIn(directory: string): Map<string, string> {
    const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) =>
      each.isFile(),
    );
    return new Map(
      files.map(({ parentPath, name }) => {
        const file = join(parentPath, name);
        return [file.slice(directory.length + 1), readFileSync(file, 'utf8')];
      }),
    );
  }

  it('are those of kafkajs 2.2.4, but for the ones that README.md names', () => {
    const [fork, published] = [filesIn(FORK), filesIn(PUBLISHED)];
    const versions = [fork, published].map((files) => JSON.parse(String(files.get('package.json'))).version);
    expect(versions).toEqual(['2.2.4', '2.2.4']);
    const named = String(fork.get('README.md')).matchAll(/^ {2}- `(.+)`$/gm);
    for (const file of OURS) fork.delete(file);
    for (const file of LEFT_OUT) published.delete(file);
    const changed = [...new Set([...fork.keys(), ...published.keys()])].filter(
      (file) => fork.get(file) !== published.get(file),
    );
    expect(changed.sort()).toEqual([...new Set([...named].map(([, file]) => file))].sort());
  });

  it('are the only kafkajs that is used', () => {
    const users = [...filesIn('src')].filter(([, text]) => /(from|require\() ?'kafkajs/.test(text));
    expect(users.map(([file]) => file)).toEqual([]);
  });
});

const silent = { debug() {}, info() {}, warn() {}, error() {} };
const logger = { ...silent, namespace: () => silent };
/** API keys of the protocol and the newest version that a broker knows of each. */
const FETCH = 1;
const NEWEST = { [FETCH]: 11, 3: 13, 11: 9, 12: 4, 13: 5 };

interface Sent {
  readonly request: { encode(): Promise<{ buffer: Buffer }> };
  readonly response: { decode(bytes: Buffer): Promise<never>; parse(data: never): Promise<unknown> };
}

/** A broker that answers each request with bytes; what it was sent is kept, encoded. */
function broker(answer: Buffer, options: object = {}) {
  const sent: Buffer[] = [];
  const send = async ({ request, response }: Sent) => {
    sent.push((await request.encode()).buffer);
    return response.parse(await response.decode(answer));
  };
  const connectionPool = { host: 'b', port: 9092, connectionTimeout: 1, send };
  const made = new Broker({ connectionPool, logger, nodeId: 1, ...options });
  made.lookupRequest = lookup(
    Object.fromEntries(
      Object.entries(NEWEST).map(([key, maxVersion]) => [key, { minVersion: 0, maxVersion }]),
    ),
  );
  return { broker: made, sent };
}

describe('a group', () => {
  const SETTINGS = {
    logger,
    instrumentationEmitter: { emit() {} },
    groupId: 'g',
    topics: ['t'],
    retry: { retries: 0 },
    sessionTimeout: 1000,
    rebalanceTimeout: 1000,
    assigners: [{ protocol: () => ({ name: 'a', metadata: Buffer.alloc(0) }) }],
    metadataMaxAge: 0,
  };

  /** What a member sends to its group as it joins and leaves; the group does not know any id of before. */
  async function joinAndLeave(settings: object): Promise<Record<string, unknown>[]> {
    const sent: Record<string, unknown>[] = [];
    const coordinator = {
      async joinGroup(request: { readonly memberId: string }) {
        sent.push(request);
        if (request.memberId !== '') throw Object.assign(new Error('unknown'), { type: 'UNKNOWN_MEMBER_ID' });
        return { generationId: 1, leaderId: 'other', memberId: 'new', members: [], groupProtocol: 'a' };
      },
      syncGroup: async () => ({ memberAssignment: Buffer.alloc(0) }),
      heartbeat: async (request: Record<string, unknown>) => void sent.push(request),
      leaveGroup: async (request: Record<string, unknown>) => void sent.push(request),
    };
    const cluster = {
      findGroupCoordinator: async () => coordinator,
      findTopicPartitionMetadata: () => [],
      committedOffsets: () => ({}),
    };
    const retry = { retries: 2, initialRetryTime: 1 };
    const group = new ConsumerGroup({ ...SETTINGS, cluster, retry, ...settings });
    await group.joinAndSync();
    group.lastRequest = 0;
    await group.heartbeat({ interval: 0 });
    await group.leave();
    return sent;
  }

  it('is left by a member without a name, and not by one with a name', async () => {
    const [join, heartbeat, leave] = await joinAndLeave({});
    expect([join, heartbeat, leave].map((request) => request.groupInstanceId)).toEqual([
      null,
      null,
      undefined,
    ]);
    expect(leave).toEqual({ groupId: 'g', memberId: 'new' });
    const named = await joinAndLeave({ groupInstanceId: 'engine-1' });
    expect(named).toMatchObject([
      { memberId: '', groupInstanceId: 'engine-1' },
      { memberId: 'new', groupInstanceId: 'engine-1' },
    ]);
  });

  it('is asked for the id of before, once', async () => {
    const sent = await joinAndLeave({ formerMemberId: 'old' });
    expect(sent.slice(0, 2)).toMatchObject([{ memberId: 'old' }, { memberId: '' }]);
  });

  it('is told the name in the requests to join and in heartbeats', async () => {
    const name = { groupId: 'g', groupInstanceId: 'engine-1' };
    const { broker: asked, sent } = broker(Buffer.alloc(64));
    await asked.joinGroup({ ...name, sessionTimeout: 1, rebalanceTimeout: 1, groupProtocols: [] });
    await asked.heartbeat({ ...name, groupGenerationId: 1, memberId: 'm' });
    for (const request of sent) expect(request.toString('latin1')).toContain('engine-1');
  });

  it('reads a partition whose offset is gone from its beginning, and does not commit that', async () => {
    const cluster = {
      fetchTopicsOffset: async () => [{ topic: 't', partitions: [{ partition: 2, offset: '40' }] }],
    };
    const group = new ConsumerGroup({ ...SETTINGS, cluster });
    const resolved: unknown[] = [];
    group.offsetManager = { resolveOffset: (done: unknown) => void resolved.push(done) };
    await group.recoverFromFetch({ name: 'KafkaJSOffsetOutOfRange', topic: 't', partition: 2 });
    expect(resolved).toEqual([{ topic: 't', partition: 2, offset: '39' }]);
  });

  it('goes on where a broker does not answer', async () => {
    const refreshMetadata = () => Promise.reject(new Error('away'));
    const group = new ConsumerGroup({ ...SETTINGS, cluster: { refreshMetadata } });
    const of = (name: string) => group.recoverFromFetch({ name });
    await expect(
      Promise.all([of('KafkaJSConnectionError'), of('KafkaJSRequestTimeoutError')]),
    ).resolves.toBeDefined();
    await expect(of('KafkaJSError')).rejects.toEqual({ name: 'KafkaJSError' });
  });
});

/** Bytes as the protocol writes them: numbers of 16 and 32 bits, and what is bytes already. */
const int16 = (value: number) => Buffer.from(Int16Array.of(value).buffer).swap16();
const int32 = (value: number) => Buffer.from(Int32Array.of(value).buffer).swap32();
const text = (value: string) => Buffer.from([value.length + 1, ...Buffer.from(value)]);
const byte = (...values: number[]) => Buffer.from(values);

describe('a fetch', () => {
  it('is decoded by the reader of the client’s settings', async () => {
    const batch = Buffer.alloc(61);
    batch[16] = 2;
    const partition = [
      int32(3),
      int16(0),
      Buffer.alloc(24),
      int32(-1),
      int32(-1),
      int32(batch.length),
      batch,
    ];
    const topics = [int32(1), int16(1), Buffer.from('t'), int32(1), ...partition];
    const answer = Buffer.concat([int32(0), int16(0), int32(0), ...topics]);
    const read: number[] = [];
    const readBatch = async (position: { buffer: Buffer; offset: number }) => {
      read.push(position.offset);
      position.offset = position.buffer.length;
      return { records: [{ offset: '7' }] };
    };
    const { broker: asked } = broker(answer, { readBatch });
    const { responses } = await asked.fetch({ topics: [] });
    expect(responses).toMatchObject([
      { topicName: 't', partitions: [{ partition: 3, messages: [{ offset: '7' }] }] },
    ]);
    expect(read).toEqual([0]);
  });
});

describe('the version of a request', () => {
  const METADATA = 3;
  const { requests } = of('protocol/requests/index');
  const sent = (key: number, minVersion: number, maxVersion: number) => {
    const make = lookup({ [key]: { minVersion, maxVersion } })(
      key,
      key === FETCH ? requests.Fetch : requests.Metadata,
    );
    return make({ topics: [] }).request.apiVersion;
  };

  it('is the newest that both know', () => {
    expect([sent(FETCH, 0, 9), sent(FETCH, 4, 18), sent(METADATA, 0, 9), sent(METADATA, 0, 13)]).toEqual([
      9, 11, 6, 10,
    ]);
  });

  it('is none where a broker has dropped all that is known here: that is told, not tried again', () => {
    const fault = (() => {
      try {
        return sent(FETCH, 12, 18);
      } catch (error) {
        return error;
      }
    })();
    expect(fault).toMatchObject({ name: 'KafkaJSServerDoesNotSupportApiKey' });
    expect(isRefused(fault)).toBe(true);
  });
});

describe('metadata', () => {
  const id = Buffer.from('0123456789abcdef');
  const NONE = Buffer.alloc(16);
  /** A field of the future, which is passed over. */
  const TAGS = byte(1, 5, 3, 9, 9, 9);
  const partition = (error: number, index: number, leader: number) =>
    Buffer.concat([
      int16(error),
      int32(index),
      int32(leader),
      int32(0),
      byte(2),
      int32(1),
      byte(2),
      int32(1),
      byte(1),
      TAGS,
    ]);
  const topic = (error: number, name: string, topicId: Buffer, partitions: readonly Buffer[]) =>
    Buffer.concat([
      int16(error),
      text(name),
      topicId,
      byte(0, partitions.length + 1),
      ...partitions,
      int32(0),
      TAGS,
    ]);
  const answer = (...topics: Buffer[]) =>
    Buffer.concat([
      TAGS,
      int32(0),
      byte(2),
      int32(1),
      text('host'),
      int32(9092),
      byte(0),
      TAGS,
      text('cluster'),
      int32(1),
      byte(topics.length + 1),
      ...topics,
      TAGS,
    ]);

  it('tells topics by their ids, and asks for all or for some', async () => {
    const { broker: asked, sent } = broker(
      answer(topic(0, 'a', id, [partition(0, 0, 1)]), topic(0, 'b', NONE, [])),
    );
    const { brokers, clusterId, controllerId, topicMetadata } = await asked.metadata(['ward']);
    expect([brokers, clusterId, controllerId]).toEqual([
      [{ nodeId: 1, host: 'host', port: 9092, rack: null }],
      'cluster',
      1,
    ]);
    const known = {
      partitionErrorCode: 0,
      partitionId: 0,
      leader: 1,
      replicas: [1],
      isr: [1],
      offlineReplicas: [],
    };
    const ofA = { ...known, topicId: id.toString('base64url') };
    expect(topicMetadata).toEqual([
      { topicErrorCode: 0, topic: 'a', isInternal: false, partitionMetadata: [ofA] },
      { topicErrorCode: 0, topic: 'b', isInternal: false, partitionMetadata: [] },
    ]);
    await asked.metadata();
    const some = [byte(0, 2), NONE, text('ward'), byte(0), byte(1, 0, 0, 0)];
    expect(sent).toEqual([Buffer.concat(some), byte(0, 0, 1, 0, 0, 0)]);
  });

  it('of what is there is known though a topic is not, and a partition has no leader', async () => {
    const unled = topic(0, 'a', id, [partition(5, 0, -1), partition(0, 1, 1)]);
    const { broker: asked } = broker(answer(topic(3, 'gone', NONE, []), unled));
    const { topicMetadata } = await asked.metadata(['a', 'gone']);
    expect(topicMetadata).toMatchObject([
      { topic: 'a', partitionMetadata: [{ leader: -1, partitionErrorCode: 0 }, { leader: 1 }] },
    ]);
    const refused = broker(answer(topic(29, 'a', id, [])));
    await expect(refused.broker.metadata(['a'])).rejects.toMatchObject({
      type: 'TOPIC_AUTHORIZATION_FAILED',
    });
  });

  it('says whom to ask for offsets: of a partition without a leader there is no answer', async () => {
    const cluster = new Cluster({ logger, brokers: ['b:9092'], retry: {}, socketFactory: () => undefined });
    const partitions = [0, 1].map((partitionId) => ({ partitionId, leader: partitionId - 1 }));
    cluster.brokerPool.metadata = { topicMetadata: [{ topic: 't', partitionMetadata: partitions }] };
    const listOffsets = async ({ topics }: { topics: readonly { partitions: readonly object[] }[] }) => ({
      responses: topics.map((each) => ({
        ...each,
        partitions: each.partitions.map((p) => ({ ...p, offset: '9' })),
      })),
    });
    cluster.findBroker = async ({ nodeId }: { nodeId: string }) =>
      nodeId === '0' ? { listOffsets } : expect.fail(`broker ${nodeId} is asked`);
    const asked = [{ topic: 't', partitions: [{ partition: 0 }, { partition: 1 }], fromBeginning: true }];
    expect(await cluster.fetchTopicsOffset(asked)).toEqual([
      { topic: 't', partitions: [{ partition: 1, offset: '9' }] },
    ]);
  });
});
