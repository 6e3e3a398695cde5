import { STATUS_CODES } from 'node:http';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { JsonDoorConfig } from '../../settings/doors.js';
import type { Door } from '../door.js';
import { loadSender } from '../hl7/sender.js';
import { type HttpContext, type HttpDoorTools, openHttpDoor, type ProblemForm } from '../http/http-door.js';
import { DoorProblem } from '../http/problem.js';
import type { IngestAnswer } from './answer.js';
import { Batch } from './batch.js';
import { ITEM_KINDS, type ItemKind } from './items.js';
import { type Line, linesOf } from './lines.js';
import { Repeats } from './repeats.js';

/** A stream of items, one a line. */
export const NDJSON = 'application/x-ndjson';
const MOST_ITEMS = 10_000;

const PROBLEM: ProblemForm = {
  mediaType: 'application/problem+json',
  of: (status, detail) => ({ type: 'about:blank', status, title: STATUS_CODES[status] ?? 'Error', detail }),
};
const BOM = 0xfeff;
const SPACE = 0x20;

/** Values, admissions and notes as JSON over HTTP, in batches or streamed. */
export async function openJsonDoor(config: JsonDoorConfig, context: HttpContext): Promise<Door> {
  const sender = loadSender(config.sender);
  const { limits, clock } = context;
  const repeats = new Repeats<{ status: number; body: IngestAnswer }>();

  function addRoutes(app: FastifyInstance, tools: HttpDoorTools): void {
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
      done(null, body),
    );
    app.addContentTypeParser(NDJSON, (_request, payload, done) => done(null, payload));
    for (const [name, kind] of Object.entries(ITEM_KINDS)) {
      app.post(`/ingest/${name}`, (request, reply) => take(kind, request, reply, tools));
    }
  }

  const TOO_LONG = { fault: `has more than ${config.maxBodyBytes} bytes` };

  async function take(kind: ItemKind, request: FastifyRequest, reply: FastifyReply, tools: HttpDoorTools) {
    const meter = tools.meterOf(request.raw);
    const reading = { sender, source: meter.sender, now: clock.now(), limits };
    const newBatch = () => new Batch(reading, tools.deliver, meter);
    const key = keyOf(request);
    const { body } = request;
    if (Buffer.isBuffer(body)) {
      const scope = `${meter.sender} ${request.url}`;
      const answered = await repeats.once(key, scope, body, async () => {
        const batch = newBatch();
        for (const item of itemsIn(body))
          await batch.take(kind.read(item, reading), () => Buffer.from(JSON.stringify(item)));
        return answerOf(batch);
      });
      return reply.code(answered.status).send(answered.body);
    }
    if (key !== undefined) {
      throw new DoorProblem(
        400,
        'Idempotency-Key is not for streams; to send one again is harmless without it',
      );
    }
    const batch = newBatch();
    const addLine = async ({ bytes, isTooLong }: Line) => {
      const parsed = isTooLong ? TOO_LONG : parsedOf(bytes);
      if ('value' in parsed) await batch.take(kind.read(parsed.value, reading), () => bytes);
      // An empty line is none.
      else if (bytes.some((byte) => byte > SPACE))
        await batch.refuse(isTooLong ? 'oversized' : 'undecodable', `the line ${parsed.fault}`, bytes);
    };
    const lines = linesOf(body as AsyncIterable<Buffer>, config.maxBodyBytes);
    for await (const line of lines) await addLine(line);
    const { status, body: told } = await answerOf(batch);
    return reply.code(status).send(told);
  }

  return openHttpDoor({ kind: 'json', config, context, form: PROBLEM, addRoutes });
}

async function answerOf(batch: Batch): Promise<{ status: number; body: IngestAnswer }> {
  await batch.flush();
  const { status, body } = batch.answer;
  if (body.items === 0) throw new DoorProblem(400, 'there is no item in the request');
  return { status, body };
}

function keyOf({ headers }: FastifyRequest): string | undefined {
  const key = headers['idempotency-key'];
  return Array.isArray(key) ? key.join(',') : key;
}

/** The items of a batch: an array of them, or one. @throws DoorProblem 400 where it is no JSON. */
function itemsIn(body: Buffer): unknown[] {
  const parsed = parsedOf(body);
  if ('fault' in parsed) throw new DoorProblem(400, `the body ${parsed.fault}`);
  const { value } = parsed;
  const items = Array.isArray(value) ? value : [value];
  if (items.length <= MOST_ITEMS) return items;
  throw new DoorProblem(
    413,
    `${items.length} items; at most ${MOST_ITEMS} in a request, or stream them as ${NDJSON}`,
  );
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function parsedOf(bytes: Buffer): { readonly value: unknown } | { readonly fault: string } {
  try {
    const text = UTF8.decode(bytes);
    return { value: JSON.parse(text.charCodeAt(0) === BOM ? text.slice(1) : text) as unknown };
  } catch (error) {
    const isText = error instanceof SyntaxError;
    // What the parser says quotes the text, which is about a patient.
    return { fault: isText ? 'is not JSON' : 'is not UTF-8' };
  }
}
