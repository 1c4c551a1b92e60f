// What a consumer does with a record of each encoding, with tools of other hands: zcat, zstd, and the module of AWS Labs that takes
// aggregated records apart. Each gives the texts of a record's events.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';

const agg = createRequire(import.meta.url)('aws-kinesis-agg');

const linesOf = (bytes) => {
  const text = bytes.toString('utf8');
  assert.ok(text.endsWith('\n'), 'the last line is ended too');
  return text.split(/(?<=\n)/);
};
const piped = (command, args, input) => execFileSync(command, args, { input, maxBuffer: 64 << 20 });

function deaggregated(record) {
  const texts = [];
  agg.deaggregateSync(
    { kinesisSchemaVersion: '1.0', partitionKey: record.PartitionKey, sequenceNumber: record.SequenceNumber, data: Buffer.from(record.Data).toString('base64') },
    true,
    (error, inner) => {
      assert.ifError(error);
      for (const { data, partitionKey } of inner) {
        assert.equal(partitionKey, record.PartitionKey);
        texts.push(Buffer.from(data, 'base64').toString('utf8'));
      }
    },
  );
  return texts;
}

// Of GetRecords.
export const READERS = {
  json: ({ Data }) => [Buffer.from(Data).toString('utf8')],
  ndjson: ({ Data }) => linesOf(Buffer.from(Data)),
  'ndjson+gzip': ({ Data }) => linesOf(piped('zcat', [], Data)),
  'ndjson+zstd': ({ Data }) => linesOf(piped('zstd', ['-d', '-c', '-q'], Data)),
  kpl: deaggregated,
};
