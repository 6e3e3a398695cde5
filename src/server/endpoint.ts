import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { remoteAddress } from './access/access.js';
import type { AuditTrail, Noted } from './access/audit-trail.js';
import { may, type Permission, type Principal } from './access/principal.js';
import { ScopedWard, type WardSources } from './access/scoped-ward.js';
import { HttpProblem } from './problem.js';

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

/** Who sends a request. @throws HttpProblem 401. */
export type Identify = (request: FastifyRequest) => Promise<Principal>;

/** Serves the endpoints: each request is identified, checked, given the ward in its sender's scope only, and noted. */
export function serve(
  app: FastifyInstance,
  endpoints: readonly Endpoint[],
  identify: Identify,
  sources: WardSources,
  trail: AuditTrail,
): void {
  for (const each of endpoints) {
    app.route({
      method: each.method,
      url: each.path,
      handler: async (request, reply) => {
        const principal = await identify(request);
        const noted: { -readonly [Key in keyof Noted]: Noted[Key] } = {
          action: each.audit ?? '',
          outcome: 'allowed',
          ...namedIn(request),
        };
        try {
          return await answer(each, principal, sources, request, reply, noted);
        } catch (error) {
          const isRefused = error instanceof HttpProblem && error.status < 500;
          noted.outcome = isRefused ? 'refused' : 'failed';
          throw error;
        } finally {
          if (each.audit !== undefined) trail.record(principal, remoteAddress(request.raw), noted);
        }
      },
    });
  }
}

async function answer(
  { permission, status = 200, params, query, body, handle }: Endpoint,
  principal: Principal,
  sources: WardSources,
  request: FastifyRequest,
  reply: FastifyReply,
  noted: Noted,
): Promise<unknown> {
  if (!may(principal, permission)) throw new HttpProblem(403, `the role ${principal.role} may not do this`);
  const call = {
    params: params?.parse(request.params),
    query: query?.parse(request.query),
    body: body?.parse(request.body ?? {}),
    principal,
    ward: new ScopedWard(principal, sources),
    request,
    reply,
    note: (more: Partial<Noted>) => Object.assign(noted, more),
  };
  reply.code(status);
  const result = await handle(call as unknown as Call<never, never, never>);
  return result ?? reply;
}

/** Whom a request is about, as far as its address says. */
function namedIn({ params, query }: FastifyRequest): Partial<Noted> {
  const given = { ...(query as object), ...(params as object) } as Record<string, unknown>;
  const text = (name: string) =>
    typeof given[name] === 'string' ? String(given[name]).slice(0, 200) : undefined;
  return { patientId: text('patientId'), wardId: text('ward'), target: text('alertId') ?? text('imageId') };
}
