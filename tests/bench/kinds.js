// What one event costs each kind of destination beyond intake and journal: the same load by turns with a destination of each kind, over
// TLS, and with one that is switched off. `node --test tests/bench/kinds.js`; with SLUICE_UPDATE_BENCHMARKS=1 into docs/benchmarks.md.
// SLUICE_BENCH_ROUNDS (3), SLUICE_BENCH_SECONDS (6), SLUICE_BENCH_RATE (40,000 events/s).
import assert from 'node:assert/strict';
import { fork } from 'node:child_process';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';
import { EXTERNAL_ID, ROLE } from '../integration/lib/kinesim.js';
import { Bucket } from '../integration/lib/objects.js';
import { CREDENTIALS, destination, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { SECRET } from '../integration/lib/webhook_receiver.js';
import { cpuSeconds, peakMiB, Rig } from './rig.js';
import { printTable } from './table.js';

const ROUNDS = Number(process.env.SLUICE_BENCH_ROUNDS ?? 3), SECONDS = Number(process.env.SLUICE_BENCH_SECONDS ?? 6);
const RATE = Number(process.env.SLUICE_BENCH_RATE ?? 40_000), EVENTS_A_PAYLOAD = 100;
const ROLE_ALLOWED = { arn: ROLE, external_id: EXTERNAL_ID, policy: { Statement: [{ Effect: 'Allow', Action: ['kinesis:*', 's3:*'], Resource: '*' }] } };
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function startReceiver(t, rig) {
  const certificate = rig.addresses.certificate;
  const child = fork(fileURLToPath(new URL('./receiver.js', import.meta.url)), [certificate, path.join(path.dirname(certificate), 'kinesim-key.pem')]);
  t.after(() => child.kill());
  const told = () => new Promise((resolve) => { child.once('message', resolve); });
  const { port } = await told();
  return { uri: `https://127.0.0.1:${port}`, counts: () => { const answer = told(); child.send('counts'); return answer; } };
}

const other = (fields) => destination({ stream_name: undefined, region: undefined, ...fields });
const s3 = ({ rig }, fields) => other({
  kind: 's3', region: 'us-east-1', bucket: 'flag-events', endpoint: `https://${rig.addresses.https}`, sts_endpoint: rig.control, role_arn: ROLE, external_id: EXTERNAL_ID,
  roll_age: '1 s', roll_bytes: '16 MiB', ...fields,
});
const webhook = ({ receiver }, fields) => other({ kind: 'webhook', url: receiver.uri, auth: 'signature', signing_secrets: [SECRET], ...fields });
const tee = ({ receiver }, fields) => other({ kind: 'launchdarkly-events', events_uri: receiver.uri, ...fields });
const kinesis = ({ rig }, fields) => destination({
  stream_name: 'flag-events', endpoint: `https://${rig.addresses.https}`, sts_endpoint: rig.control, role_arn: ROLE, external_id: EXTERNAL_ID, ...fields,
});

const inStream = async ({ rig }) => (await rig.counts()).unique;
const inObjects = async ({ rig }) => {
  const bucket = new Bucket({ uri: rig.control }, 'flag-events');
  let lines = 0;
  for (const { key } of await bucket.list()) lines += (await bucket.lines(key)).length;
  return lines;
};
const inPayloads = async ({ receiver }) => (await receiver.counts()).requests * EVENTS_A_PAYLOAD;
const inBodies = async ({ receiver }) => (await receiver.counts()).lines;

// `count`: the events at the far end. `base`: the row it is compared with.
const CASES = [
  { name: 'intake and journal', fields: (to) => kinesis(to, { on: false }) },
  { name: 'originals stored too', fields: (to) => tee(to, { on: false }), base: 'intake and journal' },
  { name: 'launchdarkly-events', fields: tee, count: inPayloads, base: 'originals stored too' },
  { name: 's3, gzip', fields: s3, count: inObjects, base: 'intake and journal' },
  { name: 's3, zstd', fields: (to) => s3(to, { compression: 'zstd' }), count: inObjects, base: 'intake and journal' },
  { name: 'webhook, gzip', fields: (to) => webhook(to, { compression: 'gzip' }), count: inBodies, base: 'intake and journal' },
  { name: 'webhook, none', fields: webhook, count: inBodies, base: 'intake and journal' },
  { name: 'kinesis, json', fields: kinesis, count: inStream, base: 'intake and journal' },
].filter(({ name }) => new RegExp(process.env.SLUICE_BENCH_CASES ?? '').test(name));

async function measure(t, { name, fields, count }) {
  const rig = await Rig.start(t, { shards: 1000, tls: true, rateLimits: false });
  await rig.post('config', { buckets: [{ name: 'flag-events', region: 'us-east-1' }], roles: [ROLE_ALLOWED] });
  const to = { rig, receiver: await startReceiver(t, rig) };
  const sluice = await Sluice.start(t, {
    settings: { journal: { max_bytes: '8 GiB' }, shutdown: { drain: '0 s' } },
    destinations: [fields(to)], env: { AWS_CA_BUNDLE: rig.addresses.certificate, SLUICE_OUTBOUND_ALLOWED: '127.0.0.1' },
  });
  const { pid } = sluice.process.child;
  await rig.load(sluice, '--payloads', '20', '--rate', '2000');  // connections, credentials
  const before = await cpuSeconds(pid);
  const report = await rig.load(sluice, '--connections', 16, '--seconds', SECONDS, '--rate', RATE, '--events', EVENTS_A_PAYLOAD);
  const events = report.events_acknowledged;
  if (count) await waitFor('everything to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 60_000, everyMs: 200 });
  const cpu = ((await cpuSeconds(pid)) - before) * 1e6 / events;
  if (count) assert.equal(await count(to), events + 20 * EVENTS_A_PAYLOAD, `${name}: every event is at the far end once`);
  const peak = await peakMiB(pid);
  await sluice.process.stop('SIGTERM');
  await rig.kinesim.stop('SIGKILL');
  return { cpu, peak, events };
}

test('what an event costs each kind', { timeout: 3_600_000 }, async (t) => {
  const runs = new Map(CASES.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; ++round)
    for (const each of CASES) {
      const run = await measure(t, each);
      t.diagnostic(`${each.name}: ${JSON.stringify(run)}`);
      runs.get(each.name).push(run);
    }
  const cpu = (name) => median((runs.get(name) ?? [{ cpu: NaN }]).map((run) => run.cpu));
  printTable('kinds', ['destination', 'CPU µs/event', 'of all rounds', 'beyond', 'µs/event', 'peak MiB'], CASES.map(({ name, base }) => {
    const all = runs.get(name);
    return [name, cpu(name).toFixed(2), all.map((run) => run.cpu.toFixed(2)).join(', '), base ?? '', base ? (cpu(name) - cpu(base)).toFixed(2) : '',
      Math.max(...all.map((run) => run.peak)).toFixed(0)];
  }));
});
