import { allows, type Permission, type Role } from '../../contract/roles.js';
import type { EpochMs } from '../../events/event.js';
import { HttpProblem } from '../problem.js';

/** Every ward there is. */
export const ALL_WARDS = '*';

/** Who someone is, and what they may see and do, as their token says. */
export interface Principal {
  /** The token's `sub`: what alerts and the audit trail call them. */
  readonly subject: string;
  readonly role: Role;
  /** Ward ids, or `*`. */
  readonly wards: ReadonlySet<string>;
  /** When the token ends; null: never. Time of day, not event time. */
  readonly expiresAt: EpochMs | null;
}

export function may({ role }: Principal, permission: Permission): boolean {
  return allows(role, permission);
}

/** @throws HttpProblem 403 where the role may not. */
export function requirePermission(principal: Principal, permission: Permission): void {
  if (!may(principal, permission)) throw new HttpProblem(403, `the role ${principal.role} may not do this`);
}

/**
 * Whether what belongs to a ward may be shown. What belongs to no ward concerns every ward: a patient whose place is
 * unknown must not be hidden from all of them.
 */
export function seesWard({ wards }: Principal, wardId: string | null): boolean {
  return wardId === null || wards.has(ALL_WARDS) || wards.has(wardId);
}
