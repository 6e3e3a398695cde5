// Removes ONNX Runtime's binaries of other platforms than this one from node_modules: they are five sixths of its package.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';

const ROOT = 'node_modules/onnxruntime-node/bin';
for (const api of readdirSync(ROOT)) {
  const own = join(ROOT, api, process.platform, process.arch);
  if (!existsSync(own)) throw new Error(`${own} is missing: ONNX Runtime has no binary for this platform`);
  for (const platform of readdirSync(join(ROOT, api))) {
    for (const arch of readdirSync(join(ROOT, api, platform))) {
      const folder = join(ROOT, api, platform, arch);
      if (folder !== own) rmSync(folder, { recursive: true });
    }
  }
}
