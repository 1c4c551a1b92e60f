// Servers that take their flags from each other in a circle: it is noticed and said, wherever it closes, and over when one of them has another source.
import assert from 'node:assert/strict';
import { createServer, request } from 'node:http';
import { test } from 'node:test';
import { EvaluatingUpstream } from './lib/evaluating_upstream.js';
import { serverFlag } from './lib/flag_server.js';
import { ENVIRONMENT_ID, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const AT = 'projects/web/environments/production';

async function startServer(t) {
  const sluice = await Sluice.start(t, { managed: true });
  const created = await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production', _id: ENVIRONMENT_ID, apiKey: SDK_KEY }] });
  assert.equal(created.status, 201, JSON.stringify(created.body));
  sluice.takeFlagsFrom = async (uri) => {
    const patch = [{ op: 'add', path: '/flagSource', value: 'launchdarkly' }, { op: 'add', path: '/flagStreamUri', value: uri }];
    const { status, body } = await sluice.api('PATCH', AT, patch);
    assert.equal(status, 200, JSON.stringify(body));
  };
  sluice.source = async () => {
    const { state, problem } = (await sluice.api('GET', `${AT}/flag-source`)).body.feeds[0];
    return { state, problem: problem?.message, remedy: problem?.remedy };
  };
  return sluice;
}

const startUpstream = (t) => EvaluatingUpstream.start(t, { evaluates: false, flags: { checkout: serverFlag('checkout', { version: 3, variations: [true, false] }) } });
const follows = (sluice) => waitFor('its flags', async () => (await sluice.source()).state === 'following');
const saysCircle = (sluice) => waitFor('the circle to be said', async () => (await sluice.source()).problem?.startsWith('The flag source leads back to this server: '));

test('a server that is its own flag source says so', async (t) => {
  const sluice = await startServer(t);
  await sluice.takeFlagsFrom(sluice.uri);
  await saysCircle(sluice);
  const { state, problem, remedy } = await sluice.source();
  assert.equal(state, 'no flags');
  assert.equal(problem, `The flag source leads back to this server: ${sluice.uri} is this environment itself.`);
  assert.match(remedy, /^Set flagStreamUri to LaunchDarkly, to an ld-relay, or to a Sluice that does not take these flags from here\./);
});

test('two servers that take their flags from each other say so, and follow again when one has another source', async (t) => {
  const upstream = await startUpstream(t);
  const [a, b] = [await startServer(t), await startServer(t)];
  await a.takeFlagsFrom(upstream.uri);
  await b.takeFlagsFrom(a.uri);
  await Promise.all([a, b].map(follows));
  await a.takeFlagsFrom(b.uri);
  await Promise.all([a, b].map(saysCircle));
  assert.equal((await a.source()).problem, `The flag source leads back to this server: the Sluice at ${b.uri} takes its flags from here.`);
  for (const sluice of [a, b]) {
    assert.equal((await sluice.source()).state, 'behind');
    const latest = await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } });
    assert.equal((await latest.json()).flags.checkout.version, 3, 'SDKs keep the flags that they have');
  }
  await a.takeFlagsFrom(upstream.uri);
  await follows(a);
  await b.takeFlagsFrom(a.uri.replace('127.0.0.1', 'localhost'));
  await follows(b);
});

test('a circle of three, each of which was following before it closed, is said by all', async (t) => {
  const upstream = await startUpstream(t);
  const [a, b, c] = [await startServer(t), await startServer(t), await startServer(t)];
  await c.takeFlagsFrom(upstream.uri);
  await b.takeFlagsFrom(c.uri);
  await a.takeFlagsFrom(b.uri);
  await Promise.all([a, b, c].map(follows));
  await c.takeFlagsFrom(a.uri);
  await Promise.all([a, b, c].map(saysCircle));
  assert.equal((await c.source()).problem, `The flag source leads back to this server: the Sluice at ${a.uri} takes its flags from here, through 1 other.`);
});

test('an environment that takes its flags from another one of the same server is no circle', async (t) => {
  const upstream = await startUpstream(t);
  const sluice = await startServer(t);
  await sluice.takeFlagsFrom(upstream.uri);
  const second = { key: 'second', name: 'Second', apiKey: 'sdk-7e570000-0000-4000-8000-000000000002' };
  assert.equal((await sluice.api('POST', 'projects/web/environments', second)).status, 201);
  await follows(sluice);
  // As the keys differ, what stands between gives the request the other's key.
  const between = createServer((asked, response) => {
    const passed = request(`${sluice.uri}${asked.url}`, { headers: { ...asked.headers, authorization: SDK_KEY } }, (answer) => { response.writeHead(answer.statusCode, answer.headers); answer.pipe(response); });
    response.on('close', () => passed.destroy());
    passed.on('error', () => response.destroy()).end();
  });
  await new Promise((done) => { between.listen(0, '127.0.0.1', done); });
  t.after(() => { between.closeAllConnections(); between.close(); });
  const patch = [{ op: 'add', path: '/flagSource', value: 'launchdarkly' }, { op: 'add', path: '/flagStreamUri', value: `http://127.0.0.1:${between.address().port}` }];
  assert.equal((await sluice.api('PATCH', 'projects/web/environments/second', patch)).status, 200);
  await waitFor('its flags', async () => (await sluice.api('GET', 'projects/web/environments/second/flag-source')).body.feeds[0].state === 'following');
});

test('flags that pass more servers than may be are not taken', async (t) => {
  const upstream = await startUpstream(t);
  const servers = [];
  let uri = upstream.uri;
  for (let i = 0; i < 5; ++i) {
    servers.push(await startServer(t));
    await servers[i].takeFlagsFrom(uri);
    uri = servers[i].uri;
  }
  await Promise.all(servers.slice(0, 4).map(follows));
  await waitFor('the last one to say so', async () => (await servers[4].source()).problem?.includes('pass 4 servers or more before this one'));
});
