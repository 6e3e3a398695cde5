import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { openStore } from '../../src/store/open-store.js';
import { describeStore } from './suite/suite.js';

const directory = mkdtempSync(join(tmpdir(), 'wardstream-test-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

describeStore('the embedded store', () => openStore({ kind: 'embedded', directory }));
