// The victim's thread: its answers are measured while the test's own thread packs payloads (lib/content.js).
import http from 'node:http';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { residentMiB } from '../../integration/lib/memory.js';

const { uri, headers, pid, pauseMs } = workerData;
const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
const outcome = { sent: [], refused: [], latenciesMs: [], peakMiB: 0 };
let running = true;
parentPort.once('message', () => { running = false; });

function post(body) {
  return new Promise((resolve) => {
    const request = http.request(`${uri}/bulk`, { method: 'POST', agent, headers: { ...headers, 'Content-Length': body.length } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', (error) => resolve(error.code));
    request.end(body);
  });
}

const waiting = new Set();
for (let i = 0; running; i++) {
  const key = `victim-${i}`;
  const body = Buffer.from(JSON.stringify([{ kind: 'custom', key, creationDate: Date.now(), context: { kind: 'user', key: 'v' } }]));
  const started = performance.now();
  const answer = post(body).then((status) => {
    outcome.latenciesMs.push(performance.now() - started);
    if (status === 202) outcome.sent.push(key);
    else outcome.refused.push(status);
    waiting.delete(answer);
  });
  waiting.add(answer);
  if (i % 20 === 0) outcome.peakMiB = Math.max(outcome.peakMiB, await residentMiB(pid));
  await sleep(pauseMs);
}
await Promise.all(waiting);
agent.destroy();
parentPort.postMessage(outcome);
