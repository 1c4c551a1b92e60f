// Projects, environments, destinations and flags are managed while the server runs, by clients made for LaunchDarkly's REST API.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { apiClients } from './lib/api_clients.js';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { documentedUri } from './lib/openapi.js';
import { ADMIN_TOKEN, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-0b5e7e70-0000-4000-8000-00000000001a';  // one that SDKs in the field have

const configFor = (kinesim) => ({
  region: 'us-east-1', roleArn: ROLE, streamName: 'flag-events', externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri,
});
const keysOf = async (kinesim) => (await kinesim.texts()).map((text) => JSON.parse(text).event.key);

async function makeEnvironment(sluice, { project = 'web', environment = 'production', ...fields } = {}) {
  const made = await sluice.api('POST', 'projects', { key: project, name: 'Web', environments: [{ key: environment, name: 'Production', ...fields }] });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.environments[0];
}

for (const { name, connect } of apiClients) {
  test(`the life of a destination, by ${name}`, async (t) => {
    const kinesim = await Kinesim.start(t);
    const sluice = await Sluice.start(t, { managed: true });
    const client = connect({ uri: await documentedUri(t, sluice.adminUri), token: ADMIN_TOKEN });
    assert.equal(await sluice.post([customEvent('too-early')], { key: SDK_KEY }), 401);

    await client.postProject({ key: 'web', name: 'Web shop' });
    await client.postEnvironment('web', { key: 'production', name: 'Production', color: 'FF0000', apiKey: SDK_KEY });
    assert.equal((await client.getEnvironment('web', 'production')).apiKey, SDK_KEY);
    const made = await client.postDestination('web', 'production', { name: 'orders', kind: 'kinesis', config: configFor(kinesim), on: true });
    const id = made._id ?? made.id;
    assert.equal(made.version, 1);

    const feature = (i) => ({ kind: 'feature', key: 'checkout', creationDate: i, variation: 0, value: true, context: { kind: 'user', key: `u${i}` } });
    await waitFor('the SDK key to be known', async () => (await sluice.post([feature(1)], { key: SDK_KEY })) === 202);
    await waitFor('the event in the stream', async () => (await keysOf(kinesim)).includes('checkout'));
    assert.equal((await client.getFeatureFlag('web', 'checkout')).environments.production.trackEvents, true);

    await client.patchFeatureFlag('web', 'checkout', [{ op: 'replace', path: '/environments/production/trackEvents', value: false }]);
    await waitFor('the switch to be off', async () => !(await client.getFeatureFlag('web', 'checkout')).environments.production.trackEvents, { timeoutMs: 1000 });
    const before = (await keysOf(kinesim)).length;
    assert.equal(await sluice.post([feature(2), customEvent('after')], { key: SDK_KEY }), 202);
    await waitFor('the event behind it', async () => (await keysOf(kinesim)).includes('after'));
    assert.equal((await keysOf(kinesim)).length, before + 1, 'the evaluation is not exported');

    const patched = await client.patchDestination('web', 'production', id, [{ op: 'replace', path: '/on', value: false }]);
    assert.deepEqual([patched.version, patched.on], [2, false]);
    assert.equal((await client.getDestination('web', 'production', id)).on, false);
    assert.equal((await client.getDestinations()).items.length, 1);
    await client.deleteDestination('web', 'production', id);
    await assert.rejects(client.getDestination('web', 'production', id), (error) => client.statusOf(error) === 404);
    await client.deleteProject('web');
    await waitFor('the SDK key to be unknown', async () => (await sluice.post([feature(3)], { key: SDK_KEY })) === 401);

    const { body } = await sluice.api('GET', 'auditlog');
    const actions = body.items.map(({ accesses }) => accesses[0].action).reverse();
    assert.deepEqual(actions, ['createAccessToken', 'createProject', 'createEnvironment', 'createDestination', 'updateTrackEvents',
      'updateDestination', 'deleteDestination', 'deleteProject']);
    assert.ok(!JSON.stringify(body).includes(SDK_KEY), 'no credential in the audit log');
  });
}

test("what Terraform's provider sends: create, read, patch all at once, import, plan without drift, delete", async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  await makeEnvironment(sluice);
  const config = { region: 'us-east-1', roleArn: ROLE, streamName: 'cat-stream' };
  const made = await sluice.api('POST', 'destinations/web/production', { name: 'tf', kind: 'kinesis', config, on: false });
  assert.equal(made.status, 201);
  const at = made.body._links.self.href.replace('/api/v2/', '');
  assert.equal(made.body._links.parent.href, '/api/v2/destinations');
  assert.match(made.body._id, /^[0-9a-f]{24}$/);
  const next = { ...config, streamName: 'dog-stream' };
  const patched = await sluice.api('PATCH', at, [
    { op: 'replace', path: '/name', value: 'renamed' }, { op: 'replace', path: '/kind', value: 'kinesis' },
    { op: 'replace', path: '/on', value: false }, { op: 'replace', path: '/config', value: next },
  ]);
  assert.equal(patched.status, 200, JSON.stringify(patched.body));
  const read = await sluice.api('GET', at);
  assert.deepEqual([read.body.name, read.body.kind, read.body.on, read.body.config, read.body.version], ['renamed', 'kinesis', false, next, 2]);
  assert.equal((await sluice.api('DELETE', at)).status, 204);
  assert.equal((await sluice.api('GET', at)).status, 404);
});

test('patches in every form, with comments; a secret that comes back hidden stays', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  await makeEnvironment(sluice);
  const config = { region: 'us-east-1', streamName: 's', hashSecret: '0123456789abcdef', hashAttributes: ['email'], maxCallsInFlight: 2 };
  const { body } = await sluice.api('POST', 'destinations/web/production', { kind: 'kinesis', config });
  assert.equal(body.config.hashSecret, '********cdef');
  assert.deepEqual([body.name, body.on], ['s', false]);
  const at = `destinations/web/production/${body._id}`;
  const merged = await sluice.api('PATCH', at, { comment: 'because', merge: { config: { ...body.config, maxCallsInFlight: 3 } } });
  assert.deepEqual([merged.status, merged.body.config.maxCallsInFlight], [200, 3]);
  const tested = await sluice.api('PATCH', at, { comment: 'again', patch: [{ op: 'test', path: '/version', value: 2 }, { op: 'add', path: '/config/linger', value: '1 s' }] });
  assert.deepEqual([tested.status, tested.body.config.linger], [200, '1 s']);
  const failed = await sluice.api('PATCH', at, [{ op: 'test', path: '/version', value: 2 }, { op: 'replace', path: '/on', value: true }]);
  assert.deepEqual([failed.status, failed.body.code], [409, 'conflict']);
  const same = await sluice.api('PATCH', at, { on: false });
  assert.equal(same.body.version, 3, 'nothing changed, no new version');
  const comments = (await sluice.api('GET', 'auditlog?limit=2')).body.items.map(({ comment }) => comment);
  assert.deepEqual(comments, ['again', 'because']);
  await sluice.process.stop('SIGTERM');
  await sluice.launch();
  assert.equal((await sluice.api('GET', at)).body.version, 3);
  // The secret itself was kept: a patch that asks for hashes without one would be refused.
  assert.equal((await sluice.api('PATCH', at, { config: { hashKeysOf: ['user'] } })).status, 200);
});

test('every fault names the field, and changes nothing', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  await makeEnvironment(sluice, { apiKey: SDK_KEY });
  const good = { kind: 'kinesis', config: { region: 'us-east-1', streamName: 's' } };
  const { body: { _id: id } } = await sluice.api('POST', 'destinations/web/production', good);
  const { body: reader } = await sluice.api('POST', 'tokens', { name: 'r', role: 'reader' });
  const { body: writer } = await sluice.api('POST', 'tokens', { name: 'w', role: 'writer' });
  const one = `destinations/web/production/${id}`;
  const stateOf = async () => JSON.stringify([await sluice.api('GET', 'projects?expand=environments'), await sluice.api('GET', 'destinations')]);
  const before = await stateOf();
  const cases = [
    ['no token', 'GET', 'destinations', undefined, { token: '' }, 401, /no Authorization/],
    ['a wrong token', 'GET', 'destinations', undefined, { token: 'api-wrong' }, 401, /Invalid access token/],
    ["an SDK's key", 'GET', 'destinations', undefined, { token: SDK_KEY }, 401, /SDK key/],
    ['a reader writes', 'POST', 'destinations/web/production', good, { token: reader.token }, 403, /role reader; this needs writer/],
    ['a writer makes tokens', 'POST', 'tokens', { name: 'x', role: 'admin' }, { token: writer.token }, 403, /needs admin/],
    ['an unknown project', 'POST', 'destinations/nowhere/production', good, {}, 404, /nowhere/],
    ['an unknown environment', 'GET', 'projects/web/environments/none', undefined, {}, 404, /none/],
    ['an unknown destination', 'GET', 'destinations/web/production/610addeadbeefaa86ec9a7d4', undefined, {}, 404, /610addeadbeefaa86ec9a7d4/],
    ['an id that is none', 'GET', 'destinations/web/production/xyz', undefined, {}, 404, /xyz/],
    ['malformed JSON', 'POST', 'destinations/web/production', '{"kind":', {}, 400, /not valid JSON/],
    ['a body of brackets', 'POST', 'projects', `{"key":"deep","name":"x","tags":${'['.repeat(300_000)}${']'.repeat(300_000)}}`, {}, 400, /300001 objects and lists inside one another; expected 64/],
    ['a project that is no object any more', 'PATCH', 'projects/web', [{ op: 'replace', path: '', value: 5 }], {}, 400, /does not result in an object/],
    ['a patch that doubles', 'PATCH', one, [{ op: 'add', path: '/config/a', value: [1] }, ...Array(40).fill({ op: 'copy', from: '/config/a', path: '/config/a/-' })], {}, 400, /copies more than/],
    ['a list for an object', 'POST', 'destinations/web/production', [], {}, 400, /not an object/],
    ['wrong types', 'POST', 'destinations/web/production', { ...good, on: 'yes' }, {}, 400, /^on: .*true or false/],
    ['config of a wrong type', 'POST', 'destinations/web/production', { kind: 'kinesis', config: 7 }, {}, 400, /^config: /],
    ['no kind', 'POST', 'destinations/web/production', { config: good.config }, {}, 400, /^kind: /],
    ['another kind', 'POST', 'destinations/web/production', { ...good, kind: 'segment' }, {}, 400, /kind: "segment"/],
    ['an unknown member', 'POST', 'destinations/web/production', { ...good, enabled: true }, {}, 400, /^enabled: /],
    ['an unknown setting', 'POST', 'destinations/web/production', { ...good, config: { ...good.config, shards: 2 } }, {}, 400, /config\.shards: /],
    ['a setting spelled as in the file', 'POST', 'destinations/web/production', { ...good, config: { region: 'us-east-1', stream_name: 's' } }, {}, 400, /config\.stream_name: /],
    ['all faults at once', 'POST', 'destinations/web/production', { ...good, config: { region: 'mars', roleArn: 'x' } }, {}, 400, /streamName.*region.*roleArn/],
    ['null', 'POST', 'destinations/web/production', { ...good, config: { ...good.config, roleArn: null } }, {}, 400, /roleArn: It is null/],
    ['a duplicate project', 'POST', 'projects', { key: 'web', name: 'x' }, {}, 409, /already a project/],
    ['a duplicate environment', 'POST', 'projects/web/environments', { key: 'production', name: 'x' }, {}, 409, /already has an environment/],
    ['an SDK key in use', 'POST', 'projects/web/environments', { key: 'test', name: 'x', apiKey: SDK_KEY }, {}, 409, /001a is in use/],
    ['a project and a bad environment at once', 'POST', 'projects', { key: 'new', name: 'x', environments: [{ key: 'a b', name: 'x' }] }, {}, 400, /"a b" is not a key/],
    ['a stale version', 'PATCH', one, { version: 7 }, {}, 409, /version 1/],
    ['a read-only member', 'PATCH', one, [{ op: 'replace', path: '/_id', value: 'x' }], {}, 400, /_id cannot be changed/],
    ['the kind', 'PATCH', one, [{ op: 'replace', path: '/kind', value: 'segment' }], {}, 400, /^kind: /],
    ['a patch of nothing', 'PATCH', one, [{ op: 'replace', path: '/config/nothing/here', value: 1 }], {}, 400, /cannot be applied/],
    ['no patch', 'PATCH', one, '7', {}, 400, /not a patch/],
    ["an environment's key", 'PATCH', 'projects/web/environments/production', { apiKey: 'sdk-x' }, {}, 400, /^apiKey: /],
    ['a path out of the tree', 'GET', 'projects/..%2f..%2fetc%2fpasswd', undefined, {}, 404, /etc\/passwd/],
    ['a bad escape', 'GET', 'projects/%zz', undefined, {}, 404, /does not exist/],
    ['another method', 'PUT', 'projects/web', {}, {}, 405, /expected GET, PATCH, DELETE/],
    ['a filter that is none', 'GET', 'projects/web/environments?filter=owner:me', undefined, {}, 400, /^filter: "owner:me".*query:TEXT/],
    ['an empty filter', 'GET', 'projects/web/environments?filter=query:', undefined, {}, 400, /^filter: "query:"/],
    ['a sort that is none', 'GET', 'projects/web/environments?sort=-age', undefined, {}, 400, /^sort: "-age".*createdOn/],
    ["a project's unknown member", 'PATCH', 'projects/web', { colour: 'red' }, {}, 400, /^colour: .*Unknown member.*expected name/],
    ["an environment's unknown member", 'PATCH', 'projects/web/environments/production', [{ op: 'add', path: '/colour', value: 'red' }], {}, 400, /^colour: /],
    ['an unknown member beside a patch', 'PATCH', 'projects/web', { patch: [], remark: 'x' }, {}, 400, /^remark: .*beside patch/],
    ['an unknown member for a trust policy', 'POST', 'destinations/projects/web/environments/production/generate-trust-policy', { external_id: 'x' }, {}, 400, /^external_id: .*expected externalId/],
    ['a list for a trust policy', 'POST', 'destinations/projects/web/environments/production/generate-trust-policy', [], {}, 400, /not an object/],
    ['tags that are no list', 'PATCH', 'projects/web', { tags: 'shop' }, {}, 400, /^tags: This is string; expected a list/],
    ['a tag that is no text', 'POST', 'projects', { key: 'new', name: 'x', tags: ['a', 7] }, {}, 400, /^tags\[1\]: /],
    ['a tag with a space', 'PATCH', 'projects/web/environments/production', { tags: ['a b'] }, {}, 400, /^tags\[0\]: .*1 to 64/],
    ['a tag too long', 'POST', 'projects/web/environments', { key: 'new', name: 'x', tags: ['x'.repeat(65)] }, {}, 400, /^tags\[0\]: /],
    ['too many tags', 'PATCH', 'projects/web', { tags: Array.from({ length: 101 }, (_, i) => `t${i}`) }, {}, 400, /^tags: There are 101; expected 100/],
    ['a kept member of another type', 'PATCH', 'projects/web/environments/production', { defaultTtl: 'long' }, {}, 400, /^defaultTtl: This is string; expected a whole number/],
    ['inside a kept member', 'PATCH', 'projects/web', { namingConvention: { case: 7 } }, {}, 400, /^namingConvention\.case: /],
    ['an unknown flag', 'GET', 'flags/web/none', undefined, {}, 404, /no flag "none"/],
    ['an unknown role', 'POST', 'tokens', { name: 'x', role: 'king' }, {}, 400, /^role: "king"/],
  ];
  for (const [name, method, at, body, options, status, message] of cases) {
    const answer = await sluice.api(method, at, body, options);
    assert.equal(answer.status, status, `${name}: ${JSON.stringify(answer.body)}`);
    assert.match(answer.body.message, message, name);
    assert.match(answer.body.id, /^[0-9a-f-]{36}$/, name);
    assert.ok(!answer.body.message.includes(SDK_KEY), name);
  }
  // Without a token too, at the one address that takes a body from anybody.
  const session = await fetch(`${sluice.adminUri}/api/session`, { method: 'POST', headers: { 'content-type': 'application/json', 'x-sluice-console': '1' }, body: `{"token":${'['.repeat(1000)}` });
  assert.equal(session.status, 400);
  assert.match((await session.json()).message, /inside one another/);
  const large = await fetch(`${sluice.adminUri}/api/session`, { method: 'POST', body: `{"token":"${'x'.repeat(5000)}"}` });
  assert.equal(large.status, 413, 'a sign-in has 4 KiB');
  assert.equal(await stateOf(), before);
  t.diagnostic(`${cases.length} faults`);
});

test('environments are listed by filter and sort, page by page', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const environments = [
    { key: 'production', name: 'Live', tags: ['shop', 'eu'], critical: true }, { key: 'staging', name: 'Before production', tags: ['shop'] },
    { key: 'test', name: 'Zoo' }, { key: 'alpha', name: 'First', tags: ['eu', 'x'.repeat(64)] },
  ];
  assert.equal((await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments })).status, 201);
  const listed = async (query) => {
    const { status, body } = await sluice.api('GET', query.startsWith('/') ? query.slice('/api/v2/'.length) : `projects/web/environments?${query}`);
    assert.equal(status, 200, JSON.stringify(body));
    return { keys: body.items.map(({ key }) => key).join(' '), count: body.totalCount, next: body._links.next?.href };
  };
  for (const [query, keys] of [
    ['', 'production staging test alpha'], ['sort=createdOn', 'production staging test alpha'], ['sort=-createdOn', 'alpha test staging production'],
    ['sort=key', 'alpha production staging test'], ['sort=-key', 'test staging production alpha'], ['sort=name', 'staging alpha production test'],
    ['sort=-critical', 'production staging test alpha'], ['filter=query:PROD', 'production staging'], ['filter=query:zoo', 'test'],
    ['filter=tags:shop', 'production staging'], ['filter=tags:shop+eu', 'production'], ['filter=tags:shop%2Beu', 'production'],
    ['filter=query:prod,tags:shop&sort=name', 'staging production'], ['filter=tags:nothing', ''],
  ]) assert.equal((await listed(query)).keys, keys, query);
  const first = await listed('filter=tags:shop%2Beu,query:o&limit=1');
  assert.deepEqual([first.count, first.next], [1, undefined]);
  const page = await listed('filter=query:prod,tags:shop&sort=name&limit=1');
  assert.deepEqual([page.keys, page.count], ['staging', 2]);
  assert.equal((await listed(page.next)).keys, 'production', 'the next page keeps filter and sort');
});

test('guessing tokens is cut short, and who has a good one passes all the while', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const statuses = [];
  for (let i = 0; i < 25; ++i) statuses.push((await sluice.api('GET', 'projects', undefined, { token: `api-guess-${i}` })).status);
  assert.deepEqual([statuses.filter((s) => s === 401).length, statuses.filter((s) => s === 429).length], [20, 5]);
  assert.equal((await sluice.api('GET', 'projects')).status, 200, 'others may come from the same address');
});

test('a token that calls without a pause is held back, and others are not', async (t) => {
  const sluice = await Sluice.start(t, { managed: true, settings: { admin: { max_calls_per_s: 3 } } });
  const made = await sluice.api('POST', 'tokens', { name: 'loop', role: 'reader' });
  const call = (token) => fetch(`${sluice.adminUri}/api/v2/projects`, { headers: token ? { Authorization: token } : {} });
  for (const [who, token, status] of [['a token', made.body.token, 200], ['an address without one', '', 401]]) {
    // At most 30 of a window pass; the window may end meanwhile, so it is tried until one is held back.
    let refused;
    for (let i = 0; i < 100 && !refused; ++i) {
      const answer = await call(token);
      if (answer.status === 429) refused = answer;
      else assert.deepEqual([answer.status, Number(answer.headers.get('x-ratelimit-global-remaining')) < 30], [status, true], who);
    }
    assert.ok(refused, `${who} is held back`);
    const { code, message } = await refused.json();
    assert.equal(code, 'rate_limited');
    assert.match(message, /made 30 calls within 10 s\. Continue in \d+ s; admin\.max_calls_per_s/, who);
    assert.equal(refused.headers.get('x-ratelimit-global-remaining'), '0');
    const wait = Number(refused.headers.get('x-ratelimit-reset')) - Date.now();
    assert.ok(wait > -1_000 && wait <= 10_000, `${who}: ${wait} ms`);
    assert.ok(Number(refused.headers.get('retry-after')) <= 10, who);
    assert.equal((await sluice.api('GET', 'projects')).status, 200, 'another token');
  }
  const again = Number((await call(made.body.token)).headers.get('x-ratelimit-reset'));
  await waitFor('the next window', async () => Date.now() > again, { timeoutMs: 12_000 });
  assert.equal((await call(made.body.token)).status, 200);
});

test('a key that is reset with a time to expire counts until then, also over a restart, and stops by itself', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  await makeEnvironment(sluice, { apiKey: SDK_KEY });
  const post = (key) => sluice.post([customEvent('keyed')], { key });
  await waitFor('the SDK key to be known', async () => (await post(SDK_KEY)) === 202);
  const at = 'projects/web/environments/production';
  const past = await sluice.api('POST', `${at}/apiKey?expiry=${Date.now() - 1000}`);
  assert.equal(past.status, 400);
  assert.match(past.body.message, /^expiry: .* has passed/);
  const expiry = Date.now() + 4000;
  const { status, body } = await sluice.api('POST', `${at}/apiKey?expiry=${expiry}`);
  assert.equal(status, 200);
  assert.deepEqual(body.expiringApiKeys, [{ key: SDK_KEY, expiry }]);
  await waitFor('the new key to be known', async () => (await post(body.apiKey)) === 202);
  assert.equal(await post(SDK_KEY), 202);
  await sluice.process.stop('SIGKILL');
  await sluice.launch();
  assert.equal(await post(SDK_KEY), 202, 'also after a restart');
  await waitFor('the old key to stop', async () => (await post(SDK_KEY)) === 401, { timeoutMs: 10_000 });
  assert.ok(Date.now() >= expiry);
  assert.equal(await post(body.apiKey), 202);
  assert.equal((await sluice.api('GET', at)).body.expiringApiKeys, undefined);
  assert.match((await sluice.api('GET', 'auditlog')).body.items[0].title, /took an old key of "web\/production" out of force/);
});

test('kill -9 during writes: what was acknowledged is there, and nothing half done', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  const acknowledged = [];
  let asked = 0;
  const kills = 200;
  for (let kill = 0; kill < kills; ++kill) {
    const until = acknowledged.length + 1 + (kill % 5);
    const writing = (async () => {
      for (;;) {
        const key = `p${asked++}`;
        const answer = await sluice.api('POST', 'projects', { key, name: key, environments: [{ key: 'one', name: 'One' }, { key: 'two', name: 'Two' }] });
        assert.equal(answer.status, 201);
        acknowledged.push(key);
      }
    })().catch((error) => assert.equal(error.message, 'fetch failed'));
    await waitFor('writes', () => acknowledged.length >= until, { everyMs: 1 });
    await sluice.process.stop('SIGKILL');
    await writing;
    await sluice.launch();
    const { body } = await sluice.api('GET', 'projects?expand=environments');
    const there = new Map(body.items.map((project) => [project.key, project.environments.totalCount]));
    for (const key of acknowledged) assert.ok(there.has(key), `${key} was acknowledged`);
    assert.ok([...there.values()].every((count) => count === 2), 'a project comes with both environments');
    assert.ok(there.size - acknowledged.length <= kill + 1, 'at most the one in flight more');
  }
  t.diagnostic(`${kills} kills, ${acknowledged.length} writes acknowledged, all there`);
});

test('a catalog that is declared in a file is not managed by the API', async (t) => {
  const sluice = await Sluice.start(t, {});
  const { status, body } = await sluice.api('GET', 'projects');
  assert.deepEqual([status, body.code], [403, 'forbidden']);
  assert.match(body.message, /declared in its configuration file/);
});

test('a destination gets every event that is accepted after it was made, from the first on', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  await makeEnvironment(sluice, { apiKey: SDK_KEY });
  await waitFor('the SDK key to be known', async () => (await sluice.post([customEvent('before')], { key: SDK_KEY })) === 202);
  const rounds = 10;
  for (let i = 0; i < rounds; ++i) {
    const { status, body } = await sluice.api('POST', 'destinations/web/production', { kind: 'kinesis', config: configFor(kinesim), on: true });
    assert.equal(status, 201);
    assert.equal(await sluice.post([customEvent(`right-behind-${i}`)], { key: SDK_KEY }), 202);
    await waitFor(`event ${i}`, async () => (await keysOf(kinesim)).includes(`right-behind-${i}`));
    assert.equal((await sluice.api('DELETE', body._links.self.href.replace('/api/v2/', ''))).status, 204);
  }
  assert.ok(!(await keysOf(kinesim)).includes('before'));
  await waitFor('what deleted destinations had on disk to be gone', () => readdirSync(`${sluice.folder}/data/cursors`).length === 0);
});

test('a test event, the status and the policies of a destination', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { managed: true });
  const { _id: environmentId } = await makeEnvironment(sluice, { apiKey: SDK_KEY });
  const make = async (config, fields) => {
    const { status, body } = await sluice.api('POST', 'destinations/web/production', { kind: 'kinesis', config: { ...configFor(kinesim), ...config }, ...fields });
    assert.equal(status, 201, JSON.stringify(body));
    return `destinations/web/production/${body._id}`;
  };

  const good = await make({}, { on: true });
  const sent = await sluice.api('POST', `${good}/test-event`);
  assert.deepEqual([sent.status, sent.body.delivered, sent.body.key], [200, true, 'LaunchDarklyDataExportTestEvent'], JSON.stringify(sent.body));
  const [record] = (await kinesim.texts()).map((text) => JSON.parse(text));
  assert.equal(record.environment, environmentId);
  assert.equal(record.version, 2);
  assert.deepEqual(record.event, {
    kind: 'feature', id: sent.body.eventId, key: 'LaunchDarklyDataExportTestEvent', creationDate: record.event.creationDate,
    variation: 1, value: false, default: false, contextKeys: { user: 'LaunchDarklyDataExportTestEvent' },
  });

  // One that is off can be tested before it is switched on; what is wrong is told with its remedy.
  for (const [config, code, message] of [
    [{ streamName: 'none' }, 'ResourceNotFoundException', /no stream none in us-east-1/],
    [{ externalId: 'wrong' }, 'AccessDenied', /refused to let Sluice assume/],
    [{ endpoint: 'http://127.0.0.1:9' }, 'cannot_connect', /cannot reach/],
  ]) {
    const { status, body } = await sluice.api('POST', `${await make(config, { on: false })}/test-event`);
    assert.deepEqual([status, body.delivered, body.problem?.code], [200, false, code], JSON.stringify(body));
    assert.match(body.problem.message, message);
    assert.ok(body.problem.remedy.length > 20, JSON.stringify(body.problem));
  }

  await waitFor('the SDK key to be known', async () => (await sluice.post([customEvent('real')], { key: SDK_KEY })) === 202);
  const status = await waitFor('the delivery', async () => {
    const { body } = await sluice.api('GET', `${good}/status`);
    return body.deliveredEvents === 1 && body;
  });
  assert.deepEqual([status.state, status.backlog.events, status.problem], ['delivering', 0, null]);

  const { body: policies } = await sluice.api('GET', `${good}/policies`);
  assert.deepEqual(policies.permissionPolicy.Statement[0].Resource, ['arn:aws:kinesis:us-east-1:123456789012:stream/flag-events']);
  assert.equal(policies.trustPolicy.Statement[0].Condition.StringEquals['sts:ExternalId'], EXTERNAL_ID);
  const trust = await sluice.api('POST', 'destinations/projects/web/environments/production/generate-trust-policy');
  assert.equal(trust.status, 201);
  assert.equal(trust.body.awsTrustPolicy.Statement[0].Condition.StringEquals['sts:ExternalId'], `sluice-${environmentId}`);
});

test('faults are told in the words of the API, each field once', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  await makeEnvironment(sluice);
  const bad = async (at, body) => {
    const answer = await sluice.api('POST', at, body);
    assert.equal(answer.status, 400, JSON.stringify(answer.body));
    assert.doesNotMatch(answer.body.message, /\b[a-z]+_[a-z_]+\b/, 'names as in the configuration file');
    return answer.body.message;
  };
  const destination = (config) => bad('destinations/web/production', { kind: 'kinesis', config });
  const empty = await destination({});
  assert.match(empty, /config\.region: It is missing; expected an AWS region\. Example: "region": "eu-west-1"/);
  assert.equal(empty.match(/config\.region:/g).length, 1);
  assert.match(await destination({ region: 'us-east-1' }), /config\.streamName: expected the name of a Kinesis data stream, or the stream's ARN instead/);
  assert.match(await destination({ region: 'us-east-1', streamName: 's', externalId: 'abc' }), /config\.externalId: an external id needs a role/);
  const unknown = await destination({ region: 'us-east-1', streamName: 's', partition: 'x' });
  assert.match(unknown, /config\.partition: Unknown setting.* maxCallsInFlight/);
  assert.doesNotMatch(unknown, /one of:.*\b(environment|kind)\b/);
  const environment = (fields) => bad('projects/web/environments', { key: 'test', name: 'Test', ...fields });
  assert.match(await environment({ defaultTrackEvents: 4 }), /^defaultTrackEvents: /);
  assert.match(await environment({ apiKey: 'a b' }), /^apiKey: /);
  assert.match(await environment({ allowedOrigins: 3 }), /^allowedOrigins: /);
  // Names are for people: two destinations may have the same.
  const config = { region: 'us-east-1', streamName: 's' };
  for (let i = 0; i < 2; ++i) assert.equal((await sluice.api('POST', 'destinations/web/production', { name: 'same', kind: 'kinesis', config })).status, 201);
});

for (const { name, connect } of apiClients) {
  test(`a flag is told of before any event names it, by ${name}`, async (t) => {
    const kinesim = await Kinesim.start(t);
    const sluice = await Sluice.start(t, { managed: true });
    const client = connect({ uri: await documentedUri(t, sluice.adminUri), token: ADMIN_TOKEN });
    await makeEnvironment(sluice, { apiKey: SDK_KEY });
    await client.postDestination('web', 'production', { name: 'orders', kind: 'kinesis', config: configFor(kinesim), on: true });
    await client.postFeatureFlag('web', { key: 'checkout', name: 'New checkout', variations: [{ value: false, name: 'old' }, { value: true, name: 'new' }] });
    const known = async () => (await client.getFeatureFlag('web', 'checkout'));
    const flag = await waitFor('the flag to be known', () => known().catch(() => undefined));
    assert.deepEqual([flag.name, flag.kind, flag.variations.map((each) => each.name)], ['New checkout', 'boolean', ['old', 'new']]);
    assert.deepEqual(flag.variations.map(({ value }) => value), [false, true]);
    await client.patchFeatureFlag('web', 'checkout', [{ op: 'replace', path: '/environments/production/trackEvents', value: false }]);
    const event = { kind: 'feature', key: 'checkout', creationDate: 1, variation: 1, value: true, context: { kind: 'user', key: 'u' } };
    await waitFor('the event to be taken', async () => (await sluice.post([event], { key: SDK_KEY })) === 202);
    const inProduction = async () => (await sluice.api('GET', 'flags/web/checkout')).body.environments.production;
    await waitFor('it to be counted', async () => (await inProduction()).evaluations >= 1);
    await waitFor('the switch to be off', async () => (await inProduction()).trackEvents === false);
    assert.equal((await known()).name, 'New checkout');
    await sluice.process.stop('SIGKILL');
    await sluice.launch();
    assert.deepEqual([(await known()).name, (await known()).variations[1].name], ['New checkout', 'new']);
    await assert.rejects(client.postFeatureFlag('web', { key: 'checkout', name: 'again' }), (error) => client.statusOf(error) === 409);
    const [entry] = (await sluice.api('GET', 'auditlog?q=told')).body.items;
    assert.deepEqual(entry.accesses, [{ action: 'createFlag', resource: 'proj/web:env/*:flag/checkout' }]);
    for (const [body, told] of [[{}, /^key: It is missing/], [{ key: 'x', variations: [{}] }, /^variations: expected objects/], [{ key: 'x', odd: 1 }, /^odd: /], [{ key: 'x', name: 3 }, /^name: /]]) {
      const answer = await sluice.api('POST', 'flags/web', body);
      assert.deepEqual([answer.status, told.test(answer.body.message)], [400, true], answer.body.message);
    }
  });
}
