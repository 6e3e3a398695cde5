import { execFile, execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ImagingMessage } from '../../src/contract/messages.js';
import { DicomDoor } from '../../src/doors/dicom/dimse.js';
import { DicomWebDoor } from '../../src/doors/dicom/stow.js';
import { firstFrame } from '../../src/encoders/dicom-frame.js';
import { parseFile } from '../../src/encoders/parse-dicom.js';
import { openDoor } from '../doors/dicom/log.js';

const VENV = resolve('tmp/dicom-venv');
const PYTHON = join(VENV, 'bin/python');
const PACKAGES = [
  'pydicom==3.0.2',
  'pynetdicom==3.0.4',
  'numpy',
  'pylibjpeg==2.1.0',
  'pylibjpeg-openjpeg==2.6.0',
  'pyjpegls==1.5.1',
];
const SCRIPT = resolve('test/integration/dicom_peer.py');
const HAS_PYTHON = spawnSync('python3', ['--version']).status === 0;
if (!HAS_PYTHON) process.stderr.write('skipped: pynetdicom as a peer needs python3\n');

interface Sent {
  readonly name: string;
  readonly syntax: string;
  readonly status: number;
  readonly sum: number;
}

async function python(...args: readonly string[]): Promise<Sent[]> {
  const { stdout } = await promisify(execFile)(PYTHON, [SCRIPT, ...args], { timeout: 100_000 });
  return JSON.parse(stdout) as Sent[];
}

/** The sum of what is stored in the first frame, as a peer would count it. */
async function sumOf({ image }: ImagingMessage): Promise<number> {
  const { dataSet } = parseFile(image as Buffer, 1_000_000);
  const { values } = await firstFrame(dataSet, 1_000_000);
  return values.reduce((sum, value) => sum + value, 0);
}

describe.skipIf(!HAS_PYTHON)('pynetdicom and pydicom', () => {
  beforeAll(() => {
    if (!existsSync(PYTHON)) execFileSync('python3', ['-m', 'venv', VENV]);
    execFileSync(PYTHON, ['-m', 'pip', 'install', '--quiet', ...PACKAGES]);
  }, 360_000);

  it('send pictures in each transfer syntax, which are read as they were made', async () => {
    const { bus, port } = await openDoor({ kind: 'dicom', aeTitle: 'WARD' }, (config, context) =>
      DicomDoor.open(config as never, context),
    );
    const sent = await python('store', String(port));
    expect(sent.map(({ status }) => status)).toEqual(sent.map(() => 0));
    const images = bus.images();
    expect(images).toHaveLength(sent.length);
    const read = await Promise.all(images.map(sumOf));
    expect(read).toEqual(sent.map(({ sum }) => sum));
    expect(new Set(sent.map(({ syntax }) => syntax)).size).toBe(7);
  });

  it('are told what is not taken', async () => {
    const { bus, port } = await openDoor({ kind: 'dicom' }, (config, context) =>
      DicomDoor.open(config as never, context),
    );
    const sent = await python('odd', String(port));
    expect(Object.fromEntries(sent.map(({ name, status }) => [name, status]))).toEqual({
      echo: 0,
      'no patient': 0xc001,
      'CT class': -1,
      again: 0,
      'and again': 0,
    });
    expect(bus.images()).toHaveLength(1);
  });

  it('post pictures to STOW-RS', async () => {
    const { door, bus } = await openDoor({ kind: 'dicomweb' }, (config, context) =>
      DicomWebDoor.open(config as never, context),
    );
    expect(await python('stow', door.address)).toMatchObject([{ status: 200 }]);
    expect(bus.images()).toHaveLength(2);
  });
});
