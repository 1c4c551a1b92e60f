// The campaign's rows of flag delivery: a real SDK takes its flags through Sluice and evaluates all the time, and a proxy before the events notes what was
// acknowledged. Every evaluation in it is in the stream, and the SDK has the flags that upstream says, or said last.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { serverFlag } from '../integration/lib/flag_server.js';
import { startUpstream, upstreamConfig } from '../integration/lib/flag_streams.js';
import { FaultyProxy } from '../integration/lib/faulty_proxy.js';
import { Kinesim } from '../integration/lib/kinesim.js';
import { ENVIRONMENT_ID, SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { addRow } from './ledger.js';

const require = createRequire(new URL('../integration/lib/sluice.js', import.meta.url));
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const VERSIONS = 1000;  // the flag's value is its version
const flagsOf = (version) => ({
  flags: { checkout: serverFlag('checkout', { version, variations: Array.from({ length: VERSIONS }, (_, i) => i), fallthrough: { variation: version } }) }, segments: {},
});

async function connect(t, { flags, events }) {
  const client = require('@launchdarkly/node-server-sdk').init(SDK_KEY, {
    streamUri: flags, baseUri: flags, eventsUri: events, flushInterval: 3600, diagnosticOptOut: true, streamInitialReconnectDelay: 0.1, logger: silent,
  });
  t.after(() => client.close());
  await client.waitForInitialization({ timeout: 20 });
  return client;
}

// Evaluates for one user after the other and flushes, until stopped. Flushes that fail are the SDK's to retry; what it gives up was not acknowledged.
class Evaluations {
  constructor(client, proxy) {
    this.client = client;
    this.acknowledged = new Map();  // the user's key, and the flag's version
    proxy.fault = async (response, pass, body) => {
      let answer;
      try {
        answer = await pass();
      } catch {
        return response.destroy();
      }
      const evaluated = JSON.parse(body).filter(({ kind }) => kind === 'feature');
      if (answer.status === 202) for (const { context, version } of evaluated) this.acknowledged.set(context.key, version);
      response.writeHead(answer.status, answer.headers).end(answer.body);
    };
    this.value = -1;
    this.done = this.#run();
  }

  async #run() {
    for (let i = 0; !this.stopping; ++i) {
      this.value = await this.client.variation('checkout', { kind: 'user', key: `user-${i}` }, -1);
      if (i % 10 !== 9) continue;
      try { await this.client.flush(); } catch { /* what it held was not acknowledged */ }
      await pause(2);
    }
  }

  async stop() {
    this.stopping = true;
    await this.done;
  }
}

function campaign(fault, { runs, note, hurt, seed, randomOf }) {
  test(`flag delivery: ${fault}, ${runs} times: no evaluation that was acknowledged is lost`, { timeout: 180_000 + runs * 60_000 }, async (t) => {
    const random = randomOf(seed + fault.length * 7919);
    const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 16 }, rateLimits: false });
    let version = 1;
    const upstream = await startUpstream(t, flagsOf(version));
    const sluice = await Sluice.start(t, {});
    await sluice.process.stop('SIGTERM');
    await sluice.writeConfig(upstreamConfig({ uri: upstream.uri, destinations: [kinesim.destination()], chosen: ['checkout'] }));
    await sluice.launch();
    const proxy = await FaultyProxy.start(t, sluice.port);
    const client = await connect(t, { flags: sluice.uri, events: proxy.uri });
    const evaluations = new Evaluations(client, proxy);
    t.after(() => evaluations.stop());
    const context = {
      t, sluice, upstream, random, kinesim, evaluations, get version() { return version; },
      // Another version upstream, which the SDK has in the end.
      change() {
        version += 1;
        upstream.put(flagsOf(version));
      },
    };
    let recoveredMs = 0;
    for (let run = 0; run < runs; ++run) {
      const target = evaluations.acknowledged.size + 100 + Math.floor(random() * 200);
      await waitFor('more acknowledged evaluations', () => evaluations.acknowledged.size >= target, { timeoutMs: 60_000 });
      await hurt(context);
      const begun = performance.now(), before = evaluations.acknowledged.size;
      await waitFor('evaluations to be acknowledged again', () => evaluations.acknowledged.size > before, { timeoutMs: 60_000, everyMs: 5 });
      context.change();
      await waitFor('the SDK to have what upstream says', () => evaluations.value === version, { timeoutMs: 60_000, everyMs: 5 });
      recoveredMs = Math.max(recoveredMs, performance.now() - begun);
    }
    await evaluations.stop();
    await waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 120_000 });
    const came = new Map();  // by user: the ids under which the evaluation came, and how often it did
    for await (const text of kinesim.eachText()) {
      const { event } = JSON.parse(text);
      if (event.kind !== 'feature') continue;
      assert.equal(event.value, event.version, 'an evaluation names the version that it is of');
      const seen = came.get(event.context.key) ?? { ids: new Set(), times: 0, version: event.version };
      seen.ids.add(event.id);
      came.set(event.context.key, { ...seen, times: seen.times + 1 });
    }
    const lost = [...evaluations.acknowledged].filter(([key, of]) => came.get(key)?.version !== of);
    const twice = [...came.values()].reduce((sum, { times }) => sum + times - 1, 0);
    assert.deepEqual([...came].filter(([, { ids }]) => ids.size > 1), [], 'what came twice has one id');
    addRow({ fault: `flag delivery: ${fault}`, runs, accepted: evaluations.acknowledged.size, lost: lost.length, twice, recoveredMs, note });
    assert.deepEqual(lost.slice(0, 5), [], `${lost.length} of ${evaluations.acknowledged.size} lost`);
  });
}

// What a server SDK that begins now is told, by a server that cannot reach upstream.
async function assertServedFromDisk({ t, sluice, version }) {
  const begun = await connect(t, { flags: sluice.uri, events: sluice.uri });
  assert.equal(await begun.variation('checkout', { kind: 'user', key: 'late' }, -1), version, 'the flags that upstream said last');
  const [flag] = Object.values((await (await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).json()).flags);
  assert.equal(flag.trackEvents, true);
  await begun.close();
}

export function relayCampaigns({ times, seed, randomOf }) {
  const common = { seed, randomOf };
  campaign('kill -9 at a random moment', {
    ...common, runs: times(5), note: 'the SDK connects again; the flag is sent in full before and after',
    async hurt({ sluice }) {
      await sluice.process.stop('SIGKILL');
      await sluice.launch();
    },
  });
  campaign('restart in order', {
    ...common, runs: times(3), note: 'streams end, and come again',
    async hurt({ sluice }) {
      assert.equal(await sluice.process.stop('SIGTERM'), 0);
      await sluice.launch();
    },
  });
  campaign('upstream is gone, with kill -9', {
    ...common, runs: Math.max(2, times(0.3)), note: 'a new SDK gets the flags from disk, and evaluations are stored',
    async hurt(context) {
      const { sluice, upstream, evaluations, random } = context;
      // On disk a second after a change at the latest.
      const file = path.join(sluice.dataDir, 'relay', `${ENVIRONMENT_ID}.flags`);
      await waitFor('the flags to be on disk', async () => (await readFile(file)).includes(`"version":${context.version},`), { timeoutMs: 10_000 });
      await upstream.stop();
      await pause(random() * 500);
      await sluice.process.stop('SIGKILL');
      await sluice.launch();
      await assertServedFromDisk(context);
      const before = evaluations.acknowledged.size;
      await waitFor('evaluations to be acknowledged without upstream', () => evaluations.acknowledged.size > before, { timeoutMs: 60_000 });
      await upstream.start();
    },
  });
}
