// The server under load: the real WardServer over a real store, fed with what an engine would hand it.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PatientState } from '../../dist/align/patient.js';
import { MemoryBus } from '../../dist/bus/memory.js';
import { VARIABLE_COUNT } from '../../dist/clinical/variables.js';
import { ReplayClock } from '../../dist/clock.js';
import { byForecast } from '../../dist/contract/outcomes.js';
import { MessageCodec } from '../../dist/events/codec.js';
import { WardServer } from '../../dist/server/server.js';
import { serverConfigSchema } from '../../dist/settings/server.js';
import { StoredAlertLog } from '../../dist/store/alert-log.js';
import { openStore } from '../../dist/store/open-store.js';
import { AlertLog } from '../../dist/ward/alert-log.js';
import { WardView } from '../../dist/ward/ward-view.js';

const [beds, alertsPerSecond] = process.argv.slice(2).map(Number);
const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
const store = await openStore({ kind: 'embedded', directory });
const view = new WardView(await AlertLog.open(await StoredAlertLog.open(store, 'bench')));
const bus = new MemoryBus({ partitions: 1, capacity: 100 });
const server = await WardServer.open({
  config: serverConfigSchema.parse({ port: 0 }),
  view,
  store,
  bus,
  codec: new MessageCodec(),
  clock: new ReplayClock(),
  model: { version: 'bench' },
});

const nothing = {
  patients: new Set(),
  observations: [],
  notes: [],
  images: [],
  admitted: [],
  discharged: [],
  released: [],
  restored: [],
  scores: [],
  alerts: [],
  deadLetters: [],
  positions: [],
};
const start = Date.now() - 3_600_000;
const patients = Array.from({ length: beds }, (_, bed) => {
  const first = { patientId: `patient-${bed}`, partition: 0, eventTime: start };
  const patient = new PatientState(first, { stepMs: 3_600_000, steps: 48 }, 64);
  patient.wardId = 'ICU';
  patient.bedId = String(bed);
  return patient;
});
await view.write({ ...nothing, admitted: patients });
// A third of the variables is known, as on a ward; an hour of scores has gone by.
const values = new Float32Array(VARIABLE_COUNT).fill(Number.NaN);
const ages = new Float32Array(VARIABLE_COUNT).fill(60_000);
for (let variable = 0; variable < VARIABLE_COUNT; variable += 2) values[variable] = 10 + variable;
const scoresAt = (eventTime) =>
  patients.map(({ patientId, stayId, wardId, bedId }) => ({
    patientId,
    stayId,
    wardId,
    bedId,
    eventTime,
    step: 0,
    mortality: Math.random(),
    ...byForecast(() => 0.1),
    news2: 5,
    news2Missing: [],
    qsofa: 1,
    late: false,
    values,
    ages,
  }));
for (let minute = 0; minute < 60; minute++)
  await view.write({ ...nothing, scores: scoresAt(start + minute * 60_000) });

let sent = 0;
const timers = [];
let peak = 0;
let cpu;
let began;
const idleRssMb = Math.round(process.memoryUsage.rss() / 2 ** 20);
function alertOf(patient) {
  const { patientId, stayId, wardId, bedId } = patient;
  const evidence = Array.from({ length: 12 }, (_, index) => ({
    variable: `variable${index}`,
    value: index,
    unit: '/min',
    ageMs: 60_000,
  }));
  return {
    alertId: `alert-${sent++}`,
    sequence: 0,
    patientId,
    stayId,
    wardId,
    bedId,
    rule: 'mortality-high',
    priority: 'HIGH',
    state: 'RAISED',
    onsetTime: start,
    eventTime: Date.now(),
    value: 0.6,
    threshold: 0.5,
    mortality: 0.6,
    trend: 0.1,
    news2: 7,
    modelVersion: 'bench',
    evidence,
    actor: null,
    reason: null,
  };
}
let writing = Promise.resolve();
const write = (outputs) => {
  writing = writing.then(() => view.write({ ...nothing, ...outputs() }));
};
process.on('message', async (message) => {
  if (message === 'begin') {
    cpu = process.cpuUsage();
    began = performance.now();
    timers.push(setInterval(() => write(() => ({ scores: scoresAt(Date.now()) })), 1000));
    timers.push(
      setInterval(() => write(() => ({ alerts: [alertOf(patients[sent % beds])] })), 1000 / alertsPerSecond),
    );
    timers.push(
      setInterval(() => {
        peak = Math.max(peak, process.memoryUsage.rss());
      }, 100),
    );
  } else if (message === 'end') {
    for (const timer of timers) clearInterval(timer);
    await writing;
    const { user, system } = process.cpuUsage(cpu);
    const cpuPercent = Math.round((user + system) / 10 / (performance.now() - began));
    process.send({
      sent,
      idleRssMb,
      cpuPercent,
      rssMb: Math.round(process.memoryUsage.rss() / 2 ** 20),
      peakRssMb: Math.round(peak / 2 ** 20),
    });
  } else {
    await server.close();
    await store.close();
    rmSync(directory, { recursive: true, force: true });
    process.exit(0);
  }
});
process.send({ url: server.url, token: server.localToken });
