import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';

const CLI = new URL('../../dist/commands/cli.js', import.meta.url).href;

it('keeps a process alive that holds nothing, until it is told to end', async () => {
  const code = `import { interrupted } from '${CLI}'; console.log('there'); await interrupted(); console.log('told');`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code]);
  let said = '';
  child.stdout.on('data', (text: Buffer) => {
    said += text;
  });
  const exited = once(child, 'exit');
  while (!said.includes('there')) await once(child.stdout, 'data');
  const early = await Promise.race([exited, new Promise((resolve) => setTimeout(resolve, 300, 'alive'))]);
  expect(early).toBe('alive');
  child.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
  expect(said).toBe('there\ntold\n');
});
