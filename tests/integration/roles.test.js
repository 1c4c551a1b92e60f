// Custom roles: an access token does what its policies allow, and nothing else.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openapi, operations } from './lib/openapi.js';
import { ADMIN_TOKEN, Sluice } from './lib/sluice.js';

const CONFIG = { region: 'us-east-1', streamName: 'flag-events' };
const SWITCH = [{ effect: 'allow', resources: ['proj/web:env/production:destination/*'], actions: ['updateOn'] }];

async function start(t) {
  const sluice = await Sluice.start(t, { managed: true });
  for (const key of ['web', 'shop']) {
    const environments = [{ key: 'production', name: 'Production' }, { key: 'test', name: 'Test' }];
    assert.equal((await sluice.api('POST', 'projects', { key, name: key, environments })).status, 201);
  }
  const make = async (at, name) => (await sluice.api('POST', `destinations/${at}`, { name, kind: 'kinesis', config: CONFIG, on: false })).body._id;
  return { sluice, production: await make('web/production', 'orders'), inTest: await make('web/test', 'trial'), shop: await make('shop/production', 'shop') };
}

async function tokenWith(sluice, rights, name = 'switcher') {
  const made = await sluice.api('POST', 'tokens', { name, ...rights });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.token;
}
const replace = (path, value) => [{ op: 'replace', path, value }];

test('a token that may switch the destinations of one environment does that, and nothing else', async (t) => {
  const { sluice, production, inTest } = await start(t);
  const made = await sluice.api('POST', 'roles', { key: 'switch-production', name: 'Switches', policy: SWITCH });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const token = await tokenWith(sluice, { customRoleIds: ['switch-production'] });
  const api = (method, at, body) => sluice.api(method, at, body, { token });

  const on = await api('PATCH', `destinations/web/production/${production}`, replace('/on', true));
  assert.deepEqual([on.status, on.body.on], [200, true]);
  assert.deepEqual(on.body._access.allowed, [{ action: 'updateOn', reason: { effect: 'allow', role_name: 'Switches' } }]);
  assert.deepEqual(on.body._access.denied.map(({ action }) => action), ['deleteDestination', 'updateName', 'updateConfiguration']);

  const refused = [
    ['PATCH', `destinations/web/production/${production}`, [...replace('/on', false), ...replace('/name', 'x')], `may not updateName on proj/web:env/production:destination/${production}`],
    ['PATCH', `destinations/web/production/${production}`, replace('/config/region', 'eu-west-1'), 'may not updateConfiguration'],
    ['PATCH', `destinations/web/test/${inTest}`, replace('/on', true), `may not updateOn on proj/web:env/test:destination/${inTest}`],
    ['DELETE', `destinations/web/production/${production}`, undefined, 'may not deleteDestination'],
    ['POST', 'destinations/web/production', { kind: 'kinesis', config: CONFIG }, 'may not createDestination on proj/web:env/production:destination/'],
    ['POST', `destinations/web/production/${production}/test-event`, undefined, 'may not testDestination'],
    ['POST', `destinations/web/production/${production}/replay`, { from: 1 }, 'may not replayDestination'],
    ['PATCH', 'flags/web', { environmentKey: 'production', flags: ['a'], trackEvents: true }, 'may not updateTrackEvents on proj/web:env/production:flag/a'],
    ['PATCH', 'projects/web', replace('/name', 'x'), 'may not updateProjectName on proj/web'],
    ['PATCH', 'projects/web/environments/production', replace('/name', 'x'), 'may not updateName on proj/web:env/production'],
    ['POST', 'projects/web/environments/production/apiKey', undefined, 'may not updateApiKey'],
    ['POST', 'projects', { key: 'new', name: 'n' }, 'may not createProject on proj/new'],
    ['POST', 'projects/web/environments', { key: 'new', name: 'n' }, 'may not createEnvironment on proj/web:env/new'],
    ['DELETE', 'projects/web', undefined, 'may not deleteProject on proj/web'],
  ];
  for (const [method, at, body, told] of refused) {
    const { status, body: answer } = await api(method, at, body);
    assert.equal(status, 403, `${method} ${at}: ${JSON.stringify(answer)}`);
    assert.equal(answer.code, 'forbidden');
    assert.ok(answer.message.includes(told), answer.message);
  }
  const now = (await sluice.api('GET', `destinations/web/production/${production}`)).body;
  assert.deepEqual([now.on, now.name, now.config.region], [true, 'orders', 'us-east-1'], 'nothing was done by halves');
  assert.equal((await api('GET', 'caller-identity')).body.role, 'custom');
});

// Rights that a policy cannot give: whoever hands out rights has them all.
test('with every action allowed on everything, what is the admin\'s alone stays so', async (t) => {
  const { sluice } = await start(t);
  const token = await tokenWith(sluice, { inlineRole: [{ effect: 'allow', resources: ['*'], actions: ['*'] }] });
  const reserved = operations.filter(({ operation }) => operation.description.includes('Needs the role admin.'));
  assert.ok(reserved.length >= 11, `${reserved.length} operations`);
  for (const { method, path: at, operation } of reserved) {
    const url = at.replaceAll(/\{[^}]+\}/g, 'x').replace('/api/v2/', '');
    const example = operation.requestBody?.content?.['application/json']?.example;
    const { status, body } = await sluice.api(method, url, example, { token });
    assert.equal(status, 403, `${method} ${url}`);
    assert.match(body.message, /needs an access token with the role admin/);
  }
  assert.equal((await sluice.api('PATCH', 'projects/web', replace('/name', 'Web shop'), { token })).status, 200);
});

test('what may not be viewed is not there, in lists and by its address', async (t) => {
  const { sluice, shop } = await start(t);
  const policy = [{ effect: 'allow', resources: ['proj/web'], actions: ['viewProject'] }];
  assert.equal((await sluice.api('POST', 'roles', { key: 'web-only', policy, basePermissions: 'no_access' })).status, 201);
  const token = await tokenWith(sluice, { customRoleIds: ['web-only'] });
  const api = (at) => sluice.api('GET', at, undefined, { token });
  assert.deepEqual((await api('projects')).body.items.map(({ key }) => key), ['web']);
  assert.deepEqual((await api('destinations')).body.items.map(({ name }) => name).sort(), ['orders', 'trial']);
  for (const at of ['projects/shop', 'projects/shop/environments', `destinations/shop/production/${shop}`, `destinations/shop/production/${shop}/status`, 'flags/shop', 'events/shop/production'])
    assert.equal((await api(at)).status, 403, at);
  for (const at of ['auditlog', 'usage/data-export-events']) assert.match((await api(at)).body.message, /covers every project/);
  for (const at of ['projects/web', 'flags/web', 'events/web/production', 'status']) assert.equal((await api(at)).status, 200, at);
});

test('a changed role counts at once, and after a restart; one in use is not deleted', async (t) => {
  const { sluice, production } = await start(t);
  await sluice.api('POST', 'roles', { key: 'switch', name: 'Switch', policy: SWITCH });
  const token = await tokenWith(sluice, { customRoleIds: ['switch'] });
  const flip = async (on) => (await sluice.api('PATCH', `destinations/web/production/${production}`, replace('/on', on), { token })).status;
  assert.equal(await flip(true), 200);
  const denied = [...SWITCH, { effect: 'deny', resources: ['*'], actions: ['update*'] }];
  const changed = await sluice.api('PATCH', 'roles/switch', { comment: 'freeze', patch: replace('/policy', denied) });
  assert.deepEqual([changed.status, changed.body.version], [200, 2]);
  assert.equal(await flip(false), 403);
  assert.equal((await sluice.api('PATCH', 'roles/switch', [{ op: 'test', path: '/version', value: 1 }, ...replace('/name', 'x')])).status, 409);

  await sluice.process.stop('SIGKILL');
  await sluice.launch();
  assert.equal(await flip(false), 403);
  assert.deepEqual((await sluice.api('GET', 'roles')).body.items.map(({ key, policy }) => [key, policy.length]), [['switch', 2]]);

  const inUse = await sluice.api('DELETE', 'roles/switch');
  assert.deepEqual([inUse.status, inUse.body.code], [409, 'conflict']);
  assert.match(inUse.body.message, /"switcher" has this role/);
  const { items } = (await sluice.api('GET', 'tokens')).body;
  const mine = items.find(({ name }) => name === 'switcher');
  assert.deepEqual([mine.role, mine.customRoleIds.length], ['custom', 1]);
  assert.equal((await sluice.api('DELETE', `tokens/${mine._id}`)).status, 204);
  assert.equal((await sluice.api('DELETE', 'roles/switch')).status, 204);
  const actions = (await sluice.api('GET', 'auditlog?q=role/switch')).body.items.map(({ accesses }) => accesses[0].action);
  assert.deepEqual(actions, ['deleteRole', 'updatePolicy', 'createRole']);
});

test('what is wrong with a role or a token is named', async (t) => {
  const { sluice } = await start(t);
  const policy = SWITCH;
  const cases = [
    ['roles', { policy }, /^key: expected 1 to 100/],
    ['roles', { key: 'a b', policy }, /^key: /],
    ['roles', { key: 'a' }, /^policy: expected a list/],
    ['roles', { key: 'a', policy: [{ effect: 'allow', resources: ['proj/*'], actions: ['fly'] }] }, /^policy: statement 0: actions: "fly"/],
    ['roles', { key: 'a', policy, basePermissions: 'all' }, /^basePermissions: "all"/],
    ['roles', { key: 'a', policy, odd: 1 }, /^odd: Unknown member/],
    ['tokens', { name: 't' }, /^role: 0 of them are given/],
    ['tokens', { name: 't', role: 'reader', inlineRole: policy }, /^role: 2 of them are given/],
    ['tokens', { name: 't', customRoleIds: ['nobody'] }, /^customRoleIds: There is no role "nobody"/],
    ['tokens', { name: 't', customRoleIds: [] }, /^customRoleIds: expected a list/],
    ['tokens', { name: 't', inlineRole: [{}] }, /^inlineRole: statement 0: effect/],
    ['tokens', { name: 't', role: 'custom' }, /^role: "custom" is not a role/],
  ];
  for (const [at, body, told] of cases) {
    const answer = await sluice.api('POST', at, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.match(answer.body.message, told);
  }
  assert.equal((await sluice.api('POST', 'roles', { key: 'a', policy })).status, 201);
  assert.match((await sluice.api('POST', 'roles', { key: 'a', policy })).body.message, /A role "a" exists already/);
  assert.equal((await sluice.api('GET', 'roles/b')).status, 404);
  assert.equal((await sluice.api('GET', 'roles', undefined, { token: `${ADMIN_TOKEN}x` })).status, 401);
  assert.equal(openapi.components.schemas.Policy.maxItems, 100);
});
