import { defineConfig } from 'vitest/config';

/** Tests of a server in this process. */
const SERVERS = ['test/{notify,server,ward}/**/*.test.ts'];

/** Tests of the released model itself, which takes seconds to load and to score with. */
const MODELS = [
  'test/cohort/{kept-stays,scored-cohort}.test.ts',
  'test/engine/snapshot.test.ts',
  'test/inference/{batcher,runtimes}.test.ts',
];

/** Tests with a process, a store or a browser in them; all others are units. */
const COMPONENTS = [
  'test/{app,client,commands,deploy,e2e,install,replay,scripts,store}/**/*.test.ts',
  'test/bus/embedded/durable.test.ts',
  'test/engine/{push-delay,shadow}.test.ts',
  'test/inference/webgpu.test.ts',
  'test/study/report/print.test.ts',
  'test/training/mapped-sources.test.ts',
];

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 120_000,
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
          exclude: ['test/integration/**', ...COMPONENTS, ...MODELS, ...SERVERS],
          // Files of one worker share their modules: most of the time of a small file went into loading them.
          isolate: false,
        },
      },
      { extends: true, test: { name: 'model', include: MODELS } },
      { extends: true, test: { name: 'server', include: SERVERS, isolate: false } },
      { extends: true, test: { name: 'component', include: COMPONENTS } },
    ],
  },
});
