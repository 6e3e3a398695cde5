/** Roles a token can give. */
export const ROLES = ['viewer', 'clinician', 'admin', 'service'] as const;

export type Role = (typeof ROLES)[number];
