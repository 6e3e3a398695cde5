import { bearerOf, SESSION_COOKIE } from '../access/access.js';
import { type Endpoint, endpoint } from '../endpoint.js';
import { HttpProblem } from '../problem.js';
import { sessionSchema } from '../schemas.js';

const path = '/api/v1/session';
const tag = 'Session';

/** A browser exchanges its token for a cookie that no script can read. */
export function sessionEndpoints(now: () => number, isSecure: boolean): Endpoint[] {
  const attributes = `Path=/; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;
  return [
    endpoint({
      method: 'GET',
      path,
      tag,
      summary: 'Who the token or cookie speaks for',
      permission: 'read',
      response: sessionSchema,
      handle: async ({ principal: { subject, role, wards, expiresAt } }) => ({
        subject,
        role,
        wards: [...wards],
        expiresAt,
      }),
    }),
    endpoint({
      method: 'POST',
      path,
      tag,
      summary:
        'Exchanges a bearer token for an HttpOnly, SameSite=Strict cookie that lasts as long as the token',
      permission: 'read',
      audit: 'sign-in',
      response: sessionSchema,
      handle: async ({ principal: { subject, role, wards, expiresAt }, request, reply }) => {
        const token = bearerOf(request.raw);
        if (token === undefined) throw new HttpProblem(400, 'send the token in the Authorization header');
        const seconds =
          expiresAt === null ? '' : `; Max-Age=${Math.max(0, Math.floor((expiresAt - now()) / 1000))}`;
        reply.header('set-cookie', `${SESSION_COOKIE}=${token}; ${attributes}${seconds}`);
        return { subject, role, wards: [...wards], expiresAt };
      },
    }),
    endpoint({
      method: 'DELETE',
      path,
      tag,
      summary: 'Takes the cookie away',
      permission: 'read',
      status: 204,
      response: { mediaType: 'text/plain', description: 'Nothing' },
      handle: async ({ reply }) =>
        reply.header('set-cookie', `${SESSION_COOKIE}=; ${attributes}; Max-Age=0`).send(),
    }),
  ];
}
