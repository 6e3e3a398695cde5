// A ward for a long time: 500 beds every second through a real Kafka, one `wardstream run` and ClickHouse in a process of its
// own, all on this machine. Memory and lag over time: both should be flat. `--minutes` says how long; 3 only try it.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KafkaBus } from '../dist/bus/kafka.js';
import { TOPICS } from '../dist/contract/topics.js';
import { KafkaLag } from '../dist/metrics/kafka-lag.js';
import { parseConfig } from '../dist/settings/config.js';
import { openBroker } from './support/broker.mjs';
import { LiveWard } from './support/live-ward.mjs';
import { cpuSeconds, memoryMb, startEngine, stopped } from './support/processes.mjs';

const BEDS = Number(process.env.SOAK_BEDS ?? 500);
const SAMPLE_MS = 5000;
/** Of the beginning nothing is told: caches fill, code is compiled. */
const WARM_UP_SHARE = 0.25;
const SHOWN = 30;

/** Change per hour of a series of [hours, value], by least squares. */
function slopeOf(points) {
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const squares = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0) / squares;
}

function startClickHouse() {
  const child = spawn('node', ['bench/support/clickhouse.mjs'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const url = new Promise((resolve, reject) => {
    child.stdout.once('data', (data) => resolve(String(data).trim()));
    child.once('exit', () => reject(new Error('ClickHouse ended')));
  });
  return { child, url };
}

export async function measure({ minutes = 3 } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-soak-'));
  const broker = await openBroker();
  const clickHouse = startClickHouse();
  const name = `soak-${randomUUID()}`;
  const { bus: config } = parseConfig({
    bus: { kind: 'kafka', brokers: broker.brokers, groupId: name, topicPrefix: `${name}.` },
  });
  const bus = await KafkaBus.open(config);
  const lag = new KafkaLag(config);
  let engine;
  try {
    await bus.createTopics(Object.values(TOPICS));
    const store = { kind: 'server', url: await clickHouse.url };
    const file = join(directory, 'config.json');
    writeFileSync(file, JSON.stringify({ bus: config, store, server: { port: 0 } }));
    engine = startEngine(file);
    await engine.address;
    const pids = { engine: engine.child.pid, broker: broker.pid, clickHouse: clickHouse.child.pid };
    const each = (measureOf) =>
      Object.fromEntries(Object.entries(pids).map(([who, pid]) => [who, measureOf(pid)]));
    const ward = new LiveWard(bus, BEDS);
    await ward.admit();
    const samples = [];
    const began = performance.now();
    const sample = async () => {
      const messages = (await lag.read()).reduce((sum, part) => sum + part.messages, 0);
      const hours = (performance.now() - began) / 3_600_000;
      samples.push({ hours, lag: messages, memoryMb: each(memoryMb), cpu: each(cpuSeconds) });
    };
    const sampling = setInterval(() => void sample(), SAMPLE_MS);
    await ward.run((elapsed) => elapsed > minutes * 60_000 || engine.child.exitCode !== null);
    clearInterval(sampling);
    await sample();
    if (engine.child.exitCode !== null) throw new Error(`run ended with ${engine.child.exitCode}`);
    return { beds: BEDS, minutes, ...summaryOf(samples) };
  } finally {
    await lag.close();
    if (engine !== undefined) await stopped(engine.child);
    await bus.close();
    await stopped(clickHouse.child);
    await broker.stop();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Of what came after the beginning: the first, largest and last values, and how they grow in an hour. */
function summaryOf(samples) {
  const told = samples.slice(Math.floor(samples.length * WARM_UP_SHARE));
  const [first, last] = [told[0], told.at(-1)];
  const series = (read) => {
    const values = told.map(read);
    if (values.some((value) => value === null)) return null;
    const growth = slopeOf(told.map((sample) => [sample.hours, read(sample)]));
    return { first: values[0], max: Math.max(...values), last: values.at(-1), perHour: Math.round(growth) };
  };
  const cores = (who) => {
    if (last.cpu[who] === null) return null;
    const seconds = (last.hours - first.hours) * 3600;
    return Number(((1000 * (last.cpu[who] - first.cpu[who])) / seconds / BEDS).toFixed(2));
  };
  const forEach = (read) =>
    Object.fromEntries(['engine', 'broker', 'clickHouse'].map((who) => [who, read(who)]));
  const step = Math.max(1, Math.ceil(samples.length / SHOWN));
  return {
    lag: series((sample) => sample.lag),
    memoryMb: forEach((who) => series((sample) => sample.memoryMb[who])),
    coresPer1000Beds: forEach(cores),
    overTime: samples
      .filter((_, index) => index % step === 0 || index === samples.length - 1)
      .map(({ hours, lag, memoryMb: { engine } }) => ({
        minute: Number((60 * hours).toFixed(1)),
        lag,
        engineMb: engine,
      })),
  };
}
