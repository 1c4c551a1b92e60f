// What is imported changes what it names, and nothing else; what cannot be imported says why, of every object, and changes nothing.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { sluiceBinary } from './lib/paths.js';
import { runToEnd } from './lib/process.js';
import { ADMIN_TOKEN, Sluice } from './lib/sluice.js';

const SDK = 'sdk-1a907e00-0000-4000-8000-000000000001', MOBILE = 'mob-1a907e00-0000-4000-8000-000000000001';
const AT = { project: 'web', environment: 'production' };
const HOOK = { ...AT, name: 'hook', kind: 'webhook', url: 'https://hooks.example.com/events' };

async function start(t) {
  const sluice = await Sluice.start(t, { managed: true });
  const imported = (lists) => sluice.api('POST', 'import', lists);
  const good = async (lists) => {
    const { status, body } = await imported(lists);
    assert.equal(status, 200, JSON.stringify(body));
    return body;
  };
  const refused = async (lists, ...messages) => {
    const { status, body } = await imported(lists);
    assert.ok(status >= 400 && status < 500, `${status} ${JSON.stringify(body)}`);
    const lines = body.message.split('\n');
    assert.equal(lines.length, messages.length, body.message);
    messages.forEach((message, i) => assert.match(lines[i], message));
  };
  const run = (...args) => runToEnd(sluiceBinary, args, { env: { PATH: process.env.PATH, SLUICE_SERVER: sluice.adminUri, SLUICE_TOKEN: ADMIN_TOKEN } });
  await good({
    project: [{ key: 'web', name: 'Web shop' }],
    environment: [{ project: 'web', key: 'production', name: 'Production', sdk_keys: [SDK], mobile_keys: [MOBILE], allowed_origins: ['https://shop.example'] }],
    flag: [{ ...AT, key: 'checkout', export: false, name: 'Checkout', variation_names: ['off', 'on'] }],
    destination: [{ ...HOOK, on: false, headers: ['X-Key: 0123456789abcdef'] }],
  });
  return { sluice, good, refused, run };
}

const exported = async (sluice) => (await sluice.api('GET', 'export')).body;

test('an import changes the members that it names and keeps the others', async (t) => {
  const { sluice, good } = await start(t);
  const before = await exported(sluice);
  const named = { project: [{ key: 'web' }], environment: [{ project: 'web', key: 'production' }], flag: [{ ...AT, key: 'checkout' }], destination: [HOOK] };
  assert.deepEqual(await good(named), { created: 0, changed: 0, unchanged: 4 });
  assert.deepEqual(await exported(sluice), before, 'keys, names and switches stay');

  await good({ environment: [{ project: 'web', key: 'production', allowed_origins: ['https://other.example'] }], destination: [{ ...HOOK, timeout: '5 s' }] });
  const after = await exported(sluice);
  assert.deepEqual(after.environment[0], { ...before.environment[0], allowed_origins: ['https://other.example'] });
  assert.deepEqual(after.destination[0], { ...before.destination[0], timeout: '5 s' });

  await good({ environment: [{ project: 'web', key: 'production', mobile_keys: [] }], destination: [{ ...HOOK, timeout: null }] });
  const less = await exported(sluice);
  assert.deepEqual(less.environment[0].mobile_keys, [], 'what is named as empty is empty');
  assert.deepEqual(less.environment[0].sdk_keys, [SDK]);
  assert.equal('timeout' in less.destination[0], false, 'null removes a member');
});

test('an import that cannot be done names each object and what is wrong with it, and changes nothing', async (t) => {
  const { sluice, good, refused } = await start(t);
  const before = await exported(sluice);
  const [{ id }] = before.destination;
  await refused({ destination: [{ ...HOOK, kind: 's3', bucket: 'flag-events', region: 'us-east-1' }] },
    /^destination "web\/production\/hook": kind: The kind of a destination cannot be changed\. Create a new one and delete this one\.$/);
  await refused({ project: [{ key: 'new' }, { key: 'new' }] }, /^project "new": It is named twice/);
  await refused({ environment: [{ project: 'web', key: 'a' }, { project: 'web', key: 'a' }] }, /^environment "web\/a": It is named twice/);
  await refused({ destination: [{ ...HOOK, url: 'https://a.example' }, { ...HOOK, url: 'https://b.example' }] }, /^destination "web\/production\/hook": It is named twice/);
  await refused({ project: [{ key: 'web', id: '5744c96707c9900708000004' }] }, /^project "web": id: It has the id [0-9a-f]{24}, which cannot be changed/);
  await refused({ environment: [{ project: 'web', key: 'production', id: 5 }] }, /^environment "web\/production": id: 5 is not an id/);
  await refused({ project: [{ key: 'other' }], environment: [{ project: 'other', key: 'e' }], destination: [{ ...HOOK, id, project: 'other', environment: 'e' }] },
    /^destination "other\/e\/hook": project: The destination [0-9a-f]{24} belongs to "web\/production"/);
  await refused({ destination: [{ ...HOOK, name: 'lake', headers: ['X-Key: ********'] }] }, /^destination "web\/production\/lake": headers: It begins with \*{8}/);
  await refused({
    project: [{ key: 'a b' }, { key: '..' }],
    environment: [{ project: 'a b', key: 'e' }],
    flag: [{ project: 'nowhere', environment: 'e', key: 'f' }, 5],
    destination: [{ ...HOOK, name: 'lake', url: 'nowhere', timeout: '9 d' }, { ...AT, name: 'x', kind: 'webhook' }],
  }, /^flag "nowhere\/e\/f": There is no environment/, /^flag\[1\]: This is number; expected an object/, /^project "a b": key: /, /^project "\.\.": key: /,
  /^destination "web\/production\/lake": url: /, /^destination "web\/production\/lake": timeout: /, /^destination "web\/production\/x": url: It is missing; .*Example: url = "/);
  assert.deepEqual(await exported(sluice), before);
  await good({ destination: [{ ...HOOK, headers: ['X-Key: ********cdef'] }] });
  assert.deepEqual(await exported(sluice), before, 'a secret that is given as it is shown stays');
});

test('a file that cannot be imported is refused with what is wrong with it', async (t) => {
  const { sluice, run } = await start(t);
  const file = path.join(sluice.folder, 'import.toml');
  for (const [text, status, message] of [
    ['[[projects]]\nkey = "x"\n', 2, /import\.toml: projects: Unknown setting\. Expected \[\[project\]\], /],
    ['[[destinaton]]\nname = "x"\n[[project]]\nkey = "y"\n', 2, /destinaton: Unknown setting/],
    ['[project]\nkey = "web"\n', 1, /project: This is object; expected a list\. Example in a file: \[\[project\]\]/],
    ['data_dir = "/x"\n[intake]\nlisten = "127.0.0.1:0"\n[[project]]\nkey = "web"\n', 0, /0 created, 0 changed, 1 unchanged/],
    ['[[project]]\nkey = "a b"\n[[project]]\nkey = "c d"\n', 1, /^sluice: project "a b": key: .*\nsluice: project "c d": key: .*\n$/],
  ]) {
    writeFileSync(file, text);
    const done = await run('import', file);
    assert.equal(done.status, status, `${text}: ${done.output}`);
    assert.match(done.output, message);
  }
  const made = ['token', 'create', 'x', '--policy'];
  for (const args of [['import'], made, ['project', 'list', '--token-file'], ['serve', '--config'], ['journal', 'stats', '--data-dir']])
    for (const name of [sluice.folder, '/nowhere', file]) {
      if (args.length === 1 && name === file) continue;
      const done = await run(...args, name);
      assert.ok(done.status === 1 || done.status === 2, `sluice ${args.join(' ')} ${name}: ${done.status} ${done.output}`);
      assert.doesNotMatch(done.output, /terminate|what\(\)/);
    }
  assert.match((await run('import', sluice.folder)).output, /could not read .*: Is a directory/);
});
