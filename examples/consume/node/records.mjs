// Takes the events out of a record of a stream that Sluice fills, whatever the destination's encoding is: its first bytes tell.
// Encodings: docs/encodings.md. Events: docs/events.md.
import { createHash } from 'node:crypto';
import zlib from 'node:zlib';

// What one record may inflate to. Sluice's have at most 4 MiB of lines, or one larger event, of at most 10 MiB.
const MAX_INFLATED_BYTES = 16 * 1024 * 1024;

const GZIP = Buffer.from([0x1f, 0x8b]);
const ZSTD = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);
const KPL = Buffer.from([0xf3, 0x89, 0x9a, 0xc2]);
const MD5_BYTES = 16;

// Node.js has zstd from 22.15 on; before that, the package fzstd does it, without the limit.
const unzstd = zlib.zstdDecompressSync
  ? (bytes) => zlib.zstdDecompressSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES })
  : await import('fzstd').then(({ decompress }) => (bytes) => Buffer.from(decompress(bytes)), () => undefined);

// `data`: the bytes of one record. Returns its events in their order, `{id, line, envelope}`: `line` is the JSON as the SDK wrote it, where numbers
// have all their digits; `envelope` is that parsed, `{project, environment, event, version}`.
// Throws an Error that says what is wrong with a record that is none of Sluice's.
export function eventsOf(data) {
  return textsOf(Buffer.from(data)).map((line) => {
    const envelope = JSON.parse(line);
    const id = envelope?.event?.id;
    if (typeof id !== 'string') throw new Error(`Not an event of Sluice: no event.id in ${line.slice(0, 100)}`);
    return { id, line, envelope };
  });
}

function textsOf(bytes) {
  if (startsWith(bytes, GZIP)) return linesOf(inflated('gzip', () => zlib.gunzipSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES })));
  if (startsWith(bytes, KPL)) return deaggregated(bytes).flatMap(linesOf);
  if (startsWith(bytes, ZSTD)) {
    if (!unzstd) throw new Error(`Node.js ${process.version} has no zstd. Use 22.15 or later, or install the package fzstd`);
    return linesOf(inflated('zstd', () => unzstd(bytes)));
  }
  return linesOf(bytes);
}

function inflated(what, inflate) {
  try {
    return inflate();
  } catch (error) {
    throw new Error(`A ${what} record that cannot be inflated: ${error.message}`);
  }
}

const startsWith = (bytes, magic) => bytes.subarray(0, magic.length).equals(magic);
const linesOf = (bytes) => bytes.toString('utf8').split('\n').filter((line) => line !== '');

// The Kinesis Producer Library's aggregated record: 4 magic bytes, a protobuf message, its MD5. Field 3 of the message is a user
// record, and field 3 of that its data; partition keys and hash keys are not needed here.
// https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
function deaggregated(bytes) {
  const message = bytes.subarray(KPL.length, -MD5_BYTES);
  if (!createHash('md5').update(message).digest().equals(bytes.subarray(-MD5_BYTES))) throw new Error('An aggregated record whose checksum is wrong');
  return fieldsOf(message, 3).flatMap((record) => fieldsOf(record, 3));
}

// The byte strings of field `wanted` in a protobuf message.
function fieldsOf(message, wanted) {
  const found = [];
  let at = 0;
  const varint = () => {
    for (let value = 0, scale = 1; ; scale *= 128) {
      if (at >= message.length) throw new Error('An aggregated record that is cut off');
      const byte = message[at++];
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const tag = varint(), field = Math.floor(tag / 8), type = tag % 8;
    if (type === 0) varint();
    else if (type === 2) {
      const end = varint() + at;
      if (end > message.length) throw new Error('An aggregated record that is cut off');
      if (field === wanted) found.push(message.subarray(at, end));
      at = end;
    } else throw new Error(`An aggregated record with a field of type ${type}`);
  }
  return found;
}
