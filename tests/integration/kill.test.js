// kill -9 under load, again and again: every acknowledged event is in the stream, and what came twice has the same id.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventOf } from './lib/events.js';
import { Kinesim } from './lib/kinesim.js';
import { checkDelivered, Load } from './lib/load.js';
import { Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const KILLS = 10;

test(`${KILLS} times kill -9 under load`, async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
  const load = new Load(sluice);
  for (let kill = 1; kill <= KILLS; kill++) {
    const target = load.acknowledged.size + 500 + Math.floor(Math.random() * 2000);
    await waitFor('more acknowledged events', () => load.acknowledged.size >= target);
    await sluice.process.stop('SIGKILL');
    await sluice.launch();
  }
  await load.stop();
  await waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0);
  const events = (await kinesim.texts()).map((text) => eventOf(text, 2));
  const repeats = checkDelivered(events, load.acknowledged);
  t.diagnostic(`${load.acknowledged.size} acknowledged, none lost, ${repeats} came twice, each under the same id`);
  assert.ok(load.acknowledged.size > KILLS * 500);
});
