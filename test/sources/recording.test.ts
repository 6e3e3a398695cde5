import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MessageCodec } from '../../src/events/codec.js';
import type { SourceMessage } from '../../src/events/source-message.js';
import { replay } from '../../src/replay/replay.js';
import { parseConfig } from '../../src/settings/config.js';
import { simulateWard } from '../../src/simulate/ward.js';
import { RecordingSource, RecordingWriter } from '../../src/sources/recording.js';
import { bytesOf, type ReplaySource } from '../../src/sources/source.js';
import { START } from '../helpers.js';

const directory = mkdtempSync(join(tmpdir(), 'wardstream-recording-'));
const codec = new MessageCodec();
const messages: SourceMessage[] = [
  ...simulateWard({ beds: 4, hours: 3, seed: 5, startTime: START, wardId: 'W' }),
];

afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function record(name: string, extra: readonly string[] = []): Promise<string> {
  const file = join(directory, name);
  const writer = new RecordingWriter(file);
  for (const message of messages) {
    const { topic, key, eventTime } = message;
    await writer.write({ topic, key, eventTime, value: bytesOf(message, codec) });
  }
  for (const topic of extra)
    await writer.write({ topic, key: 'x', eventTime: START, value: Buffer.alloc(1) });
  await writer.close();
  return file;
}

function digestOf(source: ReplaySource) {
  return replay(source, { config: parseConfig({}), speed: 'max' });
}

async function readAll(source: RecordingSource): Promise<SourceMessage[]> {
  const all: SourceMessage[] = [];
  for await (const message of source.messages()) all.push(message);
  return all;
}

describe('a recording', () => {
  it('replays to the scores of the stream it was made from', async () => {
    const file = await record('whole.avro');
    const counts = { patients: 0, rows: 0, descriptors: 0, notRecorded: 0, malformed: 0 };
    const direct = await digestOf({ counts, total: 0, messages: () => messages });
    const recorded = await digestOf(new RecordingSource(file));
    expect(recorded.scoresDigest).toBe(direct.scoresDigest);
    expect(recorded).toMatchObject({ rows: messages.length, patients: 4, malformed: 0 });
    expect(recorded.scores).toBeGreaterThan(100);
  });

  it('can be cut to the first patients', async () => {
    const all = await readAll(new RecordingSource(await record('four.avro'), 2));
    expect(new Set(all.map(({ key }) => key)).size).toBe(2);
  });

  it('counts messages of topics that are none of ours', async () => {
    const source = new RecordingSource(await record('foreign.avro', ['ward.scores', 'other']));
    expect(await readAll(source)).toHaveLength(messages.length);
    expect(source.counts.malformed).toBe(2);
  });

  it('is refused where it ends early, is something else, or is not there', async () => {
    const whole = readFileSync(await record('cut.avro'));
    const cut = join(directory, 'cut.avro');
    writeFileSync(cut, whole.subarray(0, whole.length - 100));
    const header = join(directory, 'header.avro');
    writeFileSync(header, whole.subarray(0, 50));
    const empty = join(directory, 'empty.avro');
    writeFileSync(empty, '');
    const text = join(directory, 'text.avro');
    writeFileSync(text, 'Time,Parameter,Value\n');
    for (const file of [cut, header, empty, text, directory]) {
      await expect(readAll(new RecordingSource(file))).rejects.toMatchObject({
        code: 'WS_SOURCE',
        message: expect.stringContaining(file),
      });
    }
    expect(() => new RecordingSource(join(directory, 'none.avro'))).toThrow(/there is no recording/);
  });
});
