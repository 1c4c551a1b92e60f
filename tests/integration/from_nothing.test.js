// From nothing to events in the stream, and away again: by curl, by the command line, and by a client generated for LaunchDarkly's API. Every way does
// the same steps against the same server; each step is checked.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { apiClients } from './lib/api_clients.js';
import { EXTERNAL_ID, Kinesim, ROLE } from './lib/kinesim.js';
import { documentedUri } from './lib/openapi.js';
import { sluiceBinary } from './lib/paths.js';
import { ADMIN_TOKEN, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-0b5e7e70-0000-4000-8000-00000000004d';
const run = promisify(execFile);
const configFor = (kinesim) => ({ region: 'us-east-1', roleArn: ROLE, streamName: 'flag-events', externalId: EXTERNAL_ID, endpoint: kinesim.uri, stsEndpoint: kinesim.uri });
const AT = ['web', 'production'];
const SWITCH_ON = { environmentKey: 'production', instructions: [{ kind: 'updateTrackEvents', trackEvents: true }] };

// The steps as one way does them.
function byRequests(request) {
  const at = (id, what = '') => `destinations/web/production/${id}${what}`;
  return {
    token: async () => (await request('POST', 'tokens', { name: 'ci', role: 'writer' })).token,
    project: () => request('POST', 'projects', { key: 'web', name: 'Web shop' }),
    environment: () => request('POST', 'projects/web/environments', { key: 'production', name: 'Production', apiKey: SDK_KEY, featureEvents: 'chosen flags', defaultTrackEvents: false }),
    destination: async (config) => (await request('POST', 'destinations/web/production', { kind: 'kinesis', name: 'orders', config, on: true }))._id,
    check: async (id) => (await request('POST', at(id, '/check'))).ok,
    testEvent: async (id) => (await request('POST', at(id, '/test-event'))).delivered,
    flagOn: (flag) => request('PATCH', `flags/web/${flag}`, SWITCH_ON),
    status: (id) => request('GET', at(id, '/status')),
    usage: async () => (await request('GET', 'usage/data-export-events')).series,
    off: (id) => request('PATCH', at(id), [{ op: 'replace', path: '/on', value: false }]),
    remove: (id) => request('DELETE', at(id)),
  };
}

const ways = [
  {
    name: 'curl',
    connect: (uri) => {
      const request = async (method, path, body) => {
        const args = ['-sS', '--fail-with-body', '-X', method, `${uri}/api/v2/${path}`, '-H', `Authorization: ${ADMIN_TOKEN}`];
        if (body !== undefined) args.push('-H', 'Content-Type: application/json', '-d', JSON.stringify(body));
        const { stdout } = await run('curl', args);
        return stdout ? JSON.parse(stdout) : undefined;
      };
      return byRequests(request);
    },
  },
  {
    name: 'the command line',
    connect: (uri) => {
      const sluice = async (...args) => {
        const { stdout } = await run(sluiceBinary, [...args, '--json'], { env: { PATH: process.env.PATH, SLUICE_SERVER: uri, SLUICE_TOKEN: ADMIN_TOKEN } });
        return stdout ? JSON.parse(stdout) : undefined;
      };
      return {
        token: async () => (await sluice('token', 'create', 'ci', '--role', 'writer')).token,
        project: () => sluice('project', 'create', 'web', '--name', 'Web shop'),
        environment: () => sluice('environment', 'create', ...AT, '--name', 'Production', '--sdk-key', SDK_KEY, '--feature-events', 'chosen flags', '--new-flags', 'false'),
        destination: async (config) => {
          const { _id: id } = await sluice('destination', 'create', 'kinesis', ...AT, '--name', 'orders', '--region', config.region, '--stream', config.streamName, '--role-arn', config.roleArn,
            '--external-id', config.externalId, '--endpoint', config.endpoint, '--sts-endpoint', config.stsEndpoint);
          await sluice('destination', 'on', ...AT, id);
          return id;
        },
        check: async (id) => (await sluice('destination', 'check', ...AT, id)).ok,
        testEvent: async (id) => (await sluice('destination', 'test', ...AT, id)).delivered,
        flagOn: (flag) => sluice('flag', 'on', ...AT, flag),
        status: (id) => sluice('destination', 'status', ...AT, id),
        usage: async () => (await sluice('usage', 'show')).series,
        off: (id) => sluice('destination', 'off', ...AT, id),
        remove: (id) => sluice('destination', 'delete', ...AT, id),
      };
    },
  },
  ...apiClients.map(({ name, connect }) => ({
    name,
    // What is Sluice's own is asked beside the client.
    connect: (uri) => {
      const own = async (method, path, body) => {
        const response = await fetch(`${uri}/api/v2/${path}`, { method, headers: { Authorization: ADMIN_TOKEN, 'Content-Type': 'application/json' }, body: body && JSON.stringify(body) });
        assert.ok(response.ok, `${method} ${path}: ${response.status}`);
        return response.json();
      };
      const client = connect({ uri, token: ADMIN_TOKEN });
      return {
        ...byRequests(own),
        project: () => client.postProject({ key: 'web', name: 'Web shop' }),
        environment: () => own('POST', 'projects/web/environments', { key: 'production', name: 'Production', apiKey: SDK_KEY, featureEvents: 'chosen flags', defaultTrackEvents: false }),
        destination: async (config) => {
          const made = await client.postDestination(...AT, { name: 'orders', kind: 'kinesis', config, on: true });
          return made._id ?? made.id;
        },
        flagOn: (flag) => client.patchFeatureFlag('web', flag, [{ op: 'replace', path: '/environments/production/trackEvents', value: true }]),
        off: (id) => client.patchDestination(...AT, id, [{ op: 'replace', path: '/on', value: false }]),
        remove: (id) => client.deleteDestination(...AT, id),
      };
    },
  })),
];

for (const { name, connect } of ways) {
  test(`from nothing to events in the stream and away again, by ${name}`, async (t) => {
    const kinesim = await Kinesim.start(t);
    const sluice = await Sluice.start(t, { managed: true });
    const by = connect(await documentedUri(t, sluice.adminUri));
    const keys = async () => (await kinesim.texts()).map((text) => JSON.parse(text).event.key);
    const feature = (i) => ({ kind: 'feature', key: 'checkout', creationDate: i, variation: 0, value: true, context: { kind: 'user', key: `u${i}` } });

    assert.match(await by.token(), /^api-[0-9a-f]{40}$/);
    await by.project();
    await by.environment();
    const id = await by.destination(configFor(kinesim));
    assert.match(id, /^[0-9a-f]{24}$/);
    assert.equal(await by.check(id), true);
    assert.equal(await by.testEvent(id), true);
    assert.ok((await keys()).includes('LaunchDarklyDataExportTestEvent'));

    // New flags are not exported until they are switched on; the flag is known from its first evaluation.
    await waitFor('the SDK key to be known', async () => (await sluice.post([feature(1)], { key: SDK_KEY })) === 202);
    await by.flagOn('checkout');
    await waitFor('the switch', async () => (await sluice.api('GET', 'flags/web/checkout')).body.environments.production.trackEvents);
    assert.equal(await sluice.post([feature(2)], { key: SDK_KEY }), 202);
    await waitFor('the evaluation in the stream', async () => (await keys()).includes('checkout'));
    assert.equal((await keys()).filter((key) => key === 'checkout').length, 1, 'the one before the switch is not exported');

    await waitFor('the status', async () => (await by.status(id)).deliveredEvents === 1);
    await waitFor('the usage', async () => (await by.usage()).some((point) => point[0] === 1));
    await by.off(id);
    await waitFor('it to be off', async () => (await by.status(id)).state === 'off');
    await by.remove(id);
    assert.deepEqual((await sluice.api('GET', 'destinations')).body.items, []);
  });
}
