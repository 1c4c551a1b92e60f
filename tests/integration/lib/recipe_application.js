// An application of one's own that reads a stream (examples/consume), killed and resharded under it.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Process, temporaryFolder } from './process.js';
import { assertAliens, assertComplete, ENCODINGS, Streams } from './recipes.js';
import { waitFor } from './wait.js';

class Application {
  // `command`: what runs the program, without its options.
  static async start(t, streams, encoding, command) {
    const application = new Application();
    const folder = await temporaryFolder(t);
    const file = (name) => path.join(folder, name);
    Object.assign(application, { out: file('events.ndjson'), failed: file('failed.ndjson'), checkpoints: file('checkpoints.json') });
    const [program, ...before] = command;
    application.launch = () => {
      application.process = new Process(`${encoding} application`, program, [...before, '--stream', streams.nameOf(encoding),
        '--checkpoints', application.checkpoints, '--out', application.out, '--failed', application.failed], { env: streams.environment, cwd: folder });
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
    const count = () => new Set(this.lines().map((line) => JSON.parse(line).event.id)).size;
    await waitFor(`${events} events from the ${this.process.name}`, () => {
      this.process.requireAlive();
      return count() >= events;
    }, { timeoutMs: 60_000, everyMs: 100 });
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
