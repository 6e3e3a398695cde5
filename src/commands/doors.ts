import { existsSync, readFileSync } from 'node:fs';
import { WALL_CLOCK } from '../clock.js';
import type { Delivery } from '../doors/door.js';
import { answerTo } from '../doors/fhir/answer.js';
import { isObject, typeOf } from '../doors/fhir/json.js';
import { type Entry, FhirReader, Refused } from '../doors/fhir/request.js';
import { Unreadable } from '../doors/hl7/message.js';
import { Hl7Reader, type ReadMessage } from '../doors/hl7/receiver.js';
import { loadSender, type Sender } from '../doors/hl7/sender.js';
import { WardstreamError } from '../errors.js';
import { readImageHeader } from '../events/image.js';
import { DEFAULT_LIMITS } from '../settings/config.js';

export interface TryOptions {
  /** Kind of the door: hl7, fhir. */
  readonly from: string;
  /** The sender's file. */
  readonly sender?: string;
  readonly json: boolean;
}

/** What a message would come to. */
export interface Tried {
  readonly file: string;
  readonly kind: string;
  readonly controlId: string;
  readonly answer: string;
  readonly text: string;
  readonly values: Readonly<Record<string, number>>;
  readonly produced: readonly { topic: string; record: object }[];
  readonly setAside: readonly { reason: string; detail: string }[];
}

/** A code that nothing is known of, over all messages. */
interface Unmapped {
  readonly code: string;
  readonly text: string;
  readonly example: string;
  count: number;
}

/** A message that was tried, with what is not known of it. */
type Trial = readonly [tried: Tried, unmapped: Delivery['unmapped']];

/** How the messages in a file are tried, by the kind of the door. */
const TRIALS: ReadonlyMap<string, (sender: Sender) => (file: string, bytes: Buffer) => Trial[]> = new Map([
  ['hl7', tryHl7],
  ['fhir', tryFhir],
]);

/** `wardstream doors try`: what would come of messages. Nothing is produced. */
export async function tryMessages(files: readonly string[], options: TryOptions): Promise<void> {
  const open = TRIALS.get(options.from);
  if (open === undefined) {
    throw new WardstreamError(
      'WS_USAGE',
      `--from ${options.from}: it must be one of ${[...TRIALS.keys()].join(', ')}`,
    );
  }
  let tryFile: ReturnType<typeof open> | null = null;
  const tried: Tried[] = [];
  const unmapped = new Map<string, Unmapped>();
  for (const file of files) {
    const bytes = contentOf(file);
    if (readImageHeader(bytes)?.format === 'dicom') {
      const { triedPicture } = await import('./try-picture.js');
      tried.push(triedPicture(file, bytes, options.sender));
      continue;
    }
    tryFile ??= open(loadSender(options.sender));
    for (const [message, codes] of tryFile(file, bytes)) {
      tried.push(message);
      for (const each of codes) {
        const known = unmapped.get(each.code);
        if (known === undefined) unmapped.set(each.code, { ...each, count: 1 });
        else known.count++;
      }
    }
  }
  const codes = [...unmapped.values()].sort((a, b) => b.count - a.count);
  const result = options.json
    ? `${JSON.stringify({ messages: tried, unmapped: codes })}\n`
    : shown(tried, codes);
  process.stdout.write(result);
}

function contentOf(file: string): Buffer {
  if (!existsSync(file)) throw new WardstreamError('WS_USAGE', `there is no file ${file}`);
  return readFileSync(file);
}

/** Messages stand as they were sent, or with the frame of MLLP around each. */
function tryHl7(sender: Sender): (file: string, bytes: Buffer) => Trial[] {
  const reader = new Hl7Reader(sender, DEFAULT_LIMITS.maxFutureSkewMs);
  return (file, content) => {
    const bytes = content.filter((byte) => byte !== 0x0b && byte !== 0x1c) as Buffer;
    const read = [...reader.read({ bytes, fault: null }, WALL_CLOCK.now())];
    return read.map((message) => [triedOf(file, message), message.translation.unmapped] as const);
  };
}

/** Resources and bundles stand alone, or one a line. */
function tryFhir(sender: Sender): (file: string, bytes: Buffer) => Trial[] {
  const reader = new FhirReader(sender, DEFAULT_LIMITS.maxFutureSkewMs);
  return (file, content) => {
    const lines = content
      .toString('utf8')
      .split('\n')
      .filter((line) => line.trim() !== '');
    const bodies =
      lines.length > 1 && lines.every(isResource) ? lines.map((line) => Buffer.from(line)) : [content];
    return bodies.flatMap((body): Trial[] => {
      const now = WALL_CLOCK.now();
      const read = reader.read({ type: '', id: '', body, source: 'try' }, now);
      const { status } = answerTo(read, '', now);
      if (read instanceof Refused) return [[ofEntry(file, '', status, read.taken), []]];
      return read.entries.map((entry) => [
        ofEntry(file, typeOf(entry.resource), entry.taken.status, entry.taken),
        entry.taken.unmapped,
      ]);
    });
  };
}

function isResource(line: string): boolean {
  try {
    return isObject(JSON.parse(line));
  } catch {
    return false;
  }
}

function ofEntry(file: string, kind: string, status: number, taken: Entry['taken']): Tried {
  const { messages, rejections, counts, text } = taken;
  return {
    file,
    kind,
    controlId: '',
    answer: `${status}`,
    text,
    values: counts,
    produced: messages.map(({ topic, record }) => ({ topic, record })),
    setAside: rejections.map(({ reason, detail }) => ({ reason, detail })),
  };
}

function triedOf(file: string, { read, translation, code }: ReadMessage): Tried {
  const isRead = !(read instanceof Unreadable);
  const { messages, rejections, counts, text } = translation;
  return {
    file,
    kind: isRead ? `${read.type}^${read.trigger}` : '',
    controlId: isRead ? read.controlId : '',
    answer: code,
    text,
    values: counts,
    produced: messages.map(({ topic, record }) => ({ topic, record })),
    setAside: rejections.map(({ reason, detail }) => ({ reason, detail })),
  };
}

function shown(tried: readonly Tried[], unmapped: readonly Unmapped[]): string {
  const lines: string[] = [];
  for (const { file, kind, answer, text, produced, setAside, values } of tried) {
    lines.push(`${file}  ${kind}  ${answer}${text === '' ? '' : `: ${text}`}`);
    for (const { topic, record } of produced) lines.push(`  ${topic}  ${JSON.stringify(plain(record))}`);
    for (const { reason, detail } of setAside) lines.push(`  set aside  ${reason}: ${detail}`);
    if (values.ignored > 0) lines.push(`  not used   ${values.ignored} without a result, or not needed`);
  }
  if (unmapped.length > 0)
    lines.push('', 'Codes that nothing is known of; the sender’s file can map or ignore them:');
  for (const { code, text, example, count } of unmapped) {
    lines.push(`  ${String(count).padStart(5)}  ${code.padEnd(20)} ${text.padEnd(36)} e.g. ${example}`);
  }
  return `${lines.join('\n')}\n`;
}

/** Times as people read them. */
function plain(record: object): object {
  const timed = Object.entries(record).map(([key, value]) => {
    const isTime = (key === 'eventTime' || key === 'observedAt') && typeof value === 'number';
    return [key, isTime ? new Date(value).toISOString() : value];
  });
  return Object.fromEntries(timed);
}
