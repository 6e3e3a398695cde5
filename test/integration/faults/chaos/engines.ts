import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Random } from '../../../../src/simulate/random.js';
import type { EngineProcess, Scene } from '../scene.js';

/** What a supervisor waits before it starts again what ended. */
const RESTART_MS = { least: 500, most: 3000 };
/** A process told to end must have done so by then: `shutdown.deadlineMs` and what follows it. */
const END_WITHIN_MS = 40_000;
/** One that says it has failed must be gone by then, or nobody restarts it. */
const GONE_WITHIN_MS = 30_000;
/** What was killed is started again, and its server answers, by then: also where the broker is away for a while. */
const BACK_WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 1000;
const KIB = 1024;

/** Something that no engine may do. */
export interface Misdeed {
  readonly at: number;
  readonly engine: number;
  readonly what: string;
}

/** A place for an engine, with a supervisor that starts again what ends. */
export class Slot {
  readonly number: number;
  readonly misdeeds: Misdeed[] = [];
  /** The most memory any process here had at once, in bytes. */
  peakBytes = 0;
  /** A fault is under way here. */
  isBusy = false;
  engine: EngineProcess | null = null;
  readonly #launch: () => Promise<EngineProcess>;
  readonly #random: Random;
  readonly #watching: NodeJS.Timeout;
  #isWanted = false;
  /** The end of the process that is there now was asked for. */
  #isAsked = false;
  #failedAt: number | null = null;

  constructor(number: number, seed: number, launch: () => Promise<EngineProcess>) {
    this.number = number;
    this.#launch = launch;
    this.#random = new Random(seed, 100 + number);
    this.#watching = setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  get isWanted(): boolean {
    return this.#isWanted;
  }

  /** There, and nothing is being done to it. */
  get isFree(): boolean {
    return this.#isWanted && this.engine !== null && !this.isBusy;
  }

  /** Resolves when the engine's server answers. */
  async run(): Promise<void> {
    this.#isWanted = true;
    let engine: EngineProcess;
    try {
      engine = await this.#launch();
    } catch (error) {
      this.#note(`ended before it was ready: ${tailOf(String(error))}`);
      await this.#again();
      return;
    }
    this.engine = engine;
    this.#failedAt = null;
    engine.child.once('exit', (code, signal) => {
      this.engine = null;
      if (!this.#isAsked) this.#note(`ended by itself with ${code ?? signal}: ${tailOf(engine.said())}`);
      this.#isAsked = false;
      void this.#again();
    });
    if (!this.#isWanted) await this.stop();
  }

  /** Resolves when an engine is there again, or it has taken too long. */
  async back(): Promise<void> {
    const end = Date.now() + BACK_WITHIN_MS;
    while (this.engine === null && this.#isWanted && Date.now() < end) await sleep(100);
  }

  signal(name: NodeJS.Signals): void {
    this.engine?.child.kill(name);
  }

  /** Ends it at once; the supervisor starts it again. */
  async kill(): Promise<void> {
    const { engine } = this;
    if (engine === null) return;
    this.#isAsked = true;
    await engine.kill();
  }

  /** Tells it to end; the supervisor starts it again. */
  async end(): Promise<void> {
    const { engine } = this;
    if (engine === null) return;
    this.#isAsked = true;
    engine.child.kill('SIGCONT');
    const ended = await Promise.race([engine.stop(), sleep(END_WITHIN_MS, 'too late' as const)]);
    if (ended !== 'too late') return;
    this.#note(`was told to end ${END_WITHIN_MS / 1000} s ago and has not`);
    await engine.kill();
  }

  /** Tells it to end, for good. */
  async stop(): Promise<void> {
    this.#isWanted = false;
    await this.end();
  }

  close(): void {
    clearInterval(this.#watching);
  }

  async #again(): Promise<void> {
    await sleep(this.#random.between(RESTART_MS.least, RESTART_MS.most));
    if (this.#isWanted && this.engine === null) await this.run();
  }

  #look(): void {
    const { engine } = this;
    if (engine === null) return;
    this.peakBytes = Math.max(this.peakBytes, peakOf(engine.child.pid ?? 0));
    if (!/"level":50.*"err"/.test(engine.said())) return;
    this.#failedAt ??= Date.now();
    if (Date.now() - this.#failedAt < GONE_WITHIN_MS || this.isBusy || this.#isAsked) return;
    this.#note(
      `said that it has failed ${GONE_WITHIN_MS / 1000} s ago and is still there: ${tailOf(engine.said())}`,
    );
    void this.kill();
  }

  #note(what: string): void {
    this.misdeeds.push({ at: Date.now(), engine: this.number, what });
    process.stdout.write(`  !! engine ${this.number} ${what}\n`);
  }
}

/** The most memory a process has had (Linux); 0 where that is not known. */
function peakOf(pid: number): number {
  try {
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return KIB * Number(peak ?? 0);
  } catch {
    return 0;
  }
}

function tailOf(said: string): string {
  const lines = said.trim().split('\n');
  const telling = lines.filter((line) => /"level":[56]0|WS_|Error|FATAL/.test(line));
  return (telling.length > 0 ? telling : lines).slice(-2).join(' | ').slice(0, 400);
}

/** One place for each number, with engines that `settingsOf` tells apart. */
export function slotsOf(
  scene: Scene,
  seed: number,
  numbers: readonly number[],
  settingsOf: (number: number) => { readonly more: object; readonly store: object },
): Slot[] {
  return numbers.map((number) => {
    const { more, store } = settingsOf(number);
    return new Slot(number, seed, () => scene.run(more, store));
  });
}
