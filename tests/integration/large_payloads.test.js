// Many large payloads at once, as PHP sends them: fired, forgotten, never sent again.
import assert from 'node:assert/strict';
import { Agent, request } from 'node:http';
import { test } from 'node:test';
import { customEvent, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

function post(sluice, body, agent) {
  return new Promise((resolve) => {
    const headers = { Authorization: SDK_KEY, 'Content-Type': 'application/json', 'Content-Length': body.length };
    const sent = request({ agent, host: '127.0.0.1', port: sluice.port, method: 'POST', path: '/bulk', headers }, (response) => {
      response.resume().on('end', () => resolve(response.statusCode));
    });
    sent.on('error', (error) => resolve(error.code));
    sent.end(body);
  });
}

const payloadOf = (bytes) =>
  Buffer.from(JSON.stringify(Array.from({ length: Math.ceil(bytes / 2200) }, (_, i) => customEvent(`large-${i}`, { data: 'x'.repeat(2048) }))));

// With the default of intake.max_wait, however long all of them take: each waits as long as others get room.
test('300 payloads of 2.2 MB at once wait for room and are all taken', async (t) => {
  const sluice = await Sluice.start(t);
  const body = payloadOf(2_200_000);
  const agent = new Agent({ maxSockets: 300 });
  const statuses = await Promise.all(Array.from({ length: 300 }, () => post(sluice, body, agent)));
  const counts = {};
  for (const status of statuses) counts[status] = (counts[status] ?? 0) + 1;
  assert.deepEqual(counts, { 202: 300 });
});

test('a payload of 20 MB, an SDK\'s whole buffer, is taken; one over the limit is refused and logged with its size', async (t) => {
  const sluice = await Sluice.start(t);
  assert.equal(await post(sluice, payloadOf(20_000_000)), 202);
  const large = Buffer.alloc((64 << 20) + 1, ' ');
  assert.ok([400, 'ECONNRESET', 'EPIPE'].includes(await post(sluice, large)));
  await waitFor('the log line', () => /intake\.payload_refused reason=too_large message="The body has 67,108,865 B; at most 67,108,864 B/.test(sluice.process.output));
});
