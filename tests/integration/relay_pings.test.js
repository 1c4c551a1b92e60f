// A switch with many browsers: each is told to ask again, and each gets its answer, whatever upstream can take.
import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EvaluatingUpstream } from './lib/evaluating_upstream.js';
import { serverFlag } from './lib/flag_server.js';
import { ENVIRONMENT_ID } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { RelayPlace } from './relay/place.js';

const BROWSER = Buffer.from(JSON.stringify({ kind: 'user', key: 'anna' })).toString('base64url');

// What browsers do: hold a stream, and ask for their flags whenever it says so. Their answers are kept.
class Browsers {
  constructor(t, uri, count) {
    Object.assign(this, { uri, open: 0, answers: [], agent: new Agent({ keepAlive: true, maxSockets: 2000 }) });
    const streams = Array.from({ length: count }, (_, browser) => get(`${uri}/eval/${ENVIRONMENT_ID}/${BROWSER}`, { agent: false }, (stream) => {
      this.open++;
      stream.setEncoding('utf8').on('data', (text) => { for (const _ of text.matchAll(/event: ping/g)) this.#ask(browser); }).on('error', () => {});
    }).on('error', () => {}));
    t.after(() => { streams.forEach((stream) => stream.destroy()); this.agent.destroy(); });
  }

  #ask(browser) {
    get(`${this.uri}/sdk/evalx/${ENVIRONMENT_ID}/contexts/${BROWSER}`, { agent: this.agent }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part) => (text += part)).on('end', () => this.answers.push({ browser, status: response.statusCode, tracked: text.includes('"trackEvents":true') }));
    }).on('error', (error) => this.answers.push({ browser, status: error.code }));
  }
}

// How many browsers had an answer of this status, tracked or not.
const had = ({ answers }, status, tracked) => new Set(answers.filter((answer) => answer.status === status && answer.tracked === tracked).map(({ browser }) => browser)).size;
const failures = ({ answers }) => answers.filter(({ status }) => status !== 200);

// `count` browsers that have their first flags, from an upstream that takes `latencyMs` each time.
async function startBrowsers(t, { count, latencyMs }) {
  const upstream = await EvaluatingUpstream.start(t, { flags: { checkout: serverFlag('checkout', { version: 3, variations: [true, false] }) } });
  const slow = async () => { await sleep(latencyMs); return false; };
  upstream.answer = slow;
  const place = await RelayPlace.start(t, { upstream });
  await place.declare('checkout');
  const browsers = new Browsers(t, place.sluice.uri, count);
  await waitFor('all streams, and their first flags', () => browsers.open === count && had(browsers, 200, false) === count, { timeoutMs: 60_000 });
  assert.deepEqual(failures(browsers), []);
  browsers.answers.length = 0;
  return { upstream, slow, place, browsers };
}

for (const { count, latencyMs } of [{ count: 900, latencyMs: 100 }, { count: 2000, latencyMs: 100 }]) {
  test(`${count} browsers get a switch from an upstream that takes ${latencyMs} ms each time`, { timeout: 120_000 }, async (t) => {
    const { place, browsers } = await startBrowsers(t, { count, latencyMs });
    const began = performance.now();
    await place.export('checkout', true);
    await waitFor('all to have it', () => had(browsers, 200, true) === count, { timeoutMs: 60_000 });
    const tookMs = Math.round(performance.now() - began);
    assert.deepEqual(failures(browsers), []);
    console.log(`relay: ${count} browsers had a switch after ${tookMs} ms, from an upstream that takes ${latencyMs} ms each time`);
  });
}

test('browsers that upstream failed when they were told of a switch are told again, and get it', { timeout: 120_000 }, async (t) => {
  const count = 20;
  const { upstream, slow, place, browsers } = await startBrowsers(t, { count, latencyMs: 5 });
  upstream.answer = (request, response) => request.url.startsWith('/sdk/evalx/') && Boolean(response.writeHead(503).end());
  await place.export('checkout', true);
  await waitFor('all to be failed, and again at the next ping', () => browsers.answers.length >= 2 * count);
  assert.equal(had(browsers, 503, false), count);
  upstream.answer = slow;
  browsers.answers.length = 0;
  await waitFor('all to have the switch', () => had(browsers, 200, true) === count, { timeoutMs: 30_000 });
});
