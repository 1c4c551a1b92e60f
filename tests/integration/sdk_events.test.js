// Real SDKs, unchanged but for their events address: each evaluation of a tracked flag, each track and identify is in
// the stream exactly once, in the envelope, with an id. Into kinesim and into two Kinesis of other hands.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { createStream, StreamReader } from './lib/aws.js';
import { startKinesalite, startKinesisLocal } from './lib/counterparts.js';
import { assertExactlyOnce, eventOf } from './lib/events.js';
import { startFlagServer, TRACKED_FLAGS } from './lib/flag_server.js';
import { Kinesim } from './lib/kinesim.js';
import { integrationFolder, repository } from './lib/paths.js';
import { runToEnd } from './lib/process.js';
import { sdks } from './lib/sdks.js';
import { destination, ENVIRONMENT_ID, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

// Reads until as many records came as are expected and the server says that nothing waits; then nothing more can come.
async function readAll(reader, sluice, count) {
  const texts = [];
  await waitFor(`${count} records`, async () => {
    texts.push(...(await reader.next()));
    if (texts.length < count) return false;
    const { backlog } = await sluice.destination();
    return backlog.events === 0;
  });
  texts.push(...(await reader.next()));
  return texts;
}

async function driveAll(t, sluice, reader) {
  const flags = await startFlagServer(t);
  for (const sdk of sdks) {
    await t.test(sdk.name, async () => {
      const expected = await sdk.drive({
        sdkKey: SDK_KEY, environmentId: ENVIRONMENT_ID, intakeUri: sluice.uri, flagsUri: flags.uri,
        run: sdk.name.replaceAll(/\W+/g, '-'), contexts: 5,
      });
      const events = (await readAll(reader, sluice, expected.length)).map((text) => eventOf(text, sdk.version));
      assertExactlyOnce(events, expected);
      for (const event of events.filter(({ kind }) => kind === 'feature')) {
        assert.deepEqual(event.value, TRACKED_FLAGS[event.key]);
        assert.equal(event.version, 11);
      }
    });
  }
}

test('SDK events into kinesim, through an assumed role', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  await driveAll(t, sluice, await kinesim.reader());
});

for (const [name, start] of [['kinesalite', startKinesalite], ['kinesis-local', startKinesisLocal]]) {
  test(`SDK events into ${name}, read back by the AWS SDK`, async (t) => {
    const { uri, client } = await start(t);
    await createStream(client, 'flag-events', 3);
    const sluice = await Sluice.start(t, { destinations: [destination({ endpoint: uri })] });
    await driveAll(t, sluice, await new StreamReader(client, 'flag-events').open());
  });
}

test("the README's program, as printed there", async (t) => {
  const readme = await readFile(path.join(repository, 'README.md'), 'utf8');
  const program = [...readme.matchAll(/```js\n(.*?)```/gs)].map((match) => match[1]).find((text) => text.includes('waitForInitialization'));
  assert.ok(program.trim().split('\n').length <= 22, 'it is still about 20 lines');
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  const env = { ...process.env, SLUICE_INTAKE: sluice.uri, SLUICE_SDK_KEY: SDK_KEY };
  const run = await runToEnd(process.execPath, ['--input-type=module', '--eval', program], { cwd: integrationFolder, env });
  assert.equal(run.status, 0, run.output);
  const expected = ['anna', 'bob', 'carol'].flatMap((key) => [
    `identify  ${key}`, `feature new-checkout ${key}`, `custom checkout ${key}`,
  ]);
  const events = (await readAll(await kinesim.reader(), sluice, expected.length)).map((text) => eventOf(text, 2));
  assertExactlyOnce(events, expected);
});
