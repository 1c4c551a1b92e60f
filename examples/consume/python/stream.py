"""All shards of a stream, read in rounds: of each shard that may be read now, the next records.

A shard is read when its parents have been read to their ends, so that resharding neither loses records nor reads a child's before its
parent's.
"""

from concurrent.futures import ThreadPoolExecutor

# Of one call, which returns 10 MB at most. Kinesis allows 5 calls a second and shard: with `json` that is 5,000 events/s.
RECORDS_PER_CALL = 1_000
PARALLEL_CALLS = 8


class Stream:
    def __init__(self, client, name, checkpoints):
        self._client, self._name, self._checkpoints = client, name, checkpoints
        self._iterators, self._shards = {}, []
        self._threads = ThreadPoolExecutor(PARALLEL_CALLS)

    def list(self):
        """Also called when a shard has ended: resharding is the only way to new ones."""
        pages = self._client.get_paginator("list_shards").paginate(StreamName=self._name)
        self._shards = [shard for page in pages for shard in page["Shards"]]
        self._checkpoints.keep_only([shard["ShardId"] for shard in self._shards])

    def round(self):
        """One call for each readable shard: (reads, error).

        `reads`: [(shard_id, records, ended)] of those that were answered; process them all, or `forget`. `error`: of one that failed.
        """
        listed = {shard["ShardId"] for shard in self._shards}

        def is_done(shard_id):
            return shard_id not in listed or self._checkpoints.has_ended(shard_id)

        readable = [
            shard["ShardId"]
            for shard in self._shards
            if not self._checkpoints.has_ended(shard["ShardId"]) and is_done(shard.get("ParentShardId")) and is_done(shard.get("AdjacentParentShardId"))
        ]
        calls = [self._threads.submit(self._read, shard_id) for shard_id in readable]
        # All have ended before it returns: what came late would be passed over.
        errors = [error for call in calls if (error := call.exception())]
        reads = [call.result() for call in calls if not call.exception()]
        return [read for read in reads if read], errors[0] if errors else None

    def forget(self):
        """Shards are read on from their checkpoints: what was read since comes again."""
        self._iterators.clear()

    def _read(self, shard_id):
        try:
            iterator = self._iterators.get(shard_id)
            if not iterator:
                position = self._checkpoints.position(shard_id)
                iterator = self._client.get_shard_iterator(StreamName=self._name, ShardId=shard_id, **position)["ShardIterator"]
            answer = self._client.get_records(ShardIterator=iterator, Limit=RECORDS_PER_CALL)
        except self._client.exceptions.ExpiredIteratorException:  # after 5 minutes
            self._iterators.pop(shard_id, None)
            return None
        except self._client.exceptions.ProvisionedThroughputExceededException:  # others read the shard too: next round
            return None
        self._iterators[shard_id] = answer.get("NextShardIterator")
        return shard_id, answer["Records"], not answer.get("NextShardIterator")
