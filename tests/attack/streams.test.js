// Streams of flags that strangers open under a public client-side id: so many that others get none, unread ones, and one after the other as fast as goes.
// Events and the streams of servers' SDKs do not notice.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { FlagStreams, manyFlags, startUpstream } from '../integration/lib/flag_streams.js';
import { waitFor } from '../integration/lib/wait.js';
import { SDK_KEY } from '../integration/lib/sluice.js';
import { assertUnharmed, ATTACKER_ID, startServer } from './lib/attack.js';

const STREAMS = 400;
const MOST_COUNTED = 64; // versions that a reader tells apart
const context = Buffer.from(JSON.stringify({ kind: 'user', key: 'mallory' })).toString('base64url');

// Both environments have an upstream with a megabyte of flags.
async function startRelay(t, { settings } = {}) {
  const upstream = await startUpstream(t, manyFlags(1 << 20));
  const fields = { flag_source: 'launchdarkly', flag_stream_uri: upstream.uri };
  const server = await startServer(t, { settings, fields });
  await waitFor('flags to be served', async () =>
    (await fetch(`${server.sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).status === 200);
  return { ...server, upstream };
}

const openStreams = async (sluice) => (await sluice.metrics()).value('sluice_streams');

test('1,500 streams under one public client-side id: it gets its half, and servers get the rest', async (t) => {
  const server = await startRelay(t, { settings: { intake: { max_streams: STREAMS, max_streams_per_address: 0 } } });
  const attack = new FlagStreams(t, server.sluice.port, { path: `/eval/${ATTACKER_ID}/${context}`, streams: 1500, addresses: 3, 'reconnect-ms': 200 });
  await waitFor('the share to be used up', async () => (await openStreams(server.sluice)) === STREAMS / 2);
  const servers = new FlagStreams(t, server.sluice.port, { authorization: SDK_KEY, streams: STREAMS / 2 });
  await servers.allHad(1, { timeoutMs: 20_000 });
  await waitFor('all places to be taken', async () => (await openStreams(server.sluice)) === STREAMS);
  await waitFor('the rest to be refused', async () => (await attack.counts()).statuses[503] > 1000);
  await assertUnharmed(t, server);
  assert.equal((await servers.counts()).ended, 0, 'no stream of a server was ended');
  // A place that is given up is free.
  await attack.stop();
  await waitFor('the places to be free', async () => (await openStreams(server.sluice)) === STREAMS / 2);
});

test('streams of one address: it gets its share, whatever keys it knows', async (t) => {
  const server = await startRelay(t, { settings: { intake: { max_streams: STREAMS, max_streams_per_address: 50 } } });
  const attack = new FlagStreams(t, server.sluice.port, { path: `/ping/${ATTACKER_ID}`, streams: 300, addresses: 1, 'reconnect-ms': 200 });
  await waitFor('most to be refused', async () => (await attack.counts()).statuses[503] > 300);
  await waitFor('its share to be taken', async () => (await openStreams(server.sluice)) === 50);
  await assertUnharmed(t, server);
  assert.equal(await openStreams(server.sluice), 50);
  assert.match(server.sluice.process.output, /http\.connection_cut.*too_many_streams/);
});

test('2,000 streams that are opened and never read: memory stays, and each put goes to those that read', async (t) => {
  const server = await startRelay(t);
  const attack = new FlagStreams(t, server.sluice.port, { path: `/ping/${ATTACKER_ID}`, streams: 2000, addresses: 2, unread: true });
  await waitFor('all to be open', async () => (await openStreams(server.sluice)) === 2000, { timeoutMs: 30_000 });
  const reader = new FlagStreams(t, server.sluice.port, { authorization: SDK_KEY, streams: 20, addresses: 1 });
  await reader.allHad(1);
  let puts = 1;
  let measured = false;
  const putting = (async () => {
    for (; !measured; await pause(100)) {
      server.upstream.put(manyFlags(1 << 20, ++puts));
      await reader.allHad(Math.min(puts, MOST_COUNTED));
    }
  })();
  await assertUnharmed(t, server).finally(() => { measured = true; });
  await putting;
  assert.ok(puts > 2, `${puts} puts`);
  assert.equal((await reader.counts()).ended, 0);
  assert.ok((await attack.counts()).open > 0);
});

test('servers\' streams that are never read are cut off, and hold one megabyte together, not each', async (t) => {
  const server = await startRelay(t);
  const attack = new FlagStreams(t, server.sluice.port, { authorization: SDK_KEY, streams: 1000, addresses: 2, unread: true });
  await waitFor('all to be open', async () => (await openStreams(server.sluice)) === 1000, { timeoutMs: 30_000 });
  const before = (round) => {
    for (let put = 0; put < 10; ++put) server.upstream.put(manyFlags(1 << 20, 10 * round + put));
  };
  await assertUnharmed(t, server, { before });
  assert.ok((await attack.counts()).connects >= 1000);
});

test('20,000 connections a second that ask for a stream and leave: events and streams continue', async (t) => {
  const server = await startRelay(t);
  const servers = new FlagStreams(t, server.sluice.port, { authorization: SDK_KEY, streams: 50, addresses: 1 });
  await servers.allHad(1);
  const begun = Date.now();
  const attack = new FlagStreams(t, server.sluice.port, {
    path: `/ping/${ATTACKER_ID}`, streams: 256, 'at-a-time': 256, addresses: 8, churn: true, 'connects-per-s': 20_000,
  });
  await waitFor('the attack to begin', async () => (await attack.counts()).connects > 1000);
  await assertUnharmed(t, server);
  const { connects, statuses } = await attack.counts();
  assert.deepEqual(Object.keys(statuses), ['200']);
  t.diagnostic(`${Math.round(connects / ((Date.now() - begun) / 1000))} connections/s, of the 20,000 that were tried`);
  server.upstream.put(manyFlags(1 << 20, 2));
  await servers.allHad(2, { timeoutMs: 10_000 });
  assert.equal((await servers.counts()).ended, 0);
  await attack.stop();
  await waitFor('the places to be free', async () => (await openStreams(server.sluice)) === 50);
});
