// One base, and one thing changed at a time: what each costs the `sluice` process for an event. Events are drawn as server-side SDKs send
// them (testing/loadgen/sdk_events.h). Every run counts what came to the far end.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../integration/lib/wait.js';
import { cpuSeconds, peakMiB, Rig, STREAM } from './rig.js';

// Saturated: as fast as answers come. `rate`: events a second. `seconds`: a multiple of what the run has, for loads that need more.
const BASE = { events: 100, connections: 16, tlsOut: true, encoding: 'json', cbor: false, destinations: 1, loops: 1 };

// `target`: µs of CPU an event on a machine whose composite takes TARGETS_HOLD_FOR_US, plain.
export const TARGETS_HOLD_FOR_US = 0.83, FURTHER_DESTINATION_TARGET = 1.2;
export const ROWS = [
  { name: '100 events a payload', group: 'base', target: 1.9 },
  { name: 'plain to Kinesis', group: 'transport', tlsOut: false, target: 1.4 },
  { name: 'TLS from SDKs', group: 'transport', tlsIn: true },
  { name: 'gzip from SDKs', group: 'transport', gzip: true },
  { name: '20,000 events/s', group: 'load', rate: 20_000, seconds: 2, target: 2.9 },
  { name: '50,000 events/s', group: 'load', rate: 50_000, seconds: 2 },
  { name: '3 events a payload', group: 'load', events: 3, connections: 32 },
  { name: '3 events a payload, 12,000 events/s', group: 'load', events: 3, connections: 32, rate: 12_000, seconds: 2 },
  { name: '10,000 events a payload', group: 'load', events: 10_000, connections: 4 },
  { name: '2 intake loops', group: 'load', loops: 2 },
  { name: '600,000 events wait, then 20,000 events/s', group: 'load', backlog: 600_000, rate: 20_000 },
  { name: 'json as CBOR', group: 'encoding', cbor: true },
  { name: 'ndjson', group: 'encoding', encoding: 'ndjson', cbor: true },
  { name: 'ndjson+gzip', group: 'encoding', encoding: 'ndjson+gzip', cbor: true },
  { name: 'ndjson+zstd', group: 'encoding', encoding: 'ndjson+zstd', cbor: true, target: 1.8 },
  { name: 'kpl', group: 'encoding', encoding: 'kpl', cbor: true },
  { name: '3 destinations', group: 'destinations', destinations: 3 },
  { name: '10 destinations', group: 'destinations', destinations: 10 },
].map((row) => ({ ...BASE, ...row }));

const streamsOf = (row) => Array.from({ length: row.destinations }, (_, i) => (i === 0 ? STREAM : `${STREAM}-${i}`));

const loadOf = (row, seconds) => [
  '--as-sdks-send', '--events', row.events, '--connections', row.connections, '--seconds', seconds * (row.seconds ?? 1), ...(row.rate ? ['--rate', row.rate] : []),
  ...(row.gzip ? ['--gzip'] : []), ...(row.tlsIn ? ['--tls'] : []),
];

// The sink counts and keeps nothing else, so that it takes little of the machine that it shares.
export async function measure(t, row, seconds) {
  const streams = streamsOf(row);
  const rig = await Rig.start(t, { shards: 1000, rateLimits: false, tls: true, cbor: row.cbor, ledger: 'count', streams });
  if (!row.tlsOut) rig.scheme = 'http';
  const sluice = await rig.sluice({ encoding: row.encoding, cbor: row.cbor }, streams, { loops: row.loops, ...(row.tlsIn && rig.intakeTls) });
  const { pid } = sluice.process;
  await rig.load(sluice, '--payloads', '20', '--rate', '2000', ...(row.tlsIn ? ['--tls'] : []));  // connections, credentials, shards
  const warm = 2000;
  await waitFor('what came first to be delivered', async () => (await sluice.status()).destinations.every(({ backlog }) => backlog.events === 0), { everyMs: 50 });
  const before = await cpuSeconds(pid), started = performance.now();
  let events = 0;
  if (row.backlog) {
    await rig.kinesim.stop('SIGKILL');
    events += (await rig.load(sluice, '--as-sdks-send', '--payloads', row.backlog / row.events, '--seconds', 0)).events_acknowledged;
    await rig.launchKinesim();
  }
  const report = await rig.load(sluice, ...loadOf(row, seconds));
  events += report.events_acknowledged;
  await waitFor('everything to be delivered', async () => (await sluice.status()).destinations.every(({ backlog }) => backlog.events === 0), { timeoutMs: 120_000, everyMs: 50 });
  const elapsed = (performance.now() - started) / 1000;
  const cpu = ((await cpuSeconds(pid)) - before) * 1e6 / events;
  for (const { name, deadLettered = 0 } of (await sluice.status()).destinations) assert.equal(deadLettered, 0, name);
  if (row.encoding === 'json')
    for (const stream of streams) assert.equal((await rig.counts(stream)).records, events + (row.backlog ? 0 : warm), `${row.name}: every acknowledged event is in ${stream}, once`);
  const result = { cpu, delivered: events / elapsed, p50: report.latency_ms.p50, p99: report.latency_ms.p99, peak: await peakMiB(pid) };
  await sluice.process.stop('SIGKILL');
  await rig.kinesim.stop('SIGKILL');
  await sleep(100);
  return result;
}
