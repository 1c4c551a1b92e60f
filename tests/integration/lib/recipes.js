// The recipes of examples/consume, and what they are run against: for each encoding a stream that Sluice fills, in which events come twice, and
// records that are none of Sluice's.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, readFileSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { PutRecordsCommand, UpdateShardCountCommand } from '@aws-sdk/client-kinesis';
import { READERS } from './encodings.js';
import { Kinesim } from './kinesim.js';
import { integrationFolder, repository } from './paths.js';
import { temporaryFolder } from './process.js';
import { eventOfNumber, numberOf } from './recipe_events.js';
import { Sluice } from './sluice.js';
import { recordsByShard } from './stream_records.js';
import { waitFor } from './wait.js';

export const ENCODINGS = Object.keys(READERS);
// Records that are none of Sluice's, or were damaged.
const aggregated = (message) => Buffer.concat([Buffer.from('f3899ac2', 'hex'), message, createHash('md5').update(message).digest()]);
const LINE = Buffer.from('{"project":"p","environment":"e","event":{"kind":"custom","id":"6553f1000000000000000001"},"version":2}\n');
export const ALIENS = {
  'no JSON': Buffer.from('not of Sluice'), 'a list': Buffer.from('[]'), 'null': Buffer.from('null'), 'no event': Buffer.from('{"event":{}}'), 'no UTF-8': Buffer.from([0xc3, 0x28]),
  'one line of two': Buffer.concat([LINE, LINE.subarray(0, 50)]),
  'gzip that is cut off': gzipSync(LINE).subarray(0, 40), 'gzip of 17 MiB': gzipSync(Buffer.alloc(17 << 20)), 'no zstd': Buffer.from('28b52ffd0123456789abcdef', 'hex'),
  'a wrong checksum': Buffer.concat([Buffer.from('f3899ac2', 'hex'), Buffer.alloc(40)]),
  'a length beyond the end': aggregated(Buffer.from([0x1a, 0x7f, 1])), 'an unknown type': aggregated(Buffer.from([0x1d])), 'a number without end': aggregated(Buffer.from([0x80])),
};
// `data`: records as base64. That they are the ones above, each at least once.
export function assertAliens(data) {
  const nameOf = (text) => Object.keys(ALIENS).find((name) => ALIENS[name].toString('base64') === text) ?? `another record: ${text.slice(0, 200)}`;
  assert.deepEqual([...new Set(data.map(nameOf))].sort(), Object.keys(ALIENS).sort());
}
const PAYLOAD_EVENTS = 100;
const READER = { accessKeyId: 'AKIDREADER0000000001', secretAccessKey: 'reader-test-secret' };

export const recipeFolder = (name) => path.join(repository, 'examples/consume', name);
export const mapping = () => JSON.parse(readFileSync(recipeFolder('event-source-mapping.json'), 'utf8'));

// A copy of a recipe, as its user would have one; Node.js finds the packages of these tests beside it, or none.
export async function copyOfRecipe(t, name, { packages = true } = {}) {
  const folder = await temporaryFolder(t);
  cpSync(recipeFolder(name), folder, { recursive: true, filter: (source) => !/node_modules|__pycache__/.test(source) });
  if (packages) symlinkSync(path.join(integrationFolder, 'node_modules'), path.join(folder, 'node_modules'));
  return folder;
}

export class Streams {
  static async start(t, encodings = ENCODINGS) {
    const streams = new Streams();
    streams.encodings = encodings;
    streams.kinesim = await Kinesim.start(t, { streams: Object.fromEntries(encodings.map((encoding) => [streams.nameOf(encoding), 2])), rateLimits: false });
    streams.client = streams.kinesim.client;
    streams.sluice = await Sluice.start(t, { destinations: encodings.map((encoding) =>
      streams.kinesim.destination({ name: encoding, stream_name: streams.nameOf(encoding), encoding, linger: '100 ms', record_bytes: encoding === 'json' ? undefined : 25_600 })) });
    streams.sent = 0;
    // For applications: what their policy allows, and no more.
    const { Statement: [{ Action }] } = JSON.parse(readFileSync(recipeFolder('application-policy.json'), 'utf8'));
    const permissions = encodings.map((encoding) => ({ stream: streams.nameOf(encoding), actions: Action.map((action) => action.replace('kinesis:', '')) }));
    await streams.kinesim.apply({ identities: [{ access_key: READER.accessKeyId, secret_key: READER.secretAccessKey, arn: 'arn:aws:iam::123456789012:user/reader', permissions }] });
    streams.environment = {
      PATH: process.env.PATH, AWS_ENDPOINT_URL: streams.kinesim.uri, AWS_REGION: 'us-east-1', AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: READER.accessKeyId, AWS_SECRET_ACCESS_KEY: READER.secretAccessKey,
    };
    return streams;
  }

  nameOf(encoding) {
    return `flag-events-${encoding.replace('+', '-')}`;
  }

  // Sends that many more events; the answers to the first calls with them are lost, so that Sluice repeats what is in the streams already.
  async send(count) {
    await this.kinesim.addFaults(...this.encodings.map((encoding) => ({ kind: 'reset_after', operation: 'PutRecords', stream: this.nameOf(encoding), count: 1 })));
    for (const end = this.sent + count; this.sent < end;) {
      const events = Array.from({ length: Math.min(PAYLOAD_EVENTS, end - this.sent) }, (_, i) => eventOfNumber(this.sent + i));
      assert.equal(await this.sluice.post(events), 202);
      this.sent += events.length;
    }
    await waitFor('all events to be in the streams', async () =>
      (await this.sluice.status()).destinations.every(({ deliveredEvents, backlog }) => deliveredEvents === this.sent && backlog.events === 0), { timeoutMs: 60_000 });
  }

  async putAliens() {
    const Records = Object.entries(ALIENS).map(([PartitionKey, Data]) => ({ PartitionKey, Data }));
    for (const encoding of this.encodings) await this.client.send(new PutRecordsCommand({ StreamName: this.nameOf(encoding), Records }));
  }

  async reshard(shards) {
    for (const encoding of this.encodings)
      await this.client.send(new UpdateShardCountCommand({ StreamName: this.nameOf(encoding), TargetShardCount: shards, ScalingType: 'UNIFORM_SCALING' }));
  }

  // The events that lie in a stream, by tools of other hands: one that came twice is there twice.
  async arrived(encoding) {
    const records = (await recordsByShard(this.client, this.nameOf(encoding))).flatMap((shard) => shard.records);
    return records.filter(({ PartitionKey }) => !(PartitionKey in ALIENS)).flatMap(READERS[encoding]).map((text) => text.trimEnd());
  }
}

// That a recipe gave its user every event at least once, and each exactly once by its id. `lines`: what it stored. Adds a row to the table
// that `./test consume` prints.
export async function assertComplete(t, recipe, streams, encoding, lines) {
  const byId = new Map();
  for (const line of lines) {
    const { event } = JSON.parse(line);
    assert.equal(byId.get(event.id) ?? line, line, `one event of the id ${event.id}`);
    byId.set(event.id, line);
  }
  const numbers = [...byId.values()].map((line) => numberOf(JSON.parse(line).event)).sort((a, b) => a - b);
  assert.deepEqual(numbers, Array.from({ length: streams.sent }, (_, number) => number), `${recipe}, ${encoding}: after dedupe exactly what was sent`);
  const arrived = await streams.arrived(encoding);
  assert.ok(arrived.length > streams.sent, 'some came twice');
  assert.deepEqual([...byId.values()].sort(), [...new Set(arrived)].sort(), 'byte for byte what is in the stream');
  row(t, { recipe, encoding, sent: streams.sent, arrived: arrived.length, processed: lines.length, after: byId.size });
}

export function row(t, cells) {
  t.diagnostic(Object.entries(cells).map(([name, cell]) => `${name} ${cell}`).join(', '));
  if (process.env.SLUICE_CONSUME_ROWS) appendFileSync(process.env.SLUICE_CONSUME_ROWS, `${JSON.stringify(cells)}\n`);
}
