// docs/openapi.json is what clients are made from: it is well formed, and says what the server does.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createConfig, lint } from '@redocly/openapi-core';
import { exchangeFaults, openapi, openapiFile, operations } from './lib/openapi.js';
import { repository } from './lib/paths.js';

const RULES = {
  'no-ambiguous-paths': 'off',  // LaunchDarkly's own are: destinations/{project}/{environment}/check and …/{id}
  'no-invalid-schema-examples': 'error', 'no-invalid-parameter-examples': 'error', 'no-invalid-media-type-examples': 'error',
  'operation-description': 'error', 'parameter-description': 'error', 'operation-singular-tag': 'error', 'operation-tag-defined': 'error',
};

test('the linter has nothing to say', async (t) => {
  const config = await createConfig({ extends: ['recommended'], rules: RULES });
  const problems = await lint({ ref: openapiFile, config });
  const told = problems.map(({ severity, ruleId, message, location }) => `${severity} ${ruleId}: ${message} (${location[0]?.pointer})`);
  assert.deepEqual(told, []);
  t.diagnostic(`${operations.length} operations`);
});

test("it is laid out with two spaces, and its version is the server's", async () => {
  assert.equal(await readFile(openapiFile, 'utf8'), `${JSON.stringify(openapi, null, 2)}\n`);
  const [, version] = /^project\(sluice VERSION (\S+)/m.exec(await readFile(path.join(repository, 'CMakeLists.txt'), 'utf8'));
  assert.equal(openapi.info.version, version);
});

test('objects are closed, or say that they are open', () => {
  const open = [];
  const walk = (schema, at) => {
    if (schema === null || typeof schema !== 'object') return;
    if ((schema.type === 'object' || schema.type?.includes?.('object')) && schema.additionalProperties === undefined) open.push(at);
    for (const [name, inner] of Object.entries(schema)) if (name !== 'example' && name !== 'examples') walk(inner, `${at}/${name}`);
  };
  walk(openapi.components.schemas, '');
  assert.deepEqual(open, []);
});

// What the server has, as {method, path, role}: the rows of kRoutes.
async function routes() {
  const folder = path.join(repository, 'src/api');
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cc'));
  const texts = await Promise.all(files.map((name) => readFile(path.join(folder, name), 'utf8')));
  return texts.flatMap((text) => [...text.matchAll(/\bRoute\{"([A-Z]+)",\s*"([^"]+)",\s*\w+(?:,\s*Role::(\w+))?/g)])
    .map(([, method, at, role = 'reader']) => ({ call: `${method} /api/v2/${at}`, role }));
}

// The calculator of each kind of destination is one route.
const openCall = ({ method, path: at }) => `${method} ${at.replaceAll(/\{[^}]+\}/g, '{}').replace(/\/\w+-cost$/, '/{}-cost')}`;

test('every route of the server is in the document, with its role', async (t) => {
  const there = await routes();
  assert.ok(there.length > 20, 'kRoutes is found');
  const byCall = new Map(operations.map((each) => [openCall(each), each.operation]));
  assert.deepEqual(there.filter(({ call }) => !byCall.has(call)).map(({ call }) => call), [], 'routes that are not in docs/openapi.json');
  const otherRole = there.filter(({ call, role }) => !byCall.get(call).description.includes(`Needs the role ${role}.`));
  assert.deepEqual(otherRole.map(({ call, role }) => `${call} needs ${role}`), [], 'routes whose role is another in docs/openapi.json');
  t.diagnostic(`${there.length} routes`);
});

test('every operation of the document has a route', async () => {
  const there = new Set((await routes()).map(({ call }) => call));
  const missing = operations.filter(({ path: at }) => at.startsWith('/api/v2/')).map(openCall).filter((call) => !there.has(call));
  assert.deepEqual(missing, [], 'operations of docs/openapi.json that the server does not have');
});

test('what is not as documented is told, and only that', () => {
  const json = { requestType: 'application/json', responseType: 'application/json' };
  const body = (value) => JSON.stringify(value);
  const links = { self: { href: '/', type: 'application/json' } };
  const error = { code: 'invalid_request', message: 'm', id: 'cfb694f0-860d-ba79-082a-c41dc656dfae' };
  const made = { kind: 'kinesis', config: { region: 'us-east-1', streamName: 's' } };
  const shown = { ...made, _id: '610addeadbeefaa86ec9a7d4', _links: links, name: 's', version: 1, on: false, _access: { denied: [], allowed: [] } };
  const at = '/api/v2/destinations/web/production';
  const post = { ...json, method: 'POST', url: at, status: 201, requestBody: body(made), responseBody: body(shown) };
  const cases = [
    ['as documented', post, null],
    ['a body in an answer that has none', { method: 'DELETE', url: `${at}/1`, status: 204, responseBody: '{}', responseType: 'application/json' }, /deleteDestination.*answer: there is a body/],
    ['no such path', { ...json, method: 'GET', url: '/api/v2/nothing', status: 200 }, /GET \/api\/v2\/nothing, answered 200: the document has no such operation/],
    ['no such path, and it is not there', { ...json, method: 'GET', url: '/api/v2/nothing', status: 404 }, null],
    ['no such method, and it is refused', { ...json, method: 'PUT', url: at, status: 405 }, null],
    ['a status', { ...post, status: 202 }, /postDestination, POST .*: the document has only 201, 400/],
    ['an unknown member', { ...post, responseBody: body({ ...shown, shards: 2 }) }, /postDestination, POST .*: answer: must NOT have additional properties .*shards/],
    ['an unknown member inside', { ...post, responseBody: body({ ...shown, config: { ...made.config, shards: 2 } }) }, /answer\/config: .*shards/],
    ['a missing member', { ...post, responseBody: body({ ...shown, version: undefined }) }, /answer: must have required property 'version'/],
    ['a wrong type', { ...post, responseBody: body({ ...shown, on: 'no' }) }, /answer\/on: must be boolean/],
    ['an error of another form', { ...post, status: 400, responseBody: body({ ...error, detail: 1 }) }, /answer: .*detail/],
    ['no JSON', { ...post, responseBody: '{' }, /answer: /],
    ['another type', { ...post, responseType: 'text/plain' }, /the type text\/plain is not documented/],
    ['a request that should have been refused', { ...post, requestBody: body({ ...made, enabled: true }) }, /request: must NOT have additional properties .*enabled/],
    ['a request that was', { ...post, status: 400, requestBody: '{', responseBody: body(error) }, null],
    ['an unknown parameter', { ...json, method: 'GET', url: '/api/v2/destinations?page=2', status: 200, responseBody: body({ _links: links, items: [] }) }, /query: there is no parameter page/],
    ['a parameter of a wrong type', { ...json, method: 'GET', url: '/api/v2/auditlog?limit=all', status: 200, responseBody: body({ _links: links, items: [] }) }, /query limit: must be integer/],
    ['a path that names a segment', { ...post, url: `${at}/check`, status: 201 }, /postDestinationDraftCheck/],
  ];
  for (const [name, exchange, expected] of cases) {
    const faults = exchangeFaults(exchange);
    if (expected) assert.match(faults.join('\n'), expected, name);
    else assert.deepEqual(faults, [], name);
  }
});
