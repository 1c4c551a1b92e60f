// The release binaries for one measurement: kinesim, one or more servers that deliver to it, load. What it measures comes from kinesim and
// /proc, never from Sluice.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EXTERNAL_ID, ROLE } from '../integration/lib/kinesim.js';
import { kinesimBinary } from '../integration/lib/paths.js';
import { freePort, Process, runToEnd, temporaryFolder } from '../integration/lib/process.js';
import { CREDENTIALS, destination, SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';

const loadgen = path.join(path.dirname(kinesimBinary), 'loadgen');
const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
// A role that may put records and nothing else: Sluice then does not know the shards.
const PUT_ONLY = { Statement: [{ Effect: 'Allow', Action: 'kinesis:PutRecords', Resource: '*' }] };
const ALL = { Statement: [{ Effect: 'Allow', Action: 'kinesis:*', Resource: '*' }] };
export const STREAM = 'flag-events';

export async function cpuSeconds(pid) {
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

export async function peakMiB(pid) {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))[1]) / 1024;
}

// What an event's unavoidable work takes on this machine (testing/composite/work.h).
export async function composite({ rounds = 5, seconds = 0.4 } = {}) {
  const { status, output } = await runToEnd(path.join(path.dirname(kinesimBinary), 'composite'), ['--rounds', String(rounds), '--seconds', String(seconds)]);
  assert.equal(status, 0, output);
  return JSON.parse(output);
}

export class Rig {
  // `shards` of the stream; `denied`: ListShards and DescribeStreamSummary are. `rateLimits`, `cbor`, `tls`, `ledger`: kinesim's.
  // `streams`: names, instead of one.
  static async start(t, { shards, denied = false, rateLimits = true, cbor = true, tls = false, ledger = 'ids', streams = [STREAM] }) {
    const rig = new Rig();
    rig.t = t;
    rig.folder = await temporaryFolder(t);
    rig.port = await freePort();
    const tlsPort = await freePort();  // kept over a second launch
    rig.scheme = tls ? 'https' : 'http';
    rig.control = `http://127.0.0.1:${rig.port}`;
    rig.denied = denied;
    rig.ready = path.join(rig.folder, 'ready.json');
    rig.arguments = [
      '--listen', `127.0.0.1:${rig.port}`, '--ready-file', rig.ready,
      '--identity', `${CREDENTIALS.accessKeyId}:${CREDENTIALS.secretAccessKey}`, '--role', `${ROLE},${EXTERNAL_ID}`,
      ...streams.flatMap((name) => ['--create-stream', `${name}:${shards}`]), '--ledger', ledger, '--ledger-id-field', 'loadgenId',
      ...(tls ? ['--tls-listen', `127.0.0.1:${tlsPort}`, '--tls-dir', path.join(rig.folder, 'tls')] : []),
      ...(rateLimits ? [] : ['--no-rate-limits']), ...(cbor ? [] : ['--no-cbor']),
    ];
    t.after(() => rig.kinesim?.stop('SIGKILL'));
    await rig.launchKinesim();
    return rig;
  }

  // A second launch begins with empty streams.
  async launchKinesim() {
    this.kinesim = new Process('kinesim', kinesimBinary, this.arguments);
    await waitFor('kinesim to be ready', async () => {
      this.kinesim.requireAlive();
      return (await fetch(`${this.control}/_kinesim/health`)).status === 200;
    });
    // It answers a moment before its addresses are written.
    this.addresses = await waitFor("kinesim's addresses", async () => JSON.parse(await readFile(this.ready, 'utf8')));
    await this.post('config', { roles: [{ arn: ROLE, external_id: EXTERNAL_ID, policy: this.denied ? PUT_ONLY : ALL }] });
  }

  // `fields` of each destination; one of `streams` for each. `intake`: its settings.
  async sluice(fields = {}, streams = [STREAM], intake = {}) {
    return Sluice.start(this.t, {
      settings: { journal: { max_bytes: '8 GiB', retention: '0 s' }, shutdown: { drain: '0 s' }, intake },
      destinations: streams.map((stream_name, i) => destination({
        name: `destination ${i}`, stream_name, endpoint: `${this.scheme}://${this.addresses[this.scheme]}`, sts_endpoint: this.control, role_arn: ROLE,
        external_id: EXTERNAL_ID, cbor: true, ...(typeof fields === 'function' ? fields(i) : fields),
      })),
      ...(this.scheme === 'https' && { env: { AWS_CA_BUNDLE: this.addresses.certificate } }),
    });
  }

  // For SDKs that speak TLS: kinesim's own pair.
  get intakeTls() {
    const certificate = this.addresses.certificate;
    return { tls_certificate: certificate, tls_key: path.join(path.dirname(certificate), 'kinesim-key.pem') };
  }

  // Resolves to the load generator's report when its time is over.
  async load(sluice, ...options) {
    const { status, output } = await runToEnd(loadgen, ['--address', `127.0.0.1:${sluice.port}`, '--sdk-key', SDK_KEY, ...options.map(String)]);
    assert.equal(status, 0, output);
    const report = JSON.parse(output);
    assert.equal(report.payloads_failed, 0, 'no payload was dropped');
    return report;
  }

  async get(where) {
    const answer = await fetch(`${this.control}/_kinesim/${where}`);
    assert.equal(answer.status, 200);
    return answer.json();
  }

  async post(where, body) {
    const answer = await fetch(`${this.control}/_kinesim/${where}`, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
    const text = await answer.text();
    assert.equal(answer.status, 200, text);
    return JSON.parse(text);
  }

  clearFaults() {
    return fetch(`${this.control}/_kinesim/faults`, { method: 'DELETE' });
  }

  async counts(stream = STREAM) {
    const { records, bytes, ids } = (await this.get(`ledger?stream=${stream}&format=counts`)).streams[stream];
    return { records, bytes, unique: ids?.loadgenId?.unique, twice: ids?.loadgenId?.duplicates };
  }

  // Of the stream's shards up to now: records accepted and refused, with the time.
  async sums() {
    const { shards } = (await this.get('state')).streams[0];
    const sum = (field) => shards.reduce((all, shard) => all + shard[field], 0);
    return { at: performance.now(), accepted: sum('accepted'), refused: sum('throttled') };
  }

  // Records a second accepted, and the share of those refused, over so long from now.
  async rates(seconds) {
    const before = await this.sums();
    await sleep(seconds * 1000);
    return between(before, await this.sums());
  }

  // `send` was answered, and all that it had acknowledged is in the stream: waits for it, then checks that nothing is lost.
  async allDelivered(events, { timeoutMs = 60_000 } = {}) {
    const last = await waitFor(`${events} events in the stream`, async () => {
      this.kinesim.requireAlive();
      const counts = await this.counts();
      return counts.unique >= events && counts;
    }, { timeoutMs, everyMs: 50 });
    assert.equal(last.unique, events, 'every acknowledged event is in the stream, and no other');
    return last;
  }
}

export function between(before, after) {
  const accepted = after.accepted - before.accepted;
  const refused = after.refused - before.refused;
  const seconds = (after.at - before.at) / 1000;
  return { perS: accepted / seconds, refused: refused / Math.max(accepted + refused, 1), seconds };
}

export const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
export const percent = (share, digits = 1) => `${(100 * share).toFixed(digits)} %`;
export const grouped = (number) => Math.round(number).toLocaleString('en-US');
