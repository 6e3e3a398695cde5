import { SingleBar } from 'cli-progress';
import { KafkaBus } from '../bus/kafka.js';
import { murmur2Partition } from '../bus/partitioners.js';
import { WALL_CLOCK } from '../clock.js';
import { INPUT_TOPICS } from '../contract/topics.js';
import { MllpClient } from '../doors/hl7/client.js';
import { composed } from '../doors/hl7/compose.js';
import { HOUR_MS, MINUTE_MS } from '../durations.js';
import { WardstreamError } from '../errors.js';
import { MessageCodec } from '../events/codec.js';
import type { SourceMessage } from '../events/source-message.js';
import { produceAll } from '../replay/replay.js';
import { loadConfig } from '../settings/config.js';
import { simulateWard } from '../simulate/ward.js';
import { RecordingWriter } from '../sources/recording.js';
import { bytesOf } from '../sources/source.js';
import { printResult } from './cli.js';
import { dicomTarget } from './dicom-target.js';
import { writePsvCohort } from './physionet2019-writer.js';
import { StayProgress } from './progress.js';

export interface SimulateCommandOptions {
  readonly beds: number;
  readonly hours: number;
  readonly seed: number;
  /** Seconds between two sets of vital signs. */
  readonly interval: number;
  readonly ward: string;
  readonly out?: string;
  /** Folder for stays as .psv files instead. */
  readonly psv?: string;
  readonly to?: string;
  readonly config?: string;
  readonly json: boolean;
}

/** Takes batches of messages somewhere. */
export interface Target {
  write(messages: readonly SourceMessage[]): Promise<void>;
  close(): Promise<void>;
}

/** A recording begins here, so that the same options give the same file. */
const RECORDING_START = Date.UTC(2026, 0, 5, 6);
const CHUNK = 2000;

/** `wardstream simulate`: a ward into a recording, or into Kafka or a door, where it ends now. */
export async function simulate(options: SimulateCommandOptions): Promise<void> {
  const { beds, hours, seed, interval, ward: wardId, json } = options;
  if (options.psv !== undefined) return simulateCohort(options.psv, beds, seed, json);
  const target = await openTarget(options);
  const now = Math.floor(WALL_CLOCK.now() / MINUTE_MS) * MINUTE_MS;
  const startTime = options.to === undefined ? RECORDING_START : now - hours * HOUR_MS;
  const ward = { beds, hours, seed, startTime, wardId, vitalsIntervalMs: interval * 1000 };
  const bar = new SingleBar({ format: '{bar} hour {value} of {total}', clearOnComplete: true });
  const isShown = process.stderr.isTTY === true;
  if (isShown) bar.start(hours, 0);
  const began = performance.now();
  let messages = 0;
  let chunk: SourceMessage[] = [];
  const send = async () => {
    await target.write(chunk);
    messages += chunk.length;
    if (isShown) bar.update(Math.floor(((chunk.at(-1)?.eventTime ?? startTime) - startTime) / HOUR_MS));
    chunk = [];
  };
  try {
    for (const message of simulateWard(ward)) {
      chunk.push(message);
      if (chunk.length >= CHUNK) await send();
    }
    await send();
  } finally {
    if (isShown) bar.stop();
    await target.close();
  }
  const seconds = (performance.now() - began) / 1000;
  const rate = { seconds: Number(seconds.toFixed(2)), messagesPerSecond: Math.round(messages / seconds) };
  printResult({ beds, hours, seed, messages, ...rate }, json);
}

/** Stays in the form of the PhysioNet Challenge 2019. */
function simulateCohort(directory: string, stays: number, seed: number, json: boolean): void {
  const began = performance.now();
  const progress = new StayProgress();
  writePsvCohort(directory, { stays, seed }, (written) => progress.update('writing', written, stays));
  progress.stop();
  const seconds = Number(((performance.now() - began) / 1000).toFixed(2));
  printResult({ stays, seed, directory, seconds }, json);
}

async function openTarget({ out, to, config }: SimulateCommandOptions): Promise<Target> {
  if ((out === undefined) === (to === undefined)) {
    throw new WardstreamError(
      'WS_USAGE',
      'give either --out FILE or --to kafka, mllp://HOST:PORT or dicom://HOST:PORT',
    );
  }
  const codec = new MessageCodec();
  if (out !== undefined) {
    const writer = new RecordingWriter(out);
    return {
      write: async (messages) => {
        for (const message of messages) {
          const { topic, key, eventTime } = message;
          await writer.write({ topic, key, eventTime, value: bytesOf(message, codec) });
        }
      },
      close: () => writer.close(),
    };
  }
  if (to?.startsWith('mllp://')) return mllpTarget(to);
  if (to?.startsWith('dicom://')) return dicomTarget(to);
  if (to !== 'kafka')
    throw new WardstreamError('WS_USAGE', `--to ${to}: kafka, mllp://HOST:PORT or dicom://HOST:PORT`);
  const bus = await openKafka(config);
  await bus.createTopics(INPUT_TOPICS);
  return {
    write: (messages) => produceAll(messages, bus, codec),
    close: () => bus.close(),
  };
}

/** Connections over which patients are spread: each waits for the answer to its last message. */
const CONNECTIONS = 16;

/** A door for HL7 v2. What HL7 has no plain form for (images, infusions) is not sent. */
function mllpTarget(to: string): Target {
  const { hostname, port } = new URL(to);
  const clients = Array.from({ length: CONNECTIONS }, () => new MllpClient(hostname, Number(port || 2575)));
  return {
    write: async (messages) => {
      await Promise.all(
        clients.map(async (client, index) => {
          for (const message of messages) {
            if (murmur2Partition(message.key, CONNECTIONS) !== index) continue;
            const text = composed(message);
            const answer = text === null ? 'AA' : await client.send(text);
            if (answer !== 'AA' && answer !== 'CA')
              throw new WardstreamError('WS_BUS', `${to} answers ${answer} to ${text?.slice(0, 120)}`);
          }
        }),
      );
    },
    close: async () => {
      for (const client of clients) await client.close();
    },
  };
}

/** The Kafka of a configuration file. @throws WardstreamError `WS_CONFIG` where it names none. */
export function openKafka(file: string | undefined): Promise<KafkaBus> {
  if (file === undefined)
    throw new WardstreamError('WS_USAGE', 'Kafka needs --config FILE with bus.kind kafka');
  const { bus } = loadConfig(file);
  if (bus.kind !== 'kafka') throw new WardstreamError('WS_CONFIG', `bus.kind in ${file} must be kafka`);
  return KafkaBus.open(bus);
}
