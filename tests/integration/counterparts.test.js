// Keeps the table of docs/kinesis-counterparts.md true: how kinesim and the two Kinesis of other hands differ.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DescribeStreamSummaryCommand, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { createStream, kinesisClient } from './lib/aws.js';
import { startKinesalite, startKinesisLocal } from './lib/counterparts.js';
import { Kinesim } from './lib/kinesim.js';
import { CREDENTIALS } from './lib/sluice.js';

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

const startKinesim = (t) => Kinesim.start(t, { streams: {} });

const rows = [
  {
    name: 'kinesim', start: startKinesim, byArn: 'stored', tooMany: 'ValidationException',
    tooLarge: 'ValidationException', keyCounts: 'ValidationException', largeCall: 'stored', hugeCall: 'InvalidArgumentException',
    overRate: 'stored and ProvisionedThroughputExceededException', wrongSecret: 'InvalidSignatureException',
  },
  {
    name: 'kinesalite', start: startKinesalite, byArn: 'ValidationException', tooMany: 'ValidationException',
    tooLarge: 'ValidationException', keyCounts: 'stored',
    // A call still larger is not answered at all by kinesalite on Node.js 18.
    largeCall: '413',
    overRate: 'stored', wrongSecret: 'stored',
  },
  {
    name: 'kinesis-local', start: startKinesisLocal, byArn: 'stored', tooMany: 'stored',
    tooLarge: 'stored and InvalidArgumentException', keyCounts: 'stored',
    // Large calls are stored too, but take it ten seconds each; many calls are slow as well.
    calls: 4, overRate: 'stored', wrongSecret: 'stored',
  },
];

for (const row of rows) {
  test(`how ${row.name} differs from the others`, async (t) => {
    const { client, uri: endpoint } = await row.start(t);
    await createStream(client, 'table', 1);
    const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: 'table' }));
    assert.equal(await put(client, records(1, 10), { StreamARN: summary.StreamARN }), row.byArn, 'by ARN');
    assert.equal(await put(client, records(501, 1)), row.tooMany, '501 records');
    assert.equal(await put(client, [record(10), record(MIB + 1)]), row.tooLarge, 'a record over 1 MiB');
    assert.equal(await put(client, [record(MIB)]), row.keyCounts, 'a record of 1 MiB and its key');
    // On connections of their own: kinesalite on Node.js 18 leaves one whose call was too large hanging.
    const large = kinesisClient({ endpoint, credentials: CREDENTIALS });
    t.after(() => large.destroy());
    if (row.largeCall) assert.equal(await put(large, records(11, MIB / 2)), row.largeCall, '5.5 MiB');
    if (row.hugeCall) assert.equal(await put(large, records(22, MIB / 2)), row.hugeCall, '11 MiB');

    await createStream(client, 'slow', 1);
    const outcomes = new Set();
    for (let call = 0; call < (row.calls ?? 30); call++) outcomes.add(await put(client, records(500, 10), { StreamName: 'slow' }));
    assert.equal([...outcomes].sort().pop(), row.overRate, 'thousands of records at once into one shard');

    const credentials = { ...CREDENTIALS, secretAccessKey: 'another secret' };
    const other = kinesisClient({ endpoint, credentials });
    t.after(() => other.destroy());
    assert.equal(await put(other, records(1, 10)), row.wrongSecret, 'a wrong secret');
  });
}
