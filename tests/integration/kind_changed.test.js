// The kind of a destination is changed in the configuration file, and it keeps its id: what waited is delivered by the new kind, or told.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Recorder, tee } from './lib/recorder.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';
import { WebhookReceiver } from './lib/webhook_receiver.js';

const NAME = 'out';
const payload = (number) => [0, 1, 2].map((n) => customEvent(`p${number}-${n}`));
const keysOf = (numbers) => numbers.flatMap((number) => payload(number).map(({ key }) => key));

// A server with a destination of each of the two kinds, so that payloads are kept as they were sent, and what each far end got.
async function started(t, first) {
  const recorder = await Recorder.start(t), receiver = await WebhookReceiver.start(t);
  const kinds = {
    'launchdarkly-events': tee(recorder, { name: NAME }),
    webhook: receiver.destination({ name: NAME, max_events: 2 }),
  };
  const keeper = await Recorder.start(t);
  const destinationsOf = (kind) => [kinds[kind], tee(keeper, { name: 'keeper' })];
  const sluice = await Sluice.start(t, { destinations: destinationsOf(first), settings: { shutdown: { drain: '0 s' } } });
  const arrived = () => [
    ...recorder.payloads().flatMap(({ body }) => JSON.parse(body).map(({ key }) => key)), ...receiver.events.map(({ key }) => key)];
  return { recorder, receiver, sluice, destinationsOf, arrived };
}

for (const [from, to] of [['launchdarkly-events', 'webhook'], ['webhook', 'launchdarkly-events']])
  for (const how of ['reload', 'restart'])
    test(`${from} becomes ${to} by a ${how}: nothing that waited is skipped, and the totals begin anew`, async (t) => {
      const { recorder, receiver, sluice, destinationsOf, arrived } = await started(t, from);
      for (const number of [0, 1]) assert.equal(await sluice.post(payload(number)), 202);
      await waitFor('the first ones', () => new Set(arrived()).size === 6);
      await waitFor('its cursor to be saved', async () => (await sluice.destination(NAME)).backlog.events === 0);
      recorder.answer = () => 500;
      receiver.answer = () => ({ status: 500 });
      for (const number of [2, 3, 4]) assert.equal(await sluice.post(payload(number)), 202);
      await sluice.configure(destinationsOf(to));
      if (how === 'reload') {
        sluice.reload();
      } else {
        await sluice.process.stop('SIGTERM');
        await sluice.launch();
      }
      const changed = await waitFor('the new kind', async () => {
        const found = await sluice.destination(NAME);
        return found.kind === to && found;
      });
      const note = changed.notes.find(({ code }) => code === 'kind_changed');
      assert.ok(note, JSON.stringify(changed.notes));
      recorder.answer = () => 202;
      receiver.answer = () => ({ status: 204 });
      await waitFor('all of them', () => keysOf([0, 1, 2, 3, 4]).every((key) => arrived().includes(key)), { timeoutMs: 30_000 });
      const { acceptedEvents, missingEvents } = await sluice.destination(NAME);
      assert.equal(missingEvents, 0);
      assert.ok(to === 'webhook' ? acceptedEvents >= 9 : acceptedEvents <= 4, `${acceptedEvents}`);
    });

test('a webhook becomes launchdarkly-events, and no payloads were kept: how many events that costs is told', async (t) => {
  const recorder = await Recorder.start(t), receiver = await WebhookReceiver.start(t, () => ({ status: 500 }));
  const sluice = await Sluice.start(t, { destinations: [receiver.destination({ name: NAME })] });
  assert.equal(await sluice.post(payload(0)), 202);
  await sluice.configure([tee(recorder, { name: NAME })]);
  sluice.reload();
  const note = await waitFor('the note', async () => (await sluice.destination(NAME)).notes.find(({ code }) => code === 'payloads_not_kept'));
  assert.match(note.message, /At most 3 of them/);
  assert.match(sluice.process.output, /export\.payloads_not_kept/);
});
