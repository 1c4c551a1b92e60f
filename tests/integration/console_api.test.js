// What the console, the command line and operators ask beside LaunchDarkly's own calls: sessions, status, history, events as they
// come, dead letters, replay, usage, many flags at once.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { openEventStream } from './lib/event_stream.js';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { documentedUri } from './lib/openapi.js';
import { sluiceBinary } from './lib/paths.js';
import { runToEnd } from './lib/process.js';
import { ADMIN_TOKEN, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-0b5e7e70-0000-4000-8000-00000000002b';
const ENVIRONMENT = '/web/production';
const MAX_STREAMS_OF_TOKEN = 8;

// A managed server with one environment and one destination that is on.
async function exporting(t, { config = {}, ...options } = {}) {
  const kinesim = await Kinesim.start(t, options);
  const sluice = await Sluice.start(t, { managed: true });
  await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production', apiKey: SDK_KEY }] });
  const { status, body } = await sluice.api('POST', `destinations${ENVIRONMENT}`, {
    kind: 'kinesis', on: true,
    config: { region: 'us-east-1', roleArn: ROLE, streamName: 'flag-events', externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri, ...config },
  });
  assert.equal(status, 201, JSON.stringify(body));
  await waitFor('the SDK key to be known', async () => (await sluice.post([], { key: SDK_KEY })) === 202);
  const at = `destinations${ENVIRONMENT}/${body._id}`;
  await waitFor('the destination to be started', async () => (await sluice.api('GET', `${at}/status`)).status === 200);
  const get = async (what) => (await sluice.api('GET', what ? `${at}/${what}` : at)).body;
  const send = async (...events) => assert.equal(await sluice.post(events, { key: SDK_KEY }), 202);
  const delivered = (count) => waitFor(`${count} events to be delivered`, async () => {
    const status = await get('status');
    return status.deliveredEvents >= count && status;
  });
  return { kinesim, sluice, at, id: body._id, get, send, delivered };
}
const keysOf = async (kinesim) => (await kinesim.texts()).map((text) => JSON.parse(text).event.key);

test("a browser's session: a cookie that no script reads, and no change without the console's header", async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const uri = await documentedUri(t, sluice.adminUri);
  const call = (method, path, { body, headers = {} } = {}) => fetch(`${uri}${path}`, {
    method, headers: { ...(body && { 'content-type': 'application/json' }), ...headers }, body: body && JSON.stringify(body),
  });
  const console = { 'x-sluice-console': '1' };
  assert.equal((await call('POST', '/api/session', { headers: console, body: { token: 'api-wrong' } })).status, 401);
  assert.equal((await call('POST', '/api/session', { headers: console, body: {} })).status, 400);
  for (const headers of [{}, { ...console, 'content-type': 'text/plain' }]) {
    const byForm = await call('POST', '/api/session', { headers, body: { token: ADMIN_TOKEN } });
    assert.equal(byForm.status, 415, 'what a form of another site can send signs nobody in');
  }
  const signedIn = await call('POST', '/api/session', { headers: console, body: { token: ADMIN_TOKEN } });
  assert.equal(signedIn.status, 204);
  const cookie = signedIn.headers.get('set-cookie');
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/api', 'Max-Age=43200']) assert.ok(cookie.includes(part), cookie);
  const headers = { cookie: `other=1; ${cookie.split(';')[0]}` };
  assert.equal((await call('GET', '/api/v2/projects', { headers })).status, 200);
  const project = { key: 'web', name: 'Web' };
  const forged = await call('POST', '/api/v2/projects', { headers, body: project });
  assert.equal(forged.status, 403);
  assert.match((await forged.json()).message, /X-Sluice-Console/);
  assert.equal((await call('POST', '/api/v2/projects', { headers: { ...headers, 'x-sluice-console': '1' }, body: project })).status, 201);
  assert.equal((await call('POST', '/api/v2/projects', { headers: { authorization: ADMIN_TOKEN }, body: { ...project, key: 'two' } })).status, 201);
  assert.ok(!cookie.includes(ADMIN_TOKEN), 'the cookie is not the token');
  const signedOut = await call('DELETE', '/api/session', { headers });
  assert.equal((await call('GET', '/api/v2/projects', { headers })).status, 401, 'a copy of the cookie ends with the session');
  assert.match(signedOut.headers.get('set-cookie'), /sluice_session=;.*Max-Age=0/);
  assert.equal((await call('GET', '/api/v2/projects', { headers: { cookie: 'sluice_session=' } })).status, 401);
});

test('status and history tell what was received and delivered, where, and what shards it needs', async (t) => {
  const { sluice, send, delivered, get, id } = await exporting(t);
  await send(...Array.from({ length: 50 }, (_, i) => customEvent(`e${i}`)));
  const status = await delivered(50);
  assert.equal(status.replay, null);
  // The journal's numbers are a snapshot of their own, a second old at most.
  const server = await waitFor('the status to show what was received', async () => {
    const { body } = await sluice.api('GET', 'status');
    return body.environments[0].eventsReceived === 50 && body;
  });
  const [environment] = server.environments;
  assert.deepEqual([environment.project, environment.environment], ['web', 'production']);
  assert.ok(environment.lastEvent > Date.now() - 60_000);
  assert.deepEqual(server.destinations.map((one) => [one.id, one.on, one.backlog.events]), [[id, true, 0]]);
  assert.equal(server.intake.address, sluice.uri.replace('http://', ''));
  const sums = await waitFor('the history', async () => {
    const { points, stepMs } = await get('history?span=hour');
    assert.equal(stepMs, 10_000);
    const sum = (name) => points.reduce((total, point) => total + point[name], 0);
    return sum('delivered') === 50 && { accepted: sum('accepted'), latency: points.some(({ latencyP99Ms }) => latencyP99Ms > 0) };
  });
  assert.deepEqual(sums, { accepted: 50, latency: true });
  assert.equal((await sluice.api('GET', `destinations${ENVIRONMENT}/${id}/history?span=year`)).status, 400);
  const { shards } = await waitFor('the shards', async () => {
    const now = await get('status');
    return now.shards.open === 8 && now.shards.peakEventsPerSecond > 0 && now;
  });
  assert.deepEqual([shards.mode, shards.byMeasure, shards.advised], ['PROVISIONED', 1, 1]);
  assert.ok(Math.abs(shards.cost.capacityPerMonthUsd - 8 * 0.015 * 730) < 0.01, JSON.stringify(shards.cost));
  const { body: regions } = await sluice.api('GET', 'aws-regions');
  assert.ok(regions.items.some(({ name, partition }) => name === 'eu-west-1' && partition === 'aws'));
});

test('events as they come, and as a destination gets them', async (t) => {
  const { sluice, send, delivered, id } = await exporting(t);
  await send(customEvent('one'), customEvent('two'));
  await delivered(2);
  const list = async (query = '') => (await sluice.api('GET', `events${ENVIRONMENT}${query}`)).body;
  const first = await list();
  assert.deepEqual(first.items.map(({ key, kind }) => [key, kind]), [['one', 'custom'], ['two', 'custom']]);
  assert.equal(first.items[0].record.event.id, first.items[0].id);
  assert.deepEqual((await list(`?after=${first.next}`)).items, []);
  await send(customEvent('three'));
  await delivered(3);
  const second = await list(`?after=${first.next}`);
  assert.deepEqual(second.items.map(({ key }) => key), ['three']);
  const asDestination = await waitFor('the cursor to pass', async () => {
    const answer = await list(`?destination=${id}`);
    return answer.items.length === 3 && answer;
  });
  assert.deepEqual(asDestination.items.map(({ key }) => key), ['one', 'two', 'three']);
  for (const [query, status] of [['?after=x', 400], ['?limit=100000', 400], ['?destination=610addeadbeefaa86ec9a7d4', 404]])
    assert.equal((await sluice.api('GET', `events${ENVIRONMENT}${query}`)).status, status, query);
});

// Somebody with a public key chooses the events, and somebody else looks at them.
test('an event with 100,000 members is listed by its size and shown whole when asked for, and holds nobody up who asks the admin port', async (t) => {
  const { sluice, send } = await exporting(t);
  const data = Object.fromEntries(Array.from({ length: 100_000 }, (_, index) => [`m${index}`, index]));
  await send({ ...customEvent('large'), data });
  const began = performance.now();
  const page = sluice.api('GET', `events${ENVIRONMENT}`);
  assert.equal((await fetch(`${sluice.adminUri}/healthz`)).status, 200);
  const { body: { items: [event] } } = await page;
  assert.deepEqual([event.kind, event.key, event.record], ['custom', 'large', null]);
  const { body: whole } = await sluice.api('GET', event.whole.href.replace('/api/v2/', ''));
  const tookMs = performance.now() - began;
  assert.ok(tookMs < 2_000, `${tookMs} ms`);
  assert.deepEqual([whole.kind, whole.key, whole.id], ['custom', 'large', whole.record.event.id]);
  assert.deepEqual(whole.record.event.data, data);
});

test('what one stranger sends in one payload is shown over pages, and a long event by its size with a link to the whole', async (t) => {
  const { sluice, send } = await exporting(t);
  const members = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`member-${i}`, i]));
  await send(...Array.from({ length: 30 }, (_, i) => customEvent(`e${i}`)), { ...customEvent('long'), data: members }, customEvent('last'));
  const list = async (query) => {
    const { status, body } = await sluice.api('GET', `events/web/production?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const seen = [];
  for (let page = await list('limit=10'); page.items.length > 0; page = await list(`limit=10&after=${page.next}`)) {
    assert.ok(page.items.length <= 10);
    seen.push(...page.items);
  }
  assert.deepEqual(seen.map(({ key }) => key), [...Array.from({ length: 30 }, (_, i) => `e${i}`), 'long', 'last'], 'each once, in order');
  const long = seen.find(({ key }) => key === 'long');
  assert.equal(long.record, null);
  assert.ok(long.eventBytes > 1_000_000 && /^[0-9a-f]{24}$/.test(long.id), JSON.stringify(long));
  const whole = await sluice.api('GET', long.whole.href.replace('/api/v2/', ''));
  assert.equal(whole.status, 200);
  assert.deepEqual(whole.body.record.event.data, members);
  assert.equal(whole.body.id, long.id);
  for (const [place, status] of [['7', 400], ['x', 400], [`${long.position}9`, 404], ['1.0', 404]])
    assert.equal((await sluice.api('GET', `events/web/production?at=${place}`)).status, status, place);
});

test('a stream of events: as they come, taken up again without a gap or one twice, for as long as its reader may read', async (t) => {
  const { sluice, send, id } = await exporting(t);
  const { body: { token, _id: tokenId } } = await sluice.api('POST', 'tokens', { name: 'watcher', role: 'reader' });
  const url = `${sluice.adminUri}/api/v2/events${ENVIRONMENT}`;
  const open = (query = '', headers = {}) => openEventStream(t, url + query, { Authorization: token, ...headers });
  const keys = (stream) => stream.events.map(({ data }) => data.key);

  const first = await open();
  assert.equal(first.type, 'text/event-stream');
  await first.until('it to say that it is there', ({ comments, lastId }) => comments > 0 && lastId);
  await send(customEvent('one'), customEvent('two'), customEvent('three'));
  await first.until('the events', ({ events }) => events.length === 3);
  assert.deepEqual(keys(first), ['one', 'two', 'three']);
  assert.equal(first.events[0].data.record.event.key, 'one');
  first.close();

  // Lost in the middle of a payload, it goes on with the event behind the last that it had.
  await send(customEvent('four'));
  const again = await open('?after=1', { 'Last-Event-ID': first.events[1].id });
  await again.until('what was missed', ({ events }) => events.length === 2);
  assert.deepEqual(keys(again), ['three', 'four']);
  const asDestination = await open(`?destination=${id}&after=${first.events[0].id}`);
  await asDestination.until("what the destination's records read", ({ events }) => events.length === 3);

  assert.equal((await open('?after=x')).status, 400);
  assert.equal((await open('?destination=610addeadbeefaa86ec9a7d4')).status, 404);
  assert.equal((await openEventStream(t, url, { Authorization: 'api-wrong' })).status, 401);
  const many = await Promise.all(Array.from({ length: MAX_STREAMS_OF_TOKEN - 2 }, () => open()));
  const refused = await open();
  assert.deepEqual([refused.status, refused.body.code], [429, 'rate_limited']);
  assert.match(refused.body.message, /^The access token "watcher" has 8 event streams open/);
  assert.equal((await openEventStream(t, url, { Authorization: ADMIN_TOKEN })).status, 200, 'an administrator gets in');
  many.forEach((stream) => stream.close());
  await waitFor('there to be room again', async () => (await open()).status === 200);

  assert.equal((await sluice.api('DELETE', `tokens/${tokenId}`)).status, 204);
  await again.until('the end of what its token may not read any more', ({ ended }) => ended);
  await asDestination.until('the end of the other', ({ ended }) => ended);
  const own = await openEventStream(t, url, { Authorization: ADMIN_TOKEN });
  await own.until('what came last', ({ events }) => events.length === 4);
  assert.equal((await sluice.api('DELETE', 'projects/web/environments/production')).status, 204);
  await own.until('the end with its environment', ({ ended }) => ended);
  assert.deepEqual([own.events.at(-1).event, own.events.at(-1).data.code], ['ended', 'not_found']);

  // Nobody waits for a stream when the server stops.
  assert.equal((await sluice.api('POST', 'projects/web/environments', { key: 'staging', name: 'Staging' })).status, 201);
  const last = await openEventStream(t, `${sluice.adminUri}/api/v2/events/web/staging`, { Authorization: ADMIN_TOKEN });
  await last.until('it to begin', ({ comments }) => comments > 0);
  const begun = performance.now();
  await sluice.process.stop('SIGTERM');
  await last.until('its end', ({ ended }) => ended);
  assert.ok(performance.now() - begun < 5_000, 'a stream kept the server from stopping');
});

test('replay: what the stream refuses is counted apart from what was delivered, in status, metrics and the command line', async (t) => {
  const { kinesim, sluice, at, send, delivered, get } = await exporting(t, { rateLimits: false });
  const large = { data: 'x'.repeat(600_000) };
  await send(...Array.from({ length: 200 }, (_, i) => customEvent(`n-${i}`)));
  await send(...[1, 2, 3].map((i) => customEvent(`large-${i}`, large)));
  await delivered(203);
  await kinesim.apply({ streams: [{ name: 'flag-events', max_record_kib: 512 }] });
  assert.equal((await sluice.api('POST', `${at}/replay`, { from: 0 })).status, 201);
  const done = await waitFor('the replay to be done', async () => {
    const { replay } = await get('status');
    return replay.state === 'done' && replay;
  }, { timeoutMs: 30_000 });
  assert.deepEqual([done.deliveredEvents, done.deadLetteredEvents], [200, 3]);
  const { samples } = await sluice.metrics();
  const valueOf = (name) => samples.find((sample) => sample.name === name)?.value;
  assert.equal(valueOf('sluice_destination_replay_delivered_events'), 200);
  assert.equal(valueOf('sluice_destination_replay_dead_lettered_events'), 3);
  assert.match(sluice.process.output, /replay.done.*dead_lettered=3/);
});

test('replay: what was accepted in a span of time is delivered again under the same ids, also over a restart', async (t) => {
  const { kinesim, sluice, at, send, delivered, get } = await exporting(t);
  await send(...Array.from({ length: 20 }, (_, i) => customEvent(`before-${i}`)));
  await delivered(20);
  const from = await waitFor('the clock to move on', async () => Date.now() + 1);
  await waitFor('the next millisecond', () => Date.now() > from + 1);
  await send(...Array.from({ length: 30 }, (_, i) => customEvent(`within-${i}`)));
  await delivered(50);
  const to = Date.now();
  await waitFor('the next millisecond', () => Date.now() > to + 1);
  await send(customEvent('after'));
  await delivered(51);

  const started = await sluice.api('POST', `${at}/replay`, { from, to });
  assert.equal(started.status, 201, JSON.stringify(started.body));
  assert.deepEqual([started.body.from, started.body.to], [from, to]);
  const done = await waitFor('the replay to be done', async () => {
    const { replay } = await get('status');
    return replay.state === 'done' && replay;
  });
  assert.deepEqual([done.deliveredEvents, done.fraction], [30, 1]);
  const records = (await kinesim.texts()).map((text) => JSON.parse(text).event);
  assert.equal(records.length, 81);
  const times = new Map();
  for (const { id } of records) times.set(id, (times.get(id) ?? 0) + 1);
  assert.equal(times.size, 51, 'no new ids');
  for (const { id, key } of records) assert.equal(times.get(id), key.startsWith('within') ? 2 : 1, key);
  assert.equal((await get('status')).deliveredEvents, 51, 'live totals stay');

  for (const [body, status, message] of [
    [{}, 400, /^from: It is missing/], [{ from: 'yesterday' }, 400, /^from: "yesterday" is not a time/], [{ from: 5, to: 4 }, 400, /before from/],
  ]) {
    const answer = await sluice.api('POST', `${at}/replay`, body);
    assert.equal(answer.status, status);
    assert.match(answer.body.message, message);
  }

  // AWS is away: the replay waits, outlives a restart, and can be cancelled only once.
  await kinesim.addFaults({ kind: 'gone' });
  assert.equal((await sluice.api('POST', `${at}/replay`, { from: new Date(from).toISOString() })).status, 201);
  assert.equal((await sluice.api('POST', `${at}/replay`, { from })).status, 409);
  await sluice.process.stop('SIGKILL');
  await sluice.launch();
  await waitFor('the replay to go on', async () => (await get('status')).replay?.state === 'running');
  await kinesim.clearFaults();
  await waitFor('it to be done', async () => (await get('status')).replay.state === 'done', { timeoutMs: 90_000 });
  assert.equal((await sluice.api('DELETE', `${at}/replay`)).status, 404);
  assert.deepEqual(readdirSync(`${sluice.folder}/data/replays`), []);
  await sluice.api('PATCH', at, { on: false });
  await waitFor('it to be off', async () => (await get('status')).state === 'off');
  assert.equal((await sluice.api('POST', `${at}/replay`, { from })).status, 409);
});

test('dead letters are listed, newest first, with reason and record, and downloaded', async (t) => {
  const { sluice, at, send, get, delivered } = await exporting(t);
  assert.deepEqual((await get('dead-letters')).items, []);
  await send(customEvent('fits'));
  await delivered(1);
  await send(customEvent('too-large', { data: 'x'.repeat(1_100_000) }));
  const letters = await waitFor('the dead letter', async () => {
    const answer = await get('dead-letters?limit=5');
    return answer.items.length === 1 && answer;
  });
  assert.equal(letters.items[0].record.event.key, 'too-large');
  assert.match(letters.items[0].reason, /larger than stream flag-events accepts/);
  assert.equal(await waitFor('it to be counted', async () => (await get('dead-letters')).totalCount), 1);
  const file = await fetch(`${sluice.adminUri}/api/v2/${at}/dead-letters/file`, { headers: { authorization: ADMIN_TOKEN } });
  assert.equal(file.headers.get('content-type'), 'application/x-ndjson');
  assert.equal(JSON.parse(await file.text()).record.event.key, 'too-large');
  assert.equal((await sluice.api('GET', `${at}/dead-letters?limit=0`)).status, 400);
});

test('dead letters are tried again once the stream takes them, with the same ids; what is refused again is kept again', async (t) => {
  const { sluice, kinesim, at, send, get } = await exporting(t);
  const retry = () => sluice.api('POST', `${at}/dead-letters/retry`);
  assert.deepEqual((await retry()).body, { retried: 0, delivered: 0, kept: 0, left: false });
  const env = { PATH: process.env.PATH, SLUICE_SERVER: sluice.adminUri, SLUICE_TOKEN: ADMIN_TOKEN };
  const typed = await runToEnd(sluiceBinary, ['destination', 'retry', ...at.split('/').slice(1)], { env });
  assert.equal(typed.status, 0, typed.output);
  assert.match(typed.output, /^Sent again: 0\. Delivered: 0\. Kept, refused again or not readable: 0\.$/m);
  await send(customEvent('too-large', { data: 'x'.repeat(1_100_000) }), customEvent('also', { data: 'y'.repeat(1_100_000) }), customEvent('fits'));
  await waitFor('the dead letters', async () => (await get('dead-letters')).totalCount === 2);
  const before = (await get('dead-letters')).items.map(({ record }) => record.event.id).sort();
  const told = await waitFor('the status to say that some are kept', async () => { const now = await get('status'); return now.deadLetterBytes > 2_000_000 && now; });
  assert.equal(told.deadLetteredEvents, 2);
  assert.match(told.deadLetterFile, /dead-letters/);

  const again = await retry();
  assert.deepEqual(again.body, { retried: 2, delivered: 0, kept: 2, left: false });
  assert.deepEqual((await get('dead-letters')).items.map(({ record }) => record.event.id).sort(), before, 'kept, with their ids');

  await kinesim.apply({ streams: [{ name: 'flag-events', shards: 2, max_record_kib: 10_240 }] });
  // Killed while the answer is on its way: the letters are there again after the start, and may come twice.
  await kinesim.addFaults({ kind: 'latency', operation: 'PutRecords', latency_ms: 10_000, count: 2 });
  const interrupted = retry().catch(() => 'killed');
  await waitFor('both to be sent', async () => (await kinesim.texts()).length >= 1);
  await sluice.process.stop('SIGKILL');
  assert.equal(await interrupted, 'killed');
  await sluice.launch();
  await waitFor('the letters to be back', async () => (await get('dead-letters')).totalCount === 2);
  await kinesim.clearFaults();
  assert.deepEqual((await retry()).body, { retried: 2, delivered: 2, kept: 0, left: false });
  assert.deepEqual(await get('dead-letters'), { totalCount: 0, bytes: 0, items: [] });
  // The counter of all that there ever were stays; nothing of the status says that some need a person.
  const after = await waitFor('the status to say that none is kept', async () => { const now = await get('status'); return now.deadLetterBytes === 0 && now; });
  assert.deepEqual([after.deadLetteredEvents, after.deadLetterFile], [2, null]);
  const events = (await kinesim.texts()).map((text) => JSON.parse(text).event);
  assert.deepEqual([...new Set(events.filter(({ key }) => key !== 'fits').map(({ id }) => id))].sort(), before);
  assert.deepEqual(readdirSync(`${sluice.folder}/data/dead-letters`), []);
  const file = await fetch(`${sluice.adminUri}/api/v2/${at}/dead-letters/file`, { headers: { authorization: ADMIN_TOKEN } });
  assert.deepEqual([file.status, await file.text()], [200, '']);

  await sluice.api('PATCH', at, { on: false });
  assert.equal((await retry()).status, 409);
});

test('usage by kind, environment and destination, kept over restarts', async (t) => {
  const { sluice, send, delivered, id } = await exporting(t);
  const identify = { kind: 'identify', creationDate: 1, context: { kind: 'user', key: 'u' } };
  await send(customEvent('a'), customEvent('b'), identify);
  await delivered(3);
  await sluice.process.stop('SIGTERM');
  await sluice.launch();
  await send(customEvent('c'));
  const usage = async (query = '') => (await sluice.api('GET', `usage/data-export-events${query}`)).body;
  const total = ({ series }) => series.reduce((sum, point) => sum + (point[0] ?? 0), 0);
  await waitFor('all four', async () => total(await usage()) === 4);
  const byKind = await usage('?groupBy=eventKind&granularity=hourly');
  assert.deepEqual(byKind.metadata, [{ eventKind: 'custom' }, { eventKind: 'identify' }]);
  const sums = byKind.series.reduce(([custom, other], point) => [custom + point[0], other + point[1]], [0, 0]);
  assert.deepEqual(sums, [3, 1]);
  assert.deepEqual((await usage(`?groupBy=destinationId&groupBy=projectId`)).metadata, [{ destinationId: id, projectId: 'web' }]);
  assert.equal(total(await usage('?eventKind=identify')), 1);
  assert.equal(total(await usage('?environmentKey=none')), 0);
  for (const query of ['?granularity=yearly', '?groupBy=color', '?from=x', '?aggregationType=z'])
    assert.equal((await sluice.api('GET', `usage/data-export-events${query}`)).status, 400, query);
});

test('flags by pages, searched and sorted, with evaluations by variation; many switched at once', async (t) => {
  const { sluice, send, delivered, kinesim } = await exporting(t);
  const feature = (key, variation) => ({ kind: 'feature', key, creationDate: 1, variation, value: variation, context: { kind: 'user', key: 'u' } });
  await send(...Array.from({ length: 30 }, (_, i) => feature(`flag-${String(i).padStart(2, '0')}`, 0)), feature('flag-07', 1), feature('flag-07', 1));
  await delivered(32);
  const list = async (query) => (await sluice.api('GET', `flags/web?env=production${query}`)).body;
  const page = await list('&limit=10&offset=20');
  assert.deepEqual([page.totalCount, page.items.length, page.items[0].key], [30, 10, 'flag-20']);
  assert.deepEqual((await list('&filter=query:FLAG-1&limit=3')).totalCount, 10);
  const [most] = (await list('&sort=-evaluations&limit=1')).items;
  assert.equal(most.key, 'flag-07');
  assert.deepEqual(most.environments.production._summary.variations, { 0: { evaluations: 1 }, 1: { evaluations: 2 } });
  const many = await sluice.api('PATCH', 'flags/web', { environmentKey: 'production', flags: ['flag-01', 'flag-02', 'never-seen'], trackEvents: false });
  assert.deepEqual([many.status, many.body], [200, { changed: 3 }]);
  await waitFor('the switches', async () => (await list('&filter=query:flag-0')).items.filter(({ environments: { production } }) => !production.trackEvents).length === 2, { timeoutMs: 1000 });
  await send(customEvent('begin'));
  await waitFor('what was sent before the switch', async () => (await keysOf(kinesim)).includes('begin'));
  const before = (await keysOf(kinesim)).length;
  await send(feature('flag-01', 0), feature('flag-03', 0), customEvent('end'));
  await waitFor('the end', async () => (await keysOf(kinesim)).includes('end'));
  assert.equal((await keysOf(kinesim)).slice(before).includes('flag-01'), false);
  for (const body of [{}, { environmentKey: 'production', flags: [], trackEvents: true }, { environmentKey: 'production', flags: [7], trackEvents: true }, { environmentKey: 'production', flags: ['a'] }])
    assert.equal((await sluice.api('PATCH', 'flags/web', body)).status, 400, JSON.stringify(body));
});

test('an entry of the audit log by its id', async (t) => {
  const { sluice } = await exporting(t);
  const { body: { items: [newest] } } = await sluice.api('GET', 'auditlog?limit=1');
  const { body: entry } = await sluice.api('GET', `auditlog/${newest._id}`);
  assert.deepEqual(entry, newest);
  assert.equal((await sluice.api('GET', 'auditlog/610addeadbeefaa86ec9a7d4')).status, 404);
});
