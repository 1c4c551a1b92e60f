// An s3 destination whose server is killed a hundred times under load, while filter, compression and on/off change. DuckDB, a reader of
// other hands, counts what is in the bucket: each acknowledged event that the filter wanted, exactly once.
// SLUICE_S3_KILLS: how many kills (100). SLUICE_S3_KILLS_SEED repeats the choices of a run.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Kinesim } from './lib/kinesim.js';
import { Bucket, extensionOf } from './lib/objects.js';
import { temporaryFolder } from './lib/process.js';
import { randomOf } from './lib/random.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const KILLS = Number(process.env.SLUICE_S3_KILLS ?? 100);
const SEED = Number(process.env.SLUICE_S3_KILLS_SEED ?? Math.floor(Math.random() * 1e9));
const BUCKET = 'flag-events';
const KILLS_BETWEEN_EMPTIES = 25;

// The keys of events, and the filters: which keys each wants.
const KEYS = ['always', 'always', 'always', 'red', 'blue', 'never'];
const FILTERS = [
  { fields: { never_events: ['never'] }, wants: ['always', 'red', 'blue'] },
  { fields: { never_events: ['never', 'blue'] }, wants: ['always', 'red'] },
  { fields: { only_events: ['always', 'blue'] }, wants: ['always', 'blue'] },
];
const COMPRESSIONS = ['gzip', 'zstd', 'none'];

// Posts events of all keys over a few connections; each payload again under its id until it is acknowledged.
class KeyedLoad {
  constructor(sluice, filtersInForce) {
    this.acknowledged = []; // {n, key, filters}: filters: those that were in force from the post until it was known to be in the bucket
    this.open = [];         // of these, what may still be waiting in the journal
    this.inForce = filtersInForce;
    this.sluice = sluice;
    this.serial = 0;
    this.start();
  }

  start() {
    this.stopping = false;
    this.done = Promise.all(Array.from({ length: 3 }, () => this.#run()));
  }

  async #run() {
    while (!this.stopping) {
      const events = Array.from({ length: 40 }, () => ({ n: this.serial++, filters: new Set([this.inForce.now]) }));
      events.forEach((event) => { event.key = KEYS[event.n % KEYS.length]; });
      this.open.push(...events);
      const body = events.map(({ n, key }) => customEvent(key, { data: { n, padding: 'x'.repeat(200) } }));
      const payloadId = randomUUID();
      while ((await this.sluice.post(body, { payloadId }).catch(() => 0)) !== 202) await sleep(10);
      this.acknowledged.push(...events);
      await sleep(4);
    }
  }

  // What is in the journal from now on, and what waits there, comes under this filter, or under one before.
  filterChanges(filter) {
    this.inForce.now = filter;
    for (const { filters } of this.open) filters.add(filter);
  }

  async stop() {
    this.stopping = true;
    await this.done;
  }
}

// What the bucket must hold, and what it may: an event that waited while the filter changed comes under one of the two.
function expected(acknowledged) {
  const wanted = ({ key, filters }, how) => [...filters][how]((filter) => FILTERS[filter].wants.includes(key));
  return {
    must: acknowledged.filter((event) => wanted(event, 'every')).map(({ n }) => n),
    may: acknowledged.filter((event) => wanted(event, 'some')).map(({ n }) => n),
  };
}

async function loadDuckDB() {
  try {
    return (await import('@duckdb/node-api')).DuckDBInstance;
  } catch (error) {
    return { missing: `DuckDB cannot be loaded by Node ${process.version} here: ${error.message.split('\n')[0]}` };
  }
}

test(`${KILLS} times kill -9 while filter, compression and on/off change: DuckDB finds each event once`, { timeout: 600_000 }, async (t) => {
  console.log(`s3_kills: seed ${SEED} (SLUICE_S3_KILLS_SEED), ${KILLS} kills`);
  const random = randomOf(SEED);
  const below = (count) => Math.floor(random() * count);
  const kinesim = await Kinesim.start(t, { streams: {} });
  await kinesim.apply({ buckets: [{ name: BUCKET, region: 'us-east-1' }] });

  const inForce = { now: 0 };
  let settings = { filter: 0, compression: 0, on: true };
  const changed = () => ({ filter: below(4) === 0 ? below(FILTERS.length) : settings.filter, compression: below(COMPRESSIONS.length), on: below(4) !== 0 });
  const destination = ({ filter, compression, on }) => ({
    ...kinesim.destination(), kind: 's3', stream_name: undefined, bucket: BUCKET, roll_bytes: '64 KiB', roll_age: '1 s', node: 'node-1',
    compression: COMPRESSIONS[compression], on, ...FILTERS[filter].fields,
  });
  const sluice = await Sluice.start(t, { destinations: [destination(settings)] });
  const load = new KeyedLoad(sluice, inForce);
  t.after(() => load.stop());
  const set = async (next) => {
    settings = next;
    await sluice.configure([destination(settings)]);
    load.filterChanges(settings.filter);
  };
  const emptied = async () => {
    await load.stop();
    await set({ ...settings, on: true });
    sluice.reload();
    await waitFor('the backlog to be empty', async () => {
      const { state, backlog } = await sluice.destination();
      return state !== 'off' && backlog.events === 0;
    }, { timeoutMs: 60_000 });
    load.open = [];
  };
  const counts = { startsKilled: 0, reloads: 0, offs: 0 };

  for (let kill = 1; kill <= KILLS; kill++) {
    if (below(4) === 0) {
      // Killed while it starts.
      const process = sluice.process;
      await process.stop('SIGKILL');
      const starting = sluice.launch().catch(() => {});
      await sleep(below(120));
      await sluice.process.stop('SIGKILL');
      await starting;
      counts.startsKilled++;
    } else {
      const target = load.acknowledged.length + below(800);
      await waitFor('more acknowledged events', () => load.acknowledged.length >= target, { everyMs: 5 });
      if (below(2) === 0) {
        await set(changed());
        sluice.reload();
        counts.reloads++;
      }
      if (below(10) === 0) await kinesim.addFaults(...['reset_before', 'reset_after', 'truncate'].map((kind) => ({ kind, operation: 'PutObject', probability: 0.3, for_ms: 700, seed: below(1e6) })));
      await sleep(below(60));
      await sluice.process.stop('SIGKILL');
    }
    await set(changed());
    counts.offs += !settings.on;
    await sluice.launch();
    if (kill % KILLS_BETWEEN_EMPTIES === 0 && kill < KILLS) {
      await emptied();
      load.start();
    }
  }
  await emptied();
  const { must, may } = expected(load.acknowledged);
  const bucket = new Bucket(kinesim, BUCKET);
  const objects = await bucket.list();
  t.diagnostic(`seed ${SEED}: ${KILLS} kills (${counts.startsKilled} during a start), ${counts.reloads} reloads, ${counts.offs} times off; ${load.acknowledged.length} events acknowledged, ${must.length} must be in the bucket, ${may.length - must.length} may; ${objects.length} objects`);
  assert.ok(must.length > KILLS * 20, 'there was load');
  assert.deepEqual(objects.filter(({ puts }) => puts !== 1), [], 'no object was overwritten');
  if (KILLS >= 50) assert.equal(new Set(objects.map(({ key }) => extensionOf(key))).size, COMPRESSIONS.length, 'objects of each compression');

  const DuckDB = await loadDuckDB();
  if (DuckDB.missing) await t.test('without DuckDB, by the test\'s own count', async () => {
    const found = (await bucket.events()).map(({ id, data }) => ({ id, n: data.n }));
    assert.equal(new Set(found.map(({ n }) => n)).size, found.length, 'no event came twice');
    assert.equal(new Set(found.map(({ id }) => id)).size, found.length, 'no id came twice');
    const there = new Set(found.map(({ n }) => n)), allowed = new Set(may);
    assert.deepEqual(must.filter((n) => !there.has(n)).slice(0, 5), [], 'nothing is lost');
    assert.deepEqual([...there].filter((n) => !allowed.has(n)).slice(0, 5), [], 'nothing that no filter wanted');
  });
  await t.test('by DuckDB', { skip: DuckDB.missing ?? false }, async () => {
    const folder = await temporaryFolder(t);
    const written = await fetch(`${kinesim.uri}/_kinesim/objects/write`, { method: 'POST', body: JSON.stringify({ bucket: BUCKET, folder: path.join(folder, 'objects') }) });
    assert.equal(written.status, 200, await written.text());
    await writeFile(path.join(folder, 'must.json'), must.map((n) => `{"n":${n}}\n`).join(''));
    await writeFile(path.join(folder, 'may.json'), may.map((n) => `{"n":${n}}\n`).join(''));
    const database = await DuckDB.create(':memory:', { threads: '2' });
    const connection = await database.connect();
    try {
      const rows = async (sql) => (await connection.runAndReadAll(sql)).getRowObjects();
      await rows(`CREATE TABLE found AS SELECT event->>'id' AS id, (event->'data'->>'n')::INT AS n, filename
        FROM read_json('${folder}/objects/**/*.ndjson*', format = 'newline_delimited', columns = {event: 'JSON'}, filename = true)`);
      const numbers = (name) => `(SELECT n FROM read_json('${folder}/${name}.json', columns = {n: 'INT'}))`;
      const [{ events, ids, ns, files }] = await rows('SELECT count(*) AS events, count(DISTINCT id) AS ids, count(DISTINCT n) AS ns, count(DISTINCT filename) AS files FROM found');
      assert.deepEqual([ids, ns, Number(files)], [events, events, objects.length], 'each event once, and every object was read');
      assert.deepEqual(await rows(`SELECT n FROM ${numbers('must')} ANTI JOIN found USING (n) LIMIT 5`), [], 'nothing is lost');
      assert.deepEqual(await rows(`SELECT n FROM found ANTI JOIN ${numbers('may')} USING (n) LIMIT 5`), [], 'nothing that no filter wanted');
      t.diagnostic(`DuckDB: ${events} events, ${ids} ids, in ${files} objects`);
    } finally {
      connection.closeSync();
      database.closeSync();
    }
  });
});
