// The clients: most read at once, some pause for most of each second, some never read. A client that is closed for being too
// slow comes back and resumes, as the protocol says; every healthy one must see every alert exactly once.
import WebSocket from 'ws';

const [url, token, clients, slow, deaf] = process.argv.slice(2);
const ALERT = '{"type":"alert"';
const FIELDS = /"cursor":"([^"]+)".*?"alertId":"([^"]+)".*?"eventTime":(\d+)/;
const latencies = [];
const seen = [];
const closed = {};
const failed = {};
let snapshots = 0;
let healthyBytes = 0;

function open(index) {
  const kind = index < Number(deaf) ? 'deaf' : index < Number(deaf) + Number(slow) ? 'slow' : 'healthy';
  const socket = new WebSocket(`${url.replace('http', 'ws')}/ws`, ['wardstream.v1', `bearer.${token}`]);
  seen[index] ??= { kind, ids: new Set(), doubled: 0, cursor: undefined };
  const mine = seen[index];
  let pausing;
  socket.on('open', () => {
    socket.send(
      JSON.stringify({
        type: 'subscribe',
        wards: ['*'],
        ...(mine.cursor === undefined ? {} : { resumeFrom: mine.cursor }),
      }),
    );
  });
  socket.on('message', (data) => {
    if (kind === 'healthy') healthyBytes += data.length;
    if (data.subarray(0, ALERT.length).toString('latin1') === ALERT) {
      const now = Date.now();
      // Two thousand programs would each read their own: here one process must not spend its time on parsing.
      const [, cursor, alertId, eventTime] = FIELDS.exec(data.toString('latin1'));
      mine.cursor = cursor;
      if (mine.ids.has(alertId)) mine.doubled++;
      mine.ids.add(alertId);
      if (kind === 'healthy') latencies.push(now - Number(eventTime));
    } else if (data.subarray(0, 18).toString('latin1') === '{"type":"snapshot"') {
      snapshots++;
      mine.cursor = JSON.parse(data).cursor;
      if (kind === 'deaf') socket.pause();
      if (kind === 'slow') {
        pausing = setInterval(() => {
          socket.pause();
          setTimeout(() => socket.resume(), 900);
        }, 1000);
      }
    }
  });
  socket.on('error', ({ message }) => {
    failed[message] = (failed[message] ?? 0) + 1;
  });
  socket.on('close', (code) => {
    clearInterval(pausing);
    closed[`${kind} ${code}`] = (closed[`${kind} ${code}`] ?? 0) + 1;
    if (kind !== 'deaf') setTimeout(() => open(index), 100 + Math.random() * 500);
  });
}

for (let index = 0; index < Number(clients); index++) {
  open(index);
  if (index % 50 === 49) await new Promise((resolve) => setTimeout(resolve, 50));
}
while (snapshots < Number(clients)) await new Promise((resolve) => setTimeout(resolve, 50));
process.send('ready');
process.on('message', ({ sent }) => {
  latencies.sort((a, b) => a - b);
  const at = (share) => latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))];
  const healthy = seen.filter(({ kind }) => kind === 'healthy');
  process.send({
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    maxMs: latencies.at(-1),
    healthyMissed: healthy.reduce((sum, { ids }) => sum + sent - ids.size, 0),
    healthyDoubled: healthy.reduce((sum, { doubled }) => sum + doubled, 0),
    slowMissed: seen.filter(({ kind }) => kind === 'slow').reduce((sum, { ids }) => sum + sent - ids.size, 0),
    closed,
    failed,
    healthyMbPerClient: Number((healthyBytes / healthy.length / 2 ** 20).toFixed(1)),
  });
});
