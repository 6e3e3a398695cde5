import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MINUTE_MS } from '../durations.js';
import { loadModel, type Model } from '../inference/model.js';
import { type RuntimeFinding, tryRuntimes } from '../inference/runtimes.js';
import { latestModel, listModels } from '../inference/versions.js';
import { type Config, loadConfig, parseConfig } from '../settings/config.js';

export interface ModelsOptions {
  readonly config?: string;
  readonly json: boolean;
}

/** What `models check --json` says. */
export interface CheckResult {
  readonly version: string;
  /** The folder is sound, and every runtime that can be used here agrees with golden.json. */
  readonly ok: boolean;
  /** The runtimes that can be used here, with their largest difference from golden.json. */
  readonly runtimes: Record<string, { readonly maxAbsDiff: number }>;
  /** Why the others cannot be used, or what is wrong. */
  readonly notUsable: Record<string, string>;
}

/** `wardstream models list`: the folders, oldest first, and which one is served. */
export function listCommand(options: ModelsOptions): void {
  const { version: served, directory } = configOf(options).model;
  const models = listModels(directory).map((version) => {
    try {
      const { config, directory: folder } = loadModel(version, directory);
      return { version, ok: true, outputs: config.outputs, directory: folder, fault: null };
    } catch (error) {
      return { version, ok: false, outputs: [], directory: null, fault: (error as Error).message };
    }
  });
  if (options.json) {
    process.stdout.write(`${JSON.stringify({ models, served: nameOf(served, directory) })}\n`);
    return;
  }
  for (const { version, outputs, fault } of models) {
    const mark = version === nameOf(served, directory) ? '*' : ' ';
    process.stdout.write(`${mark} ${version.padEnd(14)} ${fault ?? outputs.join(', ')}\n`);
  }
  process.stdout.write('* is served.\n');
}

/** `wardstream models show`: what a model is, takes and gives, and its card. */
export function showCommand(version: string | undefined, options: ModelsOptions): void {
  const model = modelOf(version, options);
  const { config, directory, encoder, shape } = model;
  const facts = {
    version: config.version,
    directory,
    outputs: config.outputs,
    variables: config.encoder.variables.length,
    features: encoder.size,
    steps: config.steps,
    stepMinutes: config.stepMs / MINUTE_MS,
    cacheBytesPerPatient: 8 * shape.layers * shape.slots * shape.width,
    sha256: config.sha256,
  };
  const card = readIfThere(join(directory, 'card.md'));
  if (options.json) {
    const metrics = readIfThere(join(directory, 'metrics.json'));
    process.stdout.write(
      `${JSON.stringify({ ...facts, metrics: metrics === null ? null : JSON.parse(metrics) })}\n`,
    );
    return;
  }
  for (const [key, value] of Object.entries(facts))
    process.stdout.write(`${key.padEnd(22)} ${String(value)}\n`);
  process.stdout.write(`\n${card ?? 'The folder has no card.md.'}\n`);
}

/** `wardstream models check`: hashes, shapes, and golden outputs on every runtime. Exit code 1 where something is wrong. */
export async function checkCommand(version: string | undefined, options: ModelsOptions): Promise<void> {
  const model = modelOf(version, options);
  const findings = await tryRuntimes(model, { threads: configOf(options).model.threads, isTimed: false });
  const result = checkResultOf(model, findings);
  if (options.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    process.stdout.write(`${result.ok ? 'ok' : 'NOT OK'}  deterioration ${result.version}\n`);
    for (const [name, { maxAbsDiff }] of Object.entries(result.runtimes))
      process.stdout.write(
        `${name.padEnd(14)} differs from golden.json by ${maxAbsDiff.toPrecision(2)} at most\n`,
      );
    for (const [name, reason] of Object.entries(result.notUsable))
      process.stdout.write(`${name.padEnd(14)} not usable: ${reason}\n`);
  }
  if (!result.ok) process.exitCode = 1;
}

export function checkResultOf({ config }: Model, findings: readonly RuntimeFinding[]): CheckResult {
  const usable = findings.filter((each) => each.usable);
  const others = findings.filter((each) => !each.usable);
  return {
    version: config.version,
    ok: usable.length > 0 && others.every(({ isFault }) => !isFault),
    runtimes: Object.fromEntries(usable.map(({ name, maxAbsDiff }) => [name, { maxAbsDiff }])),
    notUsable: Object.fromEntries(others.map(({ name, reason }) => [name, reason])),
  };
}

function configOf({ config }: ModelsOptions): Config {
  return config === undefined ? parseConfig({}) : loadConfig(config);
}

function modelOf(version: string | undefined, options: ModelsOptions): Model {
  const { model } = configOf(options);
  return loadModel(version ?? model.version, model.directory);
}

function nameOf(version: string, directory: string | undefined): string | undefined {
  return version === 'latest' ? latestModel(directory) : version;
}

function readIfThere(file: string): string | null {
  return existsSync(file) ? readFileSync(file, 'utf8') : null;
}
