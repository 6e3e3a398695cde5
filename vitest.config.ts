import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/integration/**'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One file a core; where nothing is said, one core is left idle.
    maxWorkers: '100%',
    // What is waited for comes, however busy the machine is: a poll ends when it does.
    expect: { poll: { timeout: 50_000 } },
  },
});
