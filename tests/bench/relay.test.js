// What flag delivery costs: 10,000 streams on one loop, idle and while a megabyte of flags goes to all of them, beside events; the start until the first flag.
// With SLUICE_LD_RELAY, the path of a program of ld-relay 8, the same is measured of it, with a tenth of the streams: with all it takes minutes and gigabytes.
// Readers are `loadgen streams`, whose CPU time stands beside.
import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FlagStreams, loadgenBinary, manyFlags, startUpstream, upstreamConfig } from '../integration/lib/flag_streams.js';
import { residentMiB } from '../integration/lib/memory.js';
import { freePort, Process, runToEnd, temporaryFolder } from '../integration/lib/process.js';
import { SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { cpuSeconds, grouped, median } from './rig.js';
import { printTable } from './table.js';

const STREAMS = Number(process.env.SLUICE_BENCH_STREAMS ?? 10_000), ROUNDS = Number(process.env.SLUICE_BENCH_ROUNDS ?? 3);
const RESTART_STREAMS = STREAMS / 2, RESTART_FLAG_BYTES = 64 << 10;
const FLAG_BYTES = 1 << 20, STARTS = 5, IDLE_SECONDS = 20, EVENTS_PER_S = 2000, LOAD_SECONDS = 10;
const TARGETS = { idleKiB: 8, idleCpu: 0.02, putSeconds: 10, grownMiB: 64, p99Ms: 20, startMs: 200 };
const MISSED = { p99Ms: 250, startMs: 5000 };
const LD_RELAY = process.env.SLUICE_LD_RELAY, LD_RELAY_STREAMS = Number(process.env.SLUICE_BENCH_LD_RELAY_STREAMS ?? STREAMS / 10);
// Of the descriptors that a machine usually allows, the streams need most.
const settings = { intake: { max_connections: 2000 } };

// How long after `begin` a new stream has had its first flags: asks again until it does.
async function firstFlags(uri, begin) {
  await waitFor('the first flags', async () => {
    const answer = await fetch(`${uri}/all`, { headers: { Authorization: SDK_KEY }, signal: AbortSignal.timeout(5000) });
    if (answer.status !== 200) {
      await answer.arrayBuffer();
      return false;
    }
    const reader = answer.body.getReader();
    try {
      for (let last = 0; ;) {
        const { value, done } = await reader.read();
        if (done) return false;
        for (const byte of value) {
          if (byte === 10 && last === 10) return true;
          if (byte !== 13) last = byte;
        }
      }
    } finally {
      await reader.cancel();
    }
  }, { timeoutMs: 30_000, everyMs: 1 });
  return performance.now() - begin;
}

// What a server of flags is here: launch(), stop(), uri, port, pid; `streams`: how many it gets; `events`: whether it is one of events, too.
async function startSluice(t, upstream) {
  const sluice = await Sluice.start(t, { settings });
  await sluice.process.stop('SIGTERM');
  await sluice.writeConfig(upstreamConfig({ uri: upstream.uri, settings, chosen: ['flag-1'] }));
  return {
    uri: sluice.uri, port: sluice.port, events: true, streams: STREAMS, get pid() { return sluice.process.pid; },
    // Not until it is ready, but until its process runs: what follows is measured.
    launch() {
      const ready = sluice.ready;
      sluice.ready = async () => {};
      return sluice.launch().finally(() => { sluice.ready = ready; });
    },
    stop: (signal = 'SIGTERM') => sluice.process.stop(signal),
    // Another selection, as the console's switch does it.
    async switch() {
      await sluice.writeConfig(upstreamConfig({ uri: upstream.uri, settings, chosen: ['flag-1', 'flag-2'] }));
      const atMs = Date.now();
      sluice.reload();
      return atMs;
    },
  };
}

async function startLdRelay(t, upstream) {
  const folder = await temporaryFolder(t), port = await freePort(), file = path.join(folder, 'relay.conf');
  await writeFile(file, `[Main]\nport = ${port}\nstreamUri = "${upstream.uri}"\nbaseUri = "${upstream.uri}"\nclientSideBaseUri = "${upstream.uri}"\nlogLevel = "error"\n`
    + `[Events]\neventsUri = "${upstream.uri}"\nsendEvents = false\n[Environment "production"]\nsdkKey = "${SDK_KEY}"\n`);
  let process_;
  t.after(() => process_?.stop('SIGKILL'));
  return {
    uri: `http://127.0.0.1:${port}`, port, events: false, streams: LD_RELAY_STREAMS, get pid() { return process_.pid; },
    async launch() { process_ = new Process('ld-relay', LD_RELAY, ['--config', file]); },
    stop: () => process_.stop('SIGTERM'),
  };
}

// How long its threads were ready and had no CPU, which others of the machine had (proc(5), schedstat).
async function waitedSeconds(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const waited = await Promise.all(tasks.map(async (task) => Number((await readFile(`/proc/${pid}/task/${task}/schedstat`, 'utf8')).split(' ')[1])));
  return waited.reduce((sum, each) => sum + each, 0) / 1e9;
}

// The most memory until `done` resolves.
async function peakOf(pid, done) {
  let peak = 0, running = true;
  const ended = done.finally(() => { running = false; });
  while (running) {
    peak = Math.max(peak, await residentMiB(pid));
    await pause(20);
  }
  return { peak, result: await ended };
}

async function load(server, seconds) {
  const { status, output } = await runToEnd(loadgenBinary, ['--address', `127.0.0.1:${server.port}`, '--sdk-key', SDK_KEY, '--events', '20',
    '--rate', String(EVENTS_PER_S), '--seconds', String(seconds), '--connections', '32']);
  assert.equal(status, 0, output);
  const report = JSON.parse(output);
  assert.equal(report.payloads_failed, 0, 'no payload was dropped');
  return report.latency_ms.p99;
}

async function measureStarts(server) {
  const times = [];
  for (let i = 0; i < STARTS; ++i) {
    const begin = performance.now();
    await server.launch();
    const ms = await firstFlags(server.uri, begin);
    times.push({ ms, cpuMs: 1000 * (await cpuSeconds(server.pid)) });
    await server.stop();
  }
  return times;
}

async function measureStreams(t, server, upstream) {
  await server.launch();
  await firstFlags(server.uri, performance.now());
  const before = await residentMiB(server.pid);
  const opened = Date.now();
  const openCpu = await cpuSeconds(server.pid);
  const streams = new FlagStreams(t, server.port, { authorization: SDK_KEY, streams: server.streams, addresses: 2 });
  const all = await streams.allHad(1);
  const found = { streams: server.streams, openSeconds: (all - opened) / 1000, openCpu: (await cpuSeconds(server.pid)) - openCpu };
  await pause(5000);  // allocators and collectors give back
  const idle = await residentMiB(server.pid);
  found.idleKiB = (idle - before) * 1024 / server.streams;
  const idleCpu = await cpuSeconds(server.pid);
  await pause(IDLE_SECONDS * 1000);
  found.idleCpu = ((await cpuSeconds(server.pid)) - idleCpu) / IDLE_SECONDS;
  if (server.events) found.aloneP99Ms = await load(server, LOAD_SECONDS);
  found.puts = [];
  for (let round = 0; round < ROUNDS; ++round) {
    const residentBefore = await residentMiB(server.pid), cpuBefore = await cpuSeconds(server.pid), clientBefore = (await streams.counts()).cpu_s;
    const waitedBefore = await waitedSeconds(server.pid);
    const events = server.events ? load(server, LOAD_SECONDS) : Promise.resolve();
    const { peak, result } = await peakOf(server.pid, (async () => {
      const begun = upstream.put(manyFlags(FLAG_BYTES, 2 + round));
      const seconds = ((await streams.allHad(2 + round)) - begun) / 1000;
      const waited = (await waitedSeconds(server.pid)) - waitedBefore;
      return { seconds, waited, cpu: (await cpuSeconds(server.pid)) - cpuBefore, client: (await streams.counts()).cpu_s - clientBefore };
    })());
    found.puts.push({ ...result, grownMiB: peak - residentBefore, p99Ms: await events });
  }
  if (server.switch) {
    const begun = await server.switch();
    found.switchSeconds = ((await streams.allHad(2 + ROUNDS)) - begun) / 1000;
  }
  const counts = await streams.counts();
  assert.deepEqual([counts.open, counts.ended, counts.connect_errors], [server.streams, 0, 0], 'no stream was cut off');
  await streams.stop();
  await server.stop();
  return found;
}

async function measure(t, start) {
  const upstream = await startUpstream(t, manyFlags(FLAG_BYTES));
  const server = await start(t, upstream);
  const withUpstream = await measureStarts(server);
  const found = { ...(await measureStreams(t, server, upstream)), withUpstream };
  await upstream.stop();
  if (server.events) found.fromDisk = await measureStarts(server);
  return found;
}

test('10,000 streams: what each costs, and what a put to all of them does to events', { timeout: 1_200_000 }, async (t) => {
  if (!LD_RELAY) t.diagnostic('ld-relay is skipped: SLUICE_LD_RELAY is not the path of its program');
  const ours = await measure(t, startSluice);
  t.diagnostic(`Sluice: ${JSON.stringify(ours)}`);
  const theirs = LD_RELAY && await measure(t, startLdRelay);
  const puts = (found, field) => found.puts.map((put) => put[field]);
  const ms = (starts) => `${starts.map((start) => start.ms.toFixed(0)).join(', ')} ms; CPU ${median(starts.map((start) => start.cpuMs)).toFixed(0)} ms`;
  const row = (what, target, value) => [what, target, value(ours), theirs ? value(theirs) : 'skipped'];
  const perStream = (of, seconds) => `${((seconds * 1000) / of.streams).toFixed(2)} ms a stream`;
  printTable('relay', ['', 'target', `Sluice, ${grouped(STREAMS)} streams`, `ld-relay 8, ${grouped(LD_RELAY_STREAMS)} streams`], [
    row('memory of an idle stream', `≤ ${TARGETS.idleKiB} KiB`, (of) => `${of.idleKiB.toFixed(1)} KiB`),
    row('CPU while all are idle', `≤ ${100 * TARGETS.idleCpu} % of a core`, (of) => `${(100 * of.idleCpu).toFixed(2)} %`),
    row('until all are open and have 1 MB of flags', '', (of) => `${of.openSeconds.toFixed(1)} s; CPU ${perStream(of, of.openCpu)}`),
    row(`a put of 1 MB to all, ${ROUNDS} rounds`, `≤ ${TARGETS.putSeconds} s`, (of) => `${puts(of, 'seconds').map((s) => s.toFixed(1)).join(', ')} s`),
    row('its CPU', '', (of) => `${perStream(of, median(puts(of, 'cpu')))} (the readers ${perStream(of, median(puts(of, 'client')))})`),
    row('what it waited for a CPU, as others had it', '', (of) => `${puts(of, 'waited').map((s) => s.toFixed(1)).join(', ')} s`),
    row('its memory', `< ${TARGETS.grownMiB} MiB`, (of) => `${Math.max(...puts(of, 'grownMiB')).toFixed(0)} MiB`),
    row(`p99 of events beside it, ${grouped(EVENTS_PER_S)} events/s`, `≤ ${TARGETS.p99Ms} ms`, (of) => (of.aloneP99Ms === undefined ? '' : `${puts(of, 'p99Ms').map((p99) => p99.toFixed(1)).join(', ')} ms (without a put ${of.aloneP99Ms.toFixed(1)} ms)`)),
    row('a switch reaches all', '', (of) => (of.switchSeconds === undefined ? '' : `${of.switchSeconds.toFixed(1)} s`)),
    row('start to the first flags, with upstream', '', (of) => ms(of.withUpstream)),
    row('start to the first flags from disk, without upstream', `≤ ${TARGETS.startMs} ms`, (of) => (of.fromDisk ? ms(of.fromDisk) : '')),
  ]);
  assert.ok(ours.idleKiB <= TARGETS.idleKiB, 'memory of an idle stream');
  assert.ok(ours.idleCpu <= TARGETS.idleCpu, 'CPU of idle streams');
  // The machine shares its host with others: the quietest round counts where time does.
  assert.ok(Math.min(...puts(ours, 'seconds')) <= TARGETS.putSeconds, 'a put to all');
  assert.ok(Math.max(...puts(ours, 'grownMiB')) < TARGETS.grownMiB, 'memory of a put');
  // Missed so far, and told (docs/benchmarks.md); no worse than this.
  assert.ok(Math.min(...puts(ours, 'p99Ms')) <= MISSED.p99Ms, 'events during a put');
  assert.ok(Math.min(...ours.fromDisk.map((start) => start.ms)) <= MISSED.startMs, 'the start from disk');
});

test('5,000 streams come again after a restart, and no event is lost', { timeout: 300_000 }, async (t) => {
  const upstream = await startUpstream(t, manyFlags(RESTART_FLAG_BYTES));
  const server = await startSluice(t, upstream);
  await server.launch();
  await firstFlags(server.uri, performance.now());
  const streams = new FlagStreams(t, server.port, { authorization: SDK_KEY, streams: RESTART_STREAMS, addresses: 2, 'reconnect-ms': 1000 });
  await streams.allHad(1);
  const rows = [];
  for (const [how, signal] of [['stopped in order', 'SIGTERM'], ['killed', 'SIGKILL']]) {
    // Payloads that fail are sent again until they are taken; SDKs do so once.
    const load_ = runToEnd(loadgenBinary, ['--address', `127.0.0.1:${server.port}`, '--sdk-key', SDK_KEY, '--events', '20', '--rate', String(EVENTS_PER_S),
      '--seconds', String(LOAD_SECONDS), '--connections', '32', '--retries', '100', '--retry-delay-ms', '100']);
    await server.stop(signal);
    const begun = Date.now();
    await server.launch();
    const again = ((await streams.allHad(1, { afterMs: begun })) - begun) / 1000;
    const { status, output } = await load_;
    assert.equal(status, 0, output);
    const report = JSON.parse(output);
    assert.equal(report.payloads_failed, 0, 'no payload was dropped');
    rows.push([how, `${again.toFixed(1)} s`, grouped(report.events_acknowledged), `${report.latency_ms.p99.toFixed(0)} ms`]);
  }
  const { statuses } = await streams.counts();
  printTable('relay-restart', [`${grouped(RESTART_STREAMS)} streams, ${grouped(EVENTS_PER_S)} events/s`, 'all streams are back after', 'events, none lost', 'p99, the restart in it'], rows);
  assert.deepEqual(Object.keys(statuses), ['200'], JSON.stringify(statuses));
});
