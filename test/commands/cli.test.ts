import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryDirectory } from '../helpers.js';
import { hourly, writeCohort } from '../study/cohort.js';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command line as a user does, from the built files; `said` gives what is on stderr so far. */
function launch(...argv: string[]): { child: ChildProcess; said: () => string; ended: Promise<Ended> } {
  const child = spawn(process.execPath, ['dist/main.js', ...argv], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => {
    stdout += String(data);
  });
  child.stderr.on('data', (data) => {
    stderr += String(data);
  });
  return {
    child,
    said: () => stderr,
    ended: once(child, 'close').then(([code]) => ({ code, stdout, stderr })),
  };
}

const wardstream = (...argv: string[]) => launch(...argv).ended;
const lastLine = ({ stdout }: Ended) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

function configFile(settings: object): string {
  const file = join(temporaryDirectory(), 'ward.yaml');
  writeFileSync(file, JSON.stringify(settings));
  return file;
}

/** A Kafka that nobody runs. */
const NO_KAFKA = { kind: 'kafka', brokers: ['127.0.0.1:1'] };

describe('help', () => {
  it('names every command, and the exit codes', async () => {
    const { code, stdout } = await wardstream('--help');
    expect(code).toBe(0);
    for (const name of [
      'start',
      'run',
      'replay',
      'validate',
      'probe',
      'features',
      'simulate',
      'topics',
      'doctor',
    ]) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'));
    }
    expect(stdout).toContain('Exit codes: 0 done, 1 a fault (said on stderr), 2 wrong usage.');
  });

  it.each([
    ['start', '--beds'],
    ['replay', '--from'],
    ['probe', '--stays'],
    ['simulate', '--out'],
    ['doctor', '--json'],
  ])('of %s describes %s', async (command, option) => {
    const { code, stdout } = await wardstream(command, '--help');
    expect([code, stdout.includes(option)]).toEqual([0, true]);
  });

  it.each([
    [['replai'], 'unknown command'],
    [['replay'], 'required option'],
    [['start', '--beds', 'many'], 'whole number'],
    [['run', '--config', 'x', '--roles', 'engine,doctor'], 'There is no role doctor'],
    [['replay', '--from', 'elsewhere:x'], 'not a known source'],
    [['simulate', '--hours', '1'], 'give either --out FILE or --to kafka'],
  ])('wrong use, %j, is exit code 2 and says what is wrong', async (argv, fault) => {
    const { code, stdout, stderr } = await wardstream(...argv);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(fault);
  });
});

describe('what stops the start', () => {
  const cohort = () => writeCohort(temporaryDirectory(), [{ id: '900001', rows: hourly(0, 3), died: false }]);

  it('a wrong setting, in one line that names it', async () => {
    const file = configFile({ align: { reorderWindowMs: -5 }, colour: 'red' });
    const { code, stderr } = await wardstream('run', '--config', file);
    expect(code).toBe(1);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain('align.reorderWindowMs');
    expect(stderr).toContain('colour');
  });

  it('a configuration without Kafka, where Kafka is needed', async () => {
    const { code, stderr } = await wardstream('topics', 'list', '--config', configFile({}));
    expect([code, stderr]).toEqual([1, expect.stringContaining('bus.kind')]);
  });

  it('a model that is not there', async () => {
    const config = configFile({ model: { version: '1999.01-z' } });
    const { code, stderr } = await wardstream(
      'replay',
      '--from',
      `physionet2012:${cohort()}`,
      '--config',
      config,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining('there is no model 1999.01-z')]);
  });

  it('a directory without history', async () => {
    const directory = temporaryDirectory();
    const { code, stderr } = await wardstream('replay', '--from', `physionet2012:${directory}`);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${directory} holds no stays`)]);
  });

  it('a port in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    onTestFinished(() => void other.close());
    const { port } = other.address() as { port: number };
    const { code, stderr } = await wardstream('start', '--beds', '1', '--port', String(port));
    expect([code, stderr]).toEqual([1, expect.stringContaining(`port ${port} on 127.0.0.1 is in use`)]);
  });

  it('a store that another process has open', async () => {
    const directory = temporaryDirectory();
    const holder = spawn(
      process.execPath,
      [
        '-e',
        "new (require('chdb').Session)(process.argv[1]).query('SELECT 1'); console.log('held'); setInterval(() => {}, 1000)",
        directory,
      ],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    );
    onTestFinished(() => void holder.kill('SIGKILL'));
    await once(holder.stdout, 'data');
    const { code, stderr } = await wardstream(
      'replay',
      '--from',
      `physionet2012:${cohort()}`,
      '--store',
      directory,
    );
    expect([code, stderr]).toEqual([1, expect.stringContaining(`${directory} is in use by another process`)]);
  });
});

describe('simulate, replay, features', () => {
  it('a simulated ward is the same file each time, and replays from it with one digest', async () => {
    const directory = temporaryDirectory();
    const [first, second] = ['a', 'b'].map((name) => join(directory, `${name}.avro`));
    const options = ['--beds', '2', '--hours', '3', '--seed', '7', '--json'];
    const made = lastLine(await wardstream('simulate', ...options, '--out', first));
    await wardstream('simulate', ...options, '--out', second);
    expect(made).toMatchObject({ beds: 2, hours: 3, seed: 7 });
    const replayed = await Promise.all(
      [first, second].map((file) => wardstream('replay', '--from', `recording:${file}`, '--json')),
    );
    const [a, b] = replayed.map(lastLine);
    expect(a.patients).toBe(2);
    expect(a.scores).toBeGreaterThan(100);
    expect(b.scoresDigest).toBe(a.scoresDigest);
  });

  it('keeps what it replayed in a store, and says where', async () => {
    const directory = temporaryDirectory();
    const from = `physionet2012:${writeCohort(directory, [{ id: '900001', rows: hourly(0, 3), died: false }])}`;
    const store = join(directory, 'store');
    const result = lastLine(await wardstream('replay', '--from', from, '--store', store, '--json'));
    expect(result).toMatchObject({ patients: 1, observations: 21, store });
    expect(existsSync(store)).toBe(true);
  });

  it('features are written as a table of rows and features', async () => {
    const directory = temporaryDirectory();
    const from = `physionet2012:${writeCohort(directory, [{ id: '900001', rows: hourly(0, 3), died: false }])}`;
    const out = join(directory, 'features');
    const { stays, rows } = lastLine(await wardstream('features', '--from', from, '--out', out, '--json'));
    const described = JSON.parse(readFileSync(join(out, 'rows.json'), 'utf8'));
    expect([stays, rows]).toEqual([1, described.rows]);
    expect(described.stays).toMatchObject([{ id: '900001' }]);
    expect(rows).toBeGreaterThanOrEqual(3);
    expect(statSync(join(out, 'rows.f32')).size).toBe(4 * rows * described.features);
  });
});

describe('doctor', () => {
  it('finds all that the embedded default needs', async () => {
    const { code, stdout } = await wardstream('doctor', '--json');
    const { ok, findings } = JSON.parse(stdout);
    expect([code, ok]).toEqual([0, true]);
    expect(findings.map(({ check }: { check: string }) => check)).toEqual(
      expect.arrayContaining(['node', 'inference', 'model', 'store', 'kafka', 'ward page']),
    );
  });

  it('says what is missing and what to do about it, and ends with 1', async () => {
    const config = configFile({ bus: NO_KAFKA });
    const { code, stdout } = await wardstream('doctor', '--config', config);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^MISSING kafka .*127\.0\.0\.1:1/m);
    expect(stdout).toContain('to do: start the brokers, or correct bus.brokers');
  });
});

describe('run', () => {
  it('waits for a Kafka that is not there, says so, and ends at once when it is told to', async () => {
    const store = { kind: 'embedded', directory: temporaryDirectory() };
    const { child, said, ended } = launch('run', '--config', configFile({ bus: NO_KAFKA, store }));
    await expect
      .poll(said, { timeout: 30_000 })
      .toContain('waiting for Kafka: no Kafka broker answers at 127.0.0.1:1');
    const told = performance.now();
    child.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(performance.now() - told).toBeLessThan(5000);
  });
});
