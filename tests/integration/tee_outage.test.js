// A tee through an outage of 30 s at LaunchDarkly, with kill -9 in it, under a steady load: nothing is lost, and what comes twice is
// a whole payload under the same payload id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Recorder, tee } from './lib/recorder.js';
import { customEvent, ENVIRONMENT_ID, MOBILE_KEY, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const PAYLOADS_PER_S = 60;
const CALLS_IN_FLIGHT = 8; // of each kind of credential, by default

const SENDERS = [
  { path: '/bulk', headers: { Authorization: SDK_KEY } },
  { path: '/mobile', headers: { Authorization: MOBILE_KEY } },
  { path: `/events/bulk/${ENVIRONMENT_ID}`, headers: {} },
];

// As many payloads a second whatever the server does, of all kinds of credential; each again under its id until it is acknowledged.
class PayloadLoad {
  constructor(sluice) {
    this.sent = new Map(); // by payload id: {path, body}
    this.acknowledged = new Set();
    this.underWay = new Set();
    this.timer = setInterval(() => {
      const one = this.#send(sluice).finally(() => this.underWay.delete(one));
      this.underWay.add(one);
    }, 1000 / PAYLOADS_PER_S);
  }

  async #send({ uri }) {
    const number = this.sent.size, id = `payload-${number}`;
    const { path, headers } = SENDERS[number % SENDERS.length];
    const body = JSON.stringify([customEvent(`${id}-a`, { data: 'x'.repeat(200) }), customEvent(`${id}-b`)]);
    this.sent.set(id, { path, body });
    const post = () => fetch(uri + path, { method: 'POST', body, headers: { ...headers, 'Content-Type': 'application/json', 'X-LaunchDarkly-Payload-ID': id } });
    while ((await post().then(({ status }) => status, () => 0)) !== 202) {
      if (this.abandoned) return;
      await sleep(50);
    }
    this.acknowledged.add(id);
  }

  abandon() {
    this.abandoned = true;
    clearInterval(this.timer);
  }

  // All that was sent is acknowledged then.
  async stop() {
    clearInterval(this.timer);
    await Promise.all(this.underWay);
  }
}

test('30 s of refused connections and 503, with kill -9 in it, lose nothing under load', { timeout: 180_000 }, async (t) => {
  const recorder = await Recorder.start(t);
  const sluice = await Sluice.start(t, { destinations: [tee(recorder)] });
  const load = new PayloadLoad(sluice);
  t.after(() => load.abandon());
  const arrived = () => new Set(recorder.payloads().map(({ headers }) => headers['x-launchdarkly-payload-id']));
  const killed = async () => {
    await sluice.process.stop('SIGKILL');
    await sluice.launch();
  };
  const waiting = () => waitFor('the status to name the outage', async () => {
    const { state, problem, backlog } = await sluice.destination('launchdarkly');
    return state === 'waiting' && backlog.events > 0 && problem;
  });
  await waitFor('payloads to arrive', () => arrived().size > PAYLOADS_PER_S);

  const began = Date.now();
  const until = (seconds) => sleep(began + seconds * 1000 - Date.now());
  await recorder.refuse();
  const refused = await waiting();
  assert.match(refused.message, /127\.0\.0\.1/);
  assert.ok(refused.remedy, JSON.stringify(refused));
  await until(8);
  await killed();
  await until(12);
  recorder.answer = () => 503;
  await recorder.listen();
  const before = recorder.attempts;
  await waitFor('503 to be shown', async () => (await sluice.destination('launchdarkly')).problem?.code === 'http_503');
  await until(18);
  await killed();
  await until(24);
  const attempts = recorder.attempts - before;
  await recorder.refuse();
  await until(30);
  const outage = Date.now() - began;
  const backlog = (await sluice.destination('launchdarkly')).backlog.events;
  const missed = load.acknowledged.size - arrived().size;
  recorder.answer = () => 202;
  await recorder.listen();
  const back = Date.now();
  // Killed once more while it catches up.
  const some = recorder.payloads().length + 20;
  await waitFor('delivery to resume', () => recorder.payloads().length >= some, { timeoutMs: 60_000, everyMs: 1 });
  await killed();
  await load.stop();
  await waitFor('all payloads', () => arrived().size === load.sent.size, { timeoutMs: 60_000, everyMs: 200 });
  const caughtUp = Date.now() - back;
  await waitFor('the backlog to be empty', async () => (await sluice.destination('launchdarkly')).backlog.events === 0);

  const payloads = recorder.payloads();
  for (const { url, headers, body } of payloads) {
    const sent = load.sent.get(headers['x-launchdarkly-payload-id']);
    assert.deepEqual({ url, body: body.toString() }, { url: sent.path, body: sent.body });
  }
  const { deadLetteredEvents, problem } = await sluice.destination('launchdarkly');
  assert.deepEqual([deadLetteredEvents ?? 0, problem], [0, null]);
  const doubles = payloads.length - arrived().size;
  t.diagnostic(`${outage} ms of outage; ${load.sent.size} payloads sent, ${missed} of them queued at its end (${backlog} events), all there ${caughtUp} ms after it; ${doubles} came twice; ${attempts} attempts in 12 s of 503`);
  // Tried again with pauses, not at the load's pace.
  assert.ok(attempts <= 12 * SENDERS.length * CALLS_IN_FLIGHT, `${attempts} attempts in 12 s of 503`);
});
