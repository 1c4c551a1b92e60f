// An application of your own: reads all shards of a stream, in one process, and processes every event at least once. Ended by
// anything, kill -9 included, it resumes at its checkpoints.
//
//   node application.mjs --stream flag-events --checkpoints checkpoints.json --out events.ndjson --failed failed.ndjson [--from oldest|now]
//
// AWS_REGION, credentials and AWS_ENDPOINT_URL as for any program with the AWS SDK.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { KinesisClient } from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import { Checkpoints } from './checkpoints.mjs';
import { LineFile } from './line_file.mjs';
import { RecentIds } from './recent_ids.mjs';
import { eventsOf } from './records.mjs';
import { Stream } from './stream.mjs';

const ROUND_MS = 200;             // Kinesis allows 5 reads a second and shard
const IDLE_ROUND_MS = 1_000;      // as the Kinesis Client Library
const LONGEST_PAUSE_MS = 10_000;  // while Kinesis cannot be reached

const USAGE = 'Usage: node application.mjs --stream NAME --checkpoints FILE --out FILE --failed FILE [--from oldest|now]';

// The parts of the program; throws an Error that says what is wrong with its options, files or environment.
async function prepared() {
  const file = { type: 'string' };
  const { values: options } = parseArgs({ options: { stream: file, checkpoints: file, out: file, failed: file, from: { type: 'string', default: 'oldest' } } });
  for (const name of ['stream', 'checkpoints', 'out', 'failed']) if (!options[name]) throw new Error(`--${name} is missing.\n${USAGE}`);
  if (!['oldest', 'now'].includes(options.from)) throw new Error(`--from is oldest or now, not ${options.from}`);
  const client = new KinesisClient({ requestHandler: new NodeHttpHandler() });  // HTTP/1.1, which simulators and proxies speak too
  await client.config.region();  // throws without one
  const checkpoints = Checkpoints.load(options.checkpoints, options.stream, options.from);
  return { stream: new Stream(client, options.stream, checkpoints), checkpoints, out: new LineFile(options.out), failed: new LineFile(options.failed) };
}

const { stream, checkpoints, out, failed } = await prepared().catch((error) => {
  console.error(error.message);
  process.exit(2);
});
const recent = new RecentIds();

// Replace this by what your application is for. It returns when the events are stored for good; after a crash the last ones come again:
// store each under its event.id.
async function store(events) {
  out.append(events.map(({ line }) => line));
}

// A record that cannot be read is kept, and does not stop its shard.
function readable(shardId, record) {
  try {
    return eventsOf(record.Data);
  } catch (error) {
    failed.append([JSON.stringify({ shardId, sequenceNumber: record.SequenceNumber, error: error.message, data: Buffer.from(record.Data).toString('base64') })]);
    return [];
  }
}

// Returns whether there was anything.
async function round() {
  const { reads, error } = await stream.round();
  for (const { shardId, records, ended } of reads) {
    const fresh = recent.fresh(records.flatMap((record) => readable(shardId, record)));
    if (fresh.length > 0) await store(fresh);
    recent.add(fresh);
    if (ended) checkpoints.ended(shardId);
    else if (records.length > 0) checkpoints.read(shardId, records.at(-1).SequenceNumber);
  }
  const anEnd = reads.some(({ ended }) => ended), anything = anEnd || reads.some(({ records }) => records.length > 0);
  if (anything) checkpoints.save();
  if (error) throw error;
  if (anEnd) await stream.list();
  return anything;
}

// What does not pass by itself: a stream that is not there, an access that is denied. Throttles and faults of AWS pass.
function isOurs({ name, $retryable, $metadata }) {
  const status = $metadata?.httpStatusCode ?? 0;
  return status >= 400 && status < 500 && !$retryable && !/Limit|Throttl/.test(name);
}

const stop = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => stop.abort());

for (let pause = ROUND_MS, listed = false; !stop.signal.aborted;) {
  try {
    if (!listed) await stream.list();
    listed = true;
    pause = await round() ? ROUND_MS : IDLE_ROUND_MS;
  } catch (error) {
    if (isOurs(error)) {
      console.error(`${error.name}: ${error.message}`);
      process.exit(1);
    }
    stream.forget();
    listed = false;
    pause = Math.min(LONGEST_PAUSE_MS, pause * 2);
    console.error(`${error.name}: ${error.message}. Next try in ${pause} ms`);
  }
  await sleep(pause, undefined, { signal: stop.signal }).catch(() => {});
}
out.close();
failed.close();
