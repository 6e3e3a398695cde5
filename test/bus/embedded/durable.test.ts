import { execFile, execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { RecordHandler } from '../../../src/bus/bus.js';
import { EmbeddedBus } from '../../../src/bus/embedded/bus.js';
import { EmbeddedLog } from '../../../src/bus/embedded/log.js';
import { TOPICS } from '../../../src/contract/topics.js';

const WRITER = new URL('writer.mjs', import.meta.url).pathname;
const isRoot = process.getuid?.() === 0;
const hasStrace = spawnSync('strace', ['-V']).status === 0;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wardstream-log-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function countIn(path: string): number {
  const log = EmbeddedLog.open(path, () => 0);
  const values = [...log.all('t', 0)].map(({ value }) => Number(value));
  void log.close();
  expect(values).toEqual(values.map((_, index) => index));
  return values.length;
}

it.runIf(hasStrace)('acknowledges nothing before the disk has it', () => {
  const trace = join(directory, 'trace');
  const log = join(directory, 'log');
  const calls = 'trace=fsync,fdatasync,write';
  const run = spawnSync('strace', ['-f', '-o', trace, '-e', calls, process.execPath, WRITER, log, '20']);
  expect(run.status).toBe(0);
  let synced = 0;
  const acknowledged: number[] = [];
  for (const line of readFileSync(trace, 'utf8').split('\n')) {
    // A call that another thread's call cuts in two is over where it is resumed.
    if (/(fsync|fdatasync)(\(.*\)| resumed.*\)) += 0/.test(line)) synced++;
    const [, said] = /write\(1, "(\d+)\\n"/.exec(line) ?? [];
    if (said === undefined) continue;
    acknowledged.push(Number(said));
    expect(synced).toBeGreaterThan(0);
    synced = 0;
  }
  expect(acknowledged).toEqual(Array.from({ length: 20 }, (_, n) => n));
});

it('has everything that was acknowledged after the process is killed', async () => {
  for (let round = 0; round < 3; round++) {
    const path = join(directory, String(round));
    const writer = spawn(process.execPath, [WRITER, path, '1000000'], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let acknowledged = 0;
    for await (const line of createInterface({ input: writer.stdout })) {
      if (line !== 'open') acknowledged = Number(line) + 1;
      if (acknowledged >= 50 + round) writer.kill('SIGKILL');
    }
    expect(countIn(path)).toBeGreaterThanOrEqual(acknowledged);
  }
});

it('refuses a second process, and takes the directory of one that is gone', async () => {
  const first = spawn(process.execPath, [WRITER, directory, '1000000'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(first.stdout, 'data');
  first.stdout.resume();
  // Not in step with this process, which has to take what the first one says: a pipe that is full would end it.
  const second = promisify(execFile)(process.execPath, [WRITER, directory, '1']);
  await expect(second).rejects.toMatchObject({
    code: 3,
    stderr: expect.stringContaining(`in use by process ${first.pid}`),
  });
  first.kill('SIGKILL');
  await once(first, 'exit');
  expect(spawnSync(process.execPath, [WRITER, directory, '1']).status).toBe(0);
});

it.runIf(isRoot)(
  'refuses what a full disk cannot take, loses nothing, and goes on once there is room',
  async () => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]);
    try {
      const log = EmbeddedLog.open(join(disk, 'log'), () => 0);
      await log.createTopic('t', { partitions: 1, isCompacted: false });
      await log.createTopic('c', { partitions: 1, isCompacted: true });
      await log.append('c', [{ partition: 0, key: 'p', value: Buffer.from('kept') }]);
      const large = { partition: 0, key: 'p', value: Buffer.alloc(100_000) };
      const acknowledged: number[] = [];
      const full = (async () => {
        for (;;) acknowledged.push(...(await log.append('t', [large])));
      })();
      await expect(full).rejects.toMatchObject({
        code: 'WS_BUS',
        message: expect.stringMatching(/cannot write to the log.*0\.\d MB free/),
      });
      await expect(log.append('c', [{ ...large, key: 'p' }])).rejects.toThrow('MB free');
      expect(log.fault).toContain('MB free');
      expect(log.newestOf('c', 0, 'p')?.value?.toString()).toBe('kept');
      expect(log.read('t', 0, 0, 1000).map(({ offset }) => offset)).toEqual(acknowledged);
      execFileSync('mount', ['-o', 'remount,size=9m', disk]);
      const [next] = await log.append('t', [large]);
      expect(next).toBeGreaterThan(acknowledged.at(-1) as number);
      expect([log.fault, log.read('t', 0, 0, 1000).length]).toEqual([null, acknowledged.length + 1]);
      await log.close();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  },
);

it.runIf(isRoot)(
  'is told of while the disk is full: who sends gets the error, who reads has all that was acknowledged',
  async () => {
    const disk = join(directory, 'disk');
    mkdirSync(disk);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', disk]);
    try {
      const clock = { now: () => 0, live: true };
      const bus = EmbeddedBus.open({ directory: join(disk, 'log'), partitions: 1, clock });
      const read: number[] = [];
      const handler: RecordHandler = {
        assigned: async () => undefined,
        batch: async ({ records }) => void read.push(...records.map(({ value }) => value.readUInt32BE(0))),
        revoked: async () => undefined,
        failed: (error) => expect.fail(error.message),
      };
      const consumer = await bus.consume([TOPICS.vitals], handler, clock);
      const send = async (number: number) => {
        const value = Buffer.alloc(100_000);
        value.writeUInt32BE(number, 0);
        await bus.produce(TOPICS.vitals, [{ key: 'Ann', value }]);
      };
      let acknowledged = 0;
      const full = (async () => {
        for (;;) {
          await send(acknowledged);
          acknowledged++;
        }
      })();
      await expect(full).rejects.toMatchObject({ code: 'WS_BUS' });
      expect(bus.troubles.faults).toEqual([expect.stringContaining('make room on the disk')]);
      execFileSync('mount', ['-o', 'remount,size=12m', disk]);
      // Who sent it has an error, and sends it again.
      await send(acknowledged);
      expect(bus.troubles.faults).toEqual([]);
      await expect.poll(() => read).toEqual(Array.from({ length: acknowledged + 1 }, (_, number) => number));
      await consumer.close();
      await bus.close();
    } finally {
      execFileSync('umount', ['-l', disk]);
    }
  },
);
