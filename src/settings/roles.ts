import { z } from 'zod';

/**
 * What a process can be. `ingest`: doors that take messages from a hospital's interfaces. `engine`: scores patients and decides on alerts.
 * `gateway`: page, push and HTTP. `writer`: fills ClickHouse. `notifier`: posts alerts to webhooks. None calls another one: each reads
 * what the others have written to the log.
 */
export const PROCESS_ROLES = ['ingest', 'engine', 'gateway', 'writer', 'notifier'] as const;

export type ProcessRole = (typeof PROCESS_ROLES)[number];

export const rolesSchema = z
  .array(z.enum(PROCESS_ROLES))
  .min(1)
  .default([...PROCESS_ROLES])
  .describe(
    'What this process is: `ingest`, `engine`, `gateway`, `writer`, `notifier`. `run --roles a,b` says it in its place.',
  )
  .meta({ reason: 'One process is a whole ward; several share its roles and are started with fewer.' });
