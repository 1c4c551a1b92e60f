// Two servers on one address, each with its own data: one drains and is replaced under load, and no SDK sees an error.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { Agent, request } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { eventOf } from './lib/events.js';
import { startFlagServer } from './lib/flag_server.js';
import { Kinesim } from './lib/kinesim.js';
import { SDK_KEY, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);
const SETTINGS = { intake: { reuse_port: true }, shutdown: { grace: '8 s', drain: '10 s' } };
const ROLLS = 3;

// Like an SDK on kept connections: every post is made once, and whatever is no 202 is an error.
class Client {
  acknowledged = new Set();
  faults = [];
  constructor(uri, name) {
    this.agent = new Agent({ keepAlive: true, maxSockets: 1 });
    this.done = this.#run(uri, name);
  }

  async #run(uri, name) {
    for (let i = 0; !this.stopping; ++i) {
      const key = `${name}-${i}`;
      const outcome = await this.#post(uri, key);
      if (outcome === 202) this.acknowledged.add(key);
      else this.faults.push(outcome);
    }
    this.agent.destroy();
  }

  #post(uri, key) {
    return new Promise((resolve) => {
      const headers = { authorization: SDK_KEY, 'content-type': 'application/json', 'x-launchdarkly-event-schema': '4', 'x-launchdarkly-payload-id': randomUUID() };
      const sent = request(`${uri}/bulk`, { method: 'POST', agent: this.agent, headers }, (response) => response.resume().on('end', () => resolve(response.statusCode)));
      sent.on('error', (error) => resolve(error.code ?? error.message)).end(JSON.stringify([customEvent(key)]));
    });
  }
}

const start = (t, kinesim, port) => Sluice.start(t, { destinations: [kinesim.destination()], settings: SETTINGS, port });

test(`${ROLLS} rolling restarts under load: no SDK sees an error, and what the drained servers took is delivered`, { timeout: 120_000 }, async (t) => {
  const kinesim = await Kinesim.start(t, { rateLimits: false });
  let old = await start(t, kinesim);
  const flags = await startFlagServer(t);
  // Real SDKs, which flush once a second over kept connections, and tell every failed delivery as a warning.
  const { init } = require('@launchdarkly/node-server-sdk');
  const warnings = [];
  const logger = { debug() {}, info() {}, warn: (...text) => warnings.push(text.join(' ')), error: (...text) => warnings.push(text.join(' ')) };
  const sdks = Array.from({ length: 4 }, () => init(SDK_KEY, { streamUri: flags.uri, baseUri: flags.uri, eventsUri: old.uri, logger, flushInterval: 1, diagnosticOptOut: true }));
  await Promise.all(sdks.map((sdk) => sdk.waitForInitialization({ timeout: 10 })));
  let tracked = 0;
  const tracking = setInterval(() => sdks.forEach((sdk, i) => sdk.track(`sdk-${i}-${tracked++}`, { kind: 'user', key: `u${i}` })), 20);
  t.after(() => clearInterval(tracking));

  const clients = Array.from({ length: 16 }, (_, i) => new Client(old.uri, `client-${i}`));
  const acknowledged = () => clients.reduce((sum, client) => sum + client.acknowledged.size, 0);
  await waitFor('some load', () => acknowledged() > 500);
  const times = [];
  for (let roll = 0; roll < ROLLS; ++roll) {
    const next = await start(t, kinesim, old.port);
    const begun = Date.now();
    assert.equal(await old.process.stop('SIGTERM', { timeoutMs: 40_000 }), 0, old.process.tail());
    times.push(Date.now() - begun);
    const before = acknowledged();
    await waitFor('the new one to take the load', () => acknowledged() > before + 200);
    old = next;
  }
  clearInterval(tracking);
  for (const sdk of sdks) {
    await sdk.flush();
    sdk.close();
  }
  for (const client of clients) client.stopping = true;
  await Promise.all(clients.map(({ done }) => done));
  assert.deepEqual(clients.flatMap(({ faults }) => faults), [], 'every post was answered 202');
  assert.deepEqual(warnings, [], 'no SDK warns');
  await waitFor('all to be delivered', async () => (await old.destination()).backlog.events === 0);
  const seen = new Set((await kinesim.texts()).map((text) => eventOf(text, 2).key));
  const lost = [...clients.flatMap((client) => [...client.acknowledged]), ...Array.from({ length: tracked }, (_, n) => `sdk-${n % 4}-${n}`)].filter((key) => !seen.has(key));
  assert.deepEqual(lost, []);
  t.diagnostic(`${acknowledged()} posts and ${tracked} events of real SDKs over ${ROLLS} restarts, no error; each took ${times.map((ms) => (ms / 1000).toFixed(1)).join(', ')} s`);
});

test('without intake.reuse_port a second server does not share the port by mistake', async (t) => {
  const sluice = await Sluice.start(t, {});
  await assert.rejects(Sluice.start(t, { port: sluice.port }), /in use/);
});
