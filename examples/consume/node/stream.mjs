// All shards of a stream, read in rounds: of each shard that may be read now, the next records. A shard is read when its parents
// have been read to their ends, so that resharding neither loses records nor reads a child's before its parent's.
import {
  ExpiredIteratorException, GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand, ProvisionedThroughputExceededException,
} from '@aws-sdk/client-kinesis';

// Of one call, which returns 10 MB at most. Kinesis allows 5 calls a second and shard: with `json` that is 5,000 events/s.
const RECORDS_PER_CALL = 1_000;

export class Stream {
  #iterators = new Map();
  #shards = [];

  constructor(client, name, checkpoints) {
    Object.assign(this, { client, name, checkpoints });
  }

  // Also called when a shard has ended: resharding is the only way to new ones.
  async list() {
    const shards = [];
    let NextToken;
    do {
      const answer = await this.client.send(new ListShardsCommand(NextToken ? { NextToken } : { StreamName: this.name }));
      shards.push(...answer.Shards);
      ({ NextToken } = answer);
    } while (NextToken);
    this.#shards = shards;
    this.checkpoints.keepOnly(shards.map(({ ShardId }) => ShardId));
  }

  // One call for each readable shard. `reads`: [{shardId, records, ended}] of those that were answered; process them all, or `forget`. `error`: of one that failed.
  async round() {
    const listed = new Set(this.#shards.map(({ ShardId }) => ShardId));
    const isDone = (id) => !id || !listed.has(id) || this.checkpoints.hasEnded(id);
    const readable = this.#shards.filter(({ ShardId, ParentShardId, AdjacentParentShardId }) =>
      !this.checkpoints.hasEnded(ShardId) && isDone(ParentShardId) && isDone(AdjacentParentShardId));
    // All have ended before it returns: what came late would be passed over.
    const ends = await Promise.allSettled(readable.map(({ ShardId }) => this.#read(ShardId)));
    return { reads: ends.map(({ value }) => value).filter(Boolean), error: ends.find(({ status }) => status === 'rejected')?.reason };
  }

  // Shards are read on from their checkpoints: what was read since comes again.
  forget() {
    this.#iterators.clear();
  }

  async #read(shardId) {
    try {
      let iterator = this.#iterators.get(shardId);
      if (!iterator) {
        const position = this.checkpoints.position(shardId);
        ({ ShardIterator: iterator } = await this.client.send(new GetShardIteratorCommand({ StreamName: this.name, ShardId: shardId, ...position })));
      }
      const { Records: records, NextShardIterator } = await this.client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: RECORDS_PER_CALL }));
      this.#iterators.set(shardId, NextShardIterator);
      return { shardId, records, ended: !NextShardIterator };
    } catch (error) {
      if (error instanceof ExpiredIteratorException) this.#iterators.delete(shardId);  // after 5 minutes
      else if (!(error instanceof ProvisionedThroughputExceededException)) throw error;  // others read the shard too: next round
      return undefined;
    }
  }
}
