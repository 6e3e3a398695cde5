import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { VerdictMessage } from '../../../src/contract/messages.js';
import { type InputTopic, TOPICS } from '../../../src/contract/topics.js';
import { RawRecord } from '../../../src/events/record.js';
import { DecidedInput } from '../../../src/store/writer/decided-input.js';

const READ = [TOPICS.vitals, TOPICS.labs] as const;
const VERDICTS = TOPICS.verdicts;
const NOTHING = {
  patientId: '',
  topic: '',
  partition: 0,
  offset: -1,
  outcome: 'used' as const,
  reason: '',
  values: [],
  derived: [],
  finding: null,
  problem: null,
  stay: null,
  through: [],
};

/** What an engine says of a message, always the same; null: nothing. */
function saidOf(topic: string, offset: number): VerdictMessage | null {
  const outcome = (['used', 'late', 'duplicate', 'used'] as const)[(offset * 7 + topic.length) % 4];
  return outcome === 'used' ? null : { ...NOTHING, topic, offset, outcome };
}

type EngineStep = 'vitals' | 'labs' | 'say' | 'crash';
type WriterStep = 'vitals' | 'labs' | 'verdicts' | 'commit' | 'crash';
const engineSteps = fc.array(fc.constantFrom<EngineStep>('vitals', 'vitals', 'labs', 'say', 'crash'), {
  minLength: 20,
  maxLength: 120,
});
const writerSteps = fc.array(
  fc.constantFrom<WriterStep>('vitals', 'labs', 'verdicts', 'verdicts', 'commit', 'crash'),
  { maxLength: 400 },
);

/** What engines wrote that began at `first`, each from where the one before had said that all is decided on. */
function verdictsOf(steps: readonly EngineStep[], first: number) {
  const log: VerdictMessage[] = [];
  const done = new Map<string, number>(READ.map((topic) => [topic, first]));
  let kept = new Map(done);
  let from = new Map(done);
  const say = () => {
    const through = READ.map((topic) => ({
      topic,
      from: from.get(topic) as number,
      offset: done.get(topic) as number,
    }));
    log.push({ ...NOTHING, through });
    kept = new Map(done);
  };
  for (const step of steps) {
    if (step === 'say') say();
    else if (step === 'crash') {
      for (const topic of READ) done.set(topic, kept.get(topic) as number);
      from = new Map(kept);
    } else {
      const topic = TOPICS[step];
      const offset = done.get(topic) as number;
      const said = saidOf(topic, offset);
      if (said !== null) log.push(said);
      done.set(topic, offset + 1);
    }
  }
  say();
  return { log, ends: done };
}

it('each message is written as it was decided, whatever is read first and whoever is killed when', () => {
  fc.assert(
    fc.property(engineSteps, writerSteps, fc.integer({ min: 0, max: 3 }), (engine, writer, first) => {
      const { log, ends } = verdictsOf(engine, first);
      ends.set(VERDICTS, log.length);
      let committed = new Map<string, number>();
      let next = new Map<string, number>();
      /** Rows that are in the store for good, and those that a crash takes. */
      const stored = new Map<string, string>();
      let coming = new Map<string, string>();
      const open = () =>
        new DecidedInput(
          0,
          (topic) => committed.get(topic),
          ({ topic, offset }, said) => {
            const kinds = new Set(said.map(({ outcome }) => outcome));
            coming.set(`${topic} ${offset}`, [...kinds].join());
          },
        );
      let input = open();
      const read = (topic: string) => {
        const offset = next.get(topic) ?? committed.get(topic) ?? 0;
        if (offset >= (ends.get(topic) as number) || input.paused.includes(topic)) return false;
        if (topic === VERDICTS) input.note(log[offset], offset);
        else input.add(new RawRecord(topic as InputTopic, 0, offset, Buffer.alloc(3)));
        next.set(topic, offset + 1);
        return true;
      };
      const commit = () => {
        for (const [key, kinds] of coming) stored.set(key, kinds);
        coming = new Map();
        committed = new Map(input.positions().map(({ topic, offset }) => [topic, offset]));
      };
      for (const step of writer) {
        if (step === 'commit') commit();
        else if (step === 'crash') {
          coming = new Map();
          next = new Map();
          input = open();
        } else read(step === 'verdicts' ? VERDICTS : TOPICS[step]);
      }
      while ([...READ, VERDICTS].some(read));
      commit();
      const expected = new Map<string, string>();
      for (const topic of READ) {
        for (let offset = first; offset < (ends.get(topic) as number); offset++) {
          expected.set(`${topic} ${offset}`, saidOf(topic, offset)?.outcome ?? '');
        }
      }
      expect(Object.fromEntries([...stored].sort())).toEqual(Object.fromEntries([...expected].sort()));
      expect(input.waiting).toBe(0);
    }),
    { numRuns: 500 },
  );
});

it('does not read on what waits in the memory, nor what is said too far ahead of the input', () => {
  const input = new DecidedInput(
    0,
    () => undefined,
    () => undefined,
  );
  for (let offset = 0; offset < 20_001; offset++)
    input.add(new RawRecord(TOPICS.labs, 0, offset, Buffer.alloc(1)));
  expect(input.paused).toEqual([TOPICS.labs]);
  input.note({ ...NOTHING, through: [{ topic: TOPICS.labs, from: 0, offset: 9000 }] }, 0);
  expect(input.paused).toEqual([TOPICS.labs]);
  input.note({ ...NOTHING, through: [{ topic: TOPICS.labs, from: 0, offset: 12_000 }] }, 1);
  expect(input.paused).toEqual([]);
  input.add(new RawRecord(TOPICS.labs, 0, 20_001, Buffer.alloc(17 * 1_048_576)));
  expect(input.paused).toEqual([TOPICS.labs]);
  input.note({ ...NOTHING, through: [{ topic: TOPICS.labs, from: 0, offset: 30_000 }] }, 2);
  for (let offset = 0; offset < 20_001; offset++)
    input.note({ ...NOTHING, topic: TOPICS.vitals, offset, outcome: 'late' }, 3 + offset);
  expect(input.paused).toEqual([TOPICS.verdicts]);
});
