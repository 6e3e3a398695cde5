import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { finished } from 'node:stream/promises';
import avro from 'avsc';
import type { Sex, UnitType } from '../contract/messages.js';
import { WardstreamError } from '../errors.js';
import { parseSchema, readSchema } from '../events/avro.js';
import { readContainer } from '../sources/container.js';
import { pack } from './pack.js';
import { CHARTED, type ObservedStay, SIGNALS, type StayLists, unpacked } from './stays.js';

/**
 * Of schemas/ScoredStay.avsc; a file of another one is refused. Before 4 there was no charted SpO2, and `failing` knew no hypotension
 * without a lactate: onsets and policies told from such a file would be others.
 */
export const SCORES_FORMAT = 4;

/** What scores were made from; scores of one file all come from the same. */
export interface ScoresOrigin {
  readonly format: number;
  readonly from: string;
  readonly patients: number | null;
  /** SHA-256 of the user's mapping file; null without one. */
  readonly mapping: string | null;
  readonly model: string;
  readonly modelSha256: string;
  /** Settings that change scores, as JSON. */
  readonly settings: string;
}

const KEY = 'wardstream.scores';

interface StoredStay extends Omit<ObservedStay, 'demographics' | keyof StayLists> {
  readonly ageYears: number | null;
  readonly sex: string | null;
  readonly heightCm: number | null;
  readonly weightKg: number | null;
  readonly unitType: string | null;
  readonly times: Buffer;
  readonly signals: Readonly<Record<string, Buffer>>;
  readonly charted: Readonly<Record<string, { readonly times: Buffer; readonly values: Buffer }>>;
}

/**
 * Scored stays on disk: an Avro container of schemas/ScoredStay.avsc beside `FILE.json`, which says whether all stays are in
 * it and what was counted. While it is written it is called `FILE.part`, so an interrupted run leaves the previous one whole.
 */
export class ScoresFile<Summary> {
  readonly #file: string;
  readonly #origin: ScoresOrigin;
  #encoder: avro.streams.BlockEncoder | null = null;
  #written: Promise<void> = Promise.resolve();

  constructor(file: string, origin: ScoresOrigin) {
    this.#file = file;
    this.#origin = origin;
  }

  /** What was said at the end of the run that wrote it; null where it is not complete or not there. */
  summary(): Summary | null {
    if (!existsSync(this.#file) || !existsSync(`${this.#file}.json`)) return null;
    try {
      const { complete, summary } = JSON.parse(readFileSync(`${this.#file}.json`, 'utf8')) as {
        complete: boolean;
        summary: Summary;
      };
      return complete ? summary : null;
    } catch {
      return null;
    }
  }

  /**
   * The stays that are there, of a finished, an interrupted or a killed run; what follows damage is left out. One that is in both
   * files comes twice.
   * @throws WardstreamError `WS_USAGE` where they were made from something else, `WS_SOURCE` where it is no such file.
   */
  async *read(): AsyncGenerator<ObservedStay> {
    for (const file of [this.#file, `${this.#file}.part`]) {
      if (!existsSync(file)) continue;
      const isPart = file !== this.#file;
      try {
        yield* this.#readFile(file);
      } catch (error) {
        // Of a part, written when the process was killed, what is whole is used.
        if (!isPart || (error as WardstreamError).code !== 'WS_SOURCE') throw error;
      }
    }
  }

  async *#readFile(file: string): AsyncGenerator<ObservedStay> {
    let isOurs = false;
    let fault: WardstreamError | null = null;
    let damage: unknown = null;
    try {
      const decoder = readContainer(file);
      decoder.once('metadata', (_type, _codec, { meta }: { meta: Record<string, Buffer> }) => {
        isOurs = KEY in meta;
        if (isOurs) fault = this.#differs(file, JSON.parse(String(meta[KEY])) as ScoresOrigin);
      });
      for await (const stored of decoder as AsyncIterable<StoredStay>) {
        if (fault !== null || !isOurs) break;
        yield stayOf(stored);
      }
    } catch (error) {
      damage = error;
    }
    if (fault !== null) throw fault;
    if (damage !== null && isOurs) {
      const what = `${file} is damaged: ${(damage as Error).message}`;
      throw new WardstreamError('WS_SOURCE', `${what}; delete it to score again`, { cause: damage });
    }
    if (!isOurs && !file.endsWith('.part')) {
      throw new WardstreamError(
        'WS_SOURCE',
        `${file} holds no scores of Wardstream; delete it or name another file with --scores`,
      );
    }
  }

  #differs(file: string, found: ScoresOrigin): WardstreamError | null {
    const names = Object.keys(this.#origin) as (keyof ScoresOrigin)[];
    const differing = names.filter((name) => found[name] !== this.#origin[name]);
    if (differing.length === 0) return null;
    const which = differing
      .map((name) => `${name} (${found[name]} there, ${this.#origin[name]} here)`)
      .join(', ');
    const what = `the scores in ${file} were made otherwise: ${which}`;
    return new WardstreamError('WS_USAGE', `${what}; delete it or name another file with --scores`);
  }

  /** Begins to write, with the stays that are already known. */
  async begin(stays: readonly ObservedStay[]): Promise<void> {
    const encoder = new avro.streams.BlockEncoder(parseSchema(readSchema('ScoredStay')), {
      codec: 'deflate',
      metadata: { [KEY]: Buffer.from(JSON.stringify(this.#origin)) },
    } as ConstructorParameters<typeof avro.streams.BlockEncoder>[1]);
    this.#encoder = encoder;
    // A part of before is read by now, but stays until the new one holds as much.
    const output = createWriteStream(`${this.#file}.new`);
    this.#written = finished(encoder.pipe(output));
    this.#written.catch(() => undefined);
    await Promise.race([once(output, 'open'), this.#written]).catch((error: unknown) => {
      const what = `scores cannot be written to ${this.#file}: ${String(error)}`;
      throw new WardstreamError('WS_USAGE', what, { cause: error });
    });
    for (const stay of stays) await this.add(stay);
    if (existsSync(`${this.#file}.part`)) rmSync(`${this.#file}.part`);
    renameSync(`${this.#file}.new`, `${this.#file}.part`);
  }

  /** Resolves when there is room for more. */
  async add(stay: ObservedStay): Promise<void> {
    const encoder = this.#encoder;
    if (encoder === null || encoder.write(packed(stay))) return;
    await Promise.race([new Promise((resolve) => encoder.once('drain', resolve)), this.#written]);
  }

  /** Puts the file in its place. @throws WardstreamError `WS_SOURCE` where it cannot be written, as on a full disk. */
  async finish(complete: boolean, summary: Summary): Promise<void> {
    try {
      this.#encoder?.end();
      await this.#written;
      const note = { complete, summary };
      writeFileSync(`${this.#file}.json.part`, JSON.stringify(note));
      rmSync(`${this.#file}.json`, { force: true });
      renameSync(`${this.#file}.part`, this.#file);
      renameSync(`${this.#file}.json.part`, `${this.#file}.json`);
    } catch (error) {
      const what = `the scores could not be written to ${this.#file}: ${String(error)}`;
      throw new WardstreamError('WS_SOURCE', what, { cause: error });
    }
  }
}

/** SHA-256 of a file, in hexadecimal; null where none is named. */
export function sha256Of(file: string | undefined): string | null {
  return file === undefined ? null : createHash('sha256').update(readFileSync(file)).digest('hex');
}

function packed(stay: ObservedStay): StoredStay {
  const { demographics, times, signals, charted, ...rest } = stay;
  return {
    ...rest,
    ...demographics,
    times: bytesOf(times),
    signals: Object.fromEntries(SIGNALS.map((id) => [id, bytesOf(signals[id])])),
    charted: Object.fromEntries(
      CHARTED.map((id) => {
        const { times: at, values } = charted[id];
        return [id, { times: bytesOf(at as Float64Array), values: bytesOf(values as Float64Array) }];
      }),
    ),
  };
}

function stayOf(stored: StoredStay): ObservedStay {
  const { ageYears, sex, heightCm, weightKg, unitType, times, signals, charted, ...rest } = stored;
  const unknown = new Float64Array(times.length / Float64Array.BYTES_PER_ELEMENT).fill(Number.NaN);
  const lists = [
    floats(times),
    ...SIGNALS.map((id) => (signals[id] === undefined ? unknown : floats(signals[id]))),
    ...CHARTED.flatMap((id) => [floats(charted[id]?.times), floats(charted[id]?.values)]),
  ];
  const demographics = {
    ageYears,
    heightCm,
    weightKg,
    sex: sex as Sex | null,
    unitType: unitType as UnitType | null,
  };
  return { ...rest, demographics, ...unpacked(pack(lists)) };
}

function bytesOf(values: Float64Array): Buffer {
  return Buffer.from(values.buffer, values.byteOffset, values.byteLength);
}

/** A copy, aligned; nothing where there is none. Every supported machine is little-endian. */
function floats(bytes: Buffer = Buffer.alloc(0)): Float64Array {
  const values = new Float64Array(bytes.length / Float64Array.BYTES_PER_ELEMENT);
  Buffer.from(values.buffer).set(bytes);
  return values;
}
