// Requests recorded from real SDKs, replayed byte for byte (headers, chunking, gzip) into the built server: what comes out of the
// stream is the golden record, for every SDK and kind. Prints the table of what was sent and exported.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Kinesim } from './lib/kinesim.js';
import { repository } from './lib/paths.js';
import { Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const fixtures = path.join(repository, 'tests/fixtures');
const GOLDEN_ID = /"id":"[0-9a-f]{24}"/;
const ALL_KINDS = ['feature', 'debug', 'identify', 'custom', 'click', 'pageview', 'index', 'summary', 'alias', 'migration_op', 'other'];

async function requestsOf(folder) {
  const files = (await readdir(path.join(fixtures, folder))).filter((name) => name.endsWith('.json')).sort();
  const requests = await Promise.all(files.map(async (name) => ({ name: name.slice(0, -5), ...JSON.parse(await readFile(path.join(fixtures, folder, name))) })));
  return requests.filter(({ method, path: at }) => method === 'POST' && !at.includes('diagnostic'));
}

function send(port, { method, path: at, headers, bodyText, bodyBase64 }) {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: '127.0.0.1', port, method, path: at, headers, setHost: !Object.keys(headers).some((name) => name.toLowerCase() === 'host') }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end(bodyBase64 ? Buffer.from(bodyBase64, 'base64') : bodyText);
  });
}

function eventsSent({ bodyText, bodyBase64 }) {
  return JSON.parse(bodyText ?? gunzipSync(Buffer.from(bodyBase64, 'base64')).toString()).filter((event) => typeof event?.kind === 'string');
}

// Without what differs from run to run: the id, and which of the two environments took it.
const comparable = (record) => record.trim().replace(GOLDEN_ID, '"id":""').replace(/"environment":"[0-9a-f]{24}"/, '"environment":""');

async function goldenOf(folder, name) {
  const text = await readFile(path.join(fixtures, 'golden', path.basename(folder), `${name}.ndjson`), 'utf8');
  return text.split('\n').filter((line) => line.startsWith('{"project":')).map(comparable);
}

const kindOf = (record) => JSON.parse(record).event.kind;
const countBy = (list, key) => list.reduce((counts, item) => counts.set(key(item), (counts.get(key(item)) ?? 0) + 1), new Map());

const environment = (key, id, credentials) => `[[environment]]\nproject = "test"\nkey = "${key}"\nid = "${id}"\n${credentials}\n`;

async function startSluice(t, kinesim) {
  const sluice = await Sluice.start(t, {});
  const destinations = ['browser', 'production'].map((key) => Object.entries({
    ...kinesim.destination({ name: key, environment: key }), kinds: ALL_KINDS,
  }).map(([name, value]) => `${name} = ${JSON.stringify(value)}`).join('\n'));
  await sluice.writeConfig([
    '[[project]]\nkey = "test"\nid = "5744c96707c9900708000004"',
    environment('browser', '5f0000000000000000000001', ''),
    environment('production', '578d1e02d2943862c52b9686',
      'sdk_keys = ["sdk-00000000-0000-4000-8000-000000000000"]\nmobile_keys = ["mob-00000000-0000-4000-8000-000000000000"]'),
    ...destinations.map((text) => `[[destination]]\n${text}`),
  ].join('\n'));
  sluice.reload();
  await sluice.exports(destinations);
  return sluice;
}

const folders = (await readdir(path.join(fixtures, 'sdk-requests'), { withFileTypes: true })).filter((entry) => entry.isDirectory());
const rows = [];

for (const folder of [...folders.map(({ name }) => `sdk-requests/${name}`), 'written-requests']) {
  test(`replayed: ${folder}`, async (t) => {
    const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 1 } });
    const sluice = await startSluice(t, kinesim);
    const expected = [];
    const sent = [];
    const seen = new Set();
    for (const request of await requestsOf(folder)) {
      assert.equal(await send(sluice.port, request), 202, request.name);
      const id = Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'x-launchdarkly-payload-id')?.[1];
      if (id && seen.has(id)) continue; // sent again after a lost answer: exported once
      seen.add(id);
      sent.push(...eventsSent(request).map(({ kind }) => kind));
      expected.push(...(await goldenOf(folder, request.name)));
    }
    await waitFor('all to be delivered', async () => (await sluice.status()).destinations.every(({ backlog }) => backlog.events === 0));
    const exported = (await kinesim.texts()).map(comparable);
    assert.deepEqual([...exported].sort(), [...expected].sort());
    const [sentBy, exportedBy] = [countBy(sent, (kind) => kind), countBy(exported, kindOf)];
    for (const kind of [...sentBy.keys()].sort()) {
      rows.push([path.basename(folder), kind, sentBy.get(kind), exportedBy.get(kind) ?? 0, 'yes']);
      assert.equal(exportedBy.get(kind), sentBy.get(kind), kind);
    }
  });
}

test('the table of SDKs and kinds', (t) => {
  const all = [['SDK', 'kind', 'sent', 'exported', 'golden record equal'], ...rows];
  for (const row of all) t.diagnostic(`| ${row.join(' | ')} |`);
  for (const kind of ALL_KINDS.filter((kind) => kind !== 'other')) assert.ok(rows.some((row) => row[1] === kind), `no request has a ${kind}`);
});
