import type { IncomingMessage } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply } from 'fastify';
import { WardstreamError } from '../../errors.js';
import type { HttpDoorConfig } from '../../settings/http-doors.js';
import { cannotListen } from '../cannot-listen.js';
import type { Delivery, Door, DoorContext } from '../door.js';
import type { SenderMeter } from '../meters.js';
import { closeSoon } from './close-soon.js';
import { DoorProblem, doorProblemOf, RETRY_AFTER_S } from './problem.js';
import { ToLog } from './to-log.js';

/** Who sends a request. */
export interface Sending {
  /** As the token names it; metrics call the sender so. */
  readonly subject: string;
}

/** Says who sends a request. Rejects with an error that has a `status` (401, 403, 429, 503) where nobody may, or nobody knows. */
export type Admit = (request: IncomingMessage) => Promise<Sending>;

/** What a door over HTTP is given. */
export interface HttpContext extends DoorContext {
  readonly admit: Admit;
}

/** What is told of a problem, in the form of the door: problem details, or an OperationOutcome. */
export interface ProblemForm {
  readonly mediaType: string;
  of(status: number, detail: string): object;
}

/** What a door's routes are given. */
export interface HttpDoorTools {
  /** Its sender's meter; counts the message as just come. */
  meterOf(request: IncomingMessage): SenderMeter;
  /** Resolves once the log has all of it. @throws DoorProblem 503 where it does not take it, or not in time. */
  deliver(delivery: Delivery, bytes: Buffer, meter: SenderMeter): Promise<void>;
}

export interface HttpDoorOptions {
  readonly kind: string;
  readonly config: HttpDoorConfig;
  readonly context: HttpContext;
  readonly form: ProblemForm;
  /** Adds the door's routes. Each request that reaches one is admitted. */
  readonly addRoutes: (app: FastifyInstance, tools: HttpDoorTools) => void;
}

/** Opens a door over HTTP. @throws WardstreamError `WS_PORT_IN_USE` where the port is, `WS_CONFIG` where it cannot listen. */
export async function openHttpDoor(options: HttpDoorOptions): Promise<Door> {
  const { kind, config, context, form } = options;
  const { port, tls, maxBodyBytes, idleMs } = config;
  const name = config.name ?? `${kind}-${port}`;
  const { meters } = context;
  const app = appOf(name, {
    bodyLimit: maxBodyBytes,
    connectionTimeout: idleMs,
    routerOptions: { maxParamLength: 1024 },
    frameworkErrors: (error: unknown, _request: unknown, reply: FastifyReply) => answer(error, reply, form),
    ...(tls === undefined ? {} : { https: { cert: tls.cert, key: tls.key } }),
  });
  app.server.on('connection', (socket) => {
    meters.connected(name, 1);
    socket.once('close', () => meters.connected(name, -1));
  });
  app.server.on('timeout', (socket) => {
    meters.cut(name, 'idle');
    socket.destroy();
  });
  app.setErrorHandler((error, _request, reply) => answer(error, reply, form));
  app.setNotFoundHandler((_request, reply) =>
    answer(new DoorProblem(404, 'there is nothing here'), reply, form),
  );
  const senders = new WeakMap<IncomingMessage, Sending>();
  const toLog = new ToLog(name, context, config.waitMs);
  addGuards(app, options, toLog, senders);
  const meterOf = (request: IncomingMessage) => meters.of(name, senders.get(request)?.subject ?? '');
  app.addHook('onResponse', async ({ raw }, { statusCode }) => {
    const { answers } = meterOf(raw);
    answers.set(`${statusCode}`, (answers.get(`${statusCode}`) ?? 0) + 1);
  });
  options.addRoutes(app, {
    meterOf,
    deliver: (delivery, bytes, meter) => toLog.deliver(delivery, { bytes, meter }),
  });
  try {
    await app.listen({ host: config.host, port });
  } catch (error) {
    throw cannotListen(name, config, error);
  }
  return { name, address: addressOf(app, config), close: () => closeSoon(app) };
}

/** Only who may send comes in, and no more than can be held. */
function addGuards(
  app: FastifyInstance,
  { config, context }: HttpDoorOptions,
  toLog: ToLog,
  senders: WeakMap<IncomingMessage, Sending>,
): void {
  let underWay = 0;
  app.addHook('onRequest', async ({ raw }, reply) => {
    senders.set(raw, await context.admit(raw));
    const held = underWay + toLog.givenUp;
    if (held >= config.maxRequests) {
      throw new DoorProblem(503, `${held} requests wait for the log; try again`, RETRY_AFTER_S);
    }
    underWay++;
    // Answered, or broken off.
    reply.raw.once('close', () => underWay--);
  });
}

async function answer(error: unknown, reply: FastifyReply, form: ProblemForm): Promise<void> {
  const { status, message, retryAfterS } = doorProblemOf(error);
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (retryAfterS !== null) reply.header('retry-after', `${retryAfterS}`);
  await reply.code(status).type(form.mediaType).send(form.of(status, message));
}

function appOf(name: string, options: object): FastifyInstance {
  try {
    return Fastify(options) as unknown as FastifyInstance;
  } catch (error) {
    throw new WardstreamError('WS_CONFIG', `door ${name}: tls cannot be used: ${(error as Error).message}`);
  }
}

function addressOf(app: FastifyInstance, { host, tls }: HttpDoorConfig): string {
  const { port } = app.server.address() as { port: number };
  return `${tls === undefined ? 'http' : 'https'}://${host}:${port}`;
}
