"""How far each shard was read, in a small file of JSON. It is replaced as a whole: after a crash there is the old one or the new one."""

import datetime
import json
import os
import time


class Checkpoints:
    """`state` is {stream, start, shards}.

    `start`: None, or the time (ms) from which shards without a checkpoint are read. `shards`: by id, {after}, the sequence number of the last
    record that was processed, or {ended: true}.
    """

    def __init__(self, file, stream, start_at):
        """`start_at`: "oldest" or "now", for a file that is not there yet."""
        self._file = file
        try:
            with open(file, encoding="utf-8") as opened:
                self.state = json.load(opened)
        except FileNotFoundError:
            self.state = {"stream": stream, "start": int(time.time() * 1000) if start_at == "now" else None, "shards": {}}
            self.save()
        except ValueError as error:
            raise ValueError(f"{file} cannot be read ({error}). Restore it, or remove it to read the stream from the start") from error
        if self.state["stream"] != stream:
            raise ValueError(f"{file} is of the stream {self.state['stream']}, not {stream}. Give each stream a file of its own")

    def has_ended(self, shard_id):
        return self.state["shards"].get(shard_id, {}).get("ended", False)

    def position(self, shard_id):
        """For GetShardIterator."""
        after = self.state["shards"].get(shard_id, {}).get("after")
        if after:
            return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": after}
        if self.state["start"] is not None:
            return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": datetime.datetime.fromtimestamp(self.state["start"] / 1000, datetime.timezone.utc)}
        return {"ShardIteratorType": "TRIM_HORIZON"}

    def read(self, shard_id, after):
        self.state["shards"][shard_id] = {"after": after}

    def ended(self, shard_id):
        self.state["shards"][shard_id] = {"ended": True}

    def keep_only(self, shard_ids):
        """Shards that Kinesis no longer lists are not needed."""
        self.state["shards"] = {shard_id: value for shard_id, value in self.state["shards"].items() if shard_id in shard_ids}

    def save(self):
        following = f"{self._file}.next"
        with open(following, "w", encoding="utf-8") as file:
            file.write(json.dumps(self.state) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.replace(following, self._file)
        folder = os.open(os.path.dirname(os.path.abspath(self._file)), os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
