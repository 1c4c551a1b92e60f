// The AWS SDK's Kinesis client, as a consumer would use it.
import {
  CreateStreamCommand, DescribeStreamSummaryCommand, GetRecordsCommand, GetShardIteratorCommand, KinesisClient,
  ListShardsCommand, ResourceNotFoundException,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { validated } from './schema.js';
import { waitFor } from './wait.js';

export function kinesisClient({ endpoint, credentials, region = 'us-east-1' }) {
  // HTTP/1.1: the simulators do not speak HTTP/2, which the client would use by default.
  return new KinesisClient({ endpoint, region, credentials, requestHandler: new NodeHttpHandler() });
}

export async function createStream(client, name, shards) {
  await client.send(new CreateStreamCommand({ StreamName: name, ShardCount: shards }));
  await waitFor(`stream ${name} to be active`, async () => {
    const { StreamDescriptionSummary: summary } = await client.send(new DescribeStreamSummaryCommand({ StreamName: name }));
    return summary.StreamStatus === 'ACTIVE';
  });
}

// Reads a stream from its oldest record on. `next()` gives what has come since the last call: the data as text, each
// valid by the published schema.
export class StreamReader {
  constructor(client, stream) {
    this.client = client;
    this.stream = stream;
  }

  async open() {
    const { Shards } = await this.client.send(new ListShardsCommand({ StreamName: this.stream }));
    this.iterators = await Promise.all(
      Shards.map(async ({ ShardId }) => {
        const answer = await this.client.send(
          new GetShardIteratorCommand({ StreamName: this.stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
        );
        return answer.ShardIterator;
      }),
    );
    return this;
  }

  async next() {
    const texts = [];
    for (const [i, iterator] of this.iterators.entries()) {
      const answer = await this.client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }));
      this.iterators[i] = answer.NextShardIterator;
      for (const record of answer.Records) texts.push(validated(Buffer.from(record.Data).toString('utf8')));
    }
    return texts;
  }
}

export { ResourceNotFoundException };
