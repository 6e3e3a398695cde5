import { describe, expect, it, onTestFinished } from 'vitest';
import { isRefused } from '../../src/bus/kafka-errors.js';
import { Outbox } from '../../src/bus/kafka-outbox.js';
import kafkajs, { type Producer, type ProducerRecord } from '../../src/bus/kafkajs/index.js';
import { Troubles } from '../../src/bus/troubles.js';
import { TOPICS } from '../../src/contract/topics.js';

type Fault = Error | null;
/** The library's types leave out what its errors are made of. */
const errors = kafkajs as unknown as Record<string, new (message: string, options?: object) => Error>;
const protocol = (type: string) => Object.assign(new errors.KafkaJSNonRetriableError(type), { type });

/** A log of which the test says what befalls a request: faults of this kind cannot be had from a broker at will. */
class FakeLog {
  readonly sent: string[] = [];
  producers = 0;
  fault: (partition: number, values: string[]) => Fault = () => null;

  outbox(): { readonly outbox: Outbox; readonly troubles: Troubles } {
    const troubles = new Troubles();
    const send = async ({ messages }: ProducerRecord) => {
      const partition = messages[0].partition as number;
      const values = messages.map(({ value }) => String(value));
      const fault = this.fault(partition, values);
      if (fault !== null) throw fault;
      this.sent.push(...values.map((value) => `${partition} ${value}`));
      return [{ partition, baseOffset: String(this.sent.length - values.length) }];
    };
    const connect = async () => {
      this.producers++;
      return { send, disconnect: async () => undefined } as unknown as Producer;
    };
    const outbox = new Outbox({ connect, topicPrefix: '', partitions: 2, troubles });
    onTestFinished(() => outbox.close());
    return { outbox, troubles };
  }
}

const message = (partition: number, value: string) => ({ partition, value: Buffer.from(value) });

describe('what goes to the log', () => {
  it('is sent again until it is there, in order, by whatever breaks meanwhile', async () => {
    const log = new FakeLog();
    const faults: Fault[] = [
      Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
      new errors.KafkaJSNonRetriableError('Broker not connected'),
      protocol('GROUP_COORDINATOR_NOT_AVAILABLE'),
      protocol('NOT_LEADER_FOR_PARTITION'),
      protocol('OUT_OF_ORDER_SEQUENCE_NUMBER'),
    ];
    log.fault = () => faults.shift() ?? null;
    const { outbox } = log.outbox();
    await Promise.all([
      outbox.send(TOPICS.alerts, [message(0, 'a')]),
      outbox.send(TOPICS.alerts, [message(0, 'b')]),
    ]);
    expect(log.sent).toEqual(['0 a', '0 b']);
    // A broker that has lost its place takes another producer.
    expect(log.producers).toBe(2);
  });

  it('of a partition that takes nothing holds up no other', async () => {
    const log = new FakeLog();
    let isLost = true;
    log.fault = (partition) => (isLost && partition === 1 ? protocol('LEADER_NOT_AVAILABLE') : null);
    const { outbox } = log.outbox();
    const held = outbox.send(TOPICS.scores, [message(1, 'held'), message(0, 'not held')]);
    await expect.poll(() => log.sent).toEqual(['0 not held']);
    await outbox.send(TOPICS.scores, [message(0, 'next')]);
    isLost = false;
    await held;
    expect(log.sent).toEqual(['0 not held', '0 next', '1 held']);
  });

  it('that the log will never take, one among others, is left out and counted', async () => {
    const log = new FakeLog();
    log.fault = (_, values) => (values.includes('too large') ? protocol('MESSAGE_TOO_LARGE') : null);
    const { outbox, troubles } = log.outbox();
    const messages = ['a', 'too large', 'b'].map((value) => message(0, value));
    await outbox.send(TOPICS.deadLetters, messages);
    expect(log.sent).toEqual(['0 a', '0 b']);
    expect(outbox.dropped.get(TOPICS.deadLetters)).toBe(1);
    expect(troubles.isOpen('output-dropped', TOPICS.deadLetters)).toBe(true);
  });
});

describe('an error of Kafka', () => {
  it('passes unless it is a refusal', () => {
    const passing = [
      new errors.KafkaJSGroupCoordinatorNotFound('none'),
      new errors.KafkaJSBrokerNotFound('Broker not connected'),
      new errors.KafkaJSConnectionError('Not connected', { broker: 'b' }),
      Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }),
      protocol('REBALANCE_IN_PROGRESS'),
      protocol('NOT_CONTROLLER'),
      protocol('KAFKA_STORAGE_ERROR'),
      new TypeError("Cannot read properties of null (reading 'topicMetadata')"),
    ];
    for (const error of passing) expect(isRefused(error), error.message).toBe(false);
    const refused = [
      new errors.KafkaJSSASLAuthenticationError('wrong password'),
      protocol('TOPIC_AUTHORIZATION_FAILED'),
      protocol('GROUP_AUTHORIZATION_FAILED'),
      protocol('INCONSISTENT_GROUP_PROTOCOL'),
      protocol('FENCED_INSTANCE_ID'),
    ];
    for (const error of refused) {
      expect(isRefused(error), error.message).toBe(true);
      expect(isRefused(new errors.KafkaJSNonRetriableError('wrapped', { cause: error }))).toBe(true);
    }
  });
});
