// How far each shard was read, in a small file of JSON. It is replaced as a whole: after a crash there is the old one or the new one.
import { closeSync, fsyncSync, openSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';

// {stream, start, shards}: `start`: null, or the time (ms) from which shards without a checkpoint are read; `shards`: by id, `{after}`, the
// sequence number of the last record that was processed, or `{ended: true}`.
export class Checkpoints {
  // `from`: 'oldest' or 'now', for a file that is not there yet.
  static load(file, stream, from) {
    const checkpoints = new Checkpoints();
    checkpoints.file = file;
    try {
      checkpoints.state = JSON.parse(readFileSync(file, 'utf8'));
    } catch (error) {
      if (error.code !== 'ENOENT') throw new Error(`${file} cannot be read (${error.message}). Restore it, or remove it to read the stream from the start`);
      checkpoints.state = { stream, start: from === 'now' ? Date.now() : null, shards: {} };
      checkpoints.save();
    }
    if (checkpoints.state.stream !== stream) throw new Error(`${file} is of the stream ${checkpoints.state.stream}, not ${stream}. Give each stream a file of its own`);
    return checkpoints;
  }

  hasEnded(shardId) {
    return this.state.shards[shardId]?.ended === true;
  }

  // For GetShardIterator.
  position(shardId) {
    const after = this.state.shards[shardId]?.after;
    if (after) return { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: after };
    if (this.state.start !== null) return { ShardIteratorType: 'AT_TIMESTAMP', Timestamp: new Date(this.state.start) };
    return { ShardIteratorType: 'TRIM_HORIZON' };
  }

  read(shardId, after) {
    this.state.shards[shardId] = { after };
  }

  ended(shardId) {
    this.state.shards[shardId] = { ended: true };
  }

  // Shards that Kinesis no longer lists are not needed.
  keepOnly(shardIds) {
    for (const id of Object.keys(this.state.shards)) if (!shardIds.includes(id)) delete this.state.shards[id];
  }

  save() {
    const next = `${this.file}.next`;
    writeFileSync(next, `${JSON.stringify(this.state)}\n`);
    sync(next);
    renameSync(next, this.file);
    sync(path.dirname(this.file));
  }
}

function sync(file) {
  const opened = openSync(file, 'r');
  fsyncSync(opened);
  closeSync(opened);
}
