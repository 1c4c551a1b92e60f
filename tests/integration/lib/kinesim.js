// The simulated AWS side (testing/kinesim), and what tests ask of it through its control API.
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { kinesisClient, StreamReader } from './aws.js';
import { kinesimBinary } from './paths.js';
import { freePort, Process, temporaryFolder } from './process.js';
import { validated } from './schema.js';
import { CREDENTIALS, destination } from './sluice.js';
import { waitFor } from './wait.js';

export const ROLE = 'arn:aws:iam::123456789012:role/sluice-test';
export const EXTERNAL_ID = '7e57e47e41a11d000000000000000001';

export class Kinesim {
  // `streams`: names and their shards. Rate limits are on, as AWS's are, unless told otherwise.
  // `config`: settings that are fixed at start (testing/kinesim/README.md).
  static async start(t, { streams = { 'flag-events': 8 }, rateLimits = true, config } = {}) {
    const kinesim = new Kinesim();
    kinesim.port = await freePort();
    kinesim.uri = `http://127.0.0.1:${kinesim.port}`;
    kinesim.args = [
      '--listen', `127.0.0.1:${kinesim.port}`,
      '--identity', `${CREDENTIALS.accessKeyId}:${CREDENTIALS.secretAccessKey}`,
      '--role', `${ROLE},${EXTERNAL_ID}`,
      ...Object.entries(streams).flatMap(([name, shards]) => ['--create-stream', `${name}:${shards}`]),
      ...(rateLimits ? [] : ['--no-rate-limits']),
    ];
    if (config) {
      const file = path.join(await temporaryFolder(t), 'kinesim.json');
      await writeFile(file, JSON.stringify(config));
      kinesim.args.push('--config', file);
    }
    kinesim.client = kinesisClient({ endpoint: kinesim.uri, credentials: CREDENTIALS });
    t.after(() => kinesim.client.destroy());
    t.after(() => kinesim.stop('SIGKILL'));
    await kinesim.launch();
    return kinesim;
  }

  // A second launch begins with empty streams.
  async launch() {
    this.process = new Process('kinesim', kinesimBinary, this.args);
    await waitFor('kinesim to be ready', async () => {
      this.process.requireAlive();
      return (await fetch(`${this.uri}/_kinesim/health`)).status === 200;
    });
  }

  async stop(signal) {
    await this.process?.stop(signal);
  }

  // A [[destination]] for the configuration of sluice: this simulator, through the role.
  destination(fields = {}) {
    return destination({
      endpoint: this.uri, sts_endpoint: this.uri, role_arn: ROLE, external_id: EXTERNAL_ID, ...fields,
    });
  }

  async #control(method, path, body) {
    const response = await fetch(`${this.uri}/_kinesim/${path}`, { method, body: body && JSON.stringify(body) });
    const text = await response.text();
    if (response.status !== 200) throw new Error(`kinesim answers ${response.status} to ${method} ${path}: ${text}`);
    return text;
  }

  // Adds or replaces streams, identities, roles, faults (testing/kinesim/README.md).
  async apply(config) {
    await this.#control('POST', 'config', config);
  }

  async remove(what) {
    await this.#control('POST', 'remove', what);
  }

  async addFaults(...faults) {
    await this.apply({ faults });
  }

  // The rules in force, with how often each struck.
  async faults() {
    return JSON.parse(await this.#control('GET', 'faults')).faults;
  }

  async clearFaults() {
    await this.#control('DELETE', 'faults');
  }

  async expireSessions() {
    await this.#control('POST', 'sessions/expire');
  }

  // Calls, errors and records of each operation.
  async stats() {
    return JSON.parse(await this.#control('GET', 'stats')).operations;
  }

  // The data of every record accepted, as text: each is valid by the published schema.
  async texts(stream = 'flag-events') {
    const lines = await this.#control('GET', `ledger?format=records&stream=${stream}`);
    const datas = lines.split('\n').filter(Boolean).map((line) => Buffer.from(JSON.parse(line).data, 'base64'));
    return datas.map((data) => validated(data.toString('utf8')));
  }

  // The same one by one, however many there are: a large ledger does not fit into one answer.
  async* eachText(stream = 'flag-events') {
    for (let part = 0; part < 64; ++part) {
      const response = await fetch(`${this.uri}/_kinesim/ledger?format=records&stream=${stream}&part=${part}`);
      for await (const line of createInterface({ input: Readable.fromWeb(response.body) }))
        if (line) yield Buffer.from(JSON.parse(line).data, 'base64').toString('utf8');
    }
  }

  async reader(stream = 'flag-events') {
    return new StreamReader(this.client, stream).open();
  }
}
