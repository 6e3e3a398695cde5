/** How soon somebody has to react, after IEC 60601-1-8; ascending. */
export const PRIORITIES = ['LOW', 'MEDIUM', 'HIGH'] as const;
export type Priority = (typeof PRIORITIES)[number];
