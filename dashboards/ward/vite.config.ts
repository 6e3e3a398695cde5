import type { UserConfig } from 'vite';

export default {
  base: './',
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The first with CSS light-dark().
    target: ['chrome123', 'firefox120', 'safari17.5'],
  },
} satisfies UserConfig;
