// What docs/decisions/pacing.md and docs/encodings.md promise, each measured against the release binaries. A case resolves to a row: what was
// measured, as text, and whether that meets the target. `short` runs are for the suite; the published numbers are of long ones.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../integration/lib/wait.js';
import { between, cpuSeconds, grouped, median, peakMiB, percent, Rig, STREAM } from './rig.js';
import { UniqueBodies } from './unique_bodies.js';

const UNIT_BYTES = 25 * 1024;
const REFUSED = { kind: 'record_error', operation: 'PutRecords', code: 'ProvisionedThroughputExceededException' };
const spread = (values, digits = 2) => `${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}`;

// Lines of a large ledger, shard by shard.
async function* recordLines(rig, stream) {
  for (let part = 0; part < 64; ++part) {
    const answer = await fetch(`${rig.control}/_kinesim/ledger?format=records&stream=${stream}&part=${part}`);
    for await (const line of createInterface({ input: Readable.fromWeb(answer.body) })) if (line) yield JSON.parse(line);
  }
}

export async function refusedByChance(t, { denied, short = false }) {
  const rig = await Rig.start(t, { shards: 100, denied, ledger: 'full' });
  await rig.post('faults', { ...REFUSED, probability: 0.3, seed: 1 });
  const sluice = await rig.sluice();
  const report = await rig.load(sluice, '--rate', 20_000, '--seconds', short ? 8 : 20);
  const counts = await rig.allDelivered(report.events_acknowledged);
  let soon = 0, slowest = 0;
  for await (const record of recordLines(rig, STREAM)) {
    const { event } = JSON.parse(Buffer.from(record.data, 'base64').toString());
    const waited = record.arrival_ms - event.creationDate;
    soon += waited <= 5000;
    slowest = Math.max(slowest, waited);
  }
  const share = soon / counts.unique;
  return {
    name: '30 % of the records refused by chance, 20,000 events/s, 100 shards', target: '≥ 99 % within 5 s, 0 lost, 0 twice',
    value: `${percent(share, 2)} within 5 s, the slowest ${(slowest / 1000).toFixed(1)} s; 0 lost, ${counts.twice} twice`, met: share >= 0.99 && counts.twice === 0,
  };
}

// A backlog is drained without and with refusals, by turns.
export async function refusedByChanceSaturated(t, { denied, short = false }) {
  const rates = { whole: [], refused: [] };
  for (let round = 0; round < (short ? 1 : 3); ++round) {
    for (const kind of ['whole', 'refused']) {
      const rig = await Rig.start(t, { shards: 1000, denied, rateLimits: false });
      await rig.post('faults', { kind: 'call_error', operation: 'PutRecords', code: 'ServiceUnavailable', status: 503 });
      const sluice = await rig.sluice();
      const { events_acknowledged: events } = await rig.load(sluice, '--seconds', 0, '--payloads', short ? 8_000 : 20_000);
      await sluice.process.stop('SIGKILL');
      await rig.clearFaults();
      if (kind === 'refused') await rig.post('faults', { ...REFUSED, probability: 0.3, seed: round + 1 });
      await sluice.launch();
      const reaches = (share) => waitFor(`${share} of the backlog`, async () => {
        const counts = await rig.counts();
        return counts.unique >= share * events && { at: performance.now(), ...counts };
      }, { timeoutMs: 120_000, everyMs: 20 });
      const first = await reaches(0.1), last = await reaches(0.95);
      rates[kind].push((last.unique - first.unique) / (last.at - first.at) * 1000);
      assert.equal((await rig.allDelivered(events)).twice, 0);
      await sluice.process.stop('SIGKILL');
      await rig.kinesim.stop('SIGKILL');
    }
  }
  const ratio = median(rates.refused) / median(rates.whole);
  return {
    name: 'the same, a backlog, without limits', target: '≥ 68 % of the rate without refusals',
    value: `${percent(ratio)}: ${grouped(median(rates.refused))} of ${grouped(median(rates.whole))} events/s`, met: ratio >= 0.68,
  };
}

export async function oneShard(t, { denied, short = false }) {
  const rig = await Rig.start(t, { shards: 1, denied });
  const sluice = await rig.sluice();
  const loading = rig.load(sluice, '--rate', 3000, '--seconds', short ? 14 : 42);
  await sleep(short ? 4000 : 10_000);
  const { perS, refused } = await rig.rates(short ? 8 : 30);
  await loading;
  return {
    name: 'one shard, 3,000 events/s', target: '950 to 1,000 records/s, < 5 % refused', value: `${grouped(perS)} records/s, ${percent(refused)} refused`,
    met: perS >= 950 && perS <= 1010 && refused < 0.05,
  };
}

export async function besideAFullShard(t, { denied, short = false }) {
  const rig = await Rig.start(t, { shards: 4, denied });
  await rig.post('config', { streams: [{ name: STREAM, foreign: [{ shard: 1, records_per_s: 1000 }] }] });
  const sluice = await rig.sluice();
  const loading = rig.load(sluice, '--rate', 5000, '--seconds', short ? 20 : 47);
  await sleep(short ? 10_000 : 15_000);
  const { perS, refused } = await rig.rates(short ? 8 : 30);
  await loading;
  return {
    name: 'another producer fills one of 4 shards, 5,000 events/s', target: '≥ 2,700 records/s', value: `${grouped(perS)} records/s, ${percent(refused)} refused`,
    met: perS >= 2700,
  };
}

// The rate in the 6th second after the shards doubled.
export async function shardsDoubled(t, { denied, short = false }) {
  const rig = await Rig.start(t, { shards: 4, denied });
  const sluice = await rig.sluice();
  const before = short ? 10 : 20;
  const loading = rig.load(sluice, '--rate', 10_000, '--seconds', before + 15);
  await sleep(before * 1000);
  await rig.post('config', { streams: [{ name: STREAM, shards: 8 }] });
  const rates = [];
  for (let second = 0; second < 12; ++second) rates.push((await rig.rates(1)).perS);
  await loading;
  const used = rates.findIndex((rate, i) => i > 0 && Math.min(...rates.slice(i, i + 3)) >= 7600);  // a second's burst of new shards is no rate
  const sixth = rates.slice(5, 8).reduce((a, b) => a + b) / 3;
  return {
    name: 'shards doubled, 4 to 8, 10,000 events/s', target: 'used within 5 s: ≥ 7,600 records/s then',
    value: `${grouped(sixth)} records/s in seconds 6 to 8; ≥ 7,600 from second ${used + 1} on`, met: sixth >= 7600, detail: rates.map(Math.round).join(' '),
  };
}

// Four servers that do not know of each other; each is offered all that the stream takes.
export async function fourSenders(t, { denied, short = false }) {
  const shards = 4;
  const rig = await Rig.start(t, { shards, denied });
  const runs = [0xa0000001, 0xa0000002, 0xa0000003, 0xa0000004];
  const [settle, measured] = short ? [20, 10] : [60, 30];
  const loads = [];
  for (const [i, run] of runs.entries()) {
    const sluice = await rig.sluice();
    loads.push(rig.load(sluice, '--rate', 1000 * shards, '--connections', 4, '--seconds', (3 - i) * 3 + settle + measured + 3, '--run', run));
    if (i < 3) await sleep(3000);
  }
  // kinesim's ledger, by the first digits of the ids.
  const delivered = async (run) => {
    const asked = 1_000_000;
    const { missing } = await rig.post('ledger/missing?field=loadgenId', `${run.toString(16)}${'0'.repeat(16)} ${asked}\n`);
    return asked - missing;
  };
  await sleep(settle * 1000);
  const [before, sumsBefore] = [await Promise.all(runs.map(delivered)), await rig.sums()];
  await sleep(measured * 1000);
  const [after, sumsAfter] = [await Promise.all(runs.map(delivered)), await rig.sums()];
  await Promise.all(loads);
  const each = after.map((count, i) => (count - before[i]) / measured);
  const sum = each.reduce((a, b) => a + b);
  const jain = sum ** 2 / (4 * each.reduce((all, rate) => all + rate ** 2, 0));
  const { refused } = between(sumsBefore, sumsAfter);
  return {
    name: 'four servers on one stream of 4 shards', target: 'Jain ≥ 0.95 after 60 s, < 5 % refused',
    value: `Jain ${jain.toFixed(3)} (${each.map((rate) => grouped(rate)).join(', ')} events/s), ${percent(refused)} refused`, met: jain >= 0.95 && refused < 0.05,
  };
}

// kinesim is gone for so long; then the rate in the seconds 2 to 4 after the first success.
export async function afterAnOutage(t, { denied, kind, short = false }) {
  const rig = await Rig.start(t, { shards: 2, denied });
  const sluice = await rig.sluice();
  const [before, out] = short ? [6, 6] : [15, 30];
  const loading = rig.load(sluice, '--rate', 3000, '--seconds', before + out + 25);
  await sleep(before * 1000);
  if (kind === 'refused') {
    await rig.kinesim.stop('SIGKILL');
    await sleep(out * 1000);
    await rig.launchKinesim();
  } else {
    await rig.post('faults', { kind: 'call_error', operation: 'PutRecords', code: 'ServiceUnavailable', status: 503 });
    await sleep(out * 1000);
    await rig.clearFaults();
  }
  const back = await rig.sums();
  const first = await waitFor('the first success', async () => {
    const sums = await rig.sums();
    return sums.accepted > back.accepted && sums;
  }, { timeoutMs: 30_000, everyMs: 20 });
  await sleep(2000);
  const { perS, refused } = await rig.rates(2);
  const later = await rig.rates(4);
  await loading;
  return {
    name: kind === 'refused' ? 'an outage of 30 s: connections refused' : 'an outage of 30 s: 503', target: 'full within 2 s of the first success: ≥ 1,900 records/s then',
    value: `${grouped(perS)} records/s, ${percent(refused)} refused (later ${grouped(later.perS)}); first success ${((first.at - back.at) / 1000).toFixed(1)} s after`, met: perS >= 1900,
  };
}

const piped = (command, args, buffers) => new Promise((resolve, reject) => {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  let lines = 0;
  child.stdout.on('data', (chunk) => {
    for (const byte of chunk) lines += byte === 10;
  });
  child.once('error', reject).once('close', (status) => (status === 0 ? resolve(lines) : reject(new Error(`${command}: ${status}`))));
  for (const buffer of buffers) child.stdin.write(buffer);
  child.stdin.end();
});
const LINES_IN = {
  json: async (datas) => datas.length,
  ndjson: (datas) => piped('cat', [], datas),
  'ndjson+gzip': (datas) => piped('zcat', [], datas),
  'ndjson+zstd': (datas) => piped('zstd', ['-d', '-c', '-q'], datas),
};

// One server, the same events to a stream of each encoding. Resolves to a row for each.
export async function putUnits(t, { short = false }) {
  const encodings = Object.keys(LINES_IN);
  const streams = encodings.map((_, i) => `stream-${i}`);
  const rig = await Rig.start(t, { shards: 50, rateLimits: false, ledger: 'full', streams });
  const sluice = await rig.sluice((i) => ({ encoding: encodings[i] }), streams);
  const bodies = new UniqueBodies();
  const [payloads, events] = [short ? 100 : 800, 100];
  for (let i = 0; i < payloads; ++i) assert.equal(await sluice.post(bodies.next(events)), 202);
  const results = {};
  for (const [i, encoding] of encodings.entries()) {
    const result = await waitFor(`all events as ${encoding}`, async () => {
      const datas = [];
      let bytes = 0, units = 0;
      for await (const { data, partition_key } of recordLines(rig, streams[i])) {
        datas.push(Buffer.from(data, 'base64'));
        const size = datas.at(-1).length + partition_key.length;
        bytes += size;
        units += Math.ceil(size / UNIT_BYTES);
      }
      const lines = await LINES_IN[encoding](datas);
      return lines >= payloads * events && { bytes, units, lines, records: datas.length };
    }, { timeoutMs: 60_000, everyMs: 500 });
    assert.equal(result.lines, payloads * events, `${encoding}: every event once`);
    results[encoding] = { ...result, filled: result.bytes / (result.units * UNIT_BYTES) };
  }
  const row = (encoding, target, met) => {
    const { bytes, units, lines, filled } = results[encoding];
    const times = results.ndjson.bytes / bytes;
    const value = `${grouped(bytes / lines)} bytes and ${(units * 1000 / lines).toFixed(1)} units for each 1,000 events; filled to ${percent(filled)}` +
      (encoding === 'json' || encoding === 'ndjson' ? '' : `; ${times.toFixed(2)} times fewer bytes than ndjson`);
    return { name: `PUT units, ${encoding}, events that do not repeat each other`, target, value: value.replace(/^(\S+) bytes and/, '$1 bytes an event,'), met: met(filled, times) };
  };
  return [
    row('json', '—', () => true),
    row('ndjson', '≥ 95 % filled', (filled) => filled >= 0.95),
    row('ndjson+gzip', '≥ 5 times fewer bytes', (_, times) => times >= 5),
    row('ndjson+zstd', '≥ 5 times fewer bytes', (_, times) => times >= 5),
  ];
}

// CPU of the whole server for each event, TLS to kinesim, as much as the load generator gives; by turns.
export const CPU_RUNS = {
  'json as JSON': { encoding: 'json', cbor: false }, 'json as CBOR': { encoding: 'json', cbor: true }, ndjson: { encoding: 'ndjson', cbor: true },
  'ndjson+zstd': { encoding: 'ndjson+zstd', cbor: true }, kpl: { encoding: 'kpl', cbor: true },
};
export async function cpuPerEvent(t, { rounds = 5, seconds = 6, runs = Object.keys(CPU_RUNS) } = {}) {
  const found = Object.fromEntries(runs.map((run) => [run, { cpu: [], rate: [], peak: [] }]));
  for (let round = 0; round < rounds; ++round) {
    for (const run of runs) {
      const { encoding, cbor } = CPU_RUNS[run];
      const countable = encoding !== 'ndjson+zstd';  // kinesim finds ids in what is not compressed
      const rig = await Rig.start(t, { shards: 1000, rateLimits: false, tls: true, cbor, ledger: countable ? 'ids' : 'count' });
      const sluice = await rig.sluice({ encoding });
      await sleep(300);
      const pid = sluice.process.pid;
      const started = performance.now(), before = await cpuSeconds(pid);
      const { events_acknowledged: events } = await rig.load(sluice, '--connections', 16, '--seconds', seconds);
      if (countable) {
        assert.equal((await rig.allDelivered(events)).twice, 0);
      } else {
        await waitFor('everything to be delivered', async () => (await sluice.destination('destination 0')).backlog.events === 0, { timeoutMs: 60_000, everyMs: 50 });
      }
      found[run].cpu.push((await cpuSeconds(pid) - before) * 1e6 / events);
      found[run].rate.push(events / (performance.now() - started) * 1000);
      found[run].peak.push(await peakMiB(pid));
      t.diagnostic(`${run}: ${found[run].cpu.at(-1).toFixed(2)} µs, ${grouped(found[run].rate.at(-1))} events/s`);
      await sluice.process.stop('SIGKILL');
      await rig.kinesim.stop('SIGKILL');
    }
  }
  const json = found['json as JSON'] && median(found['json as JSON'].cpu);
  return runs.map((run) => {
    const { cpu, rate, peak } = found[run];
    const ratio = json && median(cpu) / json;
    const [target, met] = run === 'ndjson' ? ['≤ 2.2 µs', median(cpu) <= 2.2] : run === 'json as CBOR' ? ['≥ 20 % less than as JSON', ratio <= 0.8] : ['—', true];
    return {
      name: `CPU of Sluice per event, TLS, ${run}`, target, met,
      value: `${median(cpu).toFixed(2)} µs (${spread(cpu)})${run === 'json as JSON' || !json ? '' : `, ${percent(ratio, 0)} of JSON's`}; ${grouped(median(rate))} events/s, ${Math.max(...peak).toFixed(0)} MiB`,
    };
  });
}

// What reaches a stream whose answers take 100 ms.
export async function farAway(t, { calls, rate = 60_000, seconds = 12, fields = {} }) {
  const rig = await Rig.start(t, { shards: 100 });
  await rig.post('faults', { kind: 'latency', operation: 'PutRecords', latency_ms: 100 });
  const sluice = await rig.sluice({ ...(calls && { max_calls_in_flight: calls }), ...fields });
  const loading = rig.load(sluice, '--rate', rate, '--seconds', seconds + 4, '--connections', 32);
  await sleep(3000);
  const before = (await rig.get('stats')).operations.PutRecords;
  const { perS, refused, seconds: took } = await rig.rates(seconds);
  const after = (await rig.get('stats')).operations.PutRecords;
  await loading;
  const callsPerS = (after.calls - before.calls) / took;
  // By Little's law: calls a second times the time that each takes.
  return { perS, refused, callsPerS, inFlight: callsPerS * 0.1, perCall: perS / callsPerS, peak: await peakMiB(sluice.process.pid) };
}

export async function farAwayBusy(t, { calls }) {
  const { perS, inFlight, perCall, peak } = await farAway(t, { calls });
  return {
    name: `answers after 100 ms, 100 shards, 60,000 events/s${calls ? `, max_calls_in_flight ${calls}` : ''}`, target: '≥ 59,000 records/s', met: perS >= 59_000,
    value: `${grouped(perS)} records/s, ${grouped(perCall)} a call, ${inFlight.toFixed(1)} calls in flight, ${peak.toFixed(0)} MiB`,
  };
}

export async function farAwayQuiet(t) {
  const { inFlight, perCall, perS } = await farAway(t, { rate: 100, seconds: 10 });
  return {
    name: 'answers after 100 ms, 100 events/s', target: '≤ 4 calls in flight', met: inFlight <= 4,
    value: `${inFlight.toFixed(1)} calls in flight, ${perCall.toFixed(1)} records a call, ${grouped(perS)} records/s`,
  };
}
