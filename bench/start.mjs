// Seconds from `wardstream start` to its page being served, and to the first alert there.
import { spawn } from 'node:child_process';

const TIMEOUT_MS = 60_000;

async function addressOf(child) {
  let text = '';
  // Left open: a program whose output nobody takes any more would end with EPIPE.
  for await (const data of child.stdout.iterator({ destroyOnReturn: false })) {
    text += data;
    const address = /(http:\/\/[\d.]+:\d+)\/#token=(\S+)/.exec(text);
    if (address !== null) {
      child.stdout.resume();
      return { url: address[1], token: address[2] };
    }
  }
  throw new Error(`start ended: ${text}`);
}

export async function measure() {
  const began = performance.now();
  const seconds = () => Number(((performance.now() - began) / 1000).toFixed(1));
  const child = spawn('node', ['dist/main.js', 'start', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  try {
    const { url, token } = await addressOf(child);
    const servedAfter = seconds();
    while (performance.now() - began < TIMEOUT_MS) {
      const headers = { authorization: `Bearer ${token}` };
      const { alerts } = await (await fetch(`${url}/api/v1/alerts?limit=1`, { headers })).json();
      if (alerts.length > 0) return { servedAfter, firstAlertAfter: seconds() };
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    throw new Error('no alert within a minute');
  } finally {
    child.kill('SIGTERM');
    await new Promise((resolve) => child.once('exit', resolve));
  }
}
