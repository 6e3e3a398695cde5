// Appends records one after the other to a log of the build and says so of each once it is acknowledged: node writer.mjs DIRECTORY COUNT
import { writeSync } from 'node:fs';
import { EmbeddedLog } from '../../../dist/bus/embedded/log.js';

const [directory, count] = process.argv.slice(2);
try {
  const log = EmbeddedLog.open(directory, () => 0);
  await log.createTopic('t', { partitions: 1, isCompacted: false });
  writeSync(1, 'open\n');
  for (let n = 0; n < Number(count); n++) {
    await log.append('t', [{ partition: 0, key: 'p', value: Buffer.from(String(n)) }]);
    writeSync(1, `${n}\n`);
  }
  await log.close();
} catch (error) {
  writeSync(2, `${error.message}\n`);
  process.exitCode = 3;
}
