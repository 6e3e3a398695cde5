// Whether the same illness scores the same however often it is charted: mean risk after 12 h of a simulated ward of 48 beds,
// by scenario, with a set of vital signs every 1, 5, 15, 30 and 60 minutes.

import { replay } from '../dist/replay/replay.js';
import { parseConfig } from '../dist/settings/config.js';
import { scenarioOnsets, simulateWard } from '../dist/simulate/ward.js';

const MINUTES = [1, 5, 15, 30, 60];

async function risks(minutes) {
  const ward = {
    beds: 48,
    hours: 12,
    seed: 1,
    startTime: Date.UTC(2026, 0, 5, 6),
    wardId: 'W',
    vitalsIntervalMs: minutes * 60_000,
    scenarios: ['stable', 'septic-shock', 'respiratory-failure', 'haemorrhage'],
  };
  const newest = new Map();
  const keep = {
    write: async ({ scores }) => {
      for (const { patientId, mortality } of scores) newest.set(patientId, mortality);
    },
  };
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const source = { counts, total: 0, messages: () => simulateWard(ward) };
  await replay(source, { config: parseConfig({}), speed: 'max', sinks: [keep] });
  const byScenario = {};
  for (const { patientId, scenario } of scenarioOnsets(ward)) {
    byScenario[scenario] ??= [];
    byScenario[scenario].push(newest.get(patientId));
  }
  return Object.fromEntries(
    Object.entries(byScenario).map(([scenario, values]) => [
      scenario,
      Number((values.reduce((sum, each) => sum + each, 0) / values.length).toFixed(3)),
    ]),
  );
}

export async function measure() {
  const result = {};
  for (const minutes of MINUTES) result[`every${minutes}min`] = await risks(minutes);
  return result;
}
