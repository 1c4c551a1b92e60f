// An upstream of flags that is slow, broken or lying: SDKs keep their flags, new ones get them, evaluation and events do not stop, the
// environment's status says what is wrong, and what upstream says afterwards is taken.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, test } from 'node:test';
import { EvaluatingUpstream } from './lib/evaluating_upstream.js';
import { serverFlag } from './lib/flag_server.js';
import { SDK_KEY } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { RelayPlace } from './relay/place.js';

const require = createRequire(import.meta.url);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const CONTEXT = { kind: 'user', key: 'anna' };
// What upstream is given to be taken again: first delays of its client are 1 s, 2 s and 4 s.
const TAKEN_AGAIN_MS = 15_000;
const MOST_ATTEMPTS = 5;

const checkout = (version, value = true) => serverFlag('checkout', { version, variations: [true, false], fallthrough: { variation: value ? 0 : 1 } });
const fullPut = (upstream) => `event: put\ndata: ${upstream.put()}\n\n`;
const stream = (response) => response.writeHead(200, { 'Content-Type': 'text/event-stream' });

// Each answers GET /all. `says`: what the status tells, where there is a problem; `needsRestart`: SDKs give up after it, and Sluice asks again
// only after ten minutes or when it is told to; `requestsEach`: of an attempt, 1 unless told.
const BAD_ANSWERS = {
  'no answer at all': { answer: () => {}, says: /^It has not answered in 10 s\.$/ },
  'an answer that stops after its headers': { answer: (response) => stream(response).flushHeaders(), says: /^It is connected, and has sent no flags yet\.$/ },
  'a put byte by byte, without an end': {
    answer: (response, upstream) => {
      const bytes = [...Buffer.from(fullPut(upstream)).subarray(0, 60)];
      const timer = setInterval(() => (bytes.length > 0 ? response.write(Buffer.of(bytes.shift())) : clearInterval(timer)), 10);
      stream(response).on('close', () => clearInterval(timer));
    },
    says: /^Its flags come slowly: 43 B so far, and not all\.$/,
  },
  'half a line': { answer: (response) => stream(response).end('event: pu'), says: /ended|closed/ },
  'a reset in the middle of a put': {
    answer: (response, upstream) => {
      const text = fullPut(upstream);
      stream(response).write(text.slice(0, text.length / 2), () => response.socket.resetAndDestroy());
    },
    says: /broke|reset/i,
  },
  garbage: { answer: (response) => stream(response).end(Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + (i >> 3)) & 0xff))), says: /ended|closed|event/ },
  'a put that is no JSON': { answer: (response) => stream(response).write('event: put\ndata: {"path":"/","data":{"flags":{"checkout":\n\n'), says: /put/ },
  'a put without flags': { answer: (response) => stream(response).write('event: put\ndata: {"path":"/","data":{"segments":{}}}\n\n'), says: /flags/ },
  'flags that are a list': { answer: (response) => stream(response).write('event: put\ndata: {"path":"/","data":{"flags":[],"segments":{}}}\n\n'), says: /put event.*expected '\{', found '\['/ },
  'a flag deeper than SDKs read': {
    answer: (response) => stream(response).write(`event: put\ndata: {"path":"/","data":{"flags":{"checkout":{"version":9,"variations":[${'['.repeat(2000)}${']'.repeat(2000)}]}},"segments":{}}}\n\n`),
    says: /1000|deep/,
  },
  '401': { answer: (response) => response.writeHead(401).end(), says: /401/, needsRestart: true },
  '404': { answer: (response) => response.writeHead(404).end(), says: /404/, needsRestart: true },
  '503': { answer: (response) => response.writeHead(503, { 'Content-Type': 'text/html' }).end('<h1>busy</h1>'), says: /503/ },
  'a page in place of a stream': { answer: (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<h1>sign in</h1>'), says: /text\/html/ },
  'a redirect in a circle': { answer: (response) => response.writeHead(301, { Location: '/all' }).end(), says: /redirect/i, requestsEach: 6 },
  'a redirect to where nobody listens': {
    answer: (response) => response.writeHead(307, { Location: 'http://127.0.0.1:9/flags' }).end(),
    says: /^Could not connect to 127\.0\.0\.1:9: .*\. http:\/\/127\.0\.0\.1:\d+\/all redirects to http:\/\/127\.0\.0\.1:9\/flags, which is sent no key or token\.$/,
  },
  'a redirect without a target': { answer: (response) => response.writeHead(302).end(), says: /redirect|Location/i },
};

class Setting {
  static async start(t) {
    const setting = new Setting();
    setting.upstream = await EvaluatingUpstream.start(t, { flags: { checkout: checkout(1) } });
    setting.place = await RelayPlace.start(t, { upstream: setting.upstream });
    await setting.place.declare('checkout');
    await setting.place.export('checkout', true);
    // Else the first evaluation may be one of before.
    await waitFor('the switch', async () => {
      const served = await fetch(`${setting.place.session.flagsUri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } });
      return (await served.json()).flags.checkout.trackEvents;
    });
    setting.client = await setting.open(t);
    await setting.evaluates(setting.client, true);
    return setting;
  }

  async open(t) {
    const { flagsUri, eventsUri } = this.place.session;
    const client = require('@launchdarkly/node-server-sdk').init(SDK_KEY, {
      streamUri: flagsUri, baseUri: flagsUri, eventsUri, flushInterval: 3600, logger: quiet, diagnosticOptOut: true,
    });
    t.after(() => client.close());
    await client.waitForInitialization({ timeout: 10 });
    return client;
  }

  async evaluates(client, value) {
    const { value: found, reason } = await client.variationDetail('checkout', CONTEXT, null);
    assert.deepEqual([found, reason.kind], [value, 'FALLTHROUGH']);
  }

  // A full evaluation of this version reaches the stream.
  async eventsFlow(client, version) {
    const from = this.place.events.length;
    const isNew = (event) => event.kind === 'feature' && event.version === version && this.place.events.findIndex((each) => each.event === event) >= from;
    await client.variation('checkout', CONTEXT, null);
    await client.flush();
    await this.place.arrival('an evaluation', isNew);
  }

  async status() {
    return (await this.place.sluice.api('GET', 'projects/test/environments/production/flag-source')).body.feeds[0];
  }

  // All streams of servers end, and who asks for one gets this answer.
  answerStreams(answer) {
    const held = new Set();
    this.upstream.answer = (request, response) => {
      if (request.headers.authorization !== SDK_KEY || !request.url.startsWith('/all')) return false;
      this.asked = (this.asked ?? 0) + 1;
      held.add(response);
      answer(response, this.upstream);
      return true;
    };
    this.upstream.endStreams();
    return () => {
      this.upstream.answer = () => false;
      for (const response of held) response.destroy();
    };
  }

  // SDKs evaluate with what they have, a new one gets it, too, and their events arrive.
  async isUnharmed(t) {
    await this.evaluates(this.client, true);
    await this.eventsFlow(this.client, 1);
    const other = await this.open(t);
    await this.evaluates(other, true);
    await this.eventsFlow(other, 1);
  }

  // What upstream says now reaches the SDK.
  async isTakenAgain() {
    await waitFor('the new flag to reach the SDK', async () => (await this.client.variation('checkout', CONTEXT, null)) === false, { timeoutMs: TAKEN_AGAIN_MS });
    await this.eventsFlow(this.client, 2);
    await waitFor('the status to be good', async () => (await this.status()).state === 'following');
  }
}

describe('upstream answers the stream with', { concurrency: 3 }, () => {
  for (const [name, { answer, says, needsRestart, requestsEach = 1 }] of Object.entries(BAD_ANSWERS)) {
    test(name, { timeout: 60_000 }, async (t) => {
      const setting = await Setting.start(t);
      const repair = setting.answerStreams(answer);
      await waitFor('Sluice to ask again', () => setting.asked > 0);
      if (says) {
        const told = await waitFor('the status to say it', async () => {
          const status = await setting.status();
          return says.test(status.problem?.message ?? '') && status;
        });
        assert.equal(told.state, 'behind');
        assert.ok(told.problem.remedy);
      }
      await setting.isUnharmed(t);
      setting.upstream.flags = { checkout: checkout(2, false) };
      repair();
      if (needsRestart) {
        await setting.place.sluice.process.stop('SIGTERM');
        await setting.place.sluice.launch();
      }
      await setting.isTakenAgain();
      assert.ok(setting.asked <= MOST_ATTEMPTS * requestsEach, `not asked in a tight loop, but ${setting.asked} times`);
    });
  }
});

// Lines that are no events, for ever: nothing but the time shows that they are no flags.
test('upstream that sends garbage without an end is a problem within 10 s, and asked again after 60 s', { timeout: 120_000 }, async (t) => {
  const setting = await Setting.start(t);
  setting.answerStreams((response) => {
    const timer = setInterval(() => response.write('junk: 1\n<p>\n:\n'), 500);
    stream(response).on('close', () => clearInterval(timer));
  });
  const says = (pattern, timeoutMs) => waitFor(`the status to say ${pattern}`, async () => pattern.test((await setting.status()).problem?.message ?? ''), { timeoutMs });
  await says(/^It is connected, and has sent no flags yet\.$/, 15_000);
  assert.equal((await setting.status()).state, 'behind');
  // It is right from now on, and the connection that it holds is not.
  setting.upstream.answer = () => false;
  setting.upstream.flags = { checkout: checkout(2, false) };
  await says(/^It sends no flags: what came in 60 s are no events\.$/, 60_000);
  assert.equal(setting.asked, 1);
  await setting.isTakenAgain();
});

describe('upstream says on its stream', { concurrency: 3 }, () => {
  // Refused: the connection ends, and the next one begins with a put.
  for (const [name, event, data] of [
    ['a patch that is no JSON', 'patch', '{"path":"/flags/checkout","data":{{'],
    ['a patch that is no flag', 'patch', '{"path":"/flags/checkout","data":[]}'],
    ['a delete whose version is a word', 'delete', '{"path":"/flags/checkout","version":"last"}'],
  ]) {
    test(name, { timeout: 60_000 }, async (t) => {
      const setting = await Setting.start(t);
      setting.upstream.send(event, data);
      await waitFor('the status to say it', async () => (await setting.status()).problem?.message);
      await setting.isUnharmed(t);
      // Connected again by now or not.
      setting.upstream.flags = { checkout: checkout(2, false) };
      setting.upstream.send('put', setting.upstream.put());
      await setting.isTakenAgain();
    });
  }

  // Passed over, as SDKs do.
  for (const [name, event, data] of [
    ['an event that nobody knows', 'rollback', '{"path":"/"}'],
    ['a patch of a kind that nobody knows', 'patch', '{"path":"/metrics/clicks","data":{"key":"clicks","version":3}}'],
    ['a patch of a version that is there', 'patch', JSON.stringify({ path: '/flags/checkout', data: checkout(1, false) })],
    ['a delete of a flag that is not there', 'delete', '{"path":"/flags/nobody","version":3}'],
  ]) {
    test(name, { timeout: 60_000 }, async (t) => {
      const setting = await Setting.start(t);
      setting.upstream.send(event, data);
      await setting.isUnharmed(t);
      setting.upstream.send('patch', { path: '/flags/checkout', data: checkout(2, false) });
      await setting.isTakenAgain();
    });
  }

  test('a patch before its first put', { timeout: 60_000 }, async (t) => {
    const upstream = await EvaluatingUpstream.start(t, { flags: { checkout: checkout(1), other: checkout(1) } });
    const patch = JSON.stringify({ path: '/flags/checkout', data: checkout(9, false) });
    let toStream;
    upstream.answer = (request, response) => {
      if (request.headers.authorization !== SDK_KEY) return false;
      toStream = stream(response);
      return toStream.write(`event: patch\ndata: ${patch}\n\n`);
    };
    const { sluice } = await RelayPlace.start(t, { upstream, awaitFlags: false });
    const latest = () => fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } });
    await waitFor('Sluice to ask', () => toStream);
    // Alone it would be an environment without its other flags.
    assert.equal((await latest()).status, 503);
    toStream.write(fullPut(upstream));
    await waitFor('flags', async () => (await latest()).status === 200);
    assert.deepEqual(Object.keys((await (await latest()).json()).flags), ['checkout', 'other']);
  });
});
