// A receiver of webhooks, scripted by its test. It verifies signatures by itself, after
// https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, and takes bodies apart.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { ENVIRONMENT_ID, PROJECT_ID } from './sluice.js';

export const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', OLD_SECRET = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD';

const READERS = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes),
  zstd: (bytes) => execFileSync('zstd', ['-d', '-c', '-q'], { input: bytes, maxBuffer: 64 << 20 }),
};

// Of one signature header: whether a signature in it is of this secret.
export function isSigned({ headers, bytes }, secret) {
  const signed = Buffer.concat([Buffer.from(`${headers['webhook-id']}.${headers['webhook-timestamp']}.`), bytes]);
  const key = Buffer.from(secret.replace('whsec_', ''), 'base64');
  const expected = `v1,${createHmac('sha256', key).update(signed).digest('base64')}`;
  return (headers['webhook-signature'] ?? '').split(' ').includes(expected);
}

function envelopesIn({ headers, bytes }) {
  const text = READERS[headers['content-encoding'] ?? 'identity'](bytes).toString('utf8');
  if (headers['content-type'] === 'application/json') return JSON.parse(text);
  assert.equal(headers['content-type'], 'application/x-ndjson');
  assert.ok(text.endsWith('\n'), 'the last line is ended too');
  return text.trimEnd().split('\n').map((line) => JSON.parse(line));
}

export class WebhookReceiver {
  // `answer(request, number)`: the answer to a POST, as {status, headers, body}; called with what was parsed of it.
  static async start(t, answer = () => ({ status: 204 })) {
    const receiver = new WebhookReceiver();
    receiver.answer = answer;
    receiver.requests = [];  // every POST
    receiver.others = [];    // the methods of other requests
    receiver.accepted = [];  // requests answered 2xx
    receiver.server = createServer(async (incoming, response) => {
      const bytes = Buffer.concat(await incoming.toArray());
      if (incoming.method !== 'POST') {
        receiver.others.push(incoming.method);
        response.writeHead(405).end();
        return;
      }
      const request = { url: incoming.url, headers: incoming.headers, bytes, at: Date.now() };
      request.id = incoming.headers['webhook-id'];
      request.events = envelopesIn(request).map(({ project, environment, event }) => {
        assert.deepEqual([project, environment], receiver.managed ? [project, environment] : [PROJECT_ID, ENVIRONMENT_ID]);
        return event;
      });
      receiver.requests.push(request);
      const { status, headers = {}, body } = receiver.answer(request, receiver.requests.length);
      if (status >= 200 && status < 300) receiver.accepted.push(request);
      response.writeHead(status, headers).end(body);
    });
    await new Promise((resolve) => receiver.server.listen(0, '127.0.0.1', resolve));
    receiver.uri = `http://127.0.0.1:${receiver.server.address().port}/hooks`;
    t.after(() => {
      receiver.server.closeAllConnections();
      receiver.server.close();
    });
    return receiver;
  }

  // One [[destination]] that delivers here.
  destination(fields = {}) {
    return { name: 'hook', project: 'test', environment: 'production', kind: 'webhook', url: this.uri, linger: '50 ms', ...fields };
  }

  get events() {
    return this.accepted.flatMap(({ events }) => events);
  }
}
