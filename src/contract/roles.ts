/** Roles a token can give. */
export const ROLES = ['viewer', 'clinician', 'admin', 'service', 'sender'] as const;

export type Role = (typeof ROLES)[number];

/** Things one may do; each endpoint needs one. */
export type Permission = 'read' | 'act' | 'export' | 'replay' | 'audit' | 'ingest';

const PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['read'],
  clinician: ['read', 'act', 'export', 'replay'],
  admin: ['read', 'act', 'export', 'replay', 'audit', 'ingest'],
  service: ['read', 'export'],
  sender: ['ingest'],
};

/** Whether a role may do it. */
export function allows(role: Role, permission: Permission): boolean {
  return PERMISSIONS[role].includes(permission);
}
