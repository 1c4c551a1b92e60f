// What AWS Lambda does between a Kinesis stream and a function, as its documentation has it: batches of one shard, filter criteria, partial
// batch responses, bisecting, retries, the destination of what is given up.
// https://docs.aws.amazon.com/lambda/latest/dg/services-kinesis-batchfailurereporting.html
import assert from 'node:assert/strict';
import { recordsByShard } from './stream_records.js';

const MAX_PAYLOAD_BYTES = 6 * 1024 * 1024;

const eventOf = (mapping, shardId, { PartitionKey, SequenceNumber, Data, ApproximateArrivalTimestamp }) => ({
  kinesis: {
    kinesisSchemaVersion: '1.0', partitionKey: PartitionKey, sequenceNumber: SequenceNumber,
    data: Buffer.from(Data).toString('base64'), approximateArrivalTimestamp: ApproximateArrivalTimestamp.getTime() / 1000,
  },
  eventSource: 'aws:kinesis', eventVersion: '1.0', eventID: `${shardId}:${SequenceNumber}`, eventName: 'aws:kinesis:record',
  invokeIdentityArn: 'arn:aws:iam::123456789012:role/flag-events', awsRegion: 'us-east-1', eventSourceARN: mapping.EventSourceArn,
});

// A pattern of exact values. A record whose data is no JSON is dropped by a pattern for `data`.
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis-filtering.html
function matches(pattern, value) {
  if (Array.isArray(pattern)) return pattern.includes(value);
  return Object.entries(pattern).every(([name, inner]) => value !== null && typeof value === 'object' && name in value && matches(inner, value[name]));
}
function passes(record, criteria) {
  if (!criteria) return true;
  let data;
  try {
    data = JSON.parse(Buffer.from(record.kinesis.data, 'base64').toString('utf8'));
  } catch {
    return false;
  }
  return criteria.Filters.some(({ Pattern }) => matches(JSON.parse(Pattern), { ...record.kinesis, data }));
}

function batchesOf(records, size) {
  const batches = [];
  let bytes = Infinity;
  for (const record of records) {
    bytes += JSON.stringify(record).length + 1;
    if (bytes > MAX_PAYLOAD_BYTES || batches.at(-1).length >= size) {
      batches.push([]);
      bytes = JSON.stringify(record).length + 100;
    }
    batches.at(-1).push(record);
  }
  return batches;
}

// Gives everything in a stream to `invoke(event)`, shard after shard. Resolves to the records that were given up, which go to the mapping's
// destination of failures, and how often it was invoked.
export async function runEventSource({ client, stream, mapping, invoke }) {
  assert.deepEqual(mapping.FunctionResponseTypes, ['ReportBatchItemFailures']);
  assert.ok(mapping.BisectBatchOnFunctionError && mapping.MaximumRetryAttempts >= 0 && mapping.DestinationConfig.OnFailure.Destination);
  const givenUp = [];
  let invocations = 0;

  async function process(batch, retries = 0) {
    invocations++;
    const { batchItemFailures } = await invoke({ Records: batch });
    if (batchItemFailures.length === 0) return;
    const failed = batchItemFailures.map(({ itemIdentifier }) => batch.findIndex(({ kinesis }) => kinesis.sequenceNumber === itemIdentifier));
    assert.ok(failed.every((place) => place >= 0), 'a sequence number of the batch');
    const first = Math.min(...failed);
    // Bisecting takes nothing from the retries.
    if (first > 0) return process(batch.slice(first), retries);
    if (batch.length > 1) {
      const half = Math.ceil(batch.length / 2);
      await process(batch.slice(0, half), retries);
      return process(batch.slice(half), retries);
    }
    if (retries < mapping.MaximumRetryAttempts) return process(batch, retries + 1);
    givenUp.push(...batch);
  }

  for (const { shard, records } of await recordsByShard(client, stream)) {
    const passed = records.map((record) => eventOf(mapping, shard.ShardId, record)).filter((record) => passes(record, mapping.FilterCriteria));
    for (const batch of batchesOf(passed, mapping.BatchSize)) await process(batch);
  }
  return { givenUp, invocations };
}
