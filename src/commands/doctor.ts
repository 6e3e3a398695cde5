import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KafkaBus } from '../bus/kafka.js';
import { openEncoders } from '../encoders/open-encoders.js';
import { loadModel } from '../inference/model.js';
import { openRuntime, tryRuntimes } from '../inference/runtimes.js';
import { loadServed } from '../inference/served-model.js';
import { type Config, loadConfig, parseConfig } from '../settings/config.js';
import { openStore } from '../store/open-store.js';

/** One thing looked at. */
interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly found: string;
  /** What to do; empty where nothing needs doing. */
  readonly advice: string;
}

const LEAST_NODE = [20, 19] as const;
const PAGE = fileURLToPath(new URL('../../dashboards/ward/dist/index.html', import.meta.url));

/** `wardstream doctor`: what is here and what is missing. Exit code 1 where something that is needed is. */
export async function doctor(options: { readonly config?: string; readonly json: boolean }): Promise<void> {
  const config = options.config === undefined ? parseConfig({}) : loadConfig(options.config);
  const checks: [string, string, () => Promise<string>][] = [
    ['node', `install Node ${LEAST_NODE.join('.')} or newer`, node],
    [
      'model',
      'restore the folder models/deterioration, or set model.directory; write model.recalibration again',
      () => model(config),
    ],
    ['encoders', 'correct encoders.text and encoders.image, or set them to default', () => encoders(config)],
    ['inference', 'run npm ci again, or change model.runtime', () => inference(config)],
    ['store', 'chDB runs on Linux and macOS; elsewhere set store.kind server', () => store(config)],
    ['kafka', 'start the brokers, or correct bus.brokers', () => kafka(config)],
    ['ward page', 'run npm run build', page],
  ];
  const findings: Finding[] = [];
  for (const [check, advice, look] of checks) {
    try {
      findings.push({ check, ok: true, found: await look(), advice: '' });
    } catch (error) {
      findings.push({
        check,
        ok: false,
        found: error instanceof Error ? error.message : String(error),
        advice,
      });
    }
  }
  const ok = findings.every((finding) => finding.ok);
  if (options.json) process.stdout.write(`${JSON.stringify({ ok, findings })}\n`);
  else for (const finding of findings) process.stdout.write(line(finding));
  if (!ok) process.exitCode = 1;
}

function line({ check, ok, found, advice }: Finding): string {
  return `${ok ? 'ok     ' : 'MISSING'} ${check.padEnd(10)} ${found}${advice === '' ? '' : `\n${' '.repeat(19)}to do: ${advice}`}\n`;
}

async function node(): Promise<string> {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const isNewEnough = major > LEAST_NODE[0] || (major === LEAST_NODE[0] && minor >= LEAST_NODE[1]);
  if (!isNewEnough) throw new Error(`Node ${process.versions.node} is too old`);
  return `Node ${process.versions.node}`;
}

async function model({ model }: Config): Promise<string> {
  return `deterioration ${loadServed(model).config.version}`;
}

/** Which runtime scores, how fast the usable ones are, and why the others are not usable. */
async function inference({ model: { version, directory, runtime, threads } }: Config): Promise<string> {
  const loaded = loadModel(version, directory);
  const opened = await openRuntime(loaded, { runtime, threads });
  const { name } = opened;
  await opened.close();
  const findings = await tryRuntimes(loaded, { threads, isTimed: true });
  const lines = findings.map((each) =>
    each.usable
      ? `${each.name}: ${each.rowsPerSecond} rows/s, ${each.maxAbsDiff.toPrecision(1)} from golden.json`
      : `${each.name}: not usable, ${each.reason}`,
  );
  const why = runtime.kind === 'auto' ? 'the fastest' : 'model.runtime';
  return [`${name} is used (${why})`, ...lines].join(`\n${' '.repeat(19)}`);
}

/** Opens what is configured, needed by the model or not. */
async function encoders(config: Config): Promise<string> {
  const { modalities = {} } = loadModel(config.model.version, config.model.directory).config.encoder;
  const { text, image } = await openEncoders({ ...config.encoders, always: ['text', 'image'] }, modalities);
  try {
    const state = (which: 'text' | 'image') => {
      if (modalities[which] !== undefined) return 'the model takes it';
      return config.encoders.always.includes(which) ? 'for show' : 'not loaded: the model takes none';
    };
    const notes = text === null ? 'off' : `${text.name} (${state('text')})`;
    const images = image === null ? 'off' : `${image.name} (${state('image')})`;
    const { allow } = config.encoders.imageUris;
    return `notes ${notes}, images ${images}, image URIs ${allow.length === 0 ? 'refused' : `below ${allow.join(', ')}`}`;
  } finally {
    await text?.close();
    await image?.close();
  }
}

async function store({ store: config }: Config): Promise<string> {
  if (config.kind === 'server') {
    await (await openStore(config)).close();
    return `ClickHouse at ${config.url}`;
  }
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-doctor-'));
  try {
    await (await openStore({ kind: 'embedded', directory })).close();
    return 'chDB, embedded';
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function kafka({ bus: config }: Config): Promise<string> {
  if (config.kind !== 'kafka') return `not configured; bus.kind is ${config.kind}`;
  const bus = await KafkaBus.open(config);
  try {
    const topics = await bus.listTopics();
    return `${config.brokers.join(', ')} with ${topics.length} topics`;
  } finally {
    await bus.close();
  }
}

async function page(): Promise<string> {
  if (!existsSync(PAGE)) throw new Error('dashboards/ward is not built');
  return 'built';
}
