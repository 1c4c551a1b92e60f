// Keeps the table of docs/kinesis-counterparts.md true: how the two Kinesis of other hands differ from AWS.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DescribeStreamSummaryCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { createStream, kinesisClient } from './lib/aws.js';
import { startKinesalite, startKinesisLocal } from './lib/counterparts.js';

const MIB = 1024 * 1024;
const record = (bytes) => ({ PartitionKey: 'key', Data: Buffer.alloc(bytes, 'x') });
const records = (count, bytes) => Array.from({ length: count }, () => record(bytes));

// How a PutRecords call ends: the error's name, or how many records failed and with what.
async function put(client, Records, stream = { StreamName: 'table' }) {
  try {
    const answer = await client.send(new PutRecordsCommand({ ...stream, Records }));
    return [...new Set(answer.Records.map(({ ErrorCode }) => ErrorCode ?? 'stored'))].join(' and ');
  } catch (error) {
    return error.$metadata?.httpStatusCode === 413 ? '413' : error.name;
  }
}

const rows = [
  {
    name: 'kinesalite', start: startKinesalite, byArn: 'ValidationException', tooMany: 'ValidationException',
    tooLarge: 'ValidationException', largeCall: '413',
  },
  {
    name: 'kinesis-local', start: startKinesisLocal, byArn: 'stored', tooMany: 'stored',
    tooLarge: 'stored and InvalidArgumentException',  // a large call is stored too, but takes it ten seconds
  },
];

for (const row of rows) {
  test(`how ${row.name} differs from AWS`, async (t) => {
    const { client, endpoint } = await row.start(t);
    await createStream(client, 'table', 1);
    const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: 'table' }));
    assert.equal(await put(client, records(1, 10), { StreamARN: summary.StreamARN }), row.byArn, 'by ARN');
    assert.equal(await put(client, records(501, 1)), row.tooMany, '501 records');
    assert.equal(await put(client, [record(10), record(MIB + 1)]), row.tooLarge, 'a record over 1 MiB');
    assert.equal(await put(client, [record(MIB)]), 'stored', 'the partition key is not counted');
    if (row.largeCall) assert.equal(await put(client, records(11, MIB / 2)), row.largeCall, '5.5 MiB');
    assert.equal(await put(client, records(500, 10)), 'stored');
    for (let call = 0; call < 4; call++) assert.equal(await put(client, records(500, 10)), 'stored', 'no throttling');

    const credentials = { accessKeyId: 'AKIDOTHER', secretAccessKey: 'another secret' };
    const other = kinesisClient({ endpoint, credentials });
    t.after(() => other.destroy());
    assert.equal(await put(other, records(1, 10)), 'stored', 'signatures are not verified');
  });
}
