import { describe, expect, it } from 'vitest';
import type { TreatmentMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { Outputs } from '../../src/engine/outputs.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { HOUR_MS, START, treatment } from '../helpers.js';

const WARD = [
  ...simulateWard({
    beds: 2,
    hours: 30,
    seed: 5,
    startTime: START,
    wardId: 'W',
    vitalsIntervalMs: 600_000,
    scenarios: ['septic-shock', 'recovery'],
  }),
];
const isTreatment = ({ topic }: SourceMessage) => topic === TOPICS.treatments;
const CHARTED = WARD.filter(isTreatment);

async function run(messages: readonly SourceMessage[]) {
  const inOrder = [...messages].sort((a, b) => a.eventTime - b.eventTime);
  const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
  const outputs: Outputs[] = [];
  const sink = { write: async (each: Outputs) => void outputs.push(each) };
  const config = parseConfig({});
  const result = await replay(
    { counts, total: 0, messages: () => inOrder },
    { config, speed: 'max', sinks: [sink] },
  );
  return { ...result, all: outputs.flatMap(({ scores }) => scores), outputs };
}

describe('treatments', () => {
  it('are told in states and SOFA, and change no score of the model, nor when one is given', async () => {
    const with_ = await run(WARD);
    const without = await run(WARD.filter((message) => !isTreatment(message)));
    expect(CHARTED.length).toBeGreaterThan(10);
    expect(with_.deadLetters).toBe(without.deadLetters);
    expect(with_.scoresDigest).toBe(without.scoresDigest);
    const running = with_.all.filter(({ states }) =>
      states.some(({ criterion }) => criterion === 'vasopressor'),
    );
    expect(running.length).toBeGreaterThan(20);
    expect(running.length).toBeLessThan(with_.all.length);
    const [points, before] = [with_.all, without.all].map(
      (all) =>
        new Map(
          all.map(({ stayId, eventTime, sofa }) => [`${stayId} ${eventTime}`, sofa.cardiovascular ?? 0]),
        ),
    );
    expect([Math.max(...points.values()), Math.max(...before.values())]).toEqual([4, 1]);
    expect([...points].filter(([key, each]) => each < (before.get(key) ?? 0))).toEqual([]);
    expect(with_.outputs.flatMap(({ treatments }) => treatments)).toHaveLength(CHARTED.length);
  });

  it('alarm nobody by default: who starts one knows of it', async () => {
    const rules = new Set((await run(WARD)).outputs.flatMap(({ alerts }) => alerts.map(({ rule }) => rule)));
    expect(rules.has('hypotension')).toBe(true);
    expect([...rules].filter((rule) => rule.startsWith('vasopressor'))).toEqual([]);
  });

  it('that come late change no score either', async () => {
    const { patientId } = CHARTED[0].record as TreatmentMessage;
    const eventTime = START + 10 * HOUR_MS + 17_000;
    const at = { patientId, eventTime, observedAt: eventTime, messageId: 'late', drug: 'dopamine' };
    const late: SourceMessage = {
      topic: TOPICS.treatments,
      key: patientId,
      eventTime,
      record: treatment(at),
    };
    const clean = await run(WARD);
    const told = await run([...WARD, late]);
    expect(told.scoresDigest).toBe(clean.scoresDigest);
  });
});
