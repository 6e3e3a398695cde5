import type { AlertMessage } from '../contract/messages.js';

/** Where alert records are posted to, and which. */
export interface Hook {
  /** Names its consumer group: where it got to outlives the process under this name. */
  readonly name: string;
  readonly url: string;
  /** Signs what is sent. */
  readonly secret: string;
  /** Only alerts of these wards, and of these priorities; by default all. */
  readonly wards?: readonly string[] | undefined;
  readonly priorities?: readonly string[] | undefined;
  /** Attempts before a record is set aside. */
  readonly attempts: number;
  readonly timeoutMs: number;
  /** Wait after the first failed attempt; doubled after each. */
  readonly backoffMs: number;
}

/** Whether the record is one that the hook asked for. */
export function wants({ wards, priorities }: Hook, { wardId, leftWardId, priority }: AlertMessage): boolean {
  // What belongs to no ward concerns every ward; one that an alert left is told so.
  const concerned = [wardId, leftWardId === '' ? null : (leftWardId ?? wardId)];
  return (
    (wards === undefined || concerned.some((each) => each === null || wards.includes(each))) &&
    (priorities === undefined || priorities.includes(priority))
  );
}
