// Objects in the simulated S3, read as their consumers read them: zcat and zstd are of other hands.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { eventOf } from './events.js';

const READERS = {
  '.ndjson': (bytes) => bytes,
  '.ndjson.gz': (bytes) => execFileSync('zcat', [], { input: bytes, maxBuffer: 256 << 20 }),
  '.ndjson.zst': (bytes) => execFileSync('zstd', ['-d', '-c', '-q'], { input: bytes, maxBuffer: 256 << 20 }),
};

export const extensionOf = (key) => key.slice(key.indexOf('.ndjson'));

export class Bucket {
  constructor(kinesim, name) {
    this.uri = `${kinesim.uri}/_kinesim`;
    this.name = name;
  }

  // What lies under a prefix, with how often something was stored under each key.
  async list(prefix = '') {
    const response = await fetch(`${this.uri}/objects?bucket=${this.name}&prefix=${encodeURIComponent(prefix)}`);
    assert.equal(response.status, 200, await response.clone().text());
    return (await response.json()).objects;
  }

  // The lines of one object, each with its end.
  async lines(key) {
    const response = await fetch(`${this.uri}/object?bucket=${this.name}&key=${encodeURIComponent(key)}`);
    assert.equal(response.status, 200);
    const text = READERS[extensionOf(key)](Buffer.from(await response.arrayBuffer())).toString('utf8');
    assert.ok(text.endsWith('\n'), 'the last line is ended too');
    return text.split(/(?<=\n)/);
  }

  // The events of all objects under a prefix, each valid by the published schema.
  async events(prefix = '') {
    const events = [];
    for (const { key } of await this.list(prefix)) for (const line of await this.lines(key)) events.push(eventOf(line, 2));
    return events;
  }
}
