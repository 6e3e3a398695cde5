import { defineConfig } from 'vitest/config';

/** Tests with a process, a store, a browser or a server in them; all others are units. */
const COMPONENTS = [
  'test/{app,client,commands,deploy,e2e,install,replay,scripts,server,store,ward}/**/*.test.ts',
  'test/engine/{push-delay,shadow}.test.ts',
  'test/inference/webgpu.test.ts',
  'test/study/report/print.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // CommonJS, which Node loads as it is.
    server: { deps: { external: [/\/src\/bus\/kafkajs\//] } },
    // One file a core; where nothing is said, one core is left idle.
    maxWorkers: '100%',
    // What is waited for comes, however busy the machine is: a poll ends when it does.
    expect: { poll: { timeout: 50_000 } },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/integration/**', ...COMPONENTS],
        },
      },
      { extends: true, test: { name: 'component', include: COMPONENTS } },
    ],
  },
});
