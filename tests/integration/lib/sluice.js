// The built server under test: a configuration of its own, free ports, a data folder that outlives restarts.
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseMetrics } from './metrics.js';
import { assertDocumented } from './openapi.js';
import { sluiceBinary } from './paths.js';
import { freePort, Process, temporaryFolder } from './process.js';
import { waitFor } from './wait.js';

export const SDK_KEY = 'sdk-7e570000-0000-4000-8000-000000000001';
export const MOBILE_KEY = 'mob-7e570000-0000-4000-8000-000000000001';
export const ENVIRONMENT_ID = '7e5700000000000000000001';
export const PROJECT_ID = '7e5700000000000000000002';
export const ADMIN_TOKEN = 'api-7e5700000000000000000000000000000000';
export const CREDENTIALS = { accessKeyId: 'AKIDSLUICETEST000001', secretAccessKey: 'sluice-test-secret' };

// One [[destination]] with defaults; undefined leaves a key out.
export function destination(fields) {
  return {
    name: 'flag events', project: 'test', environment: 'production', kind: 'kinesis', region: 'us-east-1',
    stream_name: 'flag-events', ...fields,
  };
}

function tomlTable(header, fields) {
  const lines = Object.entries(fields)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key} = ${JSON.stringify(value)}`);
  return [header, ...lines, ''].join('\n');
}

const settingsText = (settings = {}) => Object.entries(settings).map(([section, fields]) => tomlTable(`[${section}]`, fields));

export function configText({ settings, destinations = [] }) {
  return [
    ...settingsText(settings),
    tomlTable('[[project]]', { key: 'test', id: PROJECT_ID }),
    tomlTable('[[environment]]', {
      project: 'test', key: 'production', id: ENVIRONMENT_ID, sdk_keys: [SDK_KEY],
      mobile_keys: [MOBILE_KEY],
    }),
    ...destinations.map((fields) => tomlTable('[[destination]]', fields)),
  ].join('\n');
}

export class Sluice {
  // Starts a server that is ready. `env` adds to an environment that has nothing of this machine's AWS settings.
  // `dataDir`: where the data goes; a folder of its own unless told.
  // `port`: of a server that shares it; a free one unless told.
  // `command`: what runs the server, its path and what stands before it.
  // `managed`: nothing is declared; projects and the rest are made by the REST API with ADMIN_TOKEN.
  static async start(t, { destinations, settings, env, managed = false, dataDir, port, command = [sluiceBinary] } = {}) {
    const sluice = new Sluice();
    // Before the folder: hooks run in the order they were asked for, and a server that lives would write into a folder that goes away.
    t.after(async () => {
      await sluice.process?.stop('SIGKILL');
      // The folder goes away; what the server said stays with a failed test.
      if (t.passed === false) console.log(`--- sluice said:\n${sluice.process?.tail(40)}`);
    });
    sluice.folder = await temporaryFolder(t);
    sluice.configFile = path.join(sluice.folder, 'sluice.toml');
    sluice.settings = settings;
    sluice.dataDir = dataDir ?? path.join(sluice.folder, 'data');
    sluice.managed = managed;
    sluice.command = command;
    sluice.environment = {
      PATH: process.env.PATH, HOME: sluice.folder, AWS_EC2_METADATA_DISABLED: 'true',
      AWS_ACCESS_KEY_ID: CREDENTIALS.accessKeyId, AWS_SECRET_ACCESS_KEY: CREDENTIALS.secretAccessKey,
      SLUICE_ADMIN_TOKEN: ADMIN_TOKEN, ...(managed && { SLUICE_OUTBOUND_ALLOWED: '127.0.0.0/8, localhost, ::1' }), ...env,
    };
    sluice.port = port ?? await freePort();
    sluice.adminPort = await freePort();
    sluice.uri = `http://127.0.0.1:${sluice.port}`;
    sluice.adminUri = `http://127.0.0.1:${sluice.adminPort}`;
    await sluice.configure(destinations);
    await sluice.launch();
    return sluice;
  }

  // Writes the configuration; reload() makes a running server read it.
  async configure(destinations = []) {
    await this.writeConfig(this.managed ? settingsText(this.settings).join('\n') : configText({ settings: this.settings, destinations }));
  }

  async writeConfig(text) {
    await writeFile(this.configFile, text, { mode: 0o600 });
  }

  async launch() {
    const [program, ...before] = this.command;
    const args = [...before, 'serve', '--config', this.configFile, '--data-dir', this.dataDir,
      '--listen', `127.0.0.1:${this.port}`, '--admin-listen', `127.0.0.1:${this.adminPort}`, ...(this.extraArguments ?? [])];
    this.process = new Process('sluice', program, args, { env: this.environment });
    await this.ready();
  }

  async ready() {
    await waitFor('sluice to be ready', async () => {
      this.process.requireAlive();
      // On a port that is shared, another would answer.
      if (!this.process.output.includes('server.ready')) return false;
      return this.settings?.intake?.tls_certificate !== undefined || (await fetch(`${this.uri}/readyz`)).status === 200;
    }, this.readyWithinMs && { timeoutMs: this.readyWithinMs });
  }

  reload() {
    this.process.child.kill('SIGHUP');
  }

  // After a reload: a destination gets what comes from when it was started on.
  async exports(destinations = []) {
    await waitFor('the destinations', async () => (await this.status()).destinations.length === destinations.length);
  }

  // A page of the admin port, with its token.
  page(where) {
    const preset = this.environment.SLUICE_ADMIN_TOKEN?.trim();
    const token = preset || readFileSync(path.join(this.dataDir, 'admin-token'), 'utf8').trim();
    return fetch(this.adminUri + where, { headers: { Authorization: token } });
  }

  // As of this call: whatever was answered 202 before is in its counts. (The server answers with a snapshot.)
  async status() {
    const asked = Date.now();
    for (;;) {
      const answer = await this.page('/status');
      if (!answer.ok) throw Object.assign(new Error(`/status: ${answer.status} ${await answer.text()}`), { fatal: true });
      const status = await answer.json();
      if (status.asOfMs > asked) return status;
      await sleep(20);
    }
  }

  async destination(name = 'flag events') {
    const { destinations } = await this.status();
    return destinations.find((each) => each.name === name);
  }

  async metrics() {
    return parseMetrics(await (await this.page('/metrics')).text());
  }

  // One call of the REST API; `body` as it is when it is text. Resolves to the status and what was answered, which must be
  // as docs/openapi.json has it.
  async api(method, path, body, { token = ADMIN_TOKEN, type = 'application/json' } = {}) {
    const url = `/api/v2/${path}`;
    const headers = { ...(token && { Authorization: token }), ...(body !== undefined && { 'Content-Type': type }) };
    const requestBody = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const response = await fetch(this.adminUri + url, { method, headers, body: requestBody });
    const text = await response.text();
    assertDocumented({
      method, url, requestBody, requestType: headers['Content-Type'],
      status: response.status, responseType: response.headers.get('content-type'), responseBody: text,
    });
    const json = response.headers.get('content-type') === 'application/json';
    return { status: response.status, body: text && json ? JSON.parse(text) : text || undefined };
  }

  // Posts one payload as a server-side SDK would; resolves to the status.
  async post(events, { payloadId, key = SDK_KEY } = {}) {
    const headers = { Authorization: key, 'Content-Type': 'application/json', 'X-LaunchDarkly-Event-Schema': '4' };
    if (payloadId) headers['X-LaunchDarkly-Payload-ID'] = payloadId;
    const response = await fetch(`${this.uri}/bulk`, { method: 'POST', headers, body: JSON.stringify(events) });
    await response.arrayBuffer();
    return response.status;
  }
}

// A custom event whose key tells it apart.
export function customEvent(key, fields = {}) {
  return { kind: 'custom', key, creationDate: Date.now(), context: { kind: 'user', key: 'tester' }, ...fields };
}
