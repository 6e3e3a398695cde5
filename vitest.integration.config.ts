import { defineConfig } from 'vitest/config';

/** Against a real Kafka broker, one for all files: see test/integration/kafka/broker.ts. */
export default defineConfig({
  test: {
    include: ['test/integration/**/*.test.ts'],
    globalSetup: ['test/integration/kafka/shared.ts'],
    testTimeout: 120_000,
    hookTimeout: 360_000,
    pool: 'forks',
    // CommonJS, which Node loads as it is.
    server: { deps: { external: [/\/src\/bus\/kafkajs\//] } },
    // What is waited for comes, however busy the machine is: a poll ends when it does.
    expect: { poll: { timeout: 50_000 } },
    fileParallelism: false,
  },
});
