import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { writePsvCohort } from '../../src/commands/physionet2019-writer.js';
import type { Observation } from '../../src/contract/messages.js';
import type { Outputs, Sink } from '../../src/engine/outputs.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { Random } from '../../src/simulate/random.js';
import { openSource } from '../../src/sources/open-source.js';
import { noCounts } from '../../src/sources/source.js';
import { PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../study/cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-leak-'));
afterAll(() => rmSync(ROOT, { recursive: true }));
const CONFIG = parseConfig({});

/** Scores as lines, in the order they came. */
class Scores implements Sink {
  readonly lines: [time: number, line: string][] = [];

  async write({ scores }: Outputs): Promise<void> {
    for (const { stayId, eventTime, mortality, news2, qsofa } of scores) {
      this.lines.push([eventTime, `${stayId} ${eventTime} ${mortality} ${news2} ${qsofa}`]);
    }
  }

  until(time: number): string[] {
    return this.lines.flatMap(([at, line]) => (at <= time ? [line] : [])).sort();
  }
}

async function scoresOf(messages: readonly SourceMessage[]): Promise<Scores> {
  const scores = new Scores();
  const source = { counts: noCounts(), total: 0, messages: () => messages };
  await replay(source, { config: CONFIG, speed: 'max', sinks: [scores] });
  return scores;
}

/** The messages with the values of all those after `time` dealt out anew among them. */
function shuffledAfter(messages: readonly SourceMessage[], time: number, seed: number): SourceMessage[] {
  const random = new Random(seed, 9);
  const later: Observation[] = messages.flatMap(({ eventTime, record }) =>
    eventTime > time && 'observations' in record ? record.observations : [],
  );
  for (let index = later.length - 1; index > 0; index--) {
    const other = Math.floor(random.uniform() * (index + 1));
    [later[index], later[other]] = [later[other], later[index]];
  }
  let next = 0;
  return messages.map((message) => {
    const { eventTime, record } = message;
    if (eventTime <= time || !('observations' in record)) return message;
    const observations = record.observations.map(() => later[next++]);
    return { ...message, record: { ...record, observations } };
  });
}

const SOURCES: [name: string, messages: () => Promise<SourceMessage[]>][] = [
  ['physionet2012', () => read(`physionet2012:${writeCohort(ROOT, COHORT)}`)],
  [
    'physionet2019',
    () => {
      const directory = join(ROOT, 'psv');
      writePsvCohort(directory, { stays: 5, seed: 4 });
      return read(`physionet2019:${directory}`);
    },
  ],
  ['yaib', () => read(`yaib:${writeYaib()}`)],
  ['simulate', () => read('simulate:beds=4,hours=6,seed=2,interval=600')],
];
const COHORT = [PLANTED_FAILURE, WELL_ALL_ALONG, PLANTED_FAILURE].map((rows, index) => ({
  id: String(900_000 + index),
  rows,
  died: false,
}));

async function read(from: string): Promise<SourceMessage[]> {
  const messages: SourceMessage[] = [];
  for await (const message of openSource(from).messages()) messages.push(message);
  return messages;
}

/** Three stays of a day, hourly. */
function writeYaib(change: (hour: number, value: number) => number = (_, value) => value): string {
  const rows = Array.from({ length: 3 * 24 }, (_, row) => ({ stay: Math.floor(row / 24), hour: row % 24 }));
  const column = (name: string, type: string, of: (row: (typeof rows)[number]) => unknown) => ({
    name,
    type,
    data: rows.map(of),
  });
  const columnData = [
    column('stay_id', 'INT32', ({ stay }) => stay + 1),
    column('time', 'INT64', ({ hour }) => BigInt(hour * 3600)),
    column('hr', 'DOUBLE', ({ stay, hour }) => change(hour, 70 + 10 * stay + hour)),
    column('map', 'DOUBLE', ({ stay, hour }) => change(hour, 80 - 5 * stay - hour)),
    column('lact', 'DOUBLE', ({ hour }) => change(hour, 1 + hour / 10)),
  ];
  const directory = mkdtempSync(join(ROOT, 'yaib-'));
  writeFileSync(
    join(directory, 'dyn.parquet'),
    Buffer.from(parquetWriteBuffer({ columnData: columnData as never })),
  );
  return directory;
}

for (const [name, messagesOf] of SOURCES) {
  let messages: SourceMessage[];
  let asIs: Scores;
  beforeAll(async () => {
    messages = await messagesOf();
    asIs = await scoresOf(messages);
  });

  it(`no score of ${name} knows what comes after it`, async () => {
    expect(asIs.lines.length).toBeGreaterThan(50);
    const [first, last] = [messages[0].eventTime, messages[messages.length - 1].eventTime];
    const property = fc.asyncProperty(
      fc.double({ min: 0.05, max: 0.95, noNaN: true }),
      fc.nat(),
      async (part, seed) => {
        const time = messages[Math.floor(part * messages.length)].eventTime;
        const other = await scoresOf(shuffledAfter(messages, time, seed));
        expect(other.until(time)).toEqual(asIs.until(time));
      },
    );
    await fc.assert(property, { numRuns: 5 });
    // Such a shuffle does change scores: those after it.
    const changed = await scoresOf(shuffledAfter(messages, (first + last) / 2, 1));
    expect(changed.until(last)).not.toEqual(asIs.until(last));
  });
}

it('a row of an hourly table is known only when its hour is over', async () => {
  const asIs = await scoresOf(await read(`yaib:${writeYaib()}`));
  const changed = await scoresOf(
    await read(`yaib:${writeYaib((hour, value) => (hour >= 10 ? 2 * value : value))}`),
  );
  const start = Date.UTC(2012, 0, 1);
  const lastUnchanged = start + 11 * 3_600_000 - 2;
  expect(changed.until(lastUnchanged)).toEqual(asIs.until(lastUnchanged));
  expect(changed.until(lastUnchanged + 1)).not.toEqual(asIs.until(lastUnchanged + 1));
});
