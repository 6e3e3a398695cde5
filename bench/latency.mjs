// Published to pushed: 500 beds at one vitals message a second, laboratory results and notes beside them, through a real Kafka
// and one `wardstream run`, to a WebSocket client; producer, broker, engine and client share this machine's cores. Once with a
// reorder window of 250 ms and once with none. Two paths: an alert, from the acknowledgement on Kafka that changes it to its
// frame, and a patient's new score, from the vitals to the frame, in which changes of up to 250 ms are sent together.
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { KafkaBus } from '../dist/bus/kafka.js';
import { parseConfig } from '../dist/config.js';
import { MessageCodec } from '../dist/events/codec.js';
import { RECORD_OF_TOPIC, TOPICS } from '../dist/events/topics.js';
import { simulateWard } from '../dist/simulate/ward.js';
import { openBroker } from './support/broker.mjs';

const BEDS = Number(process.env.LATENCY_BEDS ?? 500);
const SECONDS = Number(process.env.LATENCY_SECONDS ?? 45);
const WARM_UP_SECONDS = 15;
const SLICE_MS = 20;
const ACKS_PER_SECOND = 10;
const CLOCK_TICKS_PER_SECOND = 100;
const codec = new MessageCodec();

/** One message of each kind for each bed, to be sent again and again with another time. */
function templates() {
  const byTopic = {
    [TOPICS.vitals]: new Map(),
    [TOPICS.labs]: new Map(),
    [TOPICS.notes]: new Map(),
    [TOPICS.adt]: new Map(),
  };
  const ward = { beds: BEDS, hours: 7, seed: 1, startTime: 0, wardId: 'W', vitalsIntervalMs: 3_600_000 };
  for (const { topic, key, record } of simulateWard(ward)) byTopic[topic]?.set(key, record);
  return byTopic;
}

class Feed {
  #bus;
  #made = 0;

  constructor(bus) {
    this.#bus = bus;
  }

  async send(topic, records) {
    if (records.length === 0) return;
    const messages = records.map((record) => {
      const eventTime = Date.now();
      const observedAt = 'observedAt' in record ? { observedAt: null } : {};
      const value = { ...record, ...observedAt, eventTime, messageId: `b${this.#made++}` };
      return { key: record.patientId, value: codec.encode(RECORD_OF_TOPIC[topic], value) };
    });
    await this.#bus.produce(topic, messages);
  }
}

/** The client: when alerts and scores arrived, by the time at which what caused them was published. */
function watch(url, token, isCounting) {
  const alerts = [];
  const scores = [];
  const open = new Map();
  const seen = new Map();
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['wardstream.v1', `bearer.${token}`]);
  socket.on('open', () => socket.send(JSON.stringify({ type: 'subscribe', wards: ['*'] })));
  socket.on('error', () => undefined);
  socket.on('message', (data) => {
    const now = Date.now();
    const frame = JSON.parse(String(data));
    for (const alert of frame.type === 'snapshot'
      ? frame.alerts
      : frame.type === 'alert'
        ? [frame.alert]
        : []) {
      open.set(alert.alertId, alert);
      if (frame.type === 'alert' && alert.sequence > 0 && isCounting()) alerts.push(now - alert.eventTime);
    }
    if (frame.type !== 'patients') return;
    for (const { patientId, riskAt } of frame.patients) {
      if (riskAt === null || (seen.get(patientId) ?? 0) >= riskAt) continue;
      seen.set(patientId, riskAt);
      if (isCounting()) scores.push(now - riskAt);
    }
  });
  return { alerts, scores, open, close: () => socket.terminate() };
}

function addressOf(child) {
  return new Promise((resolve, reject) => {
    let text = '';
    child.stdout.on('data', (data) => {
      text += data;
      const address = /(http:\/\/[\d.]+:\d+)\/#token=(\S+)/.exec(text);
      if (address !== null) resolve({ url: address[1], token: address[2] });
    });
    child.once('exit', () => reject(new Error(`run ended: ${text}`)));
  });
}

function cpuSeconds(pid) {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS_PER_SECOND;
}

function quantiles(values) {
  const sorted = values.sort((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
  return { count: sorted.length, p50Ms: at(0.5), p95Ms: at(0.95), p99Ms: at(0.99), maxMs: sorted.at(-1) };
}

async function latency(brokers, reorderWindowMs) {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-latency-'));
  const file = join(directory, 'config.json');
  const name = `latency-${randomUUID()}`;
  const bus = { kind: 'kafka', brokers, groupId: name, topicPrefix: `${name}.` };
  // An alert of every patient stays open, to be commented on.
  const rule = { id: 'any', signal: 'risk', priority: 'LOW', raiseAt: 0, resolveBelow: 0, holdMs: 0 };
  const rules = [{ ...rule, refractoryMs: 0, escalateAfterMs: 86_400_000 }];
  const store = { kind: 'embedded', directory: join(directory, 'store') };
  const align = { reorderWindowMs };
  writeFileSync(file, JSON.stringify({ bus, store, align, alerts: { rules }, server: { port: 0 } }));
  const kafka = await KafkaBus.open(parseConfig({ bus }).bus);
  await kafka.createTopics(Object.values(TOPICS));
  const child = spawn('node', ['dist/main.js', 'run', '--config', file], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { url, token } = await addressOf(child);
    let isCounting = false;
    const client = watch(url, token, () => isCounting);
    const feed = new Feed(kafka);
    const records = templates();
    const beds = [...records[TOPICS.vitals].keys()];
    await feed.send(
      TOPICS.adt,
      beds.map((bed) => ({ ...records[TOPICS.adt].get(bed), type: 'ADMIT' })),
    );
    const began = performance.now();
    let cpu = 0;
    let countedFrom = 0;
    let done = 0;
    const sending = new Set();
    const background = (promise) => {
      sending.add(promise);
      void promise.finally(() => sending.delete(promise));
    };
    for (let slice = 0; ; slice++) {
      const elapsed = performance.now() - began;
      if (!isCounting && elapsed > WARM_UP_SECONDS * 1000) {
        isCounting = true;
        cpu = cpuSeconds(child.pid);
        countedFrom = performance.now();
      }
      if (elapsed > (WARM_UP_SECONDS + SECONDS) * 1000) break;
      const due = Math.floor((elapsed / 1000) * BEDS);
      const some = [];
      for (; done < due; done++) some.push(records[TOPICS.vitals].get(beds[done % BEDS]));
      background(feed.send(TOPICS.vitals, some));
      const pick = (topic) => [records[topic].get(beds[(slice * 37) % BEDS])].filter(Boolean);
      if (slice % 7 === 0) background(feed.send(TOPICS.labs, pick(TOPICS.labs)));
      if (slice % 100 === 50) background(feed.send(TOPICS.notes, pick(TOPICS.notes)));
      if (slice % Math.round(1000 / SLICE_MS / ACKS_PER_SECOND) === 0 && client.open.size > 0) {
        const alerts = [...client.open.values()];
        const { alertId, patientId } = alerts[(slice * 13) % alerts.length];
        const ack = { patientId, alertId, action: 'COMMENT', actor: 'bench', snoozeMs: null, reason: 'seen' };
        background(feed.send(TOPICS.acks, [ack]));
      }
      await new Promise((resolve) =>
        setTimeout(resolve, Math.max(1, began + (slice + 1) * SLICE_MS - performance.now())),
      );
    }
    const cpuShare = (cpuSeconds(child.pid) - cpu) / ((performance.now() - countedFrom) / 1000);
    await Promise.all(sending);
    isCounting = false;
    client.close();
    return {
      reorderWindowMs,
      alert: quantiles(client.alerts),
      score: quantiles(client.scores),
      cpuCoresPer1000Beds: Number(((1000 * cpuShare) / BEDS).toFixed(2)),
    };
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
    await kafka.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

export async function measure() {
  const broker = await openBroker();
  try {
    const windows = [await latency(broker.brokers, 250), await latency(broker.brokers, 0)];
    return { beds: BEDS, seconds: SECONDS, windows };
  } finally {
    await broker.stop();
  }
}
