import { createRequire } from 'node:module';
import { type ErrorCode, WardstreamError } from './errors.js';

const require = createRequire(import.meta.url);

/** What needs packages that a small install leaves out (`--omit=optional`), and what to set where it should do without. */
export interface OptionalUse {
  /** The setting that asks for them, as `store.kind: embedded`. */
  readonly setting: string;
  readonly packages: readonly string[];
  /** What to set instead, as `set store.kind to server`. */
  readonly instead: string;
  readonly code: ErrorCode;
}

/** @throws WardstreamError of the given code where a package is not there: it names the packages, the setting and both ways out. */
export function requireInstalled(use: OptionalUse): void {
  const missing = missingFor(use);
  if (missing !== null) throw new WardstreamError(use.code, missing);
}

/** Names what is not there, the setting and both ways out; null where all is. */
export function missingFor({ setting, packages, instead }: Omit<OptionalUse, 'code'>): string | null {
  const missing = packages.filter((name) => !isInstalled(name));
  if (missing.length === 0) return null;
  const [list, verb] = [missing.join(', '), missing.length === 1 ? 'is' : 'are'];
  return `${setting} needs ${list}, which ${verb} not installed; install without --omit=optional, or ${instead}`;
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch (error) {
    // Another error is that of a package that is there, and not made to be required.
    return (error as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND';
  }
}
