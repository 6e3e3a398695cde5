/** Path of a worker's script. Threads run JavaScript only: from TypeScript sources (tests), the one that was built. */
export function workerFile(name: string): string {
  const isSource = import.meta.url.endsWith('.ts');
  return new URL(isSource ? `../../dist/encoders/${name}.js` : `./${name}.js`, import.meta.url).href;
}
