// Every operation of docs/openapi.json with every fault that it can have: a new one is covered by being documented.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openapi, operations } from './lib/openapi.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const SDK_KEY = 'sdk-0b5e7e70-0000-4000-8000-00000000001b';
const NO_ID = '610addeadbeefaa86ec9a7d4';
const NO_MEMBER = 'noSuchMember';
const MAX_BODY_BYTES = 1 << 20;
const ODD_PATH = '..%2f..%2fetc%2fpasswd';

const resolved = (schema) => (schema?.$ref ? openapi.components.schemas[schema.$ref.split('/').pop()] : schema);
const typesOf = (schema) => [schema].flat().map(resolved).flatMap(({ type, anyOf, enum: values }) => [
  ...[type ?? []].flat(), ...(anyOf ?? []).flatMap((each) => typesOf(each)), ...(values ?? []).map((value) => (value === null ? 'null' : typeof value))]);
// The bodies that are objects and change one thing: of a patch, the merge patch without a comment.
const objectSchema = (schema) => {
  const { anyOf, ...rest } = resolved(schema);
  return anyOf ? anyOf.map(resolved).findLast(({ type, properties }) => type === 'object' && !properties?.merge && !properties?.patch) : rest;
};
const roleOf = (operation) => /Needs the role (\w+)\./.exec(operation.description)[1];

async function scene(t) {
  const sluice = await Sluice.start(t, { managed: true, settings: { admin: { max_calls_per_s: 0 } } });
  const made = async (at, body) => {
    const answer = await sluice.api('POST', at, body);
    assert.equal(answer.status, 201, JSON.stringify(answer.body));
    return answer.body;
  };
  await made('projects', { key: 'web', name: 'Web', environments: [{ key: 'production', name: 'Production', apiKey: SDK_KEY }] });
  const destination = await made('destinations/web/production', { kind: 'kinesis', config: { region: 'us-east-1', streamName: 's' }, on: false });
  const reader = await made('tokens', { name: 'r', role: 'reader' });
  await made('roles', { key: 'switches', name: 'Switches', policy: [{ effect: 'allow', resources: ['*'], actions: ['*'] }] });
  const feature = { kind: 'feature', key: 'checkout', creationDate: 1, variation: 0, value: true, context: { kind: 'user', key: 'u' } };
  await waitFor('the SDK key to be known', async () => (await sluice.post([feature, customEvent('x')], { key: SDK_KEY })) === 202);
  await waitFor('the flag', async () => (await sluice.api('GET', 'flags/web/checkout')).status === 200);
  const { body: { items: [entry] } } = await sluice.api('GET', 'auditlog');
  const values = (at) => ({
    projectKey: 'web', environmentKey: 'production', featureFlagKey: 'checkout', key: 'switches',
    id: at.includes('/auditlog/') ? entry._id : at.includes('/tokens/') ? reader._id : destination._id,
  });
  return { sluice, reader: reader.token, values };
}

const filled = (at, values) => at.replace('/api/v2/', '').replaceAll(/\{(\w+)\}/g, (_, name) => values[name]);

// {name, at, method, body, token, status, code, told}: of one operation.
function* faultsOf({ method, path, operation, parameters }, { values, reader }) {
  const known = values(path);
  const at = filled(path, known);
  const content = operation.requestBody?.content['application/json'];
  const body = content?.example?.key ? { ...content.example, key: 'new-one' } : content?.example;
  const call = { method, at, body };
  yield { ...call, name: 'no token', token: '', status: 401, code: 'unauthorized', told: /no Authorization/ };
  yield { ...call, name: 'a wrong token', token: 'api-wrong', status: 401, code: 'unauthorized', told: /Invalid access token/ };
  yield { ...call, name: "an SDK's key", token: SDK_KEY, status: 401, code: 'unauthorized', told: /SDK key/ };
  if (roleOf(operation) !== 'reader')
    yield { ...call, name: 'a reader', token: reader, status: 403, code: 'forbidden', told: new RegExp(`needs ${roleOf(operation)}`) };
  yield { ...call, name: 'another method', method: 'PUT', status: 405, code: 'method_not_allowed', told: new RegExp(`expected .*${method}`) };
  for (const [, name] of path.matchAll(/\{(\w+)\}/g)) {
    const unknown = name === 'id' ? NO_ID : 'nowhere';
    yield { ...call, name: `unknown ${name}`, at: filled(path, { ...known, [name]: unknown }), status: 404, code: 'not_found', told: new RegExp(unknown) };
    yield { ...call, name: `${name} out of the tree`, at: filled(path, { ...known, [name]: ODD_PATH }), status: 404, code: 'not_found', told: /etc\/passwd/ };
  }
  for (const { in: where, name, schema } of parameters)
    if (where === 'query' && (schema.type === 'integer' || schema.enum))
      yield { ...call, name: `query ${name}`, at: `${at}?${name}=nonsense`, status: 400, code: 'invalid_request', told: new RegExp(`^${name}\\b.*nonsense`) };
  if (!content) return;
  const bad = { ...call, status: 400, code: 'invalid_request' };
  const schema = objectSchema(content.schema);
  const base = schema.required || method === 'POST' ? body : {};
  yield { ...bad, name: 'malformed JSON', body: '{"key":', told: /not valid JSON/ };
  yield { ...bad, name: 'a number for a body', body: '7', told: /The body is no/ };
  yield { ...call, name: 'an oversized body', body: JSON.stringify({ name: 'x'.repeat(MAX_BODY_BYTES) }), status: 413, told: /1,048,576 B are taken/ };
  yield { ...bad, name: 'an unknown member', body: { ...base, [NO_MEMBER]: 1 }, told: new RegExp(NO_MEMBER) };
  for (const [name, member] of Object.entries(schema.properties ?? {})) {
    if (name.startsWith('_') && method === 'PATCH') continue;
    if (name === 'version') {
      yield { ...call, name: 'a stale version', body: { version: 7 }, status: 409, code: 'optimistic_locking_error', told: /version 1/ };
      continue;
    }
    const wrong = typesOf(member).includes('object') ? 7 : { wrong: 'type' };
    yield { ...bad, name: `${name} of a wrong type`, body: { ...base, [name]: wrong }, told: new RegExp(`\\b${name}\\b`) };
  }
  for (const name of (schema.required ?? []).filter((each) => each in base)) {
    const { [name]: _, ...rest } = base;
    yield { ...bad, name: `no ${name}`, body: rest, told: new RegExp(`\\b${name}\\b`) };
  }
}

test('every route with every fault: the right status, a code, a message that names it, and nothing changed', async (t) => {
  const { sluice, ...known } = await scene(t);
  const stateOf = async () => JSON.stringify(await Promise.all(
    ['export', 'tokens', 'roles', 'auditlog'].map(async (at) => (await sluice.api('GET', at)).body)));
  // When a token was used last is not what a refused call must leave alone.
  const settled = async () => (await stateOf()).replaceAll(/"lastUsed":\d+/g, '"lastUsed":0');
  let before = await settled();
  const odd = [];
  let tried = 0;
  for (const each of operations.filter(({ path }) => path.startsWith('/api/v2/'))) {
    for (const { name, method, at, body, token, status, code, told } of faultsOf(each, known)) {
      tried++;
      const answer = await sluice.api(method, at, body, token === undefined ? {} : { token })
        .catch(({ message }) => ({ status: message, body: undefined }));
      const right = answer.status === status && (!code || answer.body?.code === code) && told.test(answer.body?.message ?? '');
      if (!right) odd.push(`${each.operation.operationId}, ${name}: expected ${status} ${told}, got ${answer.status} ${JSON.stringify(answer.body)?.slice(0, 200)}`);
    }
    const after = await settled();
    if (after !== before) odd.push(`${each.operation.operationId} changed something while it refused`);
    before = after;
  }
  assert.equal(odd.join('\n'), '');
  t.diagnostic(`${operations.length} operations, ${tried} faults`);
});
