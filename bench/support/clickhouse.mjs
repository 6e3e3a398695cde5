// ClickHouse in a process of its own: that in process (chDB) behind its HTTP interface, as the tests have it. Says where.
import { runnerImport } from 'vite';

const { module } = await runnerImport('test/store/front.ts');
const front = new module.ClickHouseFront();
await front.come();
console.log(front.url);
process.once('SIGTERM', () => void front.close().then(() => process.exit(0)));
