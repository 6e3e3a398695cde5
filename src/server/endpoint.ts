import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Permission } from '../contract/roles.js';
import type { Access } from './access/access.js';
import type { AuditTrail, Noted } from './access/audit-trail.js';
import { type Principal, requirePermission } from './access/principal.js';
import type { Refusals } from './access/refusals.js';
import { ScopedWard, type WardSources } from './access/scoped-ward.js';
import { type Asked, concerned, shownIn } from './asked.js';
import { problemOfError } from './problem.js';

/** What a handler is given: checked input, who asks, and the ward as they may see it. */
export interface Call<Params, Query, Body> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  readonly principal: Principal;
  readonly ward: ScopedWard;
  readonly request: FastifyRequest;
  readonly reply: FastifyReply;
  /** Says more for the audit trail than path and query do. */
  note(more: Partial<Noted>): void;
}

/** An answer that is not JSON. */
export interface MediaResponse {
  readonly mediaType: string;
  readonly description: string;
}

interface Described {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Fastify's form: `/api/v1/patients/:patientId`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly permission: Permission;
  /** What the audit trail calls a call; left out where it shows nothing of a patient. */
  readonly audit?: string;
  /** Status of success; by default 200. */
  readonly status?: number;
  readonly response: z.ZodType | MediaResponse;
}

/**
 * One endpoint of the HTTP API: the one definition behind routing, checks, permissions, the audit trail and the
 * OpenAPI document.
 */
export interface Endpoint extends Described {
  readonly params?: z.ZodType | undefined;
  readonly query?: z.ZodType | undefined;
  readonly body?: z.ZodType | undefined;
  handle(call: Call<never, never, never>): Promise<unknown>;
}

type InferOr<Schema> = Schema extends z.ZodType ? z.infer<Schema> : undefined;

/** Declares an endpoint; the handler's input is typed by its schemas. */
export function endpoint<
  Params extends z.ZodType | undefined = undefined,
  Query extends z.ZodType | undefined = undefined,
  Body extends z.ZodType | undefined = undefined,
>(
  definition: Described & {
    readonly params?: Params;
    readonly query?: Query;
    readonly body?: Body;
    handle(call: Call<InferOr<Params>, InferOr<Query>, InferOr<Body>>): Promise<unknown>;
  },
): Endpoint {
  return definition as unknown as Endpoint;
}

/** What stands around the endpoints: who may come in, and where it is written down. */
export interface Gate {
  readonly access: Access;
  readonly sources: WardSources;
  readonly trail: AuditTrail;
  readonly refusals: Refusals;
}

type Noting = { -readonly [Key in keyof Noted]: Noted[Key] };

/** Serves the endpoints: each request is identified, checked, given the ward in its sender's scope only, and noted. */
export function serve(app: FastifyInstance, endpoints: readonly Endpoint[], gate: Gate): void {
  for (const each of endpoints)
    app.route({
      method: each.method,
      url: each.path,
      handler: async (request, reply) => {
        const principal = await identify(each, gate, request);
        return answer(each, gate, principal, request, reply);
      },
    });
}

async function identify({ method, path }: Endpoint, gate: Gate, { raw }: FastifyRequest): Promise<Principal> {
  const { access, refusals } = gate;
  try {
    return await access.identify(raw);
  } catch (error) {
    const { status, detail } = problemOfError(error);
    refusals.add(access.addressOf(raw), `${method} ${path}`, `${status}: ${detail}`);
    throw error;
  }
}

/** What the audit trail says of whom comes from what is known here, never from how the request was worded. */
async function answer(
  endpoint: Endpoint,
  { access, sources, trail }: Gate,
  principal: Principal,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<unknown> {
  const { method, path, permission, audit } = endpoint;
  const noted: Noting = { action: audit ?? 'access', outcome: 'allowed' };
  let asked: Asked = {};
  try {
    requirePermission(principal, permission);
    if (audit !== undefined && (permission === 'read' || permission === 'export')) trail.requireRoom();
    const params = endpoint.params?.parse(request.params) as Asked | undefined;
    const query = endpoint.query?.parse(request.query) as Asked | undefined;
    const body = endpoint.body?.parse(request.body ?? {});
    asked = { ...query, ...params };
    const call = {
      params,
      query,
      body,
      principal,
      ward: new ScopedWard(principal, sources),
      request,
      reply,
      note: (more: Partial<Noted>) => Object.assign(noted, more),
    };
    reply.code(endpoint.status ?? 200);
    const result = await endpoint.handle(call as unknown as Call<never, never, never>);
    Object.assign(noted, shownIn(params ?? {}, sources), { ...noted });
    return result ?? reply;
  } catch (error) {
    noted.outcome = problemOfError(error).status < 500 ? 'refused' : 'failed';
    noted.target ??= audit === undefined ? `${method} ${path}` : undefined;
    Object.assign(noted, await concerned(asked, sources), { ...noted });
    throw error;
  } finally {
    noted.detail ??= detailOf(asked);
    if (audit !== undefined || noted.outcome === 'refused')
      trail.record(principal, access.addressOf(request.raw), noted);
  }
}

/** What was asked for, in one text. */
function detailOf(asked: Asked): string | undefined {
  return Object.keys(asked).length === 0 ? undefined : JSON.stringify(asked);
}
