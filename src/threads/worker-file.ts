/**
 * Path of a worker's script, by its place in src without the ending. Threads run JavaScript only: from TypeScript sources
 * (tests), the one that was built.
 */
export function workerFile(script: string): string {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `../../dist/${script}.js` : `../${script}.js`, import.meta.url).href;
}
