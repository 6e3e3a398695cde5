import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Validator } from '@seriousme/openapi-schema-validator';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CLOSE } from '../../src/contract/protocol.js';
import { apiDocuments } from '../../src/server/documents.js';

type Json = Record<string, unknown>;

/** Every `$ref` in a document. */
function references(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, each]) =>
    key === '$ref' && typeof each === 'string' ? [each] : references(each),
  );
}

function resolve(document: Json, reference: string): unknown {
  return reference
    .replace('#/', '')
    .split('/')
    .reduce<unknown>((at, key) => (at as Json | undefined)?.[key.replaceAll('~1', '/')], document);
}

describe('the API documents', () => {
  for (const [file, text] of Object.entries(apiDocuments())) {
    it(`${file} is what the server says; else run npm run api`, () => {
      expect(readFileSync(file, 'utf8')).toBe(text);
    });

    it(`${file} refers to nothing that is not in it`, () => {
      const document = parse(text) as Json;
      const all = references(document);
      expect(all.length).toBeGreaterThan(10);
      for (const each of all) expect([each, resolve(document, each) !== undefined]).toEqual([each, true]);
    });
  }

  it('follow the published schemas of OpenAPI 3.1 and AsyncAPI 3', async () => {
    const { 'docs/openapi.yaml': openApi, 'docs/asyncapi.yaml': asyncApi } = apiDocuments();
    expect(await new Validator().validate(parse(openApi))).toEqual({ valid: true });
    const ajv = new Ajv({ strict: false });
    formats.default(ajv);
    const specification = createRequire(import.meta.url)('@asyncapi/specs/schemas/3.0.0-without-$id.json');
    const isAsyncApi = ajv.compile(specification);
    isAsyncApi(parse(asyncApi));
    expect(isAsyncApi.errors).toBeNull();
    expect(isAsyncApi({ ...parse(asyncApi), channels: { nonsense: 1 } })).toBe(false);
  });

  it('name every endpoint, its permission and its errors, and every close code', () => {
    const { 'docs/openapi.yaml': openApi, 'docs/asyncapi.yaml': asyncApi } = apiDocuments();
    const { openapi, paths } = parse(openApi) as {
      openapi: string;
      paths: Record<string, Record<string, Json>>;
    };
    expect(openapi).toBe('3.1.0');
    expect(Object.keys(paths)).toEqual(
      expect.arrayContaining([
        '/api/v1/patients/{patientId}/timeline',
        '/api/v1/alerts/{alertId}/actions',
        '/fhir/Flag',
      ]),
    );
    for (const [path, methods] of Object.entries(paths)) {
      for (const { summary, description, responses } of Object.values(methods)) {
        expect([path, summary, description]).toEqual([
          path,
          expect.any(String),
          expect.stringContaining('permission'),
        ]);
        expect(Object.keys(responses as Json)).toContain('default');
      }
    }
    for (const code of Object.values(CLOSE)) expect(asyncApi).toContain(String(code));
    const { channels } = parse(asyncApi) as { channels: { push: { messages: Json } } };
    expect(Object.keys(channels.push.messages)).toEqual(
      expect.arrayContaining(['Hello', 'Snapshot', 'AlertFrame', 'Subscribe', 'Authenticate']),
    );
  });
});
