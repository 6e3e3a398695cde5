import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { INPUT_TOPICS } from '../../contract/topics.js';
import type { FhirDoorConfig } from '../../settings/doors.js';
import type { Door } from '../door.js';
import { loadSender } from '../hl7/sender.js';
import { type HttpContext, type HttpDoorTools, openHttpDoor } from '../http/http-door.js';
import { type Answer, answerTo } from './answer.js';
import { doorCapability } from './capability.js';
import { outcomeOf } from './outcome.js';
import { type Asked, type Entry, FhirReader, type ReadRequest, Refused } from './request.js';

const MEDIA_TYPE = 'application/fhir+json; charset=utf-8';
const JSON_TYPES = ['application/fhir+json', 'application/json', 'text/json'];

/** FHIR R4 over HTTP: resources and bundles, posted or put. @throws WardstreamError as `openHttpDoor` and `loadSender`. */
export async function openFhirDoor(config: FhirDoorConfig, context: HttpContext): Promise<Door> {
  const reader = new FhirReader(loadSender(config.sender), context.limits.maxFutureSkewMs);
  const { clock } = context;
  return openHttpDoor({
    kind: 'fhir',
    config,
    context,
    form: { mediaType: MEDIA_TYPE, of: outcomeOf },
    addRoutes: (app, tools) => {
      takeJson(app);
      const take = async (request: FastifyRequest, reply: FastifyReply) => {
        const { type = '', id = '' } = request.params as { type?: string; id?: string };
        const meter = tools.meterOf(request.raw);
        const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
        const asked: Asked = { type: type.startsWith('$') ? '' : type, id, body, source: meter.sender };
        const now = clock.now();
        const read = reader.read(asked, now);
        await deliver(read, body, tools, meter);
        const answer = answerTo(read, String(request.headers.prefer ?? ''), now);
        return send(answer, reply);
      };
      app.get('/fhir/metadata', async (_request, reply) => reply.type(MEDIA_TYPE).send(doorCapability()));
      app.post('/fhir', take);
      app.post('/fhir/', take);
      app.post('/fhir/:type', take);
      app.put('/fhir/:type/:id', take);
    },
  });
}

/** Bodies as they come, whatever of these types they say they are. */
function takeJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser(JSON_TYPES, { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
}

/** All that can be used goes to the log at once; what cannot is set aside with the bytes of its own resource. */
async function deliver(
  read: ReadRequest | Refused,
  body: Buffer,
  tools: HttpDoorTools,
  meter: ReturnType<HttpDoorTools['meterOf']>,
): Promise<void> {
  if (read instanceof Refused) {
    await tools.deliver(read.taken, body, meter);
    meter.values.rejected++;
    return;
  }
  const messages = read.entries.flatMap(({ taken }) => taken.messages);
  await tools.deliver({ messages: inOrder(messages), rejections: [], unmapped: [] }, body, meter);
  for (const { taken, bytes } of read.entries) {
    const { rejections, unmapped, counts } = taken;
    if (rejections.length > 0 || unmapped.length > 0)
      await tools.deliver({ messages: [], rejections, unmapped }, bytes(), meter);
    for (const [name, count] of Object.entries(counts)) meter.values[name as keyof typeof counts] += count;
  }
}

/** Admissions before what is measured, and each topic in one go. */
function inOrder(messages: Entry['taken']['messages']): Entry['taken']['messages'] {
  const topics = [...new Set(messages.map(({ topic }) => topic))];
  topics.sort((a, b) => INPUT_TOPICS.indexOf(a) - INPUT_TOPICS.indexOf(b));
  return topics.flatMap((topic) => messages.filter((message) => message.topic === topic));
}

async function send({ status, location, body }: Answer, reply: FastifyReply): Promise<FastifyReply> {
  if (location !== null) reply.header('location', `/fhir/${location}`);
  return reply
    .code(status)
    .type(MEDIA_TYPE)
    .send(body === null ? '' : body);
}
