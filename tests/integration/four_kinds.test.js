// Four destinations of four kinds on one environment, under load. One after the other dies, first hanging and then refusing connections:
// the others deliver within seconds, the status names the dead one alone, and when it is back it gets everything.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { eventOf } from './lib/events.js';
import { Gate } from './lib/gate.js';
import { Kinesim } from './lib/kinesim.js';
import { checkDelivered } from './lib/load.js';
import { Bucket } from './lib/objects.js';
import { Recorder, tee } from './lib/recorder.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { WebhookReceiver } from './lib/webhook_receiver.js';

const WITHIN_MS = 5_000; // from acknowledged to delivered by those that are alive; an object of S3 waits 1 s of these for more events
const BUCKET = 'flag-events';
const EVENTS_PER_PAYLOAD = 10, PAYLOADS_PER_S = 40;

// As many payloads a second whatever happens to the destinations.
class SteadyLoad {
  constructor(sluice) {
    this.acknowledged = { events: new Set(), payloads: new Set() };
    this.refused = [];
    this.serial = 0;
    this.underWay = new Set();
    this.timer = setInterval(() => {
      const one = this.#send(sluice).finally(() => this.underWay.delete(one));
      this.underWay.add(one);
    }, 1000 / PAYLOADS_PER_S);
  }

  async #send(sluice) {
    const payloadId = randomUUID();
    const events = Array.from({ length: EVENTS_PER_PAYLOAD }, () => customEvent(`event-${this.serial++}`, { data: 'x'.repeat(200) }));
    const status = await sluice.post(events, { payloadId }).catch(({ message }) => message);
    if (status !== 202) return this.refused.push(status);
    this.acknowledged.payloads.add(payloadId);
    for (const { key } of events) this.acknowledged.events.add(key);
  }

  async stop() {
    clearInterval(this.timer);
    await Promise.all(this.underWay);
  }
}

test('four kinds on one environment: one that is dead holds up no other, is named alone, and gets everything when it is back', { timeout: 300_000 }, async (t) => {
  const streams = await Kinesim.start(t);
  const buckets = await Kinesim.start(t, { streams: {} });
  await buckets.apply({ buckets: [{ name: BUCKET, region: 'us-east-1' }] });
  const receiver = await WebhookReceiver.start(t);
  const recorder = await Recorder.start(t);
  const gates = {
    kinesis: await Gate.start(t, streams.port),
    s3: await Gate.start(t, buckets.port),
    webhook: await Gate.start(t, Number(new URL(receiver.uri).port)),
    'launchdarkly-events': await Gate.start(t, recorder.port),
  };
  const at = (kind) => ({ endpoint: gates[kind].uri, sts_endpoint: gates[kind].uri });
  const sluice = await Sluice.start(t, {
    destinations: [
      streams.destination({ name: 'kinesis', ...at('kinesis') }),
      { ...buckets.destination({ name: 's3', ...at('s3') }), kind: 's3', stream_name: undefined, bucket: BUCKET, node: 'node-1', roll_age: '1 s' },
      receiver.destination({ name: 'webhook', url: `${gates.webhook.uri}/hooks`, timeout: '5 s' }),
      tee(gates['launchdarkly-events'], { name: 'launchdarkly-events' }),
    ],
  });
  const kinds = Object.keys(gates);
  const load = new SteadyLoad(sluice);
  t.after(() => load.stop());

  // How much of what was acknowledged each has delivered, in its own unit.
  const delivered = {
    kinesis: async () => (await sluice.destination('kinesis')).deliveredEvents,
    s3: async () => (await sluice.destination('s3')).deliveredEvents,
    webhook: async () => receiver.events.length,
    'launchdarkly-events': async () => recorder.payloads().length,
  };
  const acknowledged = (kind) => (kind === 'launchdarkly-events' ? load.acknowledged.payloads.size : load.acknowledged.events.size);
  const slowest = Object.fromEntries(kinds.map((kind) => [kind, 0]));
  // What was acknowledged until now comes within seconds.
  const keepsUp = async (kind) => {
    const began = Date.now(), count = acknowledged(kind);
    await waitFor(`${kind} to deliver what was acknowledged`, async () => (await delivered[kind]()) >= count, { timeoutMs: WITHIN_MS });
    slowest[kind] = Math.max(slowest[kind], Date.now() - began);
  };
  const problemsBut = async (dead) => (await sluice.status()).destinations
    .filter(({ name, state, problem }) => name !== dead && (problem || state !== 'delivering'))
    .map(({ name, state, problem }) => ({ name, state, problem }));
  await waitFor('all to deliver', async () => (await Promise.all(kinds.map((kind) => delivered[kind]()))).every((count) => count > 0) && (await problemsBut()).length === 0);

  for (const dead of kinds) {
    const gate = gates[dead], alive = kinds.filter((kind) => kind !== dead);
    const problems = [];
    for (const [how, die] of [['hanging', () => gate.hang()], ['refusing', () => gate.refuse()]]) {
      await die();
      const before = acknowledged(dead);
      const named = waitFor(`the status to name ${dead}, ${how}`, async () => {
        assert.deepEqual(await problemsBut(dead), [], `${dead} is ${how}, the others are not`);
        const { state, problem, backlog } = await sluice.destination(dead);
        assert.ok(backlog.events > 0);
        return state === 'waiting' && (how === 'hanging' ? ['no_answer', 'timeout'] : ['cannot_connect']).includes(problem?.code) && { state, ...problem };
      }, { timeoutMs: 60_000, everyMs: 200 });
      // At least once, and until the status names it.
      let done = false;
      named.catch(() => {}).finally(() => { done = true; });
      do await Promise.all(alive.map(keepsUp)); while (!done);
      const { state, code, message, remedy } = await named;
      if (message) assert.ok(message.includes('127.0.0.1') && remedy, `${message} ${remedy}`);
      assert.ok(acknowledged(dead) > before);
      problems.push(`${how}: ${state} ${code ?? ''}`);
    }
    assert.deepEqual(await problemsBut(dead), []);
    const missed = acknowledged(dead) - await delivered[dead]();
    await gate.open();
    const back = Date.now(), count = acknowledged(dead);
    await waitFor(`${dead} to get everything`, async () => (await delivered[dead]()) >= count, { timeoutMs: 60_000 });
    t.diagnostic(`${dead}: ${problems.join(', ')}; ${missed} missing when it is back, all there ${Date.now() - back} ms later`);
    await waitFor('all to be well', async () => (await problemsBut()).length === 0, { timeoutMs: 60_000 });
  }
  await load.stop();
  await waitFor('empty backlogs', async () => (await sluice.status()).destinations.every(({ backlog }) => backlog.events === 0), { timeoutMs: 60_000 });

  assert.deepEqual(load.refused, []);
  const { events, payloads } = load.acknowledged;
  const repeats = {
    kinesis: checkDelivered((await streams.texts()).map((text) => eventOf(text, 2)), events),
    s3: checkDelivered(await new Bucket(buckets, BUCKET).events(), events),
    webhook: checkDelivered(receiver.events, events),
  };
  assert.equal(repeats.s3, 0);
  const forwarded = new Set(recorder.payloads().map(({ headers }) => headers['x-launchdarkly-payload-id']));
  assert.deepEqual([...payloads].filter((id) => !forwarded.has(id)), []);
  t.diagnostic(`${events.size} events in ${payloads.size} payloads; slowest while another was dead: ${JSON.stringify(slowest)} ms; repeats ${JSON.stringify(repeats)}`);
});
