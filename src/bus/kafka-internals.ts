import { createRequire } from 'node:module';

/** kafkajs has had no release since this one, and what is replaced in it is private to it. */
const KNOWN_VERSION = '2.2.4';
const SOURCE = 'kafkajs/src';

/**
 * Has kafkajs use, in place of what a module of its own below `src` exports, what `replace` makes of that; modules that have
 * taken it over before keep it, so what they all have is changed in place. False, and nothing is done, where its version is not
 * the one known.
 */
export function replaceInKafkajs<Exports>(module: string, replace: (own: Exports) => Exports): boolean {
  const require = createRequire(import.meta.url);
  if (require('kafkajs/package.json').version !== KNOWN_VERSION) return false;
  const path = require.resolve(`${SOURCE}/${module}.js`);
  const own: Exports = require(path);
  const loaded = require.cache[path];
  if (loaded === undefined) return false;
  loaded.exports = replace(own);
  return true;
}
