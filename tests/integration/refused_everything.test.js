// A stream, or something on the way to it, that refuses everything: nothing is given up, nothing loops, and the state says why.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { Kinesim } from './lib/kinesim.js';
import { freePort } from './lib/process.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const TOLD_WITHIN_MS = 10_000;
const PROBED_WITHIN_MS = 70_000;

async function started(t, options) {
  const kinesim = await Kinesim.start(t, { rateLimits: false });
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()], ...options });
  assert.equal(await sluice.post([customEvent('first')]), 202);
  const delivered = (count) => async () => (await sluice.destination()).deliveredEvents === count;
  await waitFor('the first event', delivered(1));
  return { kinesim, sluice, delivered };
}

const many = (count) => Array.from({ length: count }, (_, i) => customEvent(`n-${i}`));

// Most of their time is waiting.
describe('refusals of everything', { concurrency: 4 }, () => {
  for (const [name, fault, says] of [
    ['413 of a proxy', { kind: 'page', status: 413 }, '413 Request Entity Too Large'],
    ['SerializationException', { kind: 'call_error', code: 'SerializationException', message: 'Start of structure or map found where not expected.' }, 'Start of structure'],
    ['InvalidArgumentException', { kind: 'call_error', code: 'InvalidArgumentException', message: 'Nothing of yours is valid.' }, 'Nothing of yours'],
  ]) {
    test(`${name} to every call after the first delivery buries nothing, does not loop and is told in its own words`, async (t) => {
      const { kinesim, sluice, delivered } = await started(t);
      await kinesim.addFaults({ ...fault, operation: 'PutRecords' });
      const began = Date.now();
      for (let i = 0; i < 10; ++i) assert.equal(await sluice.post(many(50)), 202);
      const blocked = await waitFor('it to be told', async () => {
        const found = await sluice.destination();
        return found.state === 'blocked' && found;
      }, { timeoutMs: TOLD_WITHIN_MS });
      t.diagnostic(`told after ${Date.now() - began} ms: ${blocked.problem.message}`);
      assert.ok(blocked.problem.message.includes(says), blocked.problem.message);
      const calls = async () => (await kinesim.faults())[0].hits;
      const first = await calls();
      assert.ok(first < 60, `${first} calls until it was told`);
      await waitFor('another ten seconds', () => Date.now() - began > 20_000, { timeoutMs: 30_000 });
      assert.ok(await calls() - first <= 2, 'one probe at a time');
      assert.equal((await sluice.destination()).deadLetteredEvents, 0);
      await kinesim.clearFaults();
      await waitFor('all to be delivered', delivered(501), { timeoutMs: PROBED_WITHIN_MS });
      assert.equal((await sluice.destination()).deadLetteredEvents, 0);
    });
  }

  test('a limit of 60 KB on the way costs few calls, and none of 1,000 small events', async (t) => {
    const { kinesim, sluice, delivered } = await started(t);
    await kinesim.addFaults({ kind: 'page', status: 413, operation: 'PutRecords', least_bytes: 60_000 });
    assert.equal(await sluice.post(many(1000)), 202);
    await waitFor('all to be delivered', delivered(1001), { timeoutMs: 20_000 });
    const { PutRecords } = await kinesim.stats();
    t.diagnostic(`${PutRecords.calls} calls`);
    assert.ok(PutRecords.calls < 100, `${PutRecords.calls} calls`);
    assert.equal((await sluice.destination()).deadLetteredEvents, 0);
  });

  test('a proxy that wants credentials blocks the destination, which names the proxy and the variable', async (t) => {
    const port = await freePort();
    const proxy = createServer((request, response) => response.writeHead(407).end('<html>Proxy Authentication Required</html>'));
    proxy.on('connect', (request, socket) => {
      socket.on('error', () => {});
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="corp"\r\nContent-Length: 0\r\n\r\n');
    });
    await new Promise((resolve) => proxy.listen(port, '127.0.0.1', resolve));
    t.after(() => { proxy.closeAllConnections(); proxy.close(); });
    const sluice = await Sluice.start(t, {
      destinations: [
        { name: 'by role', project: 'test', environment: 'production', kind: 'kinesis', region: 'us-east-1', stream_name: 'x',
          role_arn: 'arn:aws:iam::123456789012:role/x', endpoint: 'https://kinesis.example', sts_endpoint: 'https://sts.example' },
        { name: 'direct', project: 'test', environment: 'production', kind: 'kinesis', region: 'us-east-1', stream_name: 'x',
          endpoint: 'https://kinesis.example' },
      ],
      env: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: '' },
    });
    assert.equal(await sluice.post([customEvent('one')]), 202);
    for (const name of ['by role', 'direct']) {
      const blocked = await waitFor(`"${name}" to be blocked`, async () => {
        const found = await sluice.destination(name);
        return found.state === 'blocked' && found;
      }, { timeoutMs: TOLD_WITHIN_MS });
      assert.equal(blocked.problem.code, 'proxy_credentials');
      const text = `${blocked.problem.message}\n${blocked.problem.remedy}`;
      for (const part of [`http://127.0.0.1:${port}`, '407', 'HTTPS_PROXY']) assert.ok(text.includes(part), text);
      assert.ok(!text.includes('trust policy'), text);
    }
  });

  test('AWS that hangs is told within 10 s, and over when it answers', async (t) => {
    const { kinesim, sluice, delivered } = await started(t);
    await kinesim.addFaults({ kind: 'latency', operation: 'PutRecords', latency_ms: 25_000 });
    const began = Date.now();
    assert.equal(await sluice.post([customEvent('late')]), 202);
    const waiting = await waitFor('it to be told', async () => {
      const found = await sluice.destination();
      return found.problem?.code === 'no_answer' && found;
    }, { timeoutMs: TOLD_WITHIN_MS });
    t.diagnostic(`told after ${Date.now() - began} ms: ${waiting.problem.message}`);
    assert.equal(waiting.state, 'waiting');
    assert.ok(waiting.problem.message.includes(kinesim.uri), waiting.problem.message);
    await kinesim.clearFaults();
    await waitFor('it to be delivered', delivered(2), { timeoutMs: 40_000 });
    assert.equal((await sluice.destination()).problem, null);
  });

  test('STS that hangs at the start is told within 10 s', async (t) => {
    const kinesim = await Kinesim.start(t);
    await kinesim.addFaults({ kind: 'latency', operation: 'AssumeRole', latency_ms: 14_000 });
    const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
    assert.equal(await sluice.post([customEvent('late')]), 202);
    const waiting = await waitFor('it to be told', async () => {
      const found = await sluice.destination();
      return found.problem && found;
    }, { timeoutMs: TOLD_WITHIN_MS });
    assert.equal(waiting.state, 'waiting');
    assert.equal(waiting.problem.code, 'credentials_slow');
  });
});
