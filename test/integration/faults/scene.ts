import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { expect } from 'vitest';
import { KafkaBus, type KafkaBusConfig } from '../../../src/bus/kafka.js';
import { patiently } from '../../../src/bus/kafka-client.js';
import type { AlertMessage, DeadLetterMessage, RiskScoreMessage } from '../../../src/contract/messages.js';
import { INPUT_TOPICS, TOPICS } from '../../../src/contract/topics.js';
import { MessageCodec } from '../../../src/events/codec.js';
import type { SourceMessage } from '../../../src/events/source-message.js';
import { produceAll } from '../../../src/replay/replay.js';
import { parseConfig } from '../../../src/settings/config.js';
import type { ClickHouseFront } from '../../store/front.js';
import { digestOf, type Results, RULES, transitionOf } from './history.js';

/** The shortest session a broker allows by default, so that a dead process is noticed soon. */
const SESSION_MS = 6000;
const PATIENCE_MS = 100_000;
let count = 0;

/** `wardstream run` in a process of its own. */
export interface EngineProcess {
  readonly child: ChildProcess;
  /** Where its server listens. */
  readonly url: string;
  /** What it has said so far. */
  said(): string;
  /** Asks it to stop and gives its exit code. */
  stop(): Promise<number | null>;
  /** Ends it at once. */
  kill(): Promise<void>;
}

/** One deployment on a broker: topics and a group of its own, engines that come and go, and what they produced. */
export class Scene {
  readonly bus: KafkaBusConfig;
  readonly codec = new MessageCodec();
  readonly #admin: Admin;
  readonly #front: ClickHouseFront;
  readonly #directory = mkdtempSync(join(tmpdir(), 'wardstream-faults-'));
  readonly #processes: EngineProcess[] = [];
  /** Engines that were started, each with a configuration of its own. */
  #started = 0;
  #total = 0;
  #kafka: KafkaBus | null = null;

  private constructor(bus: KafkaBusConfig, front: ClickHouseFront, admin: Admin) {
    this.bus = bus;
    this.#front = front;
    this.#admin = admin;
  }

  static async open(brokers: string[], front: ClickHouseFront, partitions = 12): Promise<Scene> {
    const name = `fault-${process.pid}-${++count}`;
    const settings = { kind: 'kafka', brokers, partitions, sessionTimeoutMs: SESSION_MS };
    const { bus } = parseConfig({ bus: { ...settings, groupId: name, topicPrefix: `${name}.` } });
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 60 } }).admin();
    await admin.connect();
    const scene = new Scene(bus as KafkaBusConfig, front, admin);
    const kafka = await KafkaBus.open(scene.bus);
    await kafka.createTopics(Object.values(TOPICS));
    await kafka.close();
    return scene;
  }

  get database(): string {
    return this.bus.groupId.replaceAll('-', '_');
  }

  /** A directory that is gone with the scene. */
  get directory(): string {
    return this.#directory;
  }

  async produce(messages: readonly SourceMessage[]): Promise<void> {
    const kafka = await KafkaBus.open(this.bus);
    // Topic by topic: in order within each, and fewer requests.
    for (const topic of INPUT_TOPICS) {
      const ofTopic = messages.filter((message) => message.topic === topic);
      for (let start = 0; start < ofTopic.length; start += 2000) {
        await produceAll(ofTopic.slice(start, start + 2000), kafka, this.codec);
      }
    }
    await kafka.close();
    this.#total = 0;
    this.#total = (await this.progress()).total;
  }

  /** Produces in order, at once. */
  async send(messages: readonly SourceMessage[]): Promise<void> {
    this.#kafka ??= await KafkaBus.open(this.bus);
    await produceAll(messages, this.#kafka, this.codec);
  }

  /** Starts an engine and waits until its server answers. `more` adds settings, `moreStore` to those of the store. */
  async run(more: object = {}, moreStore: object = {}): Promise<EngineProcess> {
    const number = ++this.#started;
    const file = join(this.#directory, `${number}.json`);
    const store = { kind: 'server', url: this.#front.url, database: this.database, ...moreStore };
    const state = { checkpointIntervalMs: 300 };
    const alerts = { rules: RULES };
    const config = { bus: this.bus, store, state, alerts, server: { port: 0 }, ...more };
    writeFileSync(file, JSON.stringify(config));
    const child = spawn('node', ['dist/main.js', 'run', '--config', file], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    mkdirSync(resolve('test-artifacts'), { recursive: true });
    const log = createWriteStream(resolve('test-artifacts', `${this.bus.groupId}-${number}.log`));
    let said = '';
    const exited = new Promise<number | null>((done) => child.once('exit', done));
    const url = await new Promise<string>((found, fail) => {
      const read = (data: Buffer) => {
        said += String(data);
        log.write(data);
        const address = /http:\/\/127\.0\.0\.1:\d+(?=\/)/.exec(said.slice(said.indexOf('ward page')))?.[0];
        if (address !== undefined && said.includes('ward page')) found(address);
      };
      child.stdout?.on('data', read);
      child.stderr?.on('data', read);
      void exited.then((code) => fail(new Error(`run ended with ${code}: ${said}`)));
    });
    const engine: EngineProcess = {
      child,
      url,
      said: () => said,
      stop: async () => {
        child.kill('SIGTERM');
        return exited;
      },
      kill: async () => {
        child.kill('SIGKILL');
        await exited;
      },
    };
    this.#processes.push(engine);
    return engine;
  }

  /** Messages in the input topics, and how many of them are committed. */
  async progress(): Promise<{ readonly done: number; readonly total: number }> {
    const { groupId, topicPrefix } = this.bus;
    const topics = INPUT_TOPICS.map((topic) => topicPrefix + topic);
    const offsets = await patiently(() => this.#admin.fetchOffsets({ groupId, topics }));
    const done = offsets
      .flatMap(({ partitions }) => partitions)
      .reduce((sum, { offset }) => sum + Math.max(0, Number(offset)), 0);
    if (this.#total > 0) return { done, total: this.#total };
    const ends = await Promise.all(topics.map((topic) => this.#admin.fetchTopicOffsets(topic)));
    return { done, total: ends.flat().reduce((sum, { high }) => sum + Number(high), 0) };
  }

  /** Messages in the input topics that are not committed. */
  async left(): Promise<number> {
    this.#total = 0;
    const { done, total } = await this.progress();
    return total - done;
  }

  /** Scores, alerts and dead letters in their topics that no writer of the store has committed. */
  async unstored(): Promise<number> {
    const { groupId, topicPrefix } = this.bus;
    const topics = [TOPICS.scores, TOPICS.alerts, TOPICS.deadLetters].map((topic) => topicPrefix + topic);
    const read = await patiently(() => this.#admin.fetchOffsets({ groupId: `${groupId}-writer`, topics }));
    const ends = await Promise.all(topics.map((topic) => this.#admin.fetchTopicOffsets(topic)));
    const sum = (offsets: readonly string[]) =>
      offsets.reduce((total, offset) => total + Math.max(0, Number(offset)), 0);
    const done = sum(read.flatMap(({ partitions }) => partitions.map(({ offset }) => offset)));
    return sum(ends.flat().map(({ high }) => high)) - done;
  }

  /** Waits until at most so many messages are left, or the patience ends. */
  async untilLeft(most: number, patienceMs: number): Promise<void> {
    const end = performance.now() + patienceMs;
    while ((await this.left()) > most && performance.now() < end) await sleep(300);
  }

  /** Waits until the store has what the topics have: a writer takes over what another one had once its session has ended. */
  async stored(patienceMs = PATIENCE_MS): Promise<void> {
    await expect.poll(() => this.unstored(), { timeout: patienceMs, interval: 200 }).toBeLessThanOrEqual(0);
  }

  /** Waits until this share of the input is committed. */
  async until(share: number, patienceMs = PATIENCE_MS): Promise<void> {
    const reached = async () => {
      const { done, total } = await this.progress();
      return done / total;
    };
    await expect.poll(reached, { timeout: patienceMs, interval: 100 }).toBeGreaterThanOrEqual(share);
  }

  /** Number of partitions of each member of the group now. */
  async shares(): Promise<number[]> {
    return [...(await this.members()).values()].map(({ length }) => length).sort((a, b) => a - b);
  }

  /** Partitions of each member of the group now, by its id. */
  async members(): Promise<Map<string, readonly number[]>> {
    const { groups } = await this.#admin.describeGroups([this.bus.groupId]);
    const { AssignerProtocol } = await import('kafkajs').then(({ default: kafkajs }) => kafkajs);
    return new Map(
      groups[0].members.map(({ memberId, memberAssignment }) => {
        const assigned = AssignerProtocol.MemberAssignment.decode(memberAssignment)?.assignment;
        return [memberId, assigned?.[this.bus.topicPrefix + TOPICS.vitals] ?? []];
      }),
    );
  }

  /** All that was produced. Fails where two records of one id say different things. */
  async results(): Promise<Results> {
    // At once: a broker lets each reader wait for others of its group.
    const [allScores, allAlerts] = await Promise.all([
      this.read<RiskScoreMessage>(TOPICS.scores, 'RiskScore'),
      this.read<AlertMessage>(TOPICS.alerts, 'Alert'),
    ]);
    const scores = new Map<string, RiskScoreMessage>();
    for (const score of allScores) {
      const before = scores.get(score.scoreId);
      if (before !== undefined) expect(score).toEqual(before);
      scores.set(score.scoreId, score);
    }
    const alerts = new Map<string, string>();
    for (const alert of allAlerts) {
      // Notices are of what a fault did to the machine: no undisturbed run has them.
      if (alert.class === 'technical') continue;
      const [id, what] = transitionOf(alert);
      if (alerts.has(id)) expect(what).toBe(alerts.get(id));
      alerts.set(id, what);
    }
    return { scoresDigest: await digestOf([...scores.values()]), scores: scores.size, alerts };
  }

  /** Each once. */
  async deadLetters(): Promise<DeadLetterMessage[]> {
    const letters = new Map<string, DeadLetterMessage>();
    for (const letter of await this.read<DeadLetterMessage>(TOPICS.deadLetters, 'DeadLetter')) {
      letters.set(letter.deadLetterId, letter);
    }
    return [...letters.values()];
  }

  /** One number from the store. */
  async count(query: string): Promise<number> {
    return Number(await this.#ask(`${query} FORMAT TabSeparated`));
  }

  /** Rows from the store. */
  async rows<Row>(query: string): Promise<Row[]> {
    const lines = (await this.#ask(`${query} FORMAT JSONEachRow`)).split('\n');
    return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Row);
  }

  async #ask(body: string): Promise<string> {
    const address = `${this.#front.url}/?database=${this.database}`;
    const response = await fetch(address, { method: 'POST', body });
    const answer = await response.text();
    if (!response.ok) throw new Error(answer);
    return answer;
  }

  /** The same results as those of the undisturbed run, in the topics and in the store. */
  async expectResults(reference: Results): Promise<void> {
    const { scoresDigest, scores, alerts } = await this.results();
    expect(scores).toBe(reference.scores);
    expect(new Map([...alerts].sort())).toEqual(new Map([...reference.alerts].sort()));
    expect(scoresDigest).toBe(reference.scoresDigest);
    expect(reference.alerts.size).toBeGreaterThan(0);
    expect(await this.count('SELECT count() FROM scores FINAL')).toBe(reference.scores);
    const clinical = `JSONExtractString(body, 'class') = 'clinical'`;
    const stored = await this.count(`SELECT count() FROM alert_events FINAL WHERE ${clinical}`);
    expect(stored).toBe(reference.alerts.size);
  }

  async close(): Promise<void> {
    for (const { child } of this.#processes) if (child.exitCode === null) child.kill('SIGKILL');
    await this.#kafka?.close();
    await this.#admin.disconnect();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  /** All messages of an output topic. */
  async read<Message>(topic: string, record: Parameters<MessageCodec['decode']>[0]): Promise<Message[]> {
    return (await this.#read(topic)).map((value) => this.codec.decode(record, value) as Message);
  }

  async #read(name: string): Promise<Buffer[]> {
    const topic = this.bus.topicPrefix + name;
    const ends = await this.#admin.fetchTopicOffsets(topic);
    const total = ends.reduce((sum, { high }) => sum + Number(high), 0);
    const values: Buffer[] = [];
    if (total === 0) return values;
    const { brokers, groupId } = this.bus;
    const consumer = new Kafka({ brokers, logLevel: logLevel.NOTHING }).consumer({
      groupId: `${groupId}-${name}-${values.length}-${performance.now()}`,
    });
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    await new Promise<void>((done) => {
      void consumer.run({
        autoCommit: false,
        eachBatch: async ({ batch }) => {
          for (const { value } of batch.messages) if (value !== null) values.push(value);
          if (values.length >= total) done();
        },
      });
    });
    await consumer.disconnect();
    return values;
  }
}
