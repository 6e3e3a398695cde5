import { InvalidArgumentError } from 'commander';
import type { Config } from '../settings/config.js';
import { PROCESS_ROLES, type ProcessRole } from '../settings/roles.js';

export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new InvalidArgumentError('It must be a whole number above 0.');
  return value;
}

export function positiveNumber(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('It must be a number above 0.');
  return value;
}

export function wholeNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0)
    throw new InvalidArgumentError('It must be a whole number, 0 or above.');
  return value;
}

export function share(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0 && value <= 1))
    throw new InvalidArgumentError('It must be from 0 to 1.');
  return value;
}

/** An option that may be given more than once. */
export function each(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

export function hoursSince(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value >= 0) || !Number.isFinite(value))
    throw new InvalidArgumentError('It must be a number of hours, 0 or above.');
  return value;
}

export function portNumber(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0 || value > 65_535)
    throw new InvalidArgumentError('It must be 0 to 65535.');
  return value;
}

/** Roles of a process with commas between. */
export function roles(text: string): ProcessRole[] {
  return [...new Set(text.split(','))].map((name) => {
    const role = PROCESS_ROLES.find((each) => each === name.trim());
    if (role === undefined) {
      throw new InvalidArgumentError(`There is no role ${name}; there are ${PROCESS_ROLES.join(', ')}.`);
    }
    return role;
  });
}

/** `max`, or a multiple of real time such as `60x`. */
export function replaySpeed(text: string): number | 'max' {
  if (text === 'max') return 'max';
  const value = Number(text.replace(/[x×]$/, ''));
  if (!(value > 0)) throw new InvalidArgumentError('It must be max, or a multiple of real time such as 60x.');
  return value;
}

/** As `replaySpeed`; `real` is 1x, `step` goes moment by moment. */
export function replayPace(text: string): number | 'max' | 'step' {
  if (text === 'real') return 1;
  return text === 'step' ? text : replaySpeed(text);
}

/** Ends the run: people read lines, programs read one JSON object. */
export function printResult(result: object, json: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  for (const [key, value] of Object.entries(result)) {
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value);
    process.stdout.write(`${key.padEnd(22)} ${text}\n`);
  }
}

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Resolves at Ctrl-C or a request to terminate; a second one ends the process at once. Until then the process stays, also while it has no
 * connection and no timer, as where broker and store are both away: Node would end it with 13.
 */
export function interrupted(): Promise<void> {
  const staying = setInterval(() => undefined, LONGEST_TIMER_MS);
  return new Promise((resolve) => {
    const stop = () => {
      clearInterval(staying);
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  });
}

/** A request to stop at Ctrl-C, said on stderr; a second one ends the process at once. */
export function stopOnInterrupt(said: string): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const stop = () => {
    process.stderr.write(`\nwardstream: ${said}\n`);
    controller.abort();
  };
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
  return {
    signal: controller.signal,
    release: () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
    },
  };
}

/** The configuration with another model version, where one is named. */
export function withModel(config: Config, version: string | undefined): Config {
  return version === undefined ? config : { ...config, model: { ...config.model, version } };
}
