import type { IncomingMessage } from 'node:http';
import type { Admit } from '../../doors/http/http-door.js';
import { HttpProblem } from '../problem.js';
import type { Access } from './access.js';
import { ALL_WARDS, requirePermission } from './principal.js';

/** Who may bring messages in at a door over HTTP: whose token has the permission `ingest`, for every ward. */
export function sendersOf(access: Access): Admit {
  return async (request: IncomingMessage) => {
    const principal = await access.identify(request);
    const { subject, wards } = principal;
    requirePermission(principal, 'ingest');
    // A door does not know where a patient lies, so it cannot hold anybody to one ward.
    if (!wards.has(ALL_WARDS)) throw new HttpProblem(403, `a sender's token must be for every ward ("*")`);
    return { subject };
  };
}
