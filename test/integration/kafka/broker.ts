import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  createWriteStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Kafka, logLevel } from 'kafkajs';

const POM = resolve(import.meta.dirname, 'pom.xml');
const JARS = resolve('tmp/kafka-broker');
/** Holds the POM that the jars are of. */
const FETCHED = join(JARS, 'done');
const START_TIMEOUT_MS = 60_000;

/** A broker for tests. */
export interface Broker {
  readonly brokers: string[];
  /** Of its process, where it runs on this machine's Java. */
  readonly pid?: number | undefined;
  /** Ends the broker at once, as a power cut would; only where the test runs it. */
  kill(): Promise<void>;
  /** Starts it again on the same port and log. */
  restart(): Promise<void>;
  /** Stops it in its tracks: it holds its connections and answers nothing. */
  freeze(): Promise<void>;
  thaw(): Promise<void>;
  stop(): Promise<void>;
}

/** The broker of `KAFKA_BROKERS`, else one in Docker, else one from Maven Central on this machine's Java. */
export async function startBroker(): Promise<Broker> {
  const given = process.env.KAFKA_BROKERS;
  if (given !== undefined && given !== '') return externalBroker(given.split(','));
  return startOwnBroker();
}

/** A broker that the test may kill, freeze and start again, whatever `KAFKA_BROKERS` says. */
export async function startOwnBroker(): Promise<Broker> {
  return (await hasDocker()) ? dockerBroker() : javaBroker();
}

function externalBroker(brokers: string[]): Broker {
  const refuse = async (): Promise<never> => {
    throw new Error('the broker of KAFKA_BROKERS is not ours to stop');
  };
  return {
    brokers,
    kill: refuse,
    restart: refuse,
    freeze: refuse,
    thaw: refuse,
    stop: async () => undefined,
  };
}

async function hasDocker(): Promise<boolean> {
  return promisify(execFile)('docker', ['info'], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

async function dockerBroker(): Promise<Broker> {
  const [port, controller] = [await freePort(), await freePort()];
  const name = `wardstream-test-${port}`;
  const settings = Object.entries(properties(port, controller, '/tmp/kraft'));
  const env = settings.flatMap(([key, value]) => [
    '-e',
    `KAFKA_${key.toUpperCase().replaceAll('.', '_')}=${value}`,
  ]);
  const docker = (...args: string[]) => promisify(execFile)('docker', args);
  const [, version] = /<artifactId>kafka_.*<\/artifactId>\s*<version>(.+)<\/version>/.exec(pom()) ?? [];
  await docker('run', '-d', '--name', name, '--network', 'host', ...env, `apache/kafka:${version}`);
  const brokers = [`127.0.0.1:${port}`];
  await ready(brokers);
  return {
    brokers,
    kill: async () => void (await docker('kill', name)),
    restart: async () => {
      await docker('start', name);
      await ready(brokers);
    },
    freeze: async () => void (await docker('pause', name)),
    thaw: async () => void (await docker('unpause', name)),
    stop: async () => void (await docker('rm', '-f', name)),
  };
}

/** What a broker has beside its plain listener. */
export interface Extras {
  /** `NAME://host:port`, or several with commas between. */
  readonly listener?: string;
  /** What clients are told instead, where something stands between. */
  readonly advertised?: string;
  readonly settings?: Readonly<Record<string, string>>;
  /** Arguments of Java and of `kafka-storage format`. */
  readonly java?: readonly string[];
  readonly format?: readonly string[];
  /** Port of its controller; by default any. */
  readonly controller?: number;
  /** The controller of the cluster that it joins as its second broker. */
  readonly joins?: number;
}

/** Everybody may do everything, until a rule says otherwise. */
const AUTHORIZED = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'allow.everyone.if.no.acl.found': 'true',
};

/** A cluster of two: the second broker has no controller, so it may be lost. Offsets of groups are on the first. */
export async function twoBrokers(): Promise<readonly [Broker, Broker]> {
  const controller = await freePort();
  const first = await javaBroker({ controller, settings: AUTHORIZED });
  // While the first is alone, the topic with the groups' offsets is made, on it.
  const kafka = new Kafka({ brokers: first.brokers, logLevel: logLevel.NOTHING, retry: { retries: 60 } });
  const admin = kafka.admin();
  await admin.connect();
  for (let isMade = false; !isMade; ) {
    isMade = await admin.fetchOffsets({ groupId: 'any' }).then(
      () => true,
      () => sleep(200, false),
    );
  }
  await admin.disconnect();
  return [first, await javaBroker({ joins: controller, settings: AUTHORIZED })];
}

/** A broker on this machine's Java. */
export async function javaBroker(extras?: Extras): Promise<Broker> {
  if (!existsSync(FETCHED) || readFileSync(FETCHED, 'utf8') !== pom()) fetchJars();
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-kafka-'));
  const port = await freePort();
  const controller = extras?.joins ?? extras?.controller ?? (await freePort());
  const plain = properties(port, controller, join(directory, 'log'));
  const settings: Record<string, string> = { ...plain, ...extras?.settings };
  if (extras?.listener !== undefined) {
    const { listener, advertised = listener } = extras;
    settings.listeners += `,${listener}`;
    settings['advertised.listeners'] += `,${advertised}`;
  }
  if (extras?.joins !== undefined) {
    Object.assign(settings, { 'process.roles': 'broker', 'node.id': '2' });
    settings.listeners = settings['advertised.listeners'];
  }
  const file = join(directory, 'server.properties');
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([key, value]) => `${key}=${value}\n`)
      .join(''),
  );
  const java = [
    '-Xmx512m',
    '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn',
    ...(extras?.java ?? []),
    '-cp',
    `${JARS}/*`,
  ];
  const part = extras?.joins === undefined ? '--standalone' : '--no-initial-controllers';
  const identity = ['-t', 'wardstreamTestCluster1', '-c', file, part];
  const format = ['format', ...identity, ...(extras?.format ?? [])];
  execFileSync('java', [...java, 'kafka.tools.StorageTool', ...format], { stdio: 'pipe' });
  const logFile = resolve('test-artifacts', `kafka-${port}.log`);
  mkdirSync(resolve('test-artifacts'), { recursive: true });
  const brokers = [`127.0.0.1:${port}`];
  let child: ChildProcess;
  const launch = async () => {
    child = spawn('java', [...java, 'kafka.Kafka', file], { stdio: ['ignore', 'pipe', 'pipe'] });
    const log = createWriteStream(logFile, { flags: 'a' });
    child.stdout?.pipe(log);
    child.stderr?.pipe(log);
    await Promise.race([ready(brokers), endOf(child, logFile)]);
  };
  const end = (signal: NodeJS.Signals) =>
    new Promise<void>((done) => {
      child.once('exit', () => done());
      child.kill(signal);
    });
  await launch();
  return {
    brokers,
    get pid() {
      return child.pid;
    },
    kill: () => end('SIGKILL'),
    restart: launch,
    freeze: async () => void child.kill('SIGSTOP'),
    thaw: async () => void child.kill('SIGCONT'),
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) await end('SIGKILL');
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function pom(): string {
  return readFileSync(POM, 'utf8');
}

function fetchJars(): void {
  rmSync(JARS, { recursive: true, force: true });
  const goal = ['dependency:copy-dependencies', '-DincludeScope=runtime', `-DoutputDirectory=${JARS}`];
  execFileSync('mvn', ['-q', '-B', '-f', POM, ...goal], { stdio: 'pipe', timeout: 300_000 });
  writeFileSync(FETCHED, pom());
}

/** One KRaft node, broker and controller, on loopback. */
function properties(port: number, controller: number, directory: string): Record<string, string> {
  return {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controller}`,
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    listeners: `PLAINTEXT://127.0.0.1:${port},CONTROLLER://127.0.0.1:${controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port}`,
    'log.dirs': directory,
    'num.partitions': '4',
    'offsets.topic.num.partitions': '4',
    'offsets.topic.replication.factor': '1',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    // Members that start together are assigned their partitions once.
    'group.initial.rebalance.delay.ms': '1500',
    'auto.create.topics.enable': 'false',
  };
}

/** Fails when the broker's process ends while it is waited for. */
async function endOf(child: ChildProcess, logFile: string): Promise<never> {
  const [code] = await once(child, 'close');
  throw new Error(`the broker has ended with ${code ?? 'a signal'}: ${logFile} says why`);
}

/** Waits until the broker answers. */
async function ready(brokers: string[]): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } });
  for (;;) {
    const admin = kafka.admin();
    try {
      await admin.connect();
      await admin.listTopics();
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await sleep(200);
    } finally {
      await admin.disconnect().catch(() => undefined);
    }
  }
}

export function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}
