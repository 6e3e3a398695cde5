import type { Registry } from 'prom-client';
import { within } from '../deadline.js';

/** One thing that must be so before a process is of use; `check` gives what is wrong, or null. */
export interface Condition {
  readonly name: string;
  readonly check: () => string | null | Promise<string | null>;
  /** It is only told: a process in which it is not so is of use all the same. */
  readonly isAdvisory?: boolean;
}

const TIMEOUT_MS = 2000;

export interface ReadinessReport {
  readonly ready: boolean;
  /** By name of what is checked: `ok`, or what is wrong. */
  readonly checks: Readonly<Record<string, string>>;
}

/** Asks every condition at once; one that does not answer within `timeoutMs` is not met. */
export async function readinessOf(
  conditions: readonly Condition[],
  timeoutMs = TIMEOUT_MS,
): Promise<ReadinessReport> {
  const faults = await Promise.all(conditions.map((condition) => faultOf(condition, timeoutMs)));
  const checks = Object.fromEntries(conditions.map(({ name }, index) => [name, faults[index] ?? 'ok']));
  const ready = faults.every((fault, index) => fault === null || conditions[index].isAdvisory === true);
  return { ready, checks };
}

async function faultOf({ check }: Condition, timeoutMs: number): Promise<string | null> {
  try {
    return await within(timeoutMs, Promise.resolve(check()), () => `no answer within ${timeoutMs} ms`);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

export interface ObservabilityOptions {
  readonly metrics: Registry;
  /** What must be so for the process to be of use. */
  readonly conditions: readonly Condition[];
  /** Why the pipeline has stopped; null while it runs. */
  readonly failure: () => Error | null;
  /** The bearer token of Prometheus; without one, /metrics is not served. */
  readonly scrapeToken: string | undefined;
}
