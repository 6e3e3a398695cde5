import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { temporaryDirectory } from '../helpers.js';

const test = (fullName: string, status: string) => ({ fullName, status });
const file = (status: string, ...assertionResults: object[]) => ({
  name: 'a.test.ts',
  status,
  message: 'Error: cannot load\n at x',
  assertionResults,
});

function total(reports: Record<string, string | object>): { lines: string[]; status: number | null } {
  const directory = temporaryDirectory();
  const files = Object.entries(reports).map(([name, content]) => {
    const path = join(directory, name);
    if (content !== '') writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
    return path;
  });
  const { stdout, status } = spawnSync(process.execPath, ['scripts/ci-total.mjs', ...files], {
    encoding: 'utf8',
  });
  return { lines: stdout.trimEnd().split('\n'), status };
}

const vitest = (...testResults: object[]) => ({ testResults, numFailedTests: 0, success: true });
const PYTEST =
  '<testsuites><testsuite><testcase name="one" time="1"/><testcase name="two"><skipped message="x">y</skipped></testcase><testcase name="three"></testcase></testsuite></testsuites>';

it('adds up what passed in every suite, and names what was skipped', () => {
  const unit = vitest(file('passed', test('a', 'passed'), test('b', 'pending'), test('c', 'passed')));
  const { lines, status } = total({ 'unit.json': unit, 'training.xml': PYTEST });
  expect(lines).toEqual(['skipped: b (a.test.ts)', 'skipped: two', '4 passed, 0 failed, 2 skipped']);
  expect(status).toBe(0);
});

it('fails with the names of what failed', () => {
  const xml = '<testcase name="bad"><failure message="no">trace</failure></testcase><testcase name="ok"/>';
  const unit = { ...vitest(file('failed', test('a', 'failed'))), numFailedTests: 1, success: false };
  const { lines, status } = total({ 'unit.json': unit, 'training.xml': xml });
  expect(lines).toEqual(['failed: a (a.test.ts)', 'failed: bad', '1 passed, 2 failed']);
  expect(status).toBe(1);
});

it.each([
  ['a file that cannot be loaded', { 'unit.json': { ...vitest(file('failed')), success: false } }],
  ['a run that ended badly without a failed test', { 'unit.json': { ...vitest(), success: false } }],
  ['a report that is not there', { 'unit.json': '' }],
])('counts %s as a failure', (_, reports) => {
  const { lines, status } = total(reports);
  expect(lines.at(-1)).toBe('0 passed, 1 failed');
  expect(status).toBe(1);
});
