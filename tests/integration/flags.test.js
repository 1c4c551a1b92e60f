// Which flags are exported is chosen by their owner, and a change takes effect within a second.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventOf } from './lib/events.js';
import { serverFlag, startFlagServer } from './lib/flag_server.js';
import { Kinesim } from './lib/kinesim.js';
import { configText, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);
const SDK_KEY = 'sdk-0b5e7e70-0000-4000-8000-00000000002d';
// Changes are made by rewriting the configuration and SIGHUP: this long after it, everything must follow.
const TAKES_EFFECT_MS = 1000;

async function choose(sluice, kinesim, { environment, flags }) {
  const choice = environment.map(([key, value]) => `${key} = ${JSON.stringify(value)}`).join('\n');
  const declared = flags.map(([key, on]) => `[[flag]]\nproject = "test"\nenvironment = "production"\nkey = "${key}"\nexport = ${on}\n`);
  const text = configText({ destinations: [kinesim.destination()] }).replace('[[environment]]', `[[environment]]\n${choice}`);
  await sluice.writeConfig(`${text}\n${declared.join('\n')}`);
  sluice.reload();
  await sleep(TAKES_EFFECT_MS);
}

test('turning a flag on, off and on again while an SDK sends: what is exported follows within a second', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  let phase = 'as sent';
  let sending = true;
  const sent = new Map(); // 'phase flag' -> events sent, wholly within a phase
  const sender = (async () => {
    for (let i = 0; sending; i++) {
      const during = phase;
      const events = ['wanted', 'other'].map((key) => ({
        kind: 'feature', key, creationDate: Date.now(), variation: 0, value: true, default: { phase: during, i },
        context: { kind: 'user', key: 'tester' },
      }));
      assert.equal(await sluice.post(events), 202);
      if (phase === during) for (const key of ['wanted', 'other']) sent.set(`${during} ${key}`, (sent.get(`${during} ${key}`) ?? 0) + 1);
      await sleep(5);
    }
  })();
  const during = async (name, change) => {
    phase = 'changing';
    await choose(sluice, kinesim, change);
    phase = name;
    await waitFor('events of this phase', () => (sent.get(`${name} other`) ?? 0) >= 50);
  };
  const chosen = ['feature_events', 'chosen flags'];
  await waitFor('events as sent', () => (sent.get('as sent other') ?? 0) >= 50);
  await during('on', { environment: [chosen, ['export_new_flags', false]], flags: [['wanted', true], ['other', true]] });
  await during('off', { environment: [chosen], flags: [['wanted', false], ['other', true]] });
  await during('on again', { environment: [chosen], flags: [['wanted', true], ['other', true]] });
  await during('all off', { environment: [chosen, ['export_all_flags', false]], flags: [] });
  await during('all on', { environment: [chosen, ['export_all_flags', true]], flags: [] });
  sending = false;
  await sender;
  await waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0);

  const arrived = new Map();
  for (const text of await kinesim.texts()) {
    const event = eventOf(text, 2);
    const name = `${event.default.phase} ${event.key}`;
    arrived.set(name, (arrived.get(name) ?? 0) + 1);
  }
  const left = { off: ['wanted'], 'all off': ['wanted', 'other'] };
  for (const name of ['as sent', 'on', 'off', 'on again', 'all off', 'all on']) {
    for (const key of ['wanted', 'other']) {
      const sentCount = sent.get(`${name} ${key}`);
      const arrivedCount = arrived.get(`${name} ${key}`) ?? 0;
      t.diagnostic(`${name}: ${key}: ${sentCount} sent, ${arrivedCount} exported`);
      if (left[name]?.includes(key)) assert.equal(arrivedCount, 0, `${name}: ${key}`);
      else assert.ok(arrivedCount >= sentCount, `${name}: ${key}: ${arrivedCount} of ${sentCount}`);
    }
  }
  const metrics = await sluice.metrics();
  assert.ok(metrics.value('sluice_events_not_exported_total') >= sent.get('off wanted') + 2 * sent.get('all off other'));

  const { environments: [{ flags }] } = await (await sluice.page('/flags')).json();
  assert.deepEqual(flags.map(({ key, export: on, variations }) => ({ key, on, variations })), [
    { key: 'other', on: true, variations: [{ variation: 0, value: true }] },
    { key: 'wanted', on: true, variations: [{ variation: 0, value: true }] },
  ]);
});

test('names read from LaunchDarkly with a token are joined to events', async (t) => {
  const asked = [];
  const launchDarkly = createServer((request, response) => {
    asked.push(`${request.headers.authorization} ${request.url}`);
    const last = request.url.includes('offset=1');
    response.writeHead(200, { 'Content-Type': 'application/json', 'X-Ratelimit-Route-Remaining': '9' }).end(JSON.stringify({
      items: [{ key: last ? 'wanted' : 'another', name: 'Wanted', variations: [{ value: true, name: 'shown "big"' }, { value: false }] }],
      _links: last ? {} : { next: { href: '/api/v2/flags/test?summary=0&limit=1&offset=1' } },
      totalCount: 2,
    }));
  });
  await new Promise((resolve) => launchDarkly.listen(0, '127.0.0.1', resolve));
  t.after(() => launchDarkly.close());
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, {
    destinations: [kinesim.destination()],
    settings: { launchdarkly: { base_url: `http://127.0.0.1:${launchDarkly.address().port}` } },
    env: { SLUICE_LAUNCHDARKLY_API_TOKEN: 'api-test' },
  });
  const flags = await waitFor('the flags to be read', async () => {
    const [environment] = (await (await sluice.page('/flags')).json()).environments;
    return environment.flags.length === 2 && environment.flags;
  });
  assert.equal(flags[1].name, 'Wanted');
  assert.deepEqual(asked, [
    'api-test /api/v2/flags/test?summary=0&limit=100&env=production', 'api-test /api/v2/flags/test?summary=0&limit=1&offset=1',
  ]);
  for (const [variation, value] of [[0, true], [1, false]]) {
    const event = { kind: 'feature', key: 'wanted', creationDate: 1, variation, value, context: { kind: 'user', key: 'tester' } };
    assert.equal(await sluice.post([event]), 202);
  }
  const texts = await waitFor('two events', async () => (await kinesim.texts()).length === 2 && kinesim.texts());
  const names = texts.map((text) => eventOf(text, 2)).sort((a, b) => a.variation - b.variation).map((event) => event.variationName);
  assert.deepEqual(names, ['shown "big"', undefined]);
});

test('a flag whose evaluations only summaries count is told, until a real SDK sends them in full', async (t) => {
  const sluice = await Sluice.start(t, { managed: true });
  assert.equal((await sluice.api('POST', 'projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'P', apiKey: SDK_KEY }] })).status, 201);
  const evaluate = async (trackEvents) => {
    const { uri } = await startFlagServer(t, { flags: { quiet: serverFlag('quiet', { variations: [true, false], trackEvents }) } });
    const client = require('@launchdarkly/node-server-sdk').init(SDK_KEY, { streamUri: uri, baseUri: uri, eventsUri: sluice.uri, logger: { debug() {}, info() {}, warn() {}, error() {} } });
    await client.waitForInitialization({ timeout: 10 });
    for (let i = 0; i < 3; i++) assert.equal(await client.variation('quiet', { kind: 'user', key: `u${i}` }, false), true);
    await client.flush();
    client.close();
  };
  const quiet = async () => (await sluice.api('GET', 'flags/web/quiet')).body.environments?.production;
  await waitFor('the SDK key to be known', async () => (await sluice.post([], { key: SDK_KEY })) === 202);
  await evaluate(false);
  const counted = await waitFor('the summary', quiet);
  assert.deepEqual([counted.trackEvents, counted.summaryOnly, counted.evaluations, counted.summarizedEvaluations], [true, true, 0, 3]);
  assert.ok(Math.abs(Date.now() - counted.lastSummary) < 60_000);
  assert.equal((await sluice.api('PATCH', 'flags/web/quiet', [{ op: 'replace', path: '/environments/production/trackEvents', value: false }])).status, 200);
  await waitFor('nothing to be wrong with a flag that is switched off', async () => (await quiet()).summaryOnly === false);
  assert.equal((await sluice.api('PATCH', 'flags/web/quiet', [{ op: 'replace', path: '/environments/production/trackEvents', value: true }])).status, 200);
  await waitFor('it to be told again', async () => (await quiet()).summaryOnly === true);
  await evaluate(true);
  const sent = await waitFor('events in full', async () => { const now = await quiet(); return now.evaluations === 3 && now; });
  assert.equal(sent.summaryOnly, false);
});
