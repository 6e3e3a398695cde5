// Makes packages/client/dist, the package wardstream-client, of what tsc made of src/client: those files and what they import. The types
// of the protocol, made with zod for the server, are written out, so that who uses the client needs no zod.
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import * as contract from '../dist/contract/schemas.js';
import { typesOf } from './types-of-schema.mjs';

const TO = 'packages/client/dist';
const PROTOCOL = 'contract/protocol';
const SCHEMAS = new Map(Object.entries(contract));
const INFERRED = /^export type (\w+) = z\.infer<typeof schemas\.(\w+)>;$/gm;

/** Declarations of the protocol without zod. */
function protocolTypes(text) {
  const registry = z.registry();
  for (const [, id, schema] of text.matchAll(INFERRED)) registry.add(SCHEMAS.get(schema), { id });
  const { __shared: shared, ...named } = z.toJSONSchema(registry).schemas;
  const constants = text.slice(text.indexOf('export declare const'));
  return `${typesOf({ ...named, ...shared?.$defs })}\n${constants}`;
}

/** What a compiled file becomes in the package. */
function contentOf(file) {
  const text = readFileSync(join('dist', file), 'utf8').replace(/^\/\/# sourceMappingURL=.*\n?/gm, '');
  return file === `${PROTOCOL}.d.ts` ? protocolTypes(text) : text;
}

rmSync(TO, { recursive: true, force: true });
const waiting = ['client/node', 'client/browser'].flatMap((name) => [`${name}.js`, `${name}.d.ts`]);
const done = new Set();
for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
  if (done.has(file)) continue;
  done.add(file);
  const content = contentOf(file);
  mkdirSync(dirname(join(TO, file)), { recursive: true });
  writeFileSync(join(TO, file), content);
  const ending = file.endsWith('.d.ts') ? '.d.ts' : '.js';
  for (const [, path] of content.matchAll(/from '(\.[^']+)\.js'/g)) {
    waiting.push(join(dirname(file), path) + ending);
  }
}
cpSync('LICENSE', join(TO, 'LICENSE'));
