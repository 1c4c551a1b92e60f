// What lies in a stream, read with the AWS SDK.
import { GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } from '@aws-sdk/client-kinesis';

// [{ shard, records }]: each shard as ListShards describes it, and all its records.
export async function recordsByShard(client, stream) {
  const { Shards } = await client.send(new ListShardsCommand({ StreamName: stream }));
  return Promise.all(Shards.map(async (shard) => {
    const records = [];
    let { ShardIterator: iterator } = await client.send(new GetShardIteratorCommand({ StreamName: stream, ShardId: shard.ShardId, ShardIteratorType: 'TRIM_HORIZON' }));
    for (;;) {
      const { Records, NextShardIterator } = await client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 10_000 }));
      records.push(...Records);
      if (Records.length === 0 || !NextShardIterator) return { shard, records };  // the newest, or the end of a shard that was closed
      iterator = NextShardIterator;
    }
  }));
}
