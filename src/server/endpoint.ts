import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
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

/** Serves the endpoints: each request is identified, checked, and given the ward in its sender's scope only. */
export function serve(
  app: FastifyInstance,
  endpoints: readonly Endpoint[],
  identify: Identify,
  sources: WardSources,
): void {
  for (const { method, path, permission, status = 200, params, query, body, handle } of endpoints) {
    app.route({
      method,
      url: path,
      handler: async (request, reply) => {
        const principal = await identify(request);
        if (!may(principal, permission)) {
          throw new HttpProblem(403, `the role ${principal.role} may not do this`);
        }
        const call = {
          params: params?.parse(request.params),
          query: query?.parse(request.query),
          body: body?.parse(request.body ?? {}),
          principal,
          ward: new ScopedWard(principal, sources),
          request,
          reply,
        };
        reply.code(status);
        const answer = await handle(call as unknown as Call<never, never, never>);
        return answer ?? reply;
      },
    });
  }
}
