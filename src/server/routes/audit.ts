import { auditQuerySchema, auditSchema } from '../../contract/schemas.js';
import type { AuditTrail } from '../access/audit-trail.js';
import { type Endpoint, endpoint } from '../endpoint.js';

export function auditEndpoints(trail: AuditTrail): Endpoint[] {
  return [
    endpoint({
      method: 'GET',
      path: '/api/v1/audit',
      tag: 'Audit',
      summary: 'Who looked at or did what, newest first; for admins of every ward',
      permission: 'audit',
      audit: 'query-audit',
      query: auditQuerySchema,
      response: auditSchema,
      handle: async ({ ward, query }) => {
        ward.requireEveryWard();
        return { entries: await trail.query(query) };
      },
    }),
  ];
}
