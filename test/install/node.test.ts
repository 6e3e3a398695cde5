import { readFileSync } from 'node:fs';
import { major, minVersion, satisfies } from 'semver';
import { describe, expect, it } from 'vitest';

const text = (file: string) => readFileSync(file, 'utf8');
const { engines } = JSON.parse(text('package.json'));
const lock = JSON.parse(text('package-lock.json')) as {
  packages: Record<string, { os?: string[]; engines?: { node?: string } }>;
};
const least = minVersion(engines.node)?.version ?? '';
const [image, ...others] = [...text('Dockerfile').matchAll(/^FROM node:([\d.]+)-/gm)].map(
  ([, version]) => version,
);

/** Whether a package is for the systems that Wardstream runs on. */
const isOurs = (os: readonly string[] = ['linux']) => os.includes('linux') || os.includes('darwin');

describe('the Node that it runs on', () => {
  it('is the same in every stage of the image, one that engines allows, and what CI takes for the newest LTS', () => {
    expect(image).toMatch(/^\d+\.\d+\.\d+$/);
    expect(others).toEqual([image]);
    expect(satisfies(image, engines.node)).toBe(true);
    expect(major(image) % 2).toBe(0);
    expect(text('.ci/run')).toContain(
      String.raw`sed -n 's/^FROM node:\([0-9.]*\)-.* AS build$/\1/p' Dockerfile`,
    );
  });

  it('is at least that of engines in CI, the client and the documents', () => {
    expect(text('.github/workflows/ci.yml')).toContain(`node-version: ${major(least)},`);
    expect(JSON.parse(text('packages/client/package.json')).engines).toEqual(engines);
    const said = least.replace(/\.0$/, '');
    for (const file of ['README.md', 'CONTRIBUTING.md', 'docs/operations.md']) {
      expect(text(file)).toContain(`Node ${said} or newer`);
    }
  });

  it.each([
    ['the least', least],
    ['that of the image', image],
  ])('can be %s for every package of the lock file', (_, version) => {
    const refusing = Object.entries(lock.packages)
      .filter(([, { os, engines: { node = '*' } = {} }]) => isOurs(os) && !satisfies(version, node))
      .map(([path, { engines: needs }]) => `${path}: ${needs?.node}`);
    expect(refusing).toEqual([]);
  });
});
