// What the tests of payloads' contents share: bodies that strangers send, and a victim that is measured.
import { once } from 'node:events';
import http from 'node:http';
import { Worker } from 'node:worker_threads';
import { gzipSync } from 'node:zlib';
import { ENVIRONMENT_ID, SDK_KEY } from '../../integration/lib/sluice.js';

// One request; resolves to the status, or to the name of what went wrong.
function post(sluice, agent, path, headers, body) {
  return new Promise((resolve) => {
    const request = http.request(`${sluice.uri}${path}`, { method: 'POST', agent, headers: { 'Content-Length': body.length, ...headers } }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', (error) => resolve(error.code));
    request.end(body);
  });
}

// As whoever has read a page's source: by the client-side id, compressed.
export class Stranger {
  constructor(sluice) {
    this.sluice = sluice;
    this.agent = new http.Agent({ keepAlive: true });
    this.statuses = new Map();
  }

  async send(packed) {
    const headers = { 'Content-Type': 'application/json', 'Content-Encoding': 'gzip' };
    const status = await post(this.sluice, this.agent, `/events/bulk/${ENVIRONMENT_ID}`, headers, packed);
    this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1);
    return status;
  }
}

export const packed = (text) => gzipSync(text, { level: 1 });

// Posts small payloads by the SDK key at a steady pace, as a server-side SDK does, on a thread of its own; measures each
// answer, and the server's resident memory.
export class Victim {
  constructor(sluice) {
    this.worker = new Worker(new URL('./content_victim.js', import.meta.url), {
      workerData: {
        uri: sluice.uri, pid: sluice.process.pid, pauseMs: 5,
        headers: { 'Content-Type': 'application/json', Authorization: SDK_KEY, 'X-LaunchDarkly-Event-Schema': '4' },
      },
    });
    this.ended = once(this.worker, 'message');
  }

  async stop() {
    this.worker.postMessage('stop');
    const [outcome] = await this.ended;
    await this.worker.terminate();
    Object.assign(this, outcome);
  }

  get p99Ms() {
    const sorted = [...this.latenciesMs].sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length * 0.99)];
  }

  // What it sent and the stream does not have.
  async lost(kinesim) {
    const left = new Set(this.sent);
    for await (const text of kinesim.eachText()) left.delete(/"key":"(victim-\d+)"/.exec(text)?.[1]);
    return left.size;
  }
}
