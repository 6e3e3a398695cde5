import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { availableParallelism, loadavg } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helpers.js';

const FIVE_SECONDS_MS = 5000;
/**
 * What a start that fails, and a process that is told to stop, may take to end: five seconds of a machine that is its own, and as much more as
 * others keep it waiting for a processor.
 */
const limitMs = () => FIVE_SECONDS_MS * Math.max(1, loadavg()[0] / availableParallelism());
const HISTORY = 'simulate:beds=2,hours=2,seed=1';

interface Run {
  readonly child: ChildProcess;
  said(): string;
  heard(words: string): Promise<void>;
  /** Its exit code, and how long after it had said these words it was gone. */
  ended(): Promise<{ readonly code: number | null; since(words: string): number }>;
}

/** Runs the command line as a user does, from the built files. */
function wardstream(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Run {
  const child = spawn(process.execPath, ['dist/main.js', ...argv], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...env },
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let said = '';
  const heardAt: [number, string][] = [];
  const read = (data: Buffer) => {
    said += String(data);
    heardAt.push([performance.now(), said]);
  };
  child.stdout.on('data', read);
  child.stderr.on('data', read);
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  return {
    child,
    said: () => said,
    heard: (words) => expect.poll(() => said, { interval: 20 }).toContain(words),
    ended: async () => {
      const code = await exited;
      const at = performance.now();
      const since = (words: string) => at - (heardAt.find(([, text]) => text.includes(words))?.[0] ?? 0);
      return { code, since };
    },
  };
}

function settingsFile(settings: object): string {
  const file = join(temporaryDirectory(), 'settings.json');
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

/** A port that takes connections and never answers. */
async function silentPort(): Promise<number> {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  return (silent.address() as { port: number }).port;
}

const image = {
  kind: 'custom',
  name: 'none',
  model: { file: '/there-is-none.onnx' },
  inputSize: 8,
  embedding: 'e',
  finding: { output: 'f', index: 0, label: 'l' },
};

describe('a start that fails says so and ends by itself, with what was opened before', () => {
  const flaws: readonly [string, string, object][] = [
    ['model', 'there is no model none', { model: { version: 'none' } }],
    ['runtime', 'is not installed', { model: { runtime: { kind: 'tfjs', backend: 'node-gpu' } } }],
    ['encoder', 'there-is-none', { encoders: { always: ['image'], image } }],
    ['schemas', 'no-such-folder', { schemas: { directory: '/no-such-folder' } }],
    ['server', 'PEM', { server: { tls: { cert: 'no certificate', key: 'no key' } } }],
  ];

  it.each(flaws)('at its %s', async (_, words, settings) => {
    const argv = ['replay', '--from', HISTORY, '--serve', '0', '--config', settingsFile(settings)];
    const { said, ended } = wardstream(argv);
    const { code, since } = await ended();
    expect(said()).toContain(words);
    expect(code).toBe(1);
    if (said().includes('stopping:')) expect(since('stopping:')).toBeLessThan(limitMs());
  });

  it('at its store', async () => {
    const { said, ended } = wardstream(['start', '--beds', '1', '--port', '0'], {
      TMPDIR: '/no-such-folder',
    });
    expect((await ended()).code).toBe(1);
    expect(said()).toContain('/no-such-folder');
  });

  it('at its port', async () => {
    const { said, ended } = wardstream(['start', '--beds', '1', '--port', String(await silentPort())]);
    const { code, since } = await ended();
    expect([code, said()]).toEqual([1, expect.stringContaining('is in use')]);
    expect(since('stopping:')).toBeLessThan(limitMs());
  });
});

describe('one SIGTERM', () => {
  async function expectEnd({ child, ended }: Run, codes: readonly (number | null)[]): Promise<void> {
    const told = performance.now();
    child.kill('SIGTERM');
    expect(codes).toContain((await ended()).code);
    expect(performance.now() - told).toBeLessThan(limitMs());
  }

  it('ends a replay whose store never answers', async () => {
    const store = { kind: 'server', url: `http://127.0.0.1:${await silentPort()}` };
    const run = wardstream(['replay', '--from', HISTORY, '--config', settingsFile({ store })]);
    await new Promise((resolve) => setTimeout(resolve, 3000));
    // Before it listens to signals it ends by the signal, afterwards it says that nothing was opened.
    await expectEnd(run, [null, 1]);
  });

  it('ends a watched replay that still reads its history', async () => {
    const run = wardstream(['replay', '--from', 'simulate:beds=40,hours=200,seed=1', '--serve', '0']);
    await run.heard('reading the history once');
    await expectEnd(run, [0]);
  });

  it('ends a watched replay', async () => {
    const run = wardstream(['replay', '--from', HISTORY, '--serve', '0']);
    await run.heard('on the ward page');
    await expectEnd(run, [0]);
  });

  it('ends the demo, whatever it opens just then', async () => {
    for (const waitMs of [1500, 3000]) {
      const run = wardstream(['start', '--beds', '1', '--port', '0']);
      await new Promise((resolve) => setTimeout(resolve, waitMs));
      await expectEnd(run, [null, 0]);
    }
  });
});
