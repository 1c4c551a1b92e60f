// What Sluice costs, measured from outside: a load generator and kinesim on loopback, the real binary with a durable journal, one event a
// record. Each figure is of the `sluice` process alone, from /proc. The bounds asserted are far above what docs/benchmarks.md shows, because machines
// are noisy: they catch what went wrong by a factor, not by a tenth.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXTERNAL_ID, ROLE } from '../integration/lib/kinesim.js';
import { kinesimBinary, repository } from '../integration/lib/paths.js';
import { Process, runToEnd, temporaryFolder } from '../integration/lib/process.js';
import { CREDENTIALS, destination, SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';

const loadgen = path.join(path.dirname(kinesimBinary), 'loadgen');
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const seconds = Number(process.env.SLUICE_BENCH_SECONDS ?? 8);
const rows = [];

async function cpuSeconds(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

async function memoryMiB(pid, field) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)[1]) / 1024;
}

// kinesim with enough shards (Sluice sends a shard at most its 1000 records a second), without rate limits of its own: it is to sink what comes,
// and counts it.
async function startSink(t) {
  const folder = await temporaryFolder(t);
  const ready = path.join(folder, 'ready.json');
  const kinesim = new Process('kinesim', kinesimBinary, [
    '--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0', '--tls-dir', path.join(folder, 'tls'), '--ready-file', ready,
    '--identity', `${CREDENTIALS.accessKeyId}:${CREDENTIALS.secretAccessKey}`, '--role', `${ROLE},${EXTERNAL_ID}`,
    '--create-stream', 'flag-events:1000', '--no-rate-limits', '--ledger', 'ids', '--ledger-id-field', 'loadgenId',
  ]);
  t.after(() => kinesim.stop('SIGKILL'));
  const addresses = await waitFor('kinesim to be ready', async () => {
    kinesim.requireAlive();
    return JSON.parse(await readFile(ready, 'utf8'));
  });
  return { ...addresses, process: kinesim };
}

async function ledger(sink) {
  const answer = await fetch(`http://${sink.http}/_kinesim/ledger?stream=flag-events&format=counts`);
  return (await answer.json()).streams['flag-events'];
}

async function measure(t, { name, scheme, load }) {
  const sink = await startSink(t);
  const sluice = await Sluice.start(t, {
    destinations: [destination({ endpoint: `${scheme}://${sink[scheme]}`, sts_endpoint: `http://${sink.http}`, role_arn: ROLE, external_id: EXTERNAL_ID })],
    env: { AWS_CA_BUNDLE: sink.certificate },
  });
  const { pid } = sluice.process.child;
  const sinkPid = sink.process.child.pid;
  const [before, sinkBefore] = [await cpuSeconds(pid), await cpuSeconds(sinkPid)];
  const started = Date.now();
  const { status, output } = await runToEnd(loadgen, ['--address', `127.0.0.1:${sluice.port}`, '--sdk-key', SDK_KEY, ...load]);
  assert.equal(status, 0, output);
  const report = JSON.parse(output);
  await waitFor('everything to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 60_000, everyMs: 50 });
  const elapsed = (Date.now() - started) / 1000;
  const cpu = (await cpuSeconds(pid)) - before;
  const sinkCpu = (await cpuSeconds(sinkPid)) - sinkBefore;
  const counts = await ledger(sink);
  const events = report.events_acknowledged;
  const row = {
    name, events, accepted: Math.round(report.events_per_s), delivered: Math.round(events / elapsed), cpu: (cpu * 1e6) / events,
    sink: (sinkCpu * 1e6) / events, p50: report.latency_ms.p50, p99: report.latency_ms.p99, peak: await memoryMiB(pid, 'VmHWM'),
  };
  rows.push(row);
  t.diagnostic(JSON.stringify(row));
  assert.equal(report.payloads_failed, 0, 'no payload was dropped');
  assert.equal(counts.ids.loadgenId.unique, events, 'every acknowledged event is in the stream');
  assert.equal(counts.ids.loadgenId.duplicates, 0, 'none twice');
  return row;
}

const fullSpeed = ['--connections', '16', '--seconds', String(seconds)];

test('a saturated server over TLS delivers all, at a few microseconds of CPU an event, in little memory', async (t) => {
  const row = await measure(t, { name: 'TLS to Kinesis, saturated', scheme: 'https', load: fullSpeed });
  assert.ok(row.cpu < 12, `${row.cpu.toFixed(2)} µs of CPU an event`);
  assert.ok(row.peak < 300, `${row.peak.toFixed(0)} MiB at the peak`);
});

test('the same without TLS', async (t) => {
  const row = await measure(t, { name: 'plain to Kinesis, saturated', scheme: 'http', load: fullSpeed });
  assert.ok(row.cpu < 12, `${row.cpu.toFixed(2)} µs of CPU an event`);
});

test('at a steady 20,000 events a second the 202 is fast', async (t) => {
  const row = await measure(t, { name: 'TLS, 20,000 events/s', scheme: 'https', load: ['--connections', '16', '--seconds', String(seconds), '--rate', '20000'] });
  assert.ok(row.p99 < 500, `${row.p99} ms at the 99th percentile`);
});

test('small payloads of two events', async (t) => {
  const row = await measure(t, { name: 'TLS, 2 events a payload, saturated', scheme: 'https', load: ['--connections', '32', '--events', '2', '--seconds', String(seconds)] });
  assert.ok(row.peak < 300, `${row.peak.toFixed(0)} MiB at the peak`);
});

test('an idle server costs next to nothing', async (t) => {
  const sink = await startSink(t);
  const sluice = await Sluice.start(t, {
    destinations: [destination({ endpoint: `http://${sink.http}`, sts_endpoint: `http://${sink.http}`, role_arn: ROLE, external_id: EXTERNAL_ID })],
  });
  const { pid } = sluice.process.child;
  await sleep(2000); // start-up is over: what follows is measured
  const before = await cpuSeconds(pid);
  const idleSeconds = 10;
  await sleep(idleSeconds * 1000);
  const cpu = ((await cpuSeconds(pid)) - before) / idleSeconds;
  const memory = await memoryMiB(pid, 'VmRSS');
  rows.push({ name: 'idle', idle: true, cpu, memory });
  t.diagnostic(`idle: ${(cpu * 100).toFixed(2)} % of a core, ${memory.toFixed(1)} MiB`);
  assert.ok(cpu < 0.01, `${(cpu * 100).toFixed(2)} % of a core`);
  assert.ok(memory < 40, `${memory.toFixed(1)} MiB`);
});

test.after(() => {
  const commit = execFileSync('git', ['-C', repository, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  console.log(`\n${os.cpus()[0].model}, ${os.cpus().length} cores, ${Math.round(os.totalmem() / 2 ** 30)} GiB, Linux ${os.release()}, commit ${commit}\n`);
  console.log('| run | events | accepted/s | delivered/s | CPU µs/event | kinesim µs/event | 202 p50 ms | p99 ms | peak MiB |');
  console.log('|---|---|---|---|---|---|---|---|---|');
  for (const row of rows) {
    if (row.idle) {
      console.log(`| idle | | | | ${(row.cpu * 100).toFixed(2)} % of a core | | | | ${row.memory.toFixed(1)} |`);
      continue;
    }
    const cells = [row.name, row.events, row.accepted, row.delivered, row.cpu.toFixed(2), row.sink.toFixed(2), row.p50.toFixed(2), row.p99.toFixed(1), row.peak.toFixed(0)];
    console.log(`| ${cells.join(' | ')} |`);
  }
});
