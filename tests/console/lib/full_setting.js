// A server with something of everything: for the pages' pictures, and for the checks of every page.
import { waitFor } from '../../integration/lib/wait.js';
import { counters, evaluation, makeDestination, makePlace, must, startBoth } from './setting.js';

const FLAGS = ['new-checkout', 'dark-mode', 'search-v2', 'free-shipping', 'price-test', 'beta-banner', 'fast-login', 'support-chat', 'gift-cards', 'one-click-buy', 'store-locator', 'wish-lists'];
const PEOPLE = ['anna', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];

export async function startFull(t) {
  const { kinesim, sluice } = await startBoth(t, { streams: { 'flag-events': 4, orders: 1, throttled: 1 } });
  await makePlace(sluice);
  await must(sluice.api('POST', 'projects/web/environments', { key: 'staging', name: 'Staging' }));
  await must(sluice.api('POST', 'projects', { key: 'app', name: 'Mobile app', environments: [{ key: 'production', name: 'Production' }] }));
  const lake = await makeDestination(sluice);
  await makeDestination(sluice, { name: 'orders team' }, { streamName: 'orders', onlyFlags: ['new-checkout'], sampleOneIn: 2 });
  const blocked = await makeDestination(sluice, { name: 'fraud detection' }, { streamName: 'no-such-stream' });
  await makeDestination(sluice, { name: 'old warehouse', on: false });
  await makeDestination(sluice, { name: 'experiments' }, { streamName: 'throttled' });
  await kinesim.addFaults({ kind: 'record_error', operation: 'PutRecords', stream: 'throttled', code: 'ProvisionedThroughputExceededException' });
  await must(sluice.api('POST', 'tokens', { name: 'terraform', role: 'writer' }));
  const reader = await must(sluice.api('POST', 'tokens', { name: 'dashboard', role: 'reader' }));
  await must(sluice.api('POST', 'roles', { key: 'switch-production', name: 'Switches in production', description: 'For whoever is on call.', policy: [{ effect: 'allow', resources: ['proj/*:env/production:destination/*'], actions: ['updateOn', 'testDestination'] }] }));
  const send = async (round) => {
    const events = FLAGS.flatMap((flag, index) => PEOPLE.slice(0, 1 + ((index + round) % PEOPLE.length)).map((person, who) => evaluation(flag, person, (who + index) % 3 !== 0)));
    await sluice.post([...events, { kind: 'identify', creationDate: Date.now(), context: { kind: 'user', key: PEOPLE[round % PEOPLE.length], plan: 'pro' } },
      { kind: 'custom', key: 'checkout', creationDate: Date.now(), metricValue: 59.9, context: { kind: 'user', key: 'anna' } }, counters('legacy-banner', 120)]);
  };
  for (let round = 0; round < 6; ++round) await send(round);
  await sluice.api('PATCH', 'flags/web/dark-mode', { environmentKey: 'production', instructions: [{ kind: 'updateTrackEvents', trackEvents: false }] });
  await sluice.api('PATCH', `destinations/web/production/${blocked._id}`, [{ op: 'replace', path: '/name', value: 'fraud detection (EU)' }]);
  const state = async (name) => (await sluice.destination(name)).state;
  await waitFor('states to settle', async () => (await state('flags to the lake')) === 'delivering' && (await state('fraud detection (EU)')) === 'blocked');
  return { kinesim, sluice, lake, blocked, reader, send };
}

// Every page by the name of its picture, and what shows that it is whole.
export function everyPage({ lake, blocked }) {
  const at = (page) => ({ page });
  const to = (path, ready) => ({ ...at(path), ready });
  return {
    integrations: to('/', (page) => page.getByRole('link', { name: 'flags to the lake' }).waitFor()),
    search: to('/?q=nothing+like+it', (page) => page.getByText('No results for').waitFor()),
    'add-destination': to('/?add=kinesis', (page) => page.getByLabel('permission policy', { exact: true }).waitFor()),
    'edit-destination': to(`/?edit=web/production/${lake._id}`, (page) => page.getByLabel('permission policy', { exact: true }).waitFor()),
    destination: to(`/destinations/web/production/${lake._id}`, (page) => page.locator('.uplot').nth(3).waitFor()),
    'destination-blocked': to(`/destinations/web/production/${blocked._id}`, (page) => page.getByRole('heading', { name: 'Permission policy of the role' }).waitFor()),
    flags: to('/flags/web/production', (page) => page.getByText('new-checkout').first().waitFor()),
    environments: to('/environments', (page) => page.getByRole('link', { name: 'Staging' }).waitFor()),
    environment: to('/environments/web/production', (page) => page.getByText('Receiving events').waitFor()),
    live: to('/live/web/production', async (page) => {
      await page.getByRole('button', { name: /feature new-checkout/ }).first().click();
      await page.getByRole('heading', { name: 'Destinations' }).waitFor();
    }),
    usage: to('/usage', (page) => page.getByRole('heading', { name: 'Usage' }).waitFor()),
    tokens: to('/tokens', (page) => page.getByText('May: updateOn').waitFor()),
    audit: to('/audit', async (page) => {
      await page.getByText('changed the destination').first().click();
      await page.getByRole('region', { name: 'Before and after' }).waitFor();
    }),
    documentation: to('/docs/events', (page) => page.getByRole('heading', { name: 'The exported event' }).waitFor()),
  };
}
