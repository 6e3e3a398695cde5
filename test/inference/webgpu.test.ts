import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { CheckResult } from '../../src/commands/models.js';
import { temporaryDirectory } from '../helpers.js';

/** SwiftShader, a Vulkan device in software, and Vulkan's loader: Debian's chromium brings both. */
const CHROMIUM = '/usr/lib/chromium';
const ICD = `${CHROMIUM}/vk_swiftshader_icd.json`;

// A process of its own, since the loader reads its environment when it starts.
it.skipIf(!existsSync(ICD))(
  'webgpu gives what PyTorch gave, on SwiftShader (skipped without Debian chromium)',
  () => {
    const { stdout, status } = spawnSync(process.execPath, ['dist/main.js', 'models', 'check', '--json'], {
      encoding: 'utf8',
      env: {
        ...process.env,
        VK_ICD_FILENAMES: ICD,
        XDG_RUNTIME_DIR: temporaryDirectory(),
        LD_LIBRARY_PATH: `${CHROMIUM}:${process.env.LD_LIBRARY_PATH ?? ''}`,
      },
    });
    const { ok, runtimes, notUsable } = JSON.parse(stdout) as CheckResult;
    expect([status, ok, notUsable['onnx/webgpu']]).toEqual([0, true, undefined]);
    const difference = runtimes['onnx/webgpu'].maxAbsDiff;
    expect(difference).toBeLessThan(1e-4);
    // It is another implementation: to the bit the same would mean that it did not run.
    expect(difference).not.toBe(runtimes['onnx/cpu'].maxAbsDiff);
  },
);
