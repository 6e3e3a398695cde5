import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { log } from '../app/log.js';
import { HOUR_MS } from '../durations.js';
import { EventDecoder } from '../engine/decode.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import type { ClinicalEvent } from '../events/event.js';
import { RawRecord } from '../events/record.js';
import { DEFAULT_LIMITS } from '../settings/config.js';
import { openSource } from '../sources/open-source.js';
import { bytesOf } from '../sources/source.js';
import { exportRows } from '../training/rows.js';

export interface FeaturesOptions {
  readonly from: readonly string[];
  readonly out: string;
  /** Share of the moments at which values arrive that become rows. */
  readonly moments: number;
  /** File of stays that are the same: the first two columns, comma-separated, with a header. */
  readonly links?: string;
  readonly patients?: number;
  readonly mapping?: string;
}

/** Steps the model sees: 48 of one hour. */
const GRID = { stepMs: HOUR_MS, steps: 48 };
const CHUNK = 4096;

/**
 * `wardstream features`: writes the training input that the serving code computes from sources, joined as one cohort. Values that look
 * like another unit are said, and kept in rows.json for training to refuse.
 */
export async function features(options: FeaturesOptions): Promise<Record<string, unknown>> {
  const { from, out, moments, links } = options;
  mkdirSync(out, { recursive: true });
  const sources = from.map((name) => ({
    name,
    pass: () => decodedEvents(name, options),
    labels: async () => (await openSource(name, options.patients, options.mapping).labels?.()) ?? null,
  }));
  const result = await exportRows(sources, GRID, out, {
    moments,
    links: links === undefined ? [] : readLinks(links),
  });
  for (const { text } of result.suspects) log.warn(text);
  return { ...result, suspects: result.suspects.map(({ source, variable }) => `${source} ${variable}`) };
}

/** @throws WardstreamError `WS_SOURCE` naming the line that is no pair. */
function readLinks(file: string): [string, string][] {
  if (!existsSync(file)) throw new WardstreamError('WS_SOURCE', `there is no file of links ${file}`);
  const lines = readFileSync(file, 'utf8').split(/\r?\n/);
  return lines.slice(1).flatMap((line, index): [string, string][] => {
    if (line.trim() === '') return [];
    const [one, other] = line.split(',').map((cell) => cell.trim());
    if (one && other) return [[one, other]];
    const what = `${file}, line ${index + 2}: two stays are needed, separated by a comma`;
    throw new WardstreamError('WS_SOURCE', what);
  });
}

/** The source's messages through the real codec and validation, in chunks. */
async function* decodedEvents(
  from: string,
  { patients, mapping }: FeaturesOptions,
): AsyncGenerator<ClinicalEvent[]> {
  const codec = new MessageCodec();
  const decoder = new EventDecoder(codec, DEFAULT_LIMITS);
  let events: ClinicalEvent[] = [];
  for await (const message of openSource(from, patients, mapping).messages()) {
    const { topic, eventTime } = message;
    const value = bytesOf(message, codec);
    const event = decoder.decode(new RawRecord(topic, 0, 0, value), eventTime);
    decoder.takeDeadLetters();
    const isMomentOver = events.length > 0 && events[events.length - 1].eventTime < eventTime;
    if (events.length >= CHUNK && isMomentOver) {
      yield events;
      events = [];
    }
    if (event !== null) events.push(event);
  }
  yield events;
}
