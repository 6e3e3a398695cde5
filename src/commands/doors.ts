import { existsSync, readFileSync } from 'node:fs';
import { WALL_CLOCK } from '../clock.js';
import { Unreadable } from '../doors/hl7/message.js';
import { Hl7Reader, type ReadMessage } from '../doors/hl7/receiver.js';
import { loadSender } from '../doors/hl7/sender.js';
import { WardstreamError } from '../errors.js';
import { DEFAULT_LIMITS } from '../settings/config.js';

export interface TryOptions {
  /** The sender's file. */
  readonly sender?: string;
  readonly json: boolean;
}

/** What a message would come to. */
interface Tried {
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

/** `wardstream doors try`: what would come of messages. Nothing is produced. */
export function tryMessages(files: readonly string[], options: TryOptions): void {
  const reader = new Hl7Reader(loadSender(options.sender), DEFAULT_LIMITS.maxFutureSkewMs);
  const tried: Tried[] = [];
  const unmapped = new Map<string, Unmapped>();
  for (const file of files) {
    for (const message of reader.read({ bytes: contentOf(file), fault: null }, WALL_CLOCK.now())) {
      tried.push(triedOf(file, message));
      for (const each of message.translation.unmapped) {
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

/** Files of messages stand as they were sent, or with the frame of MLLP around each. */
function contentOf(file: string): Buffer {
  if (!existsSync(file)) throw new WardstreamError('WS_USAGE', `there is no file ${file}`);
  return readFileSync(file).filter((byte) => byte !== 0x0b && byte !== 0x1c) as Buffer;
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
