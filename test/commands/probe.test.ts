import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { type ProbeCommandOptions, probeCommand } from '../../src/commands/probe.js';
import { figuresFile } from '../../src/commands/report-files.js';
import { PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../study/cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-probe-'));
let from: string;

beforeAll(() => {
  from = `physionet2012:${writeCohort(ROOT, [
    { id: '900001', rows: PLANTED_FAILURE, died: true },
    { id: '900002', rows: WELL_ALL_ALONG, died: false },
  ])}`;
});
afterAll(() => rmSync(ROOT, { recursive: true }));
afterEach(() => vi.restoreAllMocks());

const run = (more: Partial<ProbeCommandOptions> = {}) =>
  probeCommand({ from, stays: 2, workers: 1, into: [], json: true, ...more });

it('prints one JSON object, writes the report, and the tables where they are marked', async () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const [report, page] = [join(ROOT, 'probe.html'), join(ROOT, 'page.md')];
  writeFileSync(page, '# A page\n\n<!-- probe -->\n<!-- /probe -->\n');
  await run({ report, into: [page] });
  expect(written).toHaveBeenCalledTimes(1);
  const printed = JSON.parse(String(written.mock.calls[0][0]));
  // The one that fails from hour 6 on is not stable.
  expect(printed).toMatchObject({ stays: 1, seen: 2, patients: ['900002'], partial: false, report });
  for (const intervention of printed.interventions) {
    expect(Object.keys(intervention)).toEqual(
      expect.arrayContaining(
        ['sign', 'value', 'minutes', 'isCritical', 'stateAlarm', 'delayMinutes'].concat([
          'deltaMortality',
          'deltaCirculatory',
          'deltaRespiratory',
          'alerts',
        ]),
      ),
    );
  }
  for (const artefact of printed.artefacts) {
    expect(artefact).toMatchObject({
      kind: expect.any(String),
      clinicalAlerts: expect.any(Number),
      technicalNotices: expect.any(Number),
      wronglyResolved: expect.any(Number),
    });
  }
  expect(printed.monotoneViolations).toBeGreaterThanOrEqual(0);
  const html = readFileSync(report, 'utf8');
  expect(html).toContain('</html>');
  // Nothing is fetched, and nothing runs.
  expect(html).not.toMatch(/<script|<link|src=|url\(/);
  expect(JSON.parse(readFileSync(figuresFile(report), 'utf8')).artefacts).toEqual(printed.artefacts);
  const tables = readFileSync(page, 'utf8');
  expect(tables).toContain('| Potassium, high');
  expect(tables).not.toContain(ROOT);
}, 600_000);

it.each([
  [{ report: join(ROOT, 'none', 'r.html') }, 'there is no folder'],
  [{ report: join(ROOT, 'r.pdf') }, 'its name must end in .html'],
  [{ into: [join(ROOT, 'none.md')] }, 'cannot be read'],
  [{ from: 'nowhere:x' }, 'not a known source'],
])('refuses %j before it replays anything', async (more, fault) => {
  await expect(run(more)).rejects.toThrow(fault);
});

it('says where nobody is stable', async () => {
  const ill = join(ROOT, 'ill');
  const none = `physionet2012:${writeCohort(ill, [{ id: '900001', rows: PLANTED_FAILURE, died: true }])}`;
  await expect(run({ from: none })).rejects.toThrow('none of 1 stays is stable');
});
