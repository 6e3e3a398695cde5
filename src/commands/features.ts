import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { log } from '../app/log.js';
import { HOUR_MS } from '../durations.js';
import { openUse } from '../encoders/use.js';
import { EventDecoder } from '../engine/decode.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import type { ClinicalEvent } from '../events/event.js';
import { RawRecord } from '../events/record.js';
import { DEFAULT_LIMITS } from '../settings/config.js';
import { openSource } from '../sources/open-source.js';
import { bytesOf } from '../sources/source.js';
import { LabelCollector } from '../study/endpoint-labels.js';
import { ENDPOINTS } from '../study/events.js';
import { exportFeatures } from '../training/export.js';
import { exportNotes } from '../training/notes.js';
import { exportRows } from '../training/rows.js';

export interface FeaturesOptions {
  /** One source; several only with `rows`. */
  readonly from: readonly string[];
  readonly out: string;
  /** Join the sources, each stay as long as it lasts, as rows: `exportRows`. */
  readonly rows?: boolean;
  /** Share of the moments at which values arrive that become rows. */
  readonly moments: number;
  /** File of stays that are the same: the first two columns, comma-separated, with a header. */
  readonly links?: string;
  readonly patients?: number;
  /** Write notes too. */
  readonly notes?: boolean;
  /** Another number, other notes. */
  readonly seed: number;
  readonly mapping?: string;
}

/** Steps the structured model sees: 48 of one hour. */
const GRID = { stepMs: HOUR_MS, steps: 48 };
const CHUNK = 4096;

/**
 * `wardstream features`: writes the training input that the serving code computes from a source, and beside it
 * `endpoints.json`: the events of each endpoint in each stay, told from the whole stay.
 */
export async function features(options: FeaturesOptions): Promise<Record<string, unknown>> {
  const { out, seed } = options;
  if (options.rows !== true && (options.from.length > 1 || options.links !== undefined)) {
    throw new WardstreamError('WS_USAGE', 'several --from, and --links, need --rows');
  }
  mkdirSync(out, { recursive: true });
  if (options.rows === true) return joined(options);
  const pass = () => decodedEvents(options);
  const labels = new LabelCollector();
  const labelled = async function* () {
    for await (const events of pass()) {
      for (const event of events) labels.add(event);
      yield events;
    }
  };
  let passes = 0;
  // The first pass fits the scaling; the second one, which writes the rows, is the one to label.
  const { ids, features: size } = await exportFeatures(
    () => (passes++ === 0 ? pass() : labelled()),
    GRID,
    out,
  );
  const events = Object.fromEntries(ENDPOINTS.map(({ id }) => [id, labels.labels(id, ids)]));
  writeFileSync(join(out, 'endpoints.json'), JSON.stringify({ hours: labels.hours(ids), events }));
  const result = { stays: ids.length, features: size };
  if (options.notes !== true) return result;
  const encoder = openUse();
  try {
    return { ...result, ...(await exportNotes(pass, ids, encoder, out, { seed })) };
  } finally {
    await encoder.close();
  }
}

/** Sources as one cohort. Values that look like another unit are said, and kept in rows.json for training to refuse. */
async function joined(options: FeaturesOptions): Promise<Record<string, unknown>> {
  const { from, out, moments, links } = options;
  const sources = from.map((name) => ({
    name,
    pass: () => decodedEvents({ ...options, from: [name] }),
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
async function* decodedEvents(options: FeaturesOptions): AsyncGenerator<ClinicalEvent[]> {
  const codec = new MessageCodec();
  const decoder = new EventDecoder(codec, DEFAULT_LIMITS);
  let events: ClinicalEvent[] = [];
  for await (const message of openSource(options.from[0], options.patients, options.mapping).messages()) {
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
