// Published to pushed: 500 beds at one vitals message a second, laboratory results and notes beside them, through a real Kafka
// and one `wardstream run`, to a WebSocket client; producer, broker, engine and client share this machine's cores. Once with a
// reorder window of 250 ms and once with none. Two paths: an alert, from the acknowledgement on Kafka that changes it to its
// frame, and a patient's new score, from the vitals to the frame; a patient is sent at most every 150 ms.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { KafkaBus } from '../dist/bus/kafka.js';
import { TOPICS } from '../dist/contract/topics.js';
import { parseConfig } from '../dist/settings/config.js';
import { openBroker } from './support/broker.mjs';
import { LiveWard } from './support/live-ward.mjs';
import { cpuSeconds, startEngine, stopped } from './support/processes.mjs';

const BEDS = Number(process.env.LATENCY_BEDS ?? 500);
const SECONDS = Number(process.env.LATENCY_SECONDS ?? 45);
const WARM_UP_SECONDS = 15;
const SLICES_PER_ACK = 5;

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
  const rule = {
    id: 'any',
    signal: 'mortality',
    priority: 'LOW',
    raiseAt: 1e-9,
    resolveBelow: 1e-9,
    holdMs: 0,
  };
  const rules = [{ ...rule, refractoryMs: 0, escalateAfterMs: 86_400_000 }];
  const store = { kind: 'embedded', directory: join(directory, 'store') };
  const align = { reorderWindowMs };
  writeFileSync(file, JSON.stringify({ bus, store, align, alerts: { rules }, server: { port: 0 } }));
  const kafka = await KafkaBus.open(parseConfig({ bus }).bus);
  await kafka.createTopics(Object.values(TOPICS));
  const { child, address } = startEngine(file);
  try {
    const { url, token } = await address;
    let isCounting = false;
    const client = watch(url, token, () => isCounting);
    const ward = new LiveWard(kafka, BEDS);
    await ward.admit();
    let cpu = 0;
    let countedFrom = 0;
    const isOver = (elapsed) => {
      if (!isCounting && elapsed > WARM_UP_SECONDS * 1000) {
        isCounting = true;
        cpu = cpuSeconds(child.pid);
        countedFrom = performance.now();
      }
      return elapsed > (WARM_UP_SECONDS + SECONDS) * 1000;
    };
    await ward.run(isOver, (slice) => {
      if (slice % SLICES_PER_ACK !== 0 || client.open.size === 0) return;
      const alerts = [...client.open.values()];
      const { alertId, patientId } = alerts[(slice * 13) % alerts.length];
      const ack = { patientId, alertId, action: 'COMMENT', actor: 'bench', snoozeMs: null, reason: 'seen' };
      ward.send(TOPICS.acks, [ack]);
    });
    const cpuShare = (cpuSeconds(child.pid) - cpu) / ((performance.now() - countedFrom) / 1000);
    isCounting = false;
    client.close();
    return {
      reorderWindowMs,
      alert: quantiles(client.alerts),
      score: quantiles(client.scores),
      cpuCoresPer1000Beds: Number(((1000 * cpuShare) / BEDS).toFixed(2)),
    };
  } finally {
    await stopped(child);
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
