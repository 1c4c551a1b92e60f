// What a stranger does with many small payloads under public client-side ids, beside a server-side SDK.
import { test } from 'node:test';
import { assertUnharmed, attack, ATTACKER_ID, startServer } from './lib/attack.js';

const IDS = [ATTACKER_ID, '7e57000000000000000000a8', '7e57000000000000000000a9', '7e57000000000000000000aa'];
const CONNECTIONS = 64;

const payload = (id) => {
  const event = { kind: 'custom', key: 'tiny', creationDate: 1, contextKeys: { user: 'u' }, data: 'x'.repeat(20) };
  const body = JSON.stringify([event, event]);
  return `POST /events/bulk/${id} HTTP/1.1\r\nHost: sluice\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

test('payloads of two small events under four client-side ids, on 64 connections, as fast as they are answered: server-side SDKs are answered in time', { timeout: 120_000 }, async (t) => {
  const server = await startServer(t, { attacked: IDS });
  for (const id of IDS)
    await attack(t, { port: server.sluice.port, connections: CONNECTIONS / IDS.length, head: payload(id).repeat(2), answered: payload(id) });
  const before = (await server.sluice.metrics()).value('sluice_payloads_total', { result: 'accepted' });
  const begun = Date.now();
  await assertUnharmed(t, server);
  const flood = ((await server.sluice.metrics()).value('sluice_payloads_total', { result: 'accepted' }) - before) / (Date.now() - begun) * 1000;
  t.diagnostic(`${flood.toFixed(0)} payloads/s`);
});
