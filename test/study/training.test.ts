import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { loadModel } from '../../src/inference/model.js';
import { countTrainedOn, readOutOfFold } from '../../src/study/training.js';

it('knows the patients of set A from those of sets B and C', () => {
  expect(countTrainedOn(['132539', '142673', '142675', '152878', 'p1', '132538'])).toBe(2);
});

it('reads the cross-validated figures of the shipped model, and none where there are none', () => {
  const shipped = readOutOfFold(loadModel('latest').directory);
  expect(Object.keys(shipped ?? {})).toEqual(['6', '12', '24', '48']);
  for (const { auroc } of Object.values(shipped ?? {})) expect(auroc[0]).toBeGreaterThan(0.7);
  const empty = mkdtempSync(join(tmpdir(), 'wardstream-model-'));
  expect(readOutOfFold(empty)).toBeNull();
  writeFileSync(join(empty, 'metrics.json'), '{"hours": 3}');
  expect(readOutOfFold(empty)).toBeNull();
  rmSync(empty, { recursive: true });
});
