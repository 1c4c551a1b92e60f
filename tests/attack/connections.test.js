// Connections that hold what others need: memory by slow bodies, places by silence, descriptors by numbers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sluiceBinary } from '../integration/lib/paths.js';
import { waitFor } from '../integration/lib/wait.js';
import { assertUnharmed, attack, ATTACKER_ID, startServer } from './lib/attack.js';

const head = (target, length) => `POST ${target} HTTP/1.1\r\nHost: sluice\r\nContent-Length: ${length}\r\n\r\n`;
const ofPublicId = `/events/bulk/${ATTACKER_ID}`;

test('96 slow bodies of 16 MiB without a key: answered at their headers, nobody else notices', async (t) => {
  const server = await startServer(t);
  await attack(t, { port: server.sluice.port, connections: 96, head: head('/bulk', 16 << 20), trickleBytes: 56 });
  await assertUnharmed(t, server);
  const metrics = await server.sluice.metrics();
  assert.ok(metrics.value('sluice_payloads_rejected_total', { reason: 'no_credential' }) >= 96);
  assert.ok(metrics.value('sluice_buffered_bytes') < 1 << 20);
});

test('2,000 slow bodies under a public client-side id: memory is charged for what was received', async (t) => {
  const server = await startServer(t);
  await attack(t, { port: server.sluice.port, connections: 2000, head: head(ofPublicId, 16 << 20), trickleBytes: 56 });
  await assertUnharmed(t, server);
});

test('slow bodies that did send as much as all may hold: the slowest go when others need it', async (t) => {
  const server = await startServer(t, { settings: { intake: { max_buffered_bytes: '32 MiB' } } });
  await attack(t, { port: server.sluice.port, connections: 1200, head: head(ofPublicId, 16 << 20), bodyBytes: 60_000, trickleBytes: 56 });
  await assertUnharmed(t, server);
});

test('the admin port: 96 slow bodies without a token keep nobody out', async (t) => {
  const server = await startServer(t);
  await attack(t, { port: server.sluice.adminPort, connections: 96, head: head('/api/v2/projects', 1 << 20), trickleBytes: 56 });
  await assertUnharmed(t, server);
  const begun = performance.now();
  assert.equal((await fetch(`${server.sluice.adminUri}/healthz`)).status, 200);
  assert.ok(performance.now() - begun < 1000);
});

test('8,192 connections that send nothing, from two addresses: those that send get in', async (t) => {
  const server = await startServer(t);
  await attack(t, { port: server.sluice.port, connections: 8192 });
  await assertUnharmed(t, server);
  assert.match(server.sluice.process.output, /http\.connection_cut/);
});

test('316 idle sockets and 256 descriptors: payloads, exports and the admin port continue', async (t) => {
  const server = await startServer(t, { command: ['bash', '-c', 'ulimit -n 256; exec "$0" "$@"', sluiceBinary] });
  assert.match(server.sluice.process.output, /process\.connections_limited/);
  await attack(t, { port: server.sluice.port, connections: 316 });
  await assertUnharmed(t, server);
  await waitFor('the admin port', async () => (await fetch(`${server.sluice.adminUri}/healthz`)).status === 200, { timeoutMs: 1000 });
});
