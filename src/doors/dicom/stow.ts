import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { WardstreamError } from '../../errors.js';
import type { DicomWebDoorConfig } from '../../settings/dicom-doors.js';
import { cannotListen } from '../cannot-listen.js';
import { Deliverer } from '../deliverer.js';
import type { Door, DoorContext } from '../door.js';
import { closeSoon } from '../http/close-soon.js';
import { STATUS, statusText } from './command.js';
import { Room } from './gathering.js';
import { boundaryOf, partsOf } from './multipart.js';
import { DicomReceiver } from './receiver.js';
import { loadDicomSender } from './sender.js';
import type { Translation } from './translate.js';

const DICOM = 'application/dicom';
const DICOM_JSON = 'application/dicom+json';
const RETRY_SECONDS = '5';

/** A door for STOW-RS (PS3.18, 10.5): `POST /dicom-web/studies` with DICOM files in multipart/related, or one alone. */
export class DicomWebDoor implements Door {
  readonly name: string;
  readonly #config: DicomWebDoorConfig;
  readonly #context: DoorContext;
  readonly #receiver: DicomReceiver;
  readonly #room: Room;
  readonly #app: FastifyInstance;

  private constructor(config: DicomWebDoorConfig, context: DoorContext) {
    this.name = config.name ?? `dicomweb-${config.port}`;
    this.#config = config;
    this.#context = context;
    const { maxObjectBytes, maxAgeMs, tls, idleMs, maxConnections } = config;
    this.#receiver = new DicomReceiver(this.name, {
      sender: loadDicomSender(config.sender),
      limits: { maxObjectBytes, maxAgeMs },
      context,
      deliverer: new Deliverer(this.name, context),
    });
    this.#room = new Room(config.maxBytes);
    const asked = tls?.ca === undefined ? {} : { ca: tls.ca, requestCert: true, rejectUnauthorized: true };
    this.#app = Fastify({
      bodyLimit: config.maxBytes,
      connectionTimeout: idleMs,
      ...(tls === undefined ? {} : { https: { cert: tls.cert, key: tls.key, ...asked } }),
    }) as unknown as FastifyInstance;
    const { server } = this.#app;
    server.maxConnections = maxConnections;
    server.on('connection', (socket: Socket) => {
      context.meters.connected(this.name, 1);
      socket.once('close', () => context.meters.connected(this.name, -1));
    });
    this.#addRoutes();
  }

  /** @throws WardstreamError as `DicomDoor.open`. */
  static async open(config: DicomWebDoorConfig, context: DoorContext): Promise<DicomWebDoor> {
    let door: DicomWebDoor;
    try {
      door = new DicomWebDoor(config, context);
    } catch (error) {
      if (error instanceof WardstreamError) throw error;
      throw new WardstreamError('WS_CONFIG', `door ${config.name ?? ''}: ${(error as Error).message}`);
    }
    try {
      await door.#app.listen({ host: config.host, port: config.port });
    } catch (error) {
      throw cannotListen(door.name, config, error);
    }
    return door;
  }

  get address(): string {
    const { port } = this.#app.server.address() as { port: number };
    return `${this.#config.tls === undefined ? 'http' : 'https'}://${this.#config.host}:${port}/dicom-web/studies`;
  }

  /** Takes no more; what has been received goes to the log and is answered. */
  async close(): Promise<void> {
    await closeSoon(this.#app);
  }

  #addRoutes(): void {
    const app = this.#app;
    app.removeAllContentTypeParsers();
    app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
    app.addHook('onRequest', async (request, reply) => {
      if (!this.#isKnown(request))
        return answer(reply.header('www-authenticate', 'Bearer'), 401, 'no valid token');
      const announced = Number(request.headers['content-length'] ?? Number.NaN);
      if (request.method === 'POST' && Number.isNaN(announced))
        return answer(reply, 411, 'say how long it is');
      if (Number.isNaN(announced)) return;
      if (!this.#room.take(announced)) {
        return answer(reply.header('retry-after', RETRY_SECONDS), 503, 'too much is on its way');
      }
      reply.raw.once('close', () => this.#room.giveBack(announced));
    });
    app.setErrorHandler(async (error: { statusCode?: number; message: string }, _request, reply) => {
      const code = error.statusCode ?? 500;
      if (code >= 500) this.#context.onWarning(`door ${this.name}: ${error.message}`);
      return answer(reply, code, error.message);
    });
    app.setNotFoundHandler(async (_request, reply) => answer(reply, 404, 'only POST /dicom-web/studies'));
    const store = (request: FastifyRequest, reply: FastifyReply) => this.#store(request, reply);
    app.post('/dicom-web/studies', store);
    app.post('/dicom-web/studies/:study', store);
  }

  #isKnown({ headers }: FastifyRequest): boolean {
    const { token } = this.#config;
    if (token === undefined) return true;
    const digest = (text: string) => createHash('sha256').update(text).digest();
    return timingSafeEqual(digest(headers.authorization ?? ''), digest(`Bearer ${token}`));
  }

  async #store(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const files = filesOf(request.headers['content-type'] ?? '', request.body as Buffer | undefined);
    if (typeof files === 'string') return answer(reply, files === UNSUPPORTED ? 415 : 400, files);
    const source = request.ip;
    const stored: Translation[] = [];
    for (const file of files) {
      const isLarge = file.length > this.#config.maxObjectBytes;
      const arrived = {
        file,
        sopClass: '',
        sopInstance: '',
        source,
        ...(isLarge ? { fault: 'oversized' as const } : {}),
      };
      try {
        const translation = await this.#receiver.receive(arrived);
        stored.push(translation);
        this.#receiver.answered(source, statusText(translation.status));
      } catch {
        // Those before it are in the log; sent again, they are known.
        this.#receiver.answered(source, statusText(STATUS.outOfResources));
        return answer(
          reply.header('retry-after', RETRY_SECONDS),
          503,
          'the log takes nothing now; send all of it again',
        );
      }
    }
    const failed = stored.filter(({ status }) => status !== STATUS.success);
    const code = failed.length === 0 ? 200 : failed.length === stored.length ? 409 : 202;
    return reply
      .code(code)
      .type(DICOM_JSON)
      .send(JSON.stringify(responseOf(stored)));
  }
}

const UNSUPPORTED = `send ${DICOM}, or multipart/related of it`;

/** The files of a request, or why there are none. */
function filesOf(contentType: string, body: Buffer | undefined): Buffer[] | string {
  if (contentType.toLowerCase().startsWith(DICOM) && !contentType.toLowerCase().startsWith(DICOM_JSON)) {
    return body === undefined ? 'an empty body' : [body];
  }
  const boundary = boundaryOf(contentType);
  if (boundary === null) return UNSUPPORTED;
  const parts = partsOf(body ?? Buffer.alloc(0), boundary);
  if (parts === null || parts.length === 0) return 'a multipart body without parts, or that is cut short';
  if (parts.some(({ type }) => type !== '' && type !== DICOM)) return UNSUPPORTED;
  return parts.map(({ bytes }) => bytes);
}

/** Store Instances Response (PS3.18, 10.5.3 and annex I), in the DICOM JSON model. */
function responseOf(stored: readonly Translation[]): object {
  const item = ({ sopInstance, status, text }: Translation, isFailed: boolean) => ({
    '00081155': { vr: 'UI', Value: [sopInstance] },
    ...(isFailed
      ? { '00081197': { vr: 'US', Value: [status] }, '00000902': { vr: 'LO', Value: [text] } }
      : {}),
  });
  const good = stored.filter(({ status }) => status === STATUS.success);
  const bad = stored.filter(({ status }) => status !== STATUS.success);
  return {
    ...(good.length === 0 ? {} : { '00081199': { vr: 'SQ', Value: good.map((each) => item(each, false)) } }),
    ...(bad.length === 0 ? {} : { '00081198': { vr: 'SQ', Value: bad.map((each) => item(each, true)) } }),
  };
}

function answer(reply: FastifyReply, code: number, detail: string): FastifyReply {
  return reply
    .code(code)
    .type('application/json')
    .send(JSON.stringify({ status: code, detail }));
}
