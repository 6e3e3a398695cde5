// The ward page in headless Chromium with 48 beds at 1 Hz: first paint, script size, share of one core, memory over time,
// delay of an alert, and how soon a silent server is noticed. --minutes=30 watches memory for longer than the default 2.
import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { chromium } from 'playwright-core';
import { openAlertWard } from './support/alert-ward.mjs';

const BEDS = 48;
const PAINTS = 5;
const SAMPLE_MS = 15_000;
const CPU_MS = 30_000;
const ALERTS = 20;
const TICKS_PER_SECOND = 100;
const MIB = 1_048_576;

export async function measure() {
  const minutes = Number(process.argv.find((each) => each.startsWith('--minutes='))?.split('=')[1] ?? 2);
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const ward = spawn(
    process.execPath,
    ['dist/main.js', 'start', '--port', '0', '--beds', String(BEDS), '--speed', '60x'],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  try {
    const address = await addressOf(ward);
    const firstPaintMs = median(await repeat(PAINTS, () => firstPaint(browser, address)));
    const page = await openPage(browser, address);
    await page
      .getByTestId('bed-tile')
      .nth(BEDS - 1)
      .waitFor();
    await sleep(SAMPLE_MS);
    const corePercent = await coreShare(browser, page);
    const memory = await watchMemory(page, minutes);
    ward.kill('SIGSTOP');
    const stopped = performance.now();
    await page.getByTestId('banner').waitFor({ timeout: 30_000 });
    const lossShownMs = Math.round(performance.now() - stopped);
    ward.kill('SIGCONT');
    await page.context().close();
    const alertDelayMs = await alertDelays(browser);
    return {
      beds: BEDS,
      firstPaintMs: Math.round(firstPaintMs),
      scriptGzipKb: scriptKb(),
      corePercent,
      ...memory,
      lossShownMs,
      alertDelayP50Ms: median(alertDelayMs),
      alertDelayMaxMs: Math.max(...alertDelayMs),
      limits: {
        firstPaintMs: 1000,
        scriptGzipKb: 150,
        corePercent: 25,
        lossShownMs: 5000,
        alertDelayMs: 1000,
      },
    };
  } finally {
    await browser.close();
    ward.kill('SIGKILL');
  }
}

function addressOf(ward) {
  return new Promise((resolve, reject) => {
    let output = '';
    ward.once('exit', (code) => reject(new Error(`the ward ended with ${code}`)));
    ward.stdout.on('data', (data) => {
      output += data;
      const match = /http:\/\/\S+#token=\S+/.exec(output);
      if (match !== null) resolve(match[0]);
    });
  });
}

async function openPage(browser, address) {
  const context = await browser.newContext({ viewport: { width: 1920, height: 1080 }, colorScheme: 'dark' });
  const page = await context.newPage();
  await page.goto(address);
  return page;
}

/** First contentful paint of a page never opened before. */
async function firstPaint(browser, address) {
  const page = await openPage(browser, address);
  await page.getByTestId('bed-tile').first().waitFor();
  const paint = await page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime");
  await page.context().close();
  return paint;
}

/** What all of the browser's processes use, as per cent of one core. */
async function coreShare(browser, page) {
  const session = await browser.newBrowserCDPSession();
  const ticks = async () => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    return processInfo.reduce((sum, { id }) => sum + cpuTicks(id), 0);
  };
  await page.bringToFront();
  const before = await ticks();
  const began = performance.now();
  await sleep(CPU_MS);
  const used = ((await ticks()) - before) / TICKS_PER_SECOND;
  return Number(((100 * used) / ((performance.now() - began) / 1000)).toFixed(1));
}

/** User and system time of a process and its threads, in clock ticks (proc(5)). */
function cpuTicks(id) {
  try {
    const fields = readFileSync(`/proc/${id}/stat`, 'utf8').split(') ')[1].split(' ');
    return Number(fields[11]) + Number(fields[12]);
  } catch {
    return 0;
  }
}

/** Heap after garbage collection and nodes of the document, at the begin and at the end. */
async function watchMemory(page, minutes) {
  const session = await page.context().newCDPSession(page);
  const sample = async () => {
    await session.send('HeapProfiler.collectGarbage');
    const { usedSize } = await session.send('Runtime.getHeapUsage');
    const { nodes } = await session.send('Memory.getDOMCounters');
    return { heap: usedSize / MIB, nodes };
  };
  const samples = [await sample()];
  const ends = performance.now() + 60_000 * minutes;
  while (performance.now() < ends) {
    await sleep(SAMPLE_MS);
    samples.push(await sample());
  }
  const [first, last] = [samples[0], samples.at(-1)];
  return {
    watchedMinutes: minutes,
    heapFirstMb: Number(first.heap.toFixed(2)),
    heapLastMb: Number(last.heap.toFixed(2)),
    heapMostMb: Number(Math.max(...samples.map(({ heap }) => heap)).toFixed(2)),
    nodesFirst: first.nodes,
    nodesLast: last.nodes,
  };
}

/** From the event time of the values that raise an alert to its tile saying so, one alert after the other. */
async function alertDelays(browser) {
  const ward = await openAlertWard();
  const page = await openPage(browser, ward.address);
  const tile = page.getByTestId('bed-tile');
  await tile.waitFor();
  await page.evaluate(`
    globalThis.raisedAt = null;
    new MutationObserver(() => {
      const raised = document.querySelector('.tile.active') !== null;
      if (raised) raisedAt ??= Date.now(); else raisedAt = null;
    }).observe(document.body, { subtree: true, childList: true, attributes: true, characterData: true });
  `);
  const delays = [];
  for (let alert = 0; alert < ALERTS; alert++) {
    const eventTime = await ward.send(true);
    await page.waitForFunction(() => globalThis.raisedAt !== null);
    delays.push((await page.evaluate('raisedAt')) - eventTime);
    await ward.send(false);
    await page.waitForFunction(() => globalThis.raisedAt === null);
  }
  await page.context().close();
  await ward.close();
  return delays;
}

function scriptKb() {
  const folder = new URL('../dashboards/ward/dist/assets/', import.meta.url);
  const scripts = readdirSync(folder).filter((name) => name.endsWith('.js'));
  const bytes = scripts.reduce((sum, name) => sum + gzipSync(readFileSync(new URL(name, folder))).length, 0);
  return Number((bytes / 1024).toFixed(1));
}

async function repeat(times, once) {
  const results = [];
  for (let time = 0; time < times; time++) results.push(await once());
  return results;
}

function median(numbers) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
}
