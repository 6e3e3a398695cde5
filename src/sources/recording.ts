import { closeSync, createWriteStream, existsSync, fstatSync, openSync, readSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import avro from 'avsc';
import { INPUT_TOPICS, type InputTopic } from '../contract/topics.js';
import { WardstreamError } from '../errors.js';
import { parseSchema, readSchema } from '../events/avro.js';
import type { SourceMessage } from '../events/source-message.js';
import { readContainer } from './container.js';
import { noCounts, type ReplaySource } from './source.js';

/** One record of a recording file, as schemas/Recording.avsc describes it. */
export interface RecordedMessage {
  readonly topic: string;
  readonly key: string;
  readonly eventTime: number;
  readonly value: Buffer;
}

/** Writes an Avro object container file, compressed. */
export class RecordingWriter {
  readonly #encoder: avro.streams.BlockEncoder;
  readonly #done: Promise<void>;

  constructor(file: string) {
    const type = parseSchema(readSchema('Recording'));
    this.#encoder = new avro.streams.BlockEncoder(type, { codec: 'deflate' });
    const output = this.#encoder.pipe(createWriteStream(file));
    this.#done = finished(output);
    this.#done.catch(() => undefined);
  }

  /** Resolves when there is room for more. */
  async write(message: RecordedMessage): Promise<void> {
    if (this.#encoder.write(message)) return;
    await Promise.race([new Promise((resolve) => this.#encoder.once('drain', resolve)), this.#done]);
  }

  async close(): Promise<void> {
    this.#encoder.end();
    await this.#done;
  }
}

/** A recorded stream: `recording:FILE`. */
export class RecordingSource implements ReplaySource {
  readonly counts = noCounts();
  readonly hasClock = true;
  readonly total = 0;
  readonly #file: string;
  readonly #limit: number;
  readonly #keep: (patientId: string) => boolean;

  /** Only messages of the first `limit` patients. @throws WardstreamError `WS_SOURCE` where there is no such file. */
  constructor(
    file: string,
    limit = Number.POSITIVE_INFINITY,
    keep: (patientId: string) => boolean = () => true,
  ) {
    if (!existsSync(file)) throw new WardstreamError('WS_SOURCE', `there is no recording ${file}`);
    this.#file = file;
    this.#limit = limit;
    this.#keep = keep;
  }

  /** @throws WardstreamError `WS_SOURCE` where the file is not a recording or ends early. */
  async *messages(): AsyncGenerator<SourceMessage> {
    const patients = new Set<string>();
    const kept = new Set<string>();
    try {
      const decoder = readContainer(this.#file);
      let marker = Buffer.alloc(0);
      decoder.once('metadata', (_type, _codec, { sync }: { sync: Buffer }) => {
        marker = Buffer.from(sync);
      });
      for await (const { topic, key, eventTime, value } of decoder as AsyncIterable<RecordedMessage>) {
        if (!patients.has(key) && patients.size >= this.#limit) continue;
        patients.add(key);
        if (!this.#keep(key)) continue;
        kept.add(key);
        this.counts.patients = kept.size;
        this.counts.rows++;
        if (!INPUT_TOPICS.includes(topic as InputTopic)) {
          this.counts.malformed++;
          continue;
        }
        yield { topic: topic as InputTopic, key, eventTime, record: value };
      }
      if (!endOf(this.#file, marker.length).equals(marker)) throw new Error('it ends within a block');
    } catch (error) {
      throw new WardstreamError('WS_SOURCE', `${this.#file} is not a whole recording: ${String(error)}`, {
        cause: error,
      });
    }
  }
}

/** The last bytes of a file. Every block of a container, so the file too, ends with the marker of its header. */
function endOf(file: string, length: number): Buffer {
  const descriptor = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(length);
    readSync(descriptor, bytes, 0, length, Math.max(0, fstatSync(descriptor).size - length));
    return bytes;
  } finally {
    closeSync(descriptor);
  }
}
