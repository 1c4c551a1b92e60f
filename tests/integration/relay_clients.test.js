// What mobile apps and browsers ask, in every form in which they write a context, while upstream answers well and badly: each answer is one that
// an SDK understands, pages of other origins may read it, and events do not stop.
import assert from 'node:assert/strict';
import { request as httpRequest } from 'node:http';
import { describe, test } from 'node:test';
import { EvaluatingUpstream } from './lib/evaluating_upstream.js';
import { serverFlag } from './lib/flag_server.js';
import { freePort } from './lib/process.js';
import { ENVIRONMENT_ID, SDK_KEY } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { RelayPlace } from './relay/place.js';

const ORIGIN = 'https://shop.example';
// Bytes whose base64 has '+' and '/', and padding.
const CONTEXT = { kind: 'user', key: '~~~???>>>ÿÿÿ😀' };
const base64 = (context) => Buffer.from(JSON.stringify(context)).toString('base64');
const ENCODINGS = {
  'base64url without padding': (context) => Buffer.from(JSON.stringify(context)).toString('base64url'),
  'base64url with padding': (context) => base64(context).replaceAll('+', '-').replaceAll('/', '_'),
  'base64 with padding': base64,
  'base64 without padding': (context) => base64(context).replace(/=+$/, ''),
  'base64, percent-encoded': (context) => encodeURIComponent(base64(context)),
};

async function startPlace(t) {
  const upstream = await EvaluatingUpstream.start(t, { flags: { checkout: serverFlag('checkout', { version: 3, variations: [true, false] }) } });
  const place = await RelayPlace.start(t, { upstream });
  await place.exportAll();
  return { upstream, place, uri: place.sluice.uri };
}
const ask = (url, options = {}) => fetch(url, { redirect: 'manual', ...options, headers: { Origin: ORIGIN, ...options.headers } });

test('a context is passed on as it is encoded: both alphabets of base64, with padding or without', async (t) => {
  const { upstream, place, uri } = await startPlace(t);
  const { mobileKey } = (await place.sluice.api('GET', 'projects/test/environments/production')).body;
  assert.match(base64(CONTEXT), /\+.*=$/);
  assert.match(base64(CONTEXT), /\//);
  for (const [name, encode] of Object.entries(ENCODINGS)) {
    for (const [path, headers] of [[`/sdk/evalx/${ENVIRONMENT_ID}/contexts/`, {}], [`/sdk/evalx/${ENVIRONMENT_ID}/users/`, {}], ['/msdk/evalx/contexts/', { Authorization: mobileKey }]]) {
      const answer = await ask(uri + path + encode(CONTEXT), { headers });
      assert.equal(answer.status, 200, `${name} at ${path}`);
      assert.equal((await answer.json()).checkout.trackEvents, true);
      assert.equal(upstream.asked.at(-1).path, path + encode(CONTEXT), name);
    }
    for (const [path, headers] of [[`/eval/${ENVIRONMENT_ID}/`, {}], ['/meval/', { Authorization: mobileKey }]]) {
      const stream = await ask(uri + path + encode(CONTEXT), { headers });
      assert.equal(stream.status, 200, `${name} at ${path}`);
      const { value } = await stream.body.getReader().read();
      assert.match(Buffer.from(value).toString(), /^event: ping/);
    }
  }
});

test('the query is passed on as it is: secure mode\'s hash, reasons, and what nobody knows', async (t) => {
  const { upstream, uri } = await startPlace(t);
  const query = '?h=0123abcdef%2B&withReasons=true&unknown=1&unknown=2';
  const path = `/sdk/evalx/${ENVIRONMENT_ID}/contexts/${ENCODINGS['base64url without padding'](CONTEXT)}`;
  assert.deepEqual((await (await ask(uri + path + query)).json()).checkout.reason, { kind: 'FALLTHROUGH' });
  assert.equal(upstream.asked.at(-1).query, query);
});

test('a context of 60 kB is passed on; a larger one is refused, and Sluice says why', async (t) => {
  const { uri } = await startPlace(t);
  const contextOf = (bytes) => ({ kind: 'user', key: 'anna', filling: 'x'.repeat(bytes) });
  const path = `${uri}/sdk/evalx/${ENVIRONMENT_ID}/contexts/`;
  const report = (context) => ask(`${uri}/sdk/evalx/${ENVIRONMENT_ID}/context`, { method: 'REPORT', body: JSON.stringify(context), headers: { 'Content-Type': 'application/json' } });
  assert.equal((await ask(path + ENCODINGS['base64url without padding'](contextOf(45_000)))).status, 200);
  const tooLong = await ask(path + ENCODINGS['base64url without padding'](contextOf(65_536)));
  assert.deepEqual([tooLong.status, (await tooLong.json()).code], [400, 'too_large'], 'as SDKs understand it: not for good');
  assert.equal((await report(contextOf(60_000))).status, 200);
  // Whether it comes with its header or behind it.
  for (const bytes of [65_536, 1_000_000]) {
    const refused = await report(contextOf(bytes));
    assert.deepEqual([refused.status, refused.headers.get('access-control-allow-origin')], [400, ORIGIN]);
    assert.match((await refused.json()).message, /64\.0 KiB|65,536 B/);
  }
});

test('what is no context is refused, by Sluice or by upstream', async (t) => {
  const { upstream, uri } = await startPlace(t);
  upstream.answer = (request, response) => request.url.startsWith('/sdk/evalx/') && response.writeHead(400, { 'Content-Type': 'application/json' }).end('{"message":"no context"}');
  for (const encoded of ['%', '%zz', '!!!', 'e30', '..%2f..%2fall', 'A'.repeat(30_000)]) {
    const answer = await ask(`${uri}/sdk/evalx/${ENVIRONMENT_ID}/contexts/${encoded}`);
    assert.equal(answer.status, 400, encoded.slice(0, 40));
    assert.equal(answer.headers.get('access-control-allow-origin'), ORIGIN);
  }
});

test('a page that speaks the second protocol is told to use the first, by a header or an event that it may read', async (t) => {
  const { uri } = await startPlace(t);
  const context = ENCODINGS['base64url without padding'](CONTEXT);
  for (const options of [{}, { method: 'POST', body: JSON.stringify(CONTEXT) }]) {
    const place = options.method ? '' : `/${context}`;
    const poll = await ask(`${uri}/sdk/poll/eval${place}?auth=${ENVIRONMENT_ID}`, options);
    assert.deepEqual([poll.status, poll.headers.get('x-ld-fd-fallback'), poll.headers.get('access-control-allow-origin')], [404, 'true', ORIGIN]);
    assert.match(poll.headers.get('access-control-expose-headers'), /x-ld-fd-fallback/);
    const stream = await ask(`${uri}/sdk/stream/eval${place}?auth=${ENVIRONMENT_ID}`, options);
    assert.deepEqual([stream.status, stream.headers.get('x-ld-fd-fallback'), stream.headers.get('content-type')], [200, 'true', 'text/event-stream; charset=utf-8']);
    const [, name, data] = /^event: (.*)\ndata: (.*)\n\n$/.exec(await stream.text());
    assert.equal(name, 'goodbye');
    assert.equal(JSON.parse(data).protocolFallbackTTL, 3600);
  }
  const preflight = await ask(`${uri}/sdk/poll/eval/${context}?auth=${ENVIRONMENT_ID}`, { method: 'OPTIONS' });
  assert.deepEqual([preflight.status, preflight.headers.get('access-control-allow-methods')], [200, 'GET,OPTIONS']);
});

// Who asks is anybody: no address of the network behind this server is for him. `log`: what its owner is told.
const NO_ANSWER = /^\{"code":"upstream","message":"This environment's flag source does not answer\. Ask again in a second\."\}\n?$/;
// `status`, `body`: what the client gets. SDKs that are told 401 or 404 ask no more; the source's owner is to act, not they.
const BAD_ANSWERS = {
  '401': { answer: (response) => response.writeHead(401).end('http://ld-relay.internal'), status: 503, body: NO_ANSWER, log: /It answers 401: the environment's client-side id is not accepted\./ },
  '404': { answer: (response) => response.writeHead(404).end('http://ld-relay.internal'), status: 503, body: NO_ANSWER, log: /It answers 404: it does not know the environment's client-side id, or does not evaluate flags\./ },
  '429': { answer: (response) => response.writeHead(429, { 'Retry-After': '7' }).end('http://ld-relay.internal'), status: 429, body: NO_ANSWER, headers: { 'retry-after': '7' }, log: /It answers 429\./ },
  '503': { answer: (response) => response.writeHead(503).end('http://ld-relay.internal'), status: 503, body: NO_ANSWER, log: /It answers 503\./ },
  'a page of a proxy': { answer: (response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<html>http://ld-relay.internal'), status: 503, body: NO_ANSWER, log: /It answers 200 with 30 B that are no JSON\./ },
  'a redirect': { answer: (response) => response.writeHead(302, { Location: 'https://elsewhere.example/' }).end(), status: 503, body: NO_ANSWER, log: /It redirects to https:\/\/elsewhere\.example\./ },
  garbage: { answer: (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"checkout":{"val'), status: 200, body: /^\{"checkout":\{"val$/, log: /It answers 200 with 17 B that are no evaluations of flags\./ },
  'evaluations that are a list': { answer: (response) => response.writeHead(200, { 'Content-Type': 'application/json' }).end('[1.50]'), status: 200, body: /^\[1\.50\]$/, log: /It answers 200 with 6 B that are no evaluations/ },
  'a flag that is a number': { answer: (response) => response.writeHead(200).end('{"checkout":1.50}'), status: 200, body: /^\{"checkout":1\.50\}$/ },
  'a reset': { answer: (response) => response.socket.resetAndDestroy(), status: 503, body: NO_ANSWER, log: /./ },
  'a reset in the middle': { answer: (response) => response.writeHead(200, { 'Content-Length': 1000 }).write('{"checkout":', () => response.socket.resetAndDestroy()), status: 503, body: NO_ANSWER, log: /./ },
  'more than is read': { answer: (response) => response.end(Buffer.alloc(17 << 20, ' ')), status: 503, body: NO_ANSWER, log: /./ },
  'no answer': { answer: () => {}, status: 503, body: NO_ANSWER, log: /./ },
};

const evaluations = async (place) => (await place.sluice.api('GET', 'projects/test/environments/production/flag-source')).body.evaluations;

describe('upstream answers evaluations with', { concurrency: 3 }, () => {
  for (const [name, { answer, status, body, log, headers = {} }] of Object.entries(BAD_ANSWERS)) {
    test(name, { timeout: 60_000 }, async (t) => {
      const { upstream, place, uri } = await startPlace(t);
      upstream.answer = (request, response) => request.url.startsWith('/sdk/evalx/') && (answer(response), true);
      const path = `${uri}/sdk/evalx/${ENVIRONMENT_ID}/contexts/${ENCODINGS['base64url without padding'](CONTEXT)}`;
      const got = await ask(path);
      assert.equal(got.status, status);
      assert.equal(got.headers.get('access-control-allow-origin'), ORIGIN);
      for (const [header, value] of Object.entries(headers)) assert.equal(got.headers.get(header), value);
      const text = await got.text();
      if (body) assert.match(text, body);
      const [failed] = place.sluice.process.output.split('\n').filter((line) => line.includes('relay.no_evaluations'));
      const told = await evaluations(place);
      if (log) {
        assert.ok(log.test(failed) && failed.includes(upstream.uri), failed);
        assert.deepEqual([told.state, told.answered, told.failed], ['failing', 0, 1]);
        assert.match(told.problem.message, log);
        assert.match(told.problem.remedy, /flagBaseUri/);
      } else {
        assert.deepEqual([failed, told.state, told.problem], [undefined, 'answering', undefined], 'one bad flag of many is no bad source');
      }
      // Servers have their flags, and events are taken.
      assert.equal((await fetch(`${uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).status, 200);
      assert.equal(await place.sluice.post([{ kind: 'custom', key: name, creationDate: Date.now(), context: { kind: 'user', key: 'anna' } }]), 202);
      await place.arrival('the event', ({ key }) => key === name);
      upstream.answer = () => false;
      assert.equal((await (await ask(path)).json()).checkout.trackEvents, true);
      const well = await evaluations(place);
      assert.deepEqual([well.state, well.answered, well.failed, well.problem], ['answering', log ? 1 : 2, log ? 1 : 0, undefined]);
    });
  }
});

test('an address that evaluates for nobody is said to fail while changes of flags arrive, and no longer once it is corrected', async (t) => {
  const { upstream, place, uri } = await startPlace(t);
  const { sluice } = place;
  const set = async (value) => assert.equal((await sluice.api('PATCH', 'projects/test/environments/production', [{ op: 'add', path: '/flagBaseUri', value }])).status, 200);
  const failing = async () => (await sluice.metrics()).value('sluice_relay_evaluations_failing');
  const askOnce = () => ask(`${uri}/sdk/evalx/${ENVIRONMENT_ID}/contexts/${ENCODINGS['base64url without padding'](CONTEXT)}`);
  assert.equal((await evaluations(place)).state, 'not asked');
  await set(`http://127.0.0.1:${await freePort()}`);
  assert.equal((await askOnce()).status, 503);
  const told = await evaluations(place);
  assert.equal(told.state, 'failing');
  assert.match(told.problem.message, /Could not connect to 127/);
  assert.match(told.problem.remedy, /flagBaseUri/);
  await waitFor('the metric', async () => (await failing()) === 1);
  const { feeds } = (await sluice.api('GET', 'projects/test/environments/production/flag-source')).body;
  assert.deepEqual([feeds[0].state, feeds[0].problem], ['following', undefined]);
  await set(upstream.uri);
  assert.equal((await evaluations(place)).state, 'not asked', 'the failure was of another address');
  assert.equal((await askOnce()).status, 200);
  assert.equal((await evaluations(place)).state, 'answering');
  await waitFor('the metric', async () => (await failing()) === 0);
});

test('while upstream hangs, more browsers than may wait are told to come again; servers and events do not wait', { timeout: 60_000 }, async (t) => {
  // What waits has 16 MiB at most.
  const BROWSERS = 400, BODY = Buffer.from(JSON.stringify({ ...CONTEXT, filling: 'x'.repeat(60_000) })), MAY_WAIT = Math.floor((16 << 20) / BODY.length);
  const { upstream, place, uri } = await startPlace(t);
  const held = new Set();
  upstream.answer = (request, response) => request.url.startsWith('/sdk/evalx/') && Boolean(held.add(response));
  const path = `${uri}/sdk/evalx/${ENVIRONMENT_ID}/context`;
  const answers = [];
  const report = () => httpRequest(path, { method: 'REPORT', agent: false, headers: { 'Content-Type': 'application/json', 'Content-Length': BODY.length } },
    (response) => answers.push({ status: response.statusCode, retryAfter: response.headers['retry-after'] }) && response.resume()).end(BODY);
  for (let i = 0; i < BROWSERS; ++i) report();
  await waitFor('those above the limit to be answered', () => answers.length >= BROWSERS - MAY_WAIT);
  assert.deepEqual([...new Set(answers.map(({ status, retryAfter }) => `${status} ${retryAfter}`))], ['503 1']);
  const began = performance.now();
  assert.equal((await fetch(`${uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).status, 200);
  assert.equal(await place.sluice.post([{ kind: 'custom', key: 'beside', creationDate: Date.now(), context: { kind: 'user', key: 'anna' } }]), 202);
  await place.arrival('the event', ({ key }) => key === 'beside');
  console.log(`relay: beside ${MAY_WAIT} browsers that wait, an event was in the stream after ${Math.round(performance.now() - began)} ms`);
  upstream.answer = () => false;
  for (const response of held) response.destroy();
  await waitFor('all to be answered', () => answers.length === BROWSERS, { timeoutMs: 30_000 });
  report();
  await waitFor('the next one', () => answers[BROWSERS]);
  assert.equal(answers[BROWSERS].status, 200);
});
