// An HTTPS receiver in a process of its own: answers every POST, and counts what came. Its arguments: files of a certificate and its key.
// Told anything, it says {requests, bytes, lines}: `lines` of bodies that are NDJSON, inflated.
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { gunzip } from 'node:zlib';

const [cert, key] = process.argv.slice(2).map((file) => readFileSync(file));
const counts = { requests: 0, bytes: 0, lines: 0 };
let unread = 0;
function countLines(bytes) {
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) ++counts.lines;
}
const server = createServer({ cert, key }, (request, response) => {
  const parts = [];
  request.on('data', (part) => parts.push(part)).on('end', () => {
    response.writeHead(202).end();
    const body = Buffer.concat(parts);
    ++counts.requests;
    counts.bytes += body.length;
    if (request.headers['content-type'] !== 'application/x-ndjson') return;
    if (request.headers['content-encoding'] !== 'gzip') return countLines(body);
    ++unread;
    gunzip(body, (error, plain) => {
      if (error) throw error;
      --unread;
      countLines(plain);
    });
  });
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
const say = () => (unread > 0 ? setTimeout(say, 20) : process.send(counts));
process.on('message', say);
