import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

/** The model folders that ship with the package. */
export const SHIPPED = fileURLToPath(new URL('../../models/deterioration', import.meta.url));

/** What a version says of itself in its config.json. */
export const releaseShape = {
  /** `experimental`: served only where it is asked for by name. */
  channel: z.enum(['stable', 'experimental']).optional(),
  /** Day of its release, as 2026-11-28. */
  released: z.iso.date().optional(),
};

interface Release {
  readonly version: string;
  readonly channel: 'stable' | 'experimental';
  /** As YYYY-MM-DD; empty where nothing tells. */
  readonly released: string;
}

/** Year and month of a version such as 2026.11-f. */
const DATED = /^(\d{4})\.(\d{1,2})(?:-|$)/;
const releaseSchema = z.object(releaseShape);
const byName = new Intl.Collator('en', { numeric: true });

/** The model folders in a directory, oldest release first. */
export function listModels(directory = SHIPPED): string[] {
  return releasesIn(directory).map(({ version }) => version);
}

/** The newest release that is not experimental; undefined where there is none. */
export function latestModel(directory = SHIPPED): string | undefined {
  return releasesIn(directory).findLast(({ channel }) => channel === 'stable')?.version;
}

function releasesIn(directory: string): Release[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory)
    .filter((name) => existsSync(join(directory, name, 'config.json')))
    .map((name) => releaseOf(directory, name))
    .sort((a, b) => byName.compare(a.released, b.released) || byName.compare(a.version, b.version));
}

/**
 * What config.json does not say, the version does: one that begins with its month is stable, any other is experimental. So a newest
 * version whose config.json is damaged is found, and refused, rather than an older one served in its place.
 */
function releaseOf(directory: string, version: string): Release {
  const told = releaseSchema.safeParse(readJson(join(directory, version, 'config.json')));
  const { channel, released } = told.success ? told.data : {};
  const [, year, month] = DATED.exec(version) ?? [];
  const dated = year === undefined ? null : `${year}-${month.padStart(2, '0')}-01`;
  return {
    version,
    channel: channel ?? (dated === null ? 'experimental' : 'stable'),
    released: released ?? dated ?? '',
  };
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}
