import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it, vi } from 'vitest';
import { validateCommand } from '../../../src/commands/validate.js';
import { HAS_CHROMIUM, launch } from '../../e2e/browser.js';
import { hourly, PLANTED_FAILURE, WELL_ALL_ALONG, writeCohort } from '../cohort.js';

const ROOT = mkdtempSync(join(tmpdir(), 'wardstream-print-'));
afterAll(() => rmSync(ROOT, { recursive: true }));

it.skipIf(!HAS_CHROMIUM)('on A4 nothing of the report is cut off at the right', async () => {
  const stays = Array.from({ length: 40 }, (_, index) => ({
    id: String(900_000 + index),
    rows: index % 3 === 0 ? PLANTED_FAILURE : index % 3 === 1 ? WELL_ALL_ALONG : hourly(0, 8 + index),
    died: index % 4 === 0,
    age: 30 + index,
  }));
  const report = join(ROOT, 'report.html');
  vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const from = `physionet2012:${writeCohort(ROOT, stays)}`;
  await validateCommand({ from, report, seed: 1, resamples: 50, sensitivity: 20, workers: 1, json: true });
  vi.restoreAllMocks();
  const browser = await launch();
  try {
    // 210 mm less the margins, at 96 dpi.
    const page = await browser.newPage({ viewport: { width: 680, height: 1000 } });
    await page.goto(`file://${report}`);
    await page.emulateMedia({ media: 'print' });
    const wide = await page.evaluate(`
      [...document.querySelectorAll('table, svg, p, li, pre, h1, h2, h3')]
        .filter((each) => each.getBoundingClientRect().right > document.body.getBoundingClientRect().right + 1)
        .map((each) => each.outerHTML.slice(0, 200))`);
    expect(wide).toEqual([]);
    // Tables of the whole report are there.
    expect(await page.locator('table').count()).toBeGreaterThan(15);
  } finally {
    await browser.close();
  }
});
