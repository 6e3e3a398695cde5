/** Roles a token can give. */
export const ROLES = ['viewer', 'clinician', 'admin', 'service'] as const;

export type Role = (typeof ROLES)[number];

/** Things one may do; each endpoint needs one. */
export type Permission = 'read' | 'act' | 'export' | 'replay' | 'audit';

const PERMISSIONS: Readonly<Record<Role, readonly Permission[]>> = {
  viewer: ['read'],
  clinician: ['read', 'act', 'export', 'replay'],
  admin: ['read', 'act', 'export', 'replay', 'audit'],
  service: ['read', 'export'],
};

/** Whether a role may do it. */
export function allows(role: Role, permission: Permission): boolean {
  return PERMISSIONS[role].includes(permission);
}
