// A destination that the catalog does not have for a while: nothing that came in between is skipped when it is back. One that its owner
// deleted does not come back.
import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import { test } from 'node:test';
import { Recorder, tee } from './lib/recorder.js';
import { customEvent, ENVIRONMENT_ID, PROJECT_ID, SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { WebhookReceiver } from './lib/webhook_receiver.js';

const keysOf = (recorder) => recorder.payloads().flatMap(({ body }) => JSON.parse(body)).map(({ key }) => key).filter(Boolean);

async function send(sluice, tag, count) {
  const keys = Array.from({ length: count }, (_, n) => `${tag}${n}`);
  for (const key of keys) assert.equal(await sluice.post([customEvent(key)]), 202);
  return keys;
}

for (const restarts of [false, true])
  test(`launchdarkly-events that a reload left out gets the payloads that came without it${restarts ? ', also over restarts' : ''}`, async (t) => {
    const recorder = await Recorder.start(t), receiver = await WebhookReceiver.start(t);
    const hook = receiver.destination({ name: 'hook' });
    const sluice = await Sluice.start(t, { destinations: [hook, tee(recorder)] });
    const sent = await send(sluice, 'before', 5);
    await waitFor('these', () => sent.every((key) => keysOf(recorder).includes(key)));
    await sluice.configure([hook]);
    sluice.reload();
    const [aside] = await waitFor('it to be set aside', async () => {
      const { setAside } = await sluice.status();
      return setAside.length === 1 && setAside;
    });
    assert.deepEqual([aside.kind, aside.payloadsKept], ['launchdarkly-events', true]);
    sent.push(...await send(sluice, 'without', 20));
    if (restarts) {
      await sluice.process.stop('SIGKILL');
      await sluice.launch();
      assert.equal((await sluice.status()).setAside[0].payloadsKept, true);
      sent.push(...await send(sluice, 'restarted', 20));
    }
    await sluice.configure([hook, tee(recorder)]);
    sluice.reload();
    sent.push(...await send(sluice, 'after', 5));
    await waitFor('all of them', () => sent.every((key) => keysOf(recorder).includes(key)));
    const { notes, missingEvents } = await sluice.destination('launchdarkly');
    assert.deepEqual([notes, missingEvents], [[], 0]);
  });

// Found by an outsider: the files went after the answer, and a killed process had not got to that.
for (const whole of ['destination', 'environment', 'project'])
  test(`a ${whole} that was deleted is gone after the answer, whatever kills Sluice then, and its ids begin anew`, async (t) => {
    const receiver = await WebhookReceiver.start(t, () => ({ status: 503 }));
    const sluice = await Sluice.start(t, { managed: true });
    const project = { id: PROJECT_ID, key: 'web', name: 'Web' };
    const environment = { id: ENVIRONMENT_ID, project: 'web', key: 'production', sdk_keys: [SDK_KEY] };
    const destination = { id: 'a7700000000000000000e100', name: 'hook', project: 'web', environment: 'production', kind: 'webhook', url: receiver.uri, linger: '0 s' };
    const create = async () => {
      const made = await sluice.api('POST', 'import', { project: [project], environment: [environment], destination: [destination] });
      assert.equal(made.status, 200, JSON.stringify(made.body));
    };
    const target = { destination: `destinations/web/production/${destination.id}`, environment: 'projects/web/environments/production', project: 'projects/web' }[whole];
    for (let i = 0; i < 4; ++i) {
      await create();
      await send(sluice, `old${i}-`, 5);
      assert.equal((await sluice.api('DELETE', target)).status, 204);
      await sluice.process.stop('SIGKILL');
      await sluice.launch();
      assert.deepEqual((await sluice.status()).setAside, []);
      assert.deepEqual((await readdir(sluice.dataDir, { recursive: true })).filter((name) => name.includes(destination.id)), []);
    }
    await create();
    // Deleted and created again in one breath.
    await send(sluice, 'older', 5);
    assert.equal((await sluice.api('DELETE', target)).status, 204);
    await create();
    receiver.answer = () => ({ status: 204 });
    const sent = await send(sluice, 'new', 5);
    await waitFor('the new ones', () => sent.every((key) => receiver.events.some((event) => event.key === key)));
    assert.deepEqual(receiver.events.filter(({ key }) => !sent.includes(key)), []);
    const [status] = (await sluice.status()).destinations;
    assert.deepEqual([status.acceptedEvents, status.notes], [sent.length, []]);
  });
