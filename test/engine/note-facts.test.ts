import { describe, expect, it } from 'vitest';
import type { NoteMessage, VitalSignsMessage } from '../../src/contract/messages.js';
import { TOPICS } from '../../src/contract/topics.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { WardView } from '../../src/ward/ward-view.js';
import { adt, labs, note, START, vitals } from '../helpers.js';

const MINUTE_MS = 60_000;
const P = 'P1';
const at = (minute: number) => START + minute * MINUTE_MS;

let count = 0;
const head = (minute: number) => ({ patientId: P, eventTime: at(minute), messageId: `m${count++}` });
const message = (topic: string, record: SourceMessage['record'] & { eventTime: number }): SourceMessage => {
  return { topic, key: P, eventTime: record.eventTime, record } as SourceMessage;
};
const admit = () => message(TOPICS.adt, adt('ADMIT', { ...head(0), wardId: 'W' }));
const discharge = (minute: number) => message(TOPICS.adt, adt('DISCHARGE', head(minute)));
const measured = (minute: number, values: Record<string, number>) =>
  message(TOPICS.vitals, vitals(values, { ...head(minute), observedAt: null }) as VitalSignsMessage);
const lab = (minute: number, values: Record<string, number>) =>
  message(TOPICS.labs, labs(values, { ...head(minute), observedAt: null }));
const says = (minute: number, text: string, more: Partial<NoteMessage> = {}) =>
  message(TOPICS.notes, note(text, { ...head(minute), observedAt: null, language: 'en', ...more }));

/** Replays the messages in the order of their times, or as they are listed. */
async function run(messages: readonly SourceMessage[], isSorted = true, ...more: Sink[]) {
  const outputs: Outputs[] = [];
  const source = {
    counts: { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 },
    total: 0,
    messages: () => (isSorted ? [...messages].sort((a, b) => a.eventTime - b.eventTime) : messages),
  };
  const sink = { write: async (each: Outputs) => void outputs.push(each) };
  const result = await replay(source, { config: parseConfig({}), speed: 'max', sinks: [sink, ...more] });
  const alerts = outputs.flatMap((each) => each.alerts);
  const facts = outputs.flatMap((each) => each.notes).flatMap(({ facts: read }) => read?.facts ?? []);
  const score = outputs.flatMap((each) => each.scores).at(-1)!;
  const raised = alerts.filter(({ sequence }) => sequence === 0).map(({ rule }) => rule);
  return { result, facts, raised, score, alerts, fates: facts.map(({ unused }) => unused ?? 'used') };
}

const WELL = { heartRate: 80, respRate: 16, spo2: 97, temperature: 37 };

describe('what a note states', () => {
  it('raises a state where nothing is measured', async () => {
    const { raised, fates } = await run([
      admit(),
      measured(0, WELL),
      says(120, 'MAP 45 for the last hour.'),
      discharge(180),
    ]);
    expect(fates).toEqual(['used']);
    expect(raised).toContain('hypotension-severe');
  });

  it('raises none where the monitor says otherwise, which is told as a contradiction', async () => {
    const { raised, facts } = await run([
      admit(),
      measured(0, WELL),
      measured(110, { mapInvasive: 85 }),
      says(120, 'MAP 45 for the last hour.'),
      discharge(180),
    ]);
    expect(facts[0].unused).toBe('contradicted');
    expect(raised).toEqual([]);
  });

  it('is not used where it repeats what was measured, and is where a day has passed or it differs after an hour', async () => {
    const fatesOf = async (before: number, text: string, value: number) => {
      const minute = before;
      const all = [
        admit(),
        measured(0, WELL),
        lab(10, { potassium: value }),
        says(10 + minute, text),
        discharge(minute + 60),
      ];
      return (await run(all)).fates;
    };
    expect(await fatesOf(300, 'K 4.1', 4.2)).toEqual(['measured']);
    expect(await fatesOf(300, 'K 7.1', 4.2)).toEqual(['used']);
    expect(await fatesOf(30, 'K 7.1', 4.2)).toEqual(['contradicted']);
    expect(await fatesOf(26 * 60, 'K 4.1', 4.2)).toEqual(['used']);
  });

  it('never overrides a newer measurement, and is overridden by one', async () => {
    const { score } = await run([
      admit(),
      measured(0, WELL),
      says(100, 'HR 150'),
      measured(170, { heartRate: 75 }),
      discharge(240),
    ]);
    expect(score.values[0]).toBe(75);
  });

  it('stands against no later note', async () => {
    const { fates, score } = await run([admit(), says(60, 'HR 150'), says(80, 'HR 110'), discharge(240)]);
    expect(fates).toEqual(['used', 'used']);
    expect(score.values[0]).toBe(110);
  });

  it('is placed when it says: ago, or at a time of the same day', async () => {
    const told = await run([admit(), measured(0, WELL), says(200, 'MAP 60 20 minutes ago'), discharge(240)]);
    expect(told.score.eventTime - told.score.ages[6]).toBe(at(180));
    const clock = await run([admit(), measured(0, WELL), says(200, '02:50 MAP 60'), discharge(240)]);
    expect(clock.score.eventTime - clock.score.ages[6]).toBe(at(170));
    const later = await run([admit(), measured(0, WELL), says(200, '23:50 MAP 60'), discharge(240)]);
    expect(later.fates).toEqual(['other-time']);
  });

  it('is context of an alert from then on, and ends or prevents none', async () => {
    const ill = { ...WELL, mapInvasive: 45 };
    const all = [
      admit(),
      measured(0, WELL),
      measured(60, ill),
      says(90, 'Comfort care per family. On norepi 0.2 mcg/kg/min.'),
      measured(100, ill),
      measured(200, WELL),
      discharge(260),
    ];
    const { alerts, raised } = await run(all);
    expect(raised).toContain('hypotension-severe');
    const own = alerts.filter(({ rule }) => rule === 'hypotension-severe');
    expect(own[0].context).toBeUndefined();
    expect(own.at(-1)!.context?.map(({ text, eventTime }) => [text, eventTime])).toEqual([
      ['comfort care', at(90)],
      ['vasopressor: noradrenaline 0.2 mcg/kg/min', at(90)],
    ]);
    const without = await run(all.filter(({ topic }) => topic !== TOPICS.notes));
    expect(without.raised).toEqual(raised);
  });

  it('stands beside the values of the patient, with its sentence', async () => {
    const view = new WardView();
    const text = 'Looks grey. MAP 45 now, HR 150. Prone since noon.';
    await run([admit(), measured(0, WELL), measured(110, { heartRate: 80 }), says(120, text)], true, view);
    const { told, values } = view.view(P)!;
    expect(values.mapCuff.value).toBe(45);
    expect(told?.values).toMatchObject({ mapCuff: { at: at(120), sentence: 'MAP 45 now, HR 150.' } });
    expect(Object.keys(told!.values)).toEqual(['mapCuff']);
    expect(told?.contradicted).toMatchObject([{ variable: 'heartRate', value: 150, measured: 80 }]);
    expect(told?.statuses.map(({ text: words }) => words)).toEqual(['prone']);
  });

  it('passes the checks of trust, which know of no unit', async () => {
    expect((await run([admit(), says(60, 'BP 60/90'), discharge(90)])).fates).toEqual([
      'untrusted',
      'untrusted',
    ]);
  });

  it.each([
    ['Goal MAP 45.', 'planned'],
    ['MAP was 45 on admission.', 'historical'],
    ['Mother has MAP 45.', 'other-person'],
  ])('counts not where it is not so, not now, or of somebody else: %s', async (text, fate) => {
    const all = [admit(), measured(0, WELL), says(120, text), discharge(180)];
    const { fates, raised } = await run(all);
    expect(fates).toEqual([fate]);
    expect(raised).toEqual([]);
  });

  it('is not read in another language', async () => {
    const french = await run([admit(), says(60, 'MAP 45', { language: 'fr' }), discharge(90)]);
    expect(french.facts).toEqual([]);
  });

  it('that comes late is applied to its own step', async () => {
    const said = says(90, 'BP 80/40, K 7.1');
    const before = [admit(), measured(0, WELL)];
    const after = [measured(150, WELL), measured(240, WELL)];
    const end = discharge(300);
    const inTime = await run([...before, said, ...after, end], false);
    const late = await run([...before, ...after, said, measured(250, WELL), end], false);
    expect(late.result.late).toBe(1);
    expect(late.fates).toEqual(['used', 'used', 'used']);
    const [first, second] = [inTime, late].map(({ score }) =>
      [...score.values].filter((value) => !Number.isNaN(value)),
    );
    expect(second).toEqual(first);
  });

  it('that comes late does not stand against what was measured in its hour', async () => {
    const said = says(90, 'HR 150');
    const { fates } = await run(
      [admit(), measured(0, WELL), measured(100, WELL), measured(240, WELL), said, discharge(300)],
      false,
    );
    expect(fates).toEqual(['contradicted']);
  });

  it('makes the same scores each time', async () => {
    const all = [
      admit(),
      measured(0, WELL),
      says(60, 'MAP 45, K 7.1, on norepi 0.2 mcg/kg/min'),
      measured(70, WELL),
      discharge(90),
    ];
    const [first, second] = [await run(all), await run(all)];
    expect(first.result.scoresDigest).toBe(second.result.scoresDigest);
    const without = await run(all.filter(({ topic }) => topic !== TOPICS.notes));
    expect(without.result.scoresDigest).not.toBe(first.result.scoresDigest);
  });
});
