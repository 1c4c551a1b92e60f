// An application of one's own that reads a stream (examples/consume), killed and resharded under it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Process, runToEnd, temporaryFolder } from './process.js';
import { assertAliens, assertComplete, ENCODINGS, Streams } from './recipes.js';
import { waitFor } from './wait.js';

class Application {
  // `command`: what runs the program, without its options.
  static async start(t, streams, encoding, command, { options = [], environment = streams.environment } = {}) {
    const application = new Application();
    const folder = await temporaryFolder(t);
    const file = (name) => path.join(folder, name);
    Object.assign(application, { out: file('events.ndjson'), failed: file('failed.ndjson'), checkpoints: file('checkpoints.json') });
    const [program, ...before] = command;
    application.launch = () => {
      application.process = new Process(`${encoding} application`, program, [...before, '--stream', streams.nameOf(encoding),
        '--checkpoints', application.checkpoints, '--out', application.out, '--failed', application.failed, ...options], { env: environment, cwd: folder });
    };
    t.after(() => application.process.stop('SIGKILL'));
    application.launch();
    return application;
  }

  // Ended lines of what it stored.
  lines(file = this.out) {
    if (!existsSync(file)) return [];
    const text = readFileSync(file, 'utf8');
    return text.slice(0, text.lastIndexOf('\n') + 1).split('\n').slice(0, -1);
  }

  async hasStored(events) {
    await waitFor(`${events} events from the ${this.process.name}`, () => {
      this.process.requireAlive();
      const stored = new Set(this.ids()).size;
      if (stored < events) throw new Error(`${stored}, and it says: ${this.process.tail()}`);
      return true;
    }, { timeoutMs: 60_000, everyMs: 100 });
  }

  ids() {
    return this.lines().map((line) => JSON.parse(line).event.id);
  }

  async kill() {
    await this.process.stop('SIGKILL');
  }

  // What a kill between storing events and saving the checkpoint leaves, in the middle of a line: checkpoints as they were.
  async killBeforeCheckpoint(earlier) {
    await this.kill();
    writeFileSync(this.checkpoints, earlier);
    truncateSync(this.out, statSync(this.out).size - 10);
  }
}

// One application for each encoding, which `command` runs. A third of the events is read; then it is killed while more come and the shards are
// split; then it is killed between storing and its checkpoint; the shards are merged, and the rest comes.
export async function assertApplication(t, recipe, command, count) {
  const streams = await Streams.start(t);
  await streams.send(count / 3);
  const applications = new Map();
  for (const encoding of ENCODINGS) applications.set(encoding, await Application.start(t, streams, encoding, command));
  const each = (does) => Promise.all([...applications.values()].map(does));

  await each((application) => application.hasStored(count / 3));
  await waitFor('checkpoints', () => [...applications.values()].every(({ checkpoints }) => readFileSync(checkpoints, 'utf8').includes('after')));
  const earlier = new Map([...applications].map(([encoding, { checkpoints }]) => [encoding, readFileSync(checkpoints, 'utf8')]));
  await streams.putAliens();
  await streams.reshard(4);
  // More than the AWS SDK tries again by itself.
  await streams.kinesim.addFaults(...streams.encodings.map((encoding) => streams.nameOf(encoding)).flatMap((stream) => [
    { kind: 'call_error', code: 'ExpiredIteratorException', operation: 'GetRecords', stream, count: 2 },
    { kind: 'call_error', code: 'ProvisionedThroughputExceededException', operation: 'GetRecords', stream, count: 10 },
    { kind: 'call_error', code: 'InternalFailure', operation: 'GetRecords', stream, count: 10 },
    { kind: 'reset_before', operation: 'GetShardIterator', stream, count: 8 },
    { kind: 'truncate', operation: 'GetRecords', stream, count: 4 },
  ]));
  const sending = streams.send(count / 3);
  await each(async (application) => {
    await application.hasStored(count / 3 + 1);
    await application.kill();
    application.launch();
  });
  await sending;
  await each((application) => application.hasStored(count * 2 / 3));
  for (const [encoding, application] of applications) {
    await application.killBeforeCheckpoint(earlier.get(encoding));
    application.launch();
  }
  await streams.reshard(2);
  await streams.send(count / 3);
  await each((application) => application.hasStored(count));

  for (const [encoding, application] of applications) {
    assert.equal(await application.process.stop('SIGTERM'), 0, application.process.tail());
    const lines = application.lines();
    assert.ok(lines.length > count, 'what was stored after the last checkpoint came again');
    await assertComplete(t, recipe, streams, encoding, lines);
    const failed = application.lines(application.failed).map((line) => JSON.parse(line));
    assertAliens(failed.map(({ data }) => data));
    const { shards } = JSON.parse(readFileSync(application.checkpoints, 'utf8'));
    assert.ok(Object.values(shards).filter(({ ended }) => ended).length >= 2, 'shards that a reshard closed were read to their ends');
  }
}

// That parents are read before their children, also by a process that starts after the reshard.
async function assertParentsFirst(t, command) {
  const BEFORE = 2_600;  // more in a shard than one call gets: 1,000
  const streams = await Streams.start(t, ['json']);
  await streams.send(BEFORE);
  const before = new Set((await streams.arrived('json')).map((line) => JSON.parse(line).event.id));
  await streams.reshard(4);
  await streams.send(500);
  const application = await Application.start(t, streams, 'json', command);
  await application.hasStored(BEFORE + 500);
  const ids = application.ids();
  assert.ok(ids.slice(0, BEFORE).every((id) => before.has(id)), 'what came first comes from the shards before the reshard');
  assert.equal(ids.length, BEFORE + 500, 'in one process each event is stored once');
}

// That a start from now leaves out what was there, and nothing that comes before the next start.
async function assertFromNow(t, command) {
  const streams = await Streams.start(t, ['ndjson']);
  await streams.send(100);
  const old = new Set((await streams.arrived('ndjson')).map((line) => JSON.parse(line).event.id));
  const application = await Application.start(t, streams, 'ndjson', command, { options: ['--from', 'now'] });
  await waitFor('its first checkpoints', () => existsSync(application.checkpoints));
  await application.kill();
  await streams.send(100);
  application.launch();
  await application.hasStored(100);
  assert.deepEqual(application.ids().filter((id) => old.has(id)), []);
}

// That the records of a shard whose call is answered after another shard's has failed are not passed over.
async function assertSlowShard(t, command) {
  const streams = await Streams.start(t, ['json']);
  await streams.send(200);
  await streams.kinesim.addFaults(
    { kind: 'call_error', code: 'InternalFailure', operation: 'GetShardIterator', containing: 'shardId-000000000000', count: 1 },
    { kind: 'latency', operation: 'GetRecords', latency_ms: 200, count: 1 },
  );
  const application = await Application.start(t, streams, 'json', command, { environment: { ...streams.environment, AWS_MAX_ATTEMPTS: '1' } });
  await application.hasStored(200);
  assert.match(application.process.output, /InternalFailure/);
}

// That it says what is wrong, and ends, where trying again does not help.
async function assertRefused(t, command) {
  const streams = await Streams.start(t, ['json']);
  const endOf = async (change) => {
    const application = await Application.start(t, streams, 'json', command, { environment: { ...streams.environment, ...change } });
    return { status: await application.process.ended, output: application.process.output };
  };
  const stranger = await endOf({ AWS_ACCESS_KEY_ID: 'AKIDSTRANGER00000001' });
  assert.deepEqual([stranger.status, /UnrecognizedClientException/.test(stranger.output)], [1, true], stranger.output);
  await streams.kinesim.remove({ stream: streams.nameOf('json') });
  const nowhere = await endOf({});
  assert.deepEqual([nowhere.status, /ResourceNotFoundException/.test(nowhere.output)], [1, true], nowhere.output);
}

// That it says what is wrong with its files and its environment, and leaves them as they are.
async function assertStartRefused(t, [program, ...before]) {
  const folder = await temporaryFolder(t), file = path.join(folder, 'checkpoints.json');
  const endOf = (out, env) => runToEnd(program, [...before, '--stream', 'flag-events', '--checkpoints', file, '--out', out, '--failed', path.join(folder, 'failed')], { env: { PATH: process.env.PATH, HOME: folder, ...env } });
  const good = path.join(folder, 'out'), region = { AWS_REGION: 'us-east-1' };
  for (const [text, wrong] of [['{"stream":"other","start":null,"shards":{}}', /is of the stream other, not flag-events/], ['{"str', /cannot be read/]]) {
    writeFileSync(file, text);
    const { status, output } = await endOf(good, region);
    assert.deepEqual([status, wrong.test(output), output.trim().split('\n').length], [2, true, 1], output);
    assert.equal(readFileSync(file, 'utf8'), text);
  }
  rmSync(file);
  for (const [out, env, wrong] of [[good, {}, /region/i], [path.join(folder, 'nowhere/out'), region, /nowhere\/out/]]) {
    const { status, output } = await endOf(out, env);
    assert.deepEqual([status, wrong.test(output), output.trim().split('\n').length], [2, true, 1], output);
  }
}

// What else every application keeps: each is given the command that runs it.
export const PROMISES = {
  'the parents of a shard are read before it': assertParentsFirst,
  'a start from now leaves out what was there, and a restart nothing': assertFromNow,
  'a shard that answers after another has failed is read from where it was': assertSlowShard,
  'without access, or without its stream, it says so and ends': assertRefused,
  'checkpoints of another stream, or that cannot be read, a missing region or folder are refused in a line': assertStartRefused,
};
