import type { IncomingMessage } from 'node:http';
import { sessionSchema } from '../../contract/schemas.js';
import { type Access, bearerOf } from '../access/access.js';
import { type Endpoint, endpoint } from '../endpoint.js';
import { HttpProblem } from '../problem.js';

const path = '/api/v1/session';
const tag = 'Session';

type Door = Pick<Access, 'cookieOf' | 'hostOf' | 'isSecure' | 'sessionOf' | 'sessions'>;

/** A browser exchanges its token for a cookie that no script can read, and that is no token. */
export function sessionEndpoints(now: () => number, access: Door): Endpoint[] {
  /** Without a domain it is for this very host. */
  const cookie = (message: IncomingMessage, value: string, seconds: number | null) => {
    const secure = access.isSecure(message) ? '; Secure' : '';
    const age = seconds === null ? '' : `; Max-Age=${seconds}`;
    return `${access.cookieOf(message)}=${value}; Path=/; HttpOnly; SameSite=Strict${secure}${age}`;
  };
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
      summary: 'Exchanges a bearer token for a sealed HttpOnly cookie of this host that lasts as long as it',
      permission: 'read',
      audit: 'sign-in',
      response: sessionSchema,
      handle: async ({ principal, request: { raw }, reply }) => {
        if (bearerOf(raw) === undefined)
          throw new HttpProblem(400, 'send the token in the Authorization header');
        const { subject, role, wards, expiresAt } = principal;
        const seconds = expiresAt === null ? null : Math.max(0, Math.floor((expiresAt - now()) / 1000));
        const sealed = await access.sessions.seal(principal, access.hostOf(raw));
        reply.header('set-cookie', cookie(raw, sealed, seconds));
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
      handle: async ({ request: { raw }, reply }) => {
        const session = access.sessionOf(raw);
        if (session !== undefined)
          await access.sessions.end(session, access.hostOf(raw)).catch(() => undefined);
        return reply.header('set-cookie', cookie(raw, '', 0)).send();
      },
    }),
  ];
}
