import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { open } from 'lmdb';
import { EmbeddedBus } from '../dist/bus/embedded/bus.js';
import { ROOT_OPTIONS } from '../dist/bus/embedded/options.js';
import { encodeRecord } from '../dist/bus/embedded/record.js';

/** A VitalSigns message of six observations has about so many bytes. */
const VALUE = Buffer.alloc(139, 7);
const PATIENTS = 500;
const SIZES = [1, 10, 100, 1000];
const SECONDS = 2;

/**
 * Messages acknowledged a second, each batch on the disk (fsync) before the next is sent, by batch size: through the embedded log, and
 * written to the same database directly, in the same batches. And through the log where eight senders send at once.
 */
export async function measure() {
  const batches = {};
  for (const size of SIZES) {
    const raw = await inDirectory((directory) => rateOf(rawWriter(directory), size, 1));
    const log = await inDirectory((directory) => rateOf(logWriter(directory), size, 1));
    const eight = await inDirectory((directory) => rateOf(logWriter(directory), size, 8));
    batches[size] = {
      rawPerSecond: Math.round(raw),
      logPerSecond: Math.round(log),
      ratio: Number((log / raw).toFixed(2)),
      eightSendersPerSecond: Math.round(eight),
    };
  }
  return { figure: 'embedded-log', batches };
}

async function rateOf({ write, close }, size, senders) {
  let count = 0;
  const until = performance.now() + SECONDS * 1000;
  const began = performance.now();
  const send = async () => {
    for (let n = 0; performance.now() < until; n++) {
      const messages = Array.from({ length: size }, (_, index) => ({
        key: `p${(n * size + index) % PATIENTS}`,
        value: VALUE,
      }));
      await write(messages);
      count += size;
    }
  };
  await Promise.all(Array.from({ length: senders }, send));
  const seconds = (performance.now() - began) / 1000;
  await close();
  return count / seconds;
}

function rawWriter(path) {
  const root = open({ ...ROOT_OPTIONS, path });
  const table = root.openDB({ name: 't', encoding: 'binary' });
  let next = 0;
  return {
    write: async (messages) => {
      root.transactionSync(() => {
        for (const { key, value } of messages) table.putSync(next++, encodeRecord(0, key, value));
      });
    },
    close: () => root.close(),
  };
}

function logWriter(directory) {
  const bus = EmbeddedBus.open({ directory, partitions: 4 });
  return { write: (messages) => bus.produce('ward.vitals', messages), close: () => bus.close() };
}

async function inDirectory(call) {
  const directory = mkdtempSync(join(tmpdir(), 'wardstream-bench-'));
  try {
    return await call(directory);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
