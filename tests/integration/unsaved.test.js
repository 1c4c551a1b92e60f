// Files that are written in the background and cannot be: no event waits for them, so nothing stops; the status, the console and the command line
// say it with what to do, and no longer once it is done.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { Kinesim } from './lib/kinesim.js';
import { sluiceBinary } from './lib/paths.js';
import { temporaryFolder } from './lib/process.js';
import { ADMIN_TOKEN, configText, customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

// Of the promise; the machine may be slow besides.
const GONE_WITHIN_MS = 10_000, SLACK_MS = 5_000;
const run = promisify(execFile);
const codes = async (sluice) => (await sluice.status()).notes.map(({ code }) => code).sort();

// A flag source that says what it has.
async function startSource(t) {
  const upstream = createServer((asked, response) => {
    asked.resume();
    response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('event: put\ndata: {"path":"/","data":{"flags":{},"segments":{}}}\n\n');
  });
  await new Promise((done) => { upstream.listen(0, '127.0.0.1', done); });
  t.after(() => { upstream.closeAllConnections(); upstream.close(); });
  return `http://127.0.0.1:${upstream.address().port}`;
}

test('history, flags seen and flags of a source that cannot be saved are told with what to do, and not once they can', async (t) => {
  const kinesim = await Kinesim.start(t);
  const source = await startSource(t);
  const dataDir = path.join(await temporaryFolder(t), 'data');
  await mkdir(dataDir, { mode: 0o700 });
  // Root may write anywhere, so other things have the names.
  for (const file of ['history', 'relay']) await writeFile(path.join(dataDir, file), '', { mode: 0o600 });
  await mkdir(path.join(dataDir, 'flags.ndjson.new'), { mode: 0o700 });
  const destinations = [kinesim.destination()];
  const sluice = await Sluice.start(t, { destinations, dataDir });
  await sluice.writeConfig(configText({ destinations })
    .replace('[[environment]]', `[[environment]]\nflag_source = "launchdarkly"\nflag_stream_uri = "${source}"`));
  sluice.reload();
  assert.equal(await sluice.post([customEvent('delivered')]), 202);
  await waitFor('delivery all the same', async () => (await sluice.destination()).deliveredEvents === 1);
  const expected = ['delivered_flags_not_saved', 'flags_not_saved', 'history_not_saved'];
  await waitFor('the notes', async () => `${await codes(sluice)}` === `${expected}`, { timeoutMs: 30_000 });
  for (const { message, remedy } of (await sluice.status()).notes) {
    assert.ok(message.includes(dataDir), message);
    assert.match(message, /Not a directory|Is a directory/);
    assert.match(remedy, /disk of the data directory.*mode 600/);
  }
  assert.equal((await sluice.metrics()).value('sluice_note', { code: 'history_not_saved' }), 1);

  for (const file of ['history', 'relay']) await rm(path.join(dataDir, file));
  await rmdir(path.join(dataDir, 'flags.ndjson.new'));
  const fixed = Date.now();
  await waitFor('the notes to go', async () => (await codes(sluice)).length === 0, { timeoutMs: GONE_WITHIN_MS + SLACK_MS });
  t.diagnostic(`gone after ${Date.now() - fixed} ms`);
  await waitFor('metrics to follow', async () => !(await (await sluice.page('/metrics')).text()).includes('sluice_note{'));
});

test('a managed server shows notes in its API and on the command line', async (t) => {
  const dataDir = path.join(await temporaryFolder(t), 'data');
  await mkdir(path.join(dataDir, 'flags.ndjson.new'), { recursive: true, mode: 0o700 });
  const sluice = await Sluice.start(t, { managed: true, dataDir });
  const noted = async () => (await sluice.api('GET', 'status')).body.notes;
  const [note] = await waitFor('the note', async () => { const all = await noted(); return all.length > 0 && all; });
  assert.equal(note.code, 'flags_not_saved');
  const { stdout } = await run(sluiceBinary, ['server', 'status', '--server', sluice.adminUri], { env: { ...process.env, SLUICE_TOKEN: ADMIN_TOKEN } });
  assert.ok(stdout.includes(note.message) && stdout.includes(note.remedy), stdout);
  await rmdir(path.join(dataDir, 'flags.ndjson.new'));
  await waitFor('the note to go', async () => (await noted()).length === 0, { timeoutMs: GONE_WITHIN_MS + SLACK_MS });
});

const PAYLOADS = 60;
const PAYLOAD_BYTES = 30_000;

test('journal.max_bytes below what waits loses nothing: the server says so, refuses what does not fit, and takes payloads again once events are delivered', async (t) => {
  const kinesim = await Kinesim.start(t);
  const journal = { segment_bytes: '64 KiB', max_bytes: '16 MiB' };
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()], settings: { journal } });
  const post = (i) => sluice.post([customEvent(`e-${i}`, { data: 'x'.repeat(PAYLOAD_BYTES) })]);
  await kinesim.stop('SIGKILL');
  let accepted = 0;
  for (; accepted < PAYLOADS; ++accepted) assert.equal(await post(accepted), 202);
  await sluice.process.stop('SIGKILL');

  sluice.settings.journal.max_bytes = '1 MiB';
  await sluice.configure([kinesim.destination()]);
  await sluice.launch();
  let status = await sluice.status();
  assert.ok(status.journal.overMaxBytes > 500_000, JSON.stringify(status.journal));
  assert.deepEqual(status.notes.map(({ code }) => code), ['journal_over_max_bytes']);
  assert.match(status.notes[0].remedy, /Fix the destinations.*raise journal\.max_bytes/);
  assert.equal(status.destinations[0].backlog.events, PAYLOADS);
  assert.ok((await sluice.metrics()).value('sluice_journal_over_max_bytes') > 500_000);
  await waitFor('the log', () => /journal\.over_max_bytes .*remedy="Payloads are answered 503.*raise journal\.max_bytes/.test(sluice.process.output));
  let answer;
  while ((answer = await post(accepted)) === 202) assert.ok(++accepted < 2 * PAYLOADS, 'it grows no more');
  assert.equal(answer, 503);
  await waitFor('readiness to say so', async () => (await fetch(`${sluice.uri}/readyz`)).status === 503);

  await kinesim.launch();
  await waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs: 60_000 });
  const delivered = new Set((await kinesim.texts()).map((text) => JSON.parse(text).event.key));
  for (let i = 0; i < accepted; ++i) assert.ok(delivered.has(`e-${i}`), `e-${i}`);
  await waitFor('the note to go', async () => (await codes(sluice)).length === 0);
  await waitFor('payloads to be taken', async () => (await post(accepted)) === 202);
  status = await sluice.status();
  assert.equal(status.journal.overMaxBytes, 0);
  assert.equal(status.journal.missingEntries, 0);
  assert.equal(status.destinations[0].missingEvents, 0);
});
