// The recipes of examples/consume for Node.js and DuckDB, run against streams and objects that Sluice fills. Those for Python, and Lambda's own runtime
// clients, are in ./test consume.
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { gzipSync } from 'node:zlib';
import { READERS } from './lib/encodings.js';
import { Kinesim } from './lib/kinesim.js';
import { runEventSource } from './lib/lambda_event_source.js';
import { Bucket } from './lib/objects.js';
import { runToEnd, temporaryFolder } from './lib/process.js';
import { assertApplication, PROMISES } from './lib/recipe_application.js';
import { ALIENS, assertAliens, assertComplete, copyOfRecipe, ENCODINGS, mapping, recipeFolder, row, Streams } from './lib/recipes.js';
import { answersAbout, eventOfNumber, EXPERIMENT } from './lib/recipe_events.js';
import { recordsByShard } from './lib/stream_records.js';
import { Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const EVENTS = 3_000;
const DAYS = 30;

const moduleOf = async (folder, name) => import(pathToFileURL(path.join(folder, name)));

test('Lambda, Node.js: every encoding gives every event once by its id, and records that cannot be read are given up alone', { timeout: 120_000 }, async (t) => {
  const { handlerFor } = await moduleOf(await copyOfRecipe(t, 'node'), 'lambda.mjs');
  const streams = await Streams.start(t);
  await streams.send(EVENTS / 2);
  await streams.putAliens();
  await streams.send(EVENTS / 2);
  t.mock.method(console, 'error', () => {});
  for (const encoding of ENCODINGS) {
    const lines = [];
    const invoke = handlerFor(async (events) => { lines.push(...events.map(({ line }) => line)); });
    const { givenUp } = await runEventSource({ client: streams.client, stream: streams.nameOf(encoding), mapping: mapping(), invoke });
    assertAliens(givenUp.map(({ kinesis }) => kinesis.data));
    await assertComplete(t, 'Lambda, Node.js', streams, encoding, lines);
  }

  await t.test('a filter on a flag key passes that flag alone, with json', async () => {
    const lines = [];
    const invoke = handlerFor(async (events) => { lines.push(...events.map(({ line }) => line)); });
    const FilterCriteria = JSON.parse(readFileSync(recipeFolder('filter-criteria.json'), 'utf8'));
    const { givenUp } = await runEventSource({ client: streams.client, stream: streams.nameOf('json'), mapping: { ...mapping(), FilterCriteria }, invoke });
    const wanted = Array.from({ length: EVENTS }, (_, number) => eventOfNumber(number)).filter(({ kind, key }) => kind === 'feature' && key === 'new-checkout');
    assert.equal(lines.length, wanted.length);
    assert.ok(lines.every((line) => JSON.parse(line).event.key === 'new-checkout'));
    assert.deepEqual(givenUp, []);
  });

  await t.test('events that could not be stored come again, and are stored once', async () => {
    const lines = [];
    let fails = 3;
    const invoke = handlerFor(async (events) => {
      if (fails-- > 0) throw new Error('the store is away');
      lines.push(...events.map(({ line }) => line));
    });
    await runEventSource({ client: streams.client, stream: streams.nameOf('ndjson'), mapping: mapping(), invoke });
    assert.equal(new Set(lines).size, EVENTS);
    assert.equal(lines.length, EVENTS);
  });
});

test('own application, Node.js: killed and resharded, it processes every event of every encoding at least once, and once by its id', { timeout: 120_000 }, async (t) => {
  await assertApplication(t, 'own application, Node.js', [process.execPath, path.join(await copyOfRecipe(t, 'node'), 'application.mjs')], EVENTS);
});

test('a record is read, or refused with what is wrong with it', async (t) => {
  const { eventsOf } = await moduleOf(await copyOfRecipe(t, 'node'), 'records.mjs');
  const line = '{"project":"p","environment":"e","event":{"kind":"custom","id":"6553f1000000000000000001","data":{"big":12345678901234567890.50}},"version":2}';
  assert.deepEqual(eventsOf(Buffer.from(`${line}\n${line}`)).map((event) => event.line), [line, line], 'numbers keep their digits');
  const wrong = {
    'no JSON': /JSON/, 'a list': /no event\.id/, 'null': /no event\.id/, 'no event': /no event\.id/, 'no UTF-8': /JSON/, 'one line of two': /JSON/, 'gzip that is cut off': /gzip record that cannot be inflated: unexpected end/,
    'gzip of 17 MiB': /larger than/, 'no zstd': /zstd record that cannot be inflated/, 'a wrong checksum': /checksum/, 'a length beyond the end': /cut off/, 'an unknown type': /field of type 5/, 'a number without end': /cut off/,
  };
  for (const [name, data] of Object.entries(ALIENS)) assert.throws(() => eventsOf(data), wrong[name], name);
});

test('ids are remembered up to the window, and only of events that were stored', async (t) => {
  const { RecentIds } = await moduleOf(await copyOfRecipe(t, 'node'), 'recent_ids.mjs');
  const recent = new RecentIds(2), events = (...ids) => ids.map((id) => ({ id }));
  assert.deepEqual(recent.fresh(events('a', 'b', 'a')), events('a', 'b'));
  assert.deepEqual(recent.fresh(events('a')), events('a'), 'it was not stored');
  recent.add(events('a', 'b'));
  recent.add(events('a'));
  assert.deepEqual(recent.fresh(events('a', 'b', 'c')), events('c'));
  recent.add(events('c'));
  assert.deepEqual(recent.fresh(events('a', 'b', 'c')), events('a'), 'the oldest left the window');
});

for (const [promise, assertion] of Object.entries(PROMISES)) {
  test(`own application, Node.js: ${promise}`, { timeout: 120_000 }, async (t) => assertion(t, [process.execPath, path.join(await copyOfRecipe(t, 'node'), 'application.mjs')]));
}

// Runs the report over objects of events that were sent, and holds its answers against the reckoning of recipe_events.js.
async function assertReport(t, { recipe, encoding, globs, arrived }) {
  const folder = await copyOfRecipe(t, 'duckdb');
  const { status, output } = await runToEnd(process.execPath, ['report.mjs', ...globs.flatMap((glob) => ['--objects', glob]), '--experiment', EXPERIMENT, '--days', `${DAYS}`], { cwd: folder });
  assert.equal(status, 0, output);
  const answers = JSON.parse(output);
  const without = (rows, ...names) => rows.map((row) => Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name))));
  const wanted = answersAbout(Array.from({ length: EVENTS }, (_, number) => eventOfNumber(number)), { days: DAYS });
  assert.ok(Object.values(wanted).every((rows) => rows.length > 0), 'each question has an answer');
  assert.deepEqual({ ...answers, error_reasons: without(answers.error_reasons, 'first_at', 'last_at'), stale_flags: without(answers.stale_flags, 'last_at') }, wanted);

  const { DuckDBInstance } = await import('@duckdb/node-api');
  const database = await DuckDBInstance.create(), connection = await database.connect();
  try {
    const [{ rows, ids }] = (await connection.runAndReadAll(`SELECT count(*) AS rows, count(DISTINCT id) AS ids FROM read_parquet('${folder}/parquet/**/*.parquet')`)).getRowObjects();
    assert.deepEqual([Number(rows), Number(ids)], [EVENTS, EVENTS], 'the Parquet files have each event once');
  } finally {
    connection.closeSync();
    database.closeSync();
  }
  row(t, { recipe, encoding, sent: EVENTS, arrived, processed: arrived, after: EVENTS });
}

const duckdbMissing = await import('@duckdb/node-api').then(() => false, (error) => `DuckDB cannot be loaded by Node.js ${process.version} here: ${error.message.split('\n')[0]}`);

test('DuckDB, objects of Firehose: each event once, as Parquet, and five answers', { timeout: 120_000, skip: duckdbMissing }, async (t) => {
  const streams = await Streams.start(t, ['json', 'ndjson', 'kpl']);
  await streams.send(EVENTS);
  for (const encoding of streams.encodings) {
    const objects = await temporaryFolder(t);
    // Firehose concatenates records, those of the KPL after taking them apart, under names without an extension; with its compression, gzip.
    const texts = (await recordsByShard(streams.client, streams.nameOf(encoding))).map(({ records }) => records.flatMap(READERS[encoding]));
    for (const [i, each] of texts.entries()) {
      const prefix = path.join(objects, `flag-events/2026/06/0${i + 1}/21`);
      mkdirSync(prefix, { recursive: true });
      writeFileSync(path.join(prefix, `delivery-1-2026-06-0${i + 1}-21-00-00-aaaa`), each.slice(0, each.length / 2).join(''));
      writeFileSync(path.join(prefix, `delivery-1-2026-06-0${i + 1}-21-05-00-bbbb.gz`), gzipSync(each.slice(each.length / 2).join('')));
    }
    const arrived = texts.flat().length;
    assert.ok(arrived > EVENTS, 'some came twice');
    await assertReport(t, { recipe: 'Firehose to S3, DuckDB', encoding, globs: [`${objects}/flag-events/**/delivery*`], arrived });
  }
});

test('DuckDB, objects of the kind s3: each event once, as Parquet, and five answers', { timeout: 120_000, skip: duckdbMissing }, async (t) => {
  const kinesim = await Kinesim.start(t, { streams: {} });
  const compressions = ['none', 'gzip', 'zstd'];
  await kinesim.apply({ buckets: compressions.map((name) => ({ name: `flag-events-${name}`, region: 'us-east-1' })) });
  const sluice = await Sluice.start(t, { destinations: compressions.map((compression) => ({
    ...kinesim.destination({ name: compression }), kind: 's3', stream_name: undefined, bucket: `flag-events-${compression}`, prefix: 'exports', compression, roll_bytes: '256 KiB', roll_age: '1 s', node: 'node-1',
  })) });
  for (let sent = 0; sent < EVENTS; sent += 100) assert.equal(await sluice.post(Array.from({ length: 100 }, (_, i) => eventOfNumber(sent + i))), 202);
  await waitFor('all objects', async () => (await sluice.status()).destinations.every(({ deliveredEvents }) => deliveredEvents === EVENTS), { timeoutMs: 60_000 });
  for (const compression of compressions) {
    const folder = await temporaryFolder(t);
    const written = await fetch(`${kinesim.uri}/_kinesim/objects/write`, { method: 'POST', body: JSON.stringify({ bucket: `flag-events-${compression}`, folder }) });
    assert.equal(written.status, 200, await written.text());
    const objects = await new Bucket(kinesim, `flag-events-${compression}`).list();
    assert.ok(objects.length > 1);
    await assertReport(t, { recipe: 'kind s3, DuckDB', encoding: compression === 'none' ? 'ndjson' : `ndjson, ${compression}`, globs: [`${folder}/exports/project=test/**/*.ndjson*`], arrived: EVENTS });
  }
});

test('DuckDB: a line that is cut off ends the report and names its file', { skip: duckdbMissing }, async (t) => {
  const cwd = await copyOfRecipe(t, 'duckdb');
  writeFileSync(path.join(cwd, 'cut.ndjson'), '{"project":"p","event":{"id":"a"}}\n{"project":"p","ev');
  const { status, output } = await runToEnd(process.execPath, ['report.mjs', '--objects', 'cut.ndjson'], { cwd });
  assert.equal(status, 1);
  assert.match(output, /^Invalid Input Error: Malformed JSON in file "cut\.ndjson", at byte \d+/);
});
