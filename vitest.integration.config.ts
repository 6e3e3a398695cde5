import { defineConfig } from 'vitest/config';

const ALL = 'test/integration/**/*.test.ts';
/** How fast alerts are seen is measured here, so nothing else runs beside it. */
const ALONE = 'test/integration/faults/chaos/**/*.test.ts';

/** Against a real Kafka broker, one for all files that do not harm it: see test/integration/kafka/broker.ts. */
export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 360_000,
    pool: 'forks',
    // CommonJS, which Node loads as it is.
    server: { deps: { external: [/\/src\/bus\/kafkajs\//] } },
    // What is waited for comes, however busy the machine is: a poll ends when it does.
    expect: { poll: { timeout: 50_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'integration',
          include: [ALL],
          exclude: [ALONE],
          globalSetup: ['test/integration/kafka/shared.ts'],
          // Faults are mostly waited for: two files at once take little more than half the time.
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'chaos', include: [ALONE], fileParallelism: false, sequence: { groupOrder: 1 } },
      },
    ],
  },
});
