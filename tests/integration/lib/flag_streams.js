// What benchmarks, attacks and campaigns of flag delivery share: many streams (`loadgen streams`, a process of its own that keeps nothing of what it reads), and an
// upstream whose flags the test changes.
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { spawn } from 'node:child_process';
import path from 'node:path';
import { serverFlag } from './flag_server.js';
import { kinesimBinary } from './paths.js';
import { configText } from './sluice.js';
import { waitFor } from './wait.js';

export const loadgenBinary = path.join(path.dirname(kinesimBinary), 'loadgen');

// Flags of about `bytes` in all, a kilobyte each, whose versions are `version`.
export function manyFlags(bytes, version = 1) {
  const rule = (i) => ({
    id: `rule-${i}`, variation: i % 2, trackEvents: false,
    clauses: [{ contextKind: 'user', attribute: 'country', op: 'in', values: Array.from({ length: 24 }, (_, k) => `country-${i}-${k}`), negate: false }],
  });
  const one = (i) => serverFlag(`flag-${i}`, { version, variations: [true, false], rules: [rule(i)] });
  const each = JSON.stringify(one(100)).length + 12;
  return { flags: Object.fromEntries(Array.from({ length: Math.max(Math.round(bytes / each), 1) }, (_, i) => [`flag-${i}`, one(i)])), segments: {} };
}

// Serves /all, whose streams get `flags` and what put() is given; everything else is answered 202. It can be stopped and started again at its address.
export async function startUpstream(t, flags) {
  const streams = new Set();
  const textOf = (data) => `event: put\ndata: ${JSON.stringify({ path: '/', data })}\n\n`;
  let put = textOf(flags);
  let server;
  const upstream = {
    port: 0,
    async start() {
      server = createServer((request, response) => {
        request.resume();
        if (!request.url.startsWith('/all')) return void response.writeHead(202).end();
        streams.add(response);
        response.on('close', () => streams.delete(response));
        response.writeHead(200, { 'Content-Type': 'text/event-stream' });
        response.write(put);
      });
      await new Promise((done) => { server.listen(upstream.port, '127.0.0.1', done); });
      upstream.port = server.address().port;
      upstream.uri = `http://127.0.0.1:${upstream.port}`;
    },
    // Returns the time at which it was written.
    put(data) {
      put = textOf(data);
      const atMs = Date.now();
      for (const stream of streams) stream.write(put);
      return atMs;
    },
    stop() {
      server.closeAllConnections();
      return new Promise((done) => { server.close(done); });
    },
  };
  await upstream.start();
  t.after(() => upstream.stop());
  return upstream;
}

// The configuration of a server whose flags come from there.
export function upstreamConfig({ uri, settings, destinations, chosen = [], fields = {} }) {
  const lines = Object.entries({
    feature_events: 'chosen flags', export_new_flags: false, flag_source: 'launchdarkly', flag_stream_uri: uri, ...fields,
  }).map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n');
  const flags = chosen.map((key) => `[[flag]]\nproject = "test"\nenvironment = "production"\nkey = "${key}"\nexport = true\n`);
  return [configText({ settings, destinations }).replace('[[environment]]', `[[environment]]\n${lines}`), ...flags].join('\n');
}

export class FlagStreams {
  // `options`: of `loadgen streams`.
  constructor(t, port, options) {
    const args = Object.entries(options).flatMap(([name, value]) => (value === true ? [`--${name}`] : [`--${name}`, String(value)]));
    this.child = spawn(loadgenBinary, ['streams', '--target', `127.0.0.1:${port}`, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.ended = new Promise((done) => { this.child.once('close', done); });
    this.had = [];  // by how many events: when all streams had had them last, ms since 1970
    this.asked = [];
    createInterface({ input: this.child.stdout }).on('line', (line) => {
      const said = JSON.parse(line);
      if (said.said === 'all_had') this.had[said.events] = said.at_ms;
      else this.asked.shift()(said);
    });
    t.after(() => this.stop());
  }

  counts() {
    return new Promise((done) => {
      this.asked.push(done);
      this.child.stdin.write('?');
    });
  }

  // When each stream had so many events on the connection that it has; `afterMs`: after this time.
  async allHad(events, { timeoutMs = 120_000, afterMs = 0 } = {}) {
    await waitFor(`${events} events on each stream`, () => this.had[events] > afterMs, { timeoutMs, everyMs: 20 });
    return this.had[events];
  }

  async stop() {
    this.child.stdin.end();
    await this.ended;
  }
}
