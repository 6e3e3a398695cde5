import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseConfig } from '../../src/settings/config.js';
import { temporaryDirectory } from '../helpers.js';

afterEach(() => vi.unstubAllEnvs());

const withPassword = (password: unknown) =>
  parseConfig({ store: { kind: 'server', url: 'http://127.0.0.1:1', password } }).store;

describe('a secret of the configuration', () => {
  it('is text, a variable of the environment, or a file', () => {
    expect(withPassword('plain')).toMatchObject({ password: 'plain' });
    vi.stubEnv('WARDSTREAM_TEST_SECRET', 'from the environment');
    expect(withPassword({ env: 'WARDSTREAM_TEST_SECRET' })).toMatchObject({
      password: 'from the environment',
    });
    const file = join(temporaryDirectory(), 'secret');
    writeFileSync(file, 'two\nlines\n');
    expect(withPassword({ file })).toMatchObject({ password: 'two\nlines' });
  });

  it('that is not there is a WS_CONFIG that names the setting and the place', () => {
    expect(() => withPassword({ env: 'WARDSTREAM_TEST_ABSENT' })).toThrow(
      /store.password: the environment variable WARDSTREAM_TEST_ABSENT is not set/,
    );
    const file = join(temporaryDirectory(), 'absent');
    expect(() => withPassword({ file })).toThrow(`store.password: ${file} cannot be read: ENOENT`);
  });

  it('is not repeated where it is of the wrong form', () => {
    expect(() => withPassword({ env: 'A', secret: 'hunter2' })).toThrow(/store.password/);
    expect(() => withPassword({ env: 'A', secret: 'hunter2' })).not.toThrow(/hunter2/);
  });
});
