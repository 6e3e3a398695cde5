// 2 000 WebSocket clients on loopback, of whom 50 read slowly and 20 not at all; 48 beds scored once a second and two
// alerts a second for a minute. The server and the clients are a process each, so that both share this machine's cores.
// Figures: time from the alert handed to the server until a healthy client has read it, and the server's memory.
import { fork } from 'node:child_process';
import { once } from 'node:events';

const CLIENTS = Number(process.env.PUSH_CLIENTS ?? 2000);
const SLOW = 50;
const DEAF = 20;
const SECONDS = Number(process.env.PUSH_SECONDS ?? 60);
const BEDS = 48;
const ALERTS_PER_SECOND = 2;

export async function measure() {
  const server = fork(new URL('./push-load/server.mjs', import.meta.url), [
    String(BEDS),
    String(ALERTS_PER_SECOND),
  ]);
  const [{ url, token }] = await once(server, 'message');
  const clients = fork(new URL('./push-load/clients.mjs', import.meta.url), [
    url,
    token,
    String(CLIENTS),
    String(SLOW),
    String(DEAF),
  ]);
  await once(clients, 'message');
  server.send('begin');
  await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
  server.send('end');
  const [{ sent, rssMb, peakRssMb, idleRssMb, cpuPercent }] = await once(server, 'message');
  await new Promise((resolve) => setTimeout(resolve, 3000));
  clients.send({ sent });
  const [seen] = await once(clients, 'message');
  server.send('close');
  clients.kill();
  await once(server, 'exit');
  const memory = { idleRssMb, rssMb, peakRssMb };
  return {
    name: 'push-load',
    clients: CLIENTS,
    slow: SLOW,
    deaf: DEAF,
    seconds: SECONDS,
    alerts: sent,
    ...seen,
    ...memory,
    serverCpuPercent: cpuPercent,
  };
}
