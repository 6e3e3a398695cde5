import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  ARREST,
  REASONS,
  reasonCode,
  reasonOf,
  SATURATION_FALL,
  SOURCES_OF_PRESSURE,
  SWAP,
} from '../../src/clinical/trust.js';

const DOC = readFileSync(new URL('../../docs/trust.md', import.meta.url), 'utf8');

it('tells reasons by ids that differ, and codes that are not 0', () => {
  expect(new Set(REASONS.map(({ id }) => id)).size).toBe(REASONS.length);
  for (const reason of REASONS) expect(reasonOf(reasonCode(reason.id))).toBe(reason);
  expect(REASONS.every((_, index) => index + 1 < 256)).toBe(true);
  expect(() => reasonCode('whim')).toThrow('no reason is called whim');
});

it('has every reason with its verdict in docs/trust.md, and no other', () => {
  const rows = [...DOC.matchAll(/^\| `([a-z-]+)` +\| (doubted|artefact) /gm)].map(([, id, verdict]) => ({
    id,
    verdict,
  }));
  expect(rows).toEqual(REASONS.map(({ id, verdict }) => ({ id, verdict })));
});

it('says the numbers of the rule of arrest and of sources as they are', () => {
  expect(DOC).toContain(
    `a heart rate below ${ARREST.heartRate}; a line whose mean is at most ${ARREST.mean} mmHg`,
  );
  expect(DOC).toContain(`saturation of at least ${ARREST.spo2} %, less than ${SATURATION_FALL} % below`);
  expect(DOC).toContain(`more than ${SOURCES_OF_PRESSURE.contradict} mmHg apart`);
  expect(DOC).toContain(`heart rate ${SWAP.heartRate}/min, mean pressure ${SWAP.pressure} mmHg`);
});
