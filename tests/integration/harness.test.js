// The harness itself: real counterparts start, the AWS SDK writes and reads, real SDKs cause the events they should.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { createStream, StreamReader } from './lib/aws.js';
import { startKinesalite, startKinesisLocal } from './lib/counterparts.js';
import { startFlagServer } from './lib/flag_server.js';
import { nameOf, sdks } from './lib/sdks.js';
import { waitFor } from './lib/wait.js';

for (const [name, start] of [['kinesalite', startKinesalite], ['kinesis-local', startKinesisLocal]]) {
  test(`${name} stores what the AWS SDK puts`, async (t) => {
    const { client } = await start(t);
    await createStream(client, 'harness', 2);
    const texts = ['a', 'b', 'c'].map((key) => `${JSON.stringify({
      project: '5744c96707c9900708000004', environment: '578d1e02d2943862c52b9686',
      event: { kind: 'custom', id: '6745e9c2a1b2c3d4e5f60718', key }, version: 2,
    })}\n`);
    const Records = texts.map((text) => ({ PartitionKey: text.slice(-20), Data: Buffer.from(text) }));
    await client.send(new PutRecordsCommand({ StreamName: 'harness', Records }));
    const reader = await new StreamReader(client, 'harness').open();
    const seen = [];
    await waitFor('three records', async () => seen.push(...(await reader.next())) && seen.length === 3);
    assert.deepEqual(seen.sort(), texts);
  });
}

// An intake that only remembers.
async function startRecorder(t) {
  const events = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text) => (body += text));
    request.on('end', () => {
      if (request.url.includes('bulk')) events.push(...JSON.parse(body));
      response.writeHead(202).end();
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.closeAllConnections() ?? server.close());
  return { uri: `http://127.0.0.1:${server.address().port}`, events };
}

for (const sdk of sdks) {
  test(`${sdk.name} sends what the scenario expects`, async (t) => {
    const flags = await startFlagServer(t);
    const recorder = await startRecorder(t);
    const expected = await sdk.drive({
      sdkKey: 'sdk-harness', environmentId: '5f0000000000000000000001', intakeUri: recorder.uri, flagsUri: flags.uri,
      run: 'harness', contexts: 3,
    });
    const exported = recorder.events.filter(({ kind }) => kind !== 'summary' && kind !== 'index');
    assert.deepEqual(exported.map(nameOf).sort(), expected.sort());
  });
}
