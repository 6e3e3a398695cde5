// A live ward on an embedded log, to be killed: node embedded-ward.mjs '{"directory":…,"messages":FILE,"settings":…}'. It appends the messages of the
// file, which wait in the log for their time, where it is not null, and goes on until it is killed.
import { readFileSync, writeSync } from 'node:fs';
import { assembleLive } from '../../dist/app/assemble.js';
import { untilStopped } from '../../dist/app/life.js';
import { interrupted } from '../../dist/commands/cli.js';
import { produceAll } from '../../dist/replay/replay.js';
import { parseConfig } from '../../dist/settings/config.js';

const { directory, messages: file, settings } = JSON.parse(process.argv[2]);
const messages = file === null ? [] : JSON.parse(readFileSync(file, 'utf8'));
const config = parseConfig({
  ...settings,
  bus: { kind: 'embedded', directory: `${directory}/log` },
  store: { kind: 'embedded', directory: `${directory}/store` },
  state: { checkpointIntervalMs: 200 },
  server: { port: 0 },
});
await untilStopped(interrupted(), async (life) => {
  const { bus, engine } = await assembleLive(config, life);
  await produceAll(messages, bus, engine.codec);
  writeSync(1, 'ready\n');
  return engine.failed();
});
process.exit();
