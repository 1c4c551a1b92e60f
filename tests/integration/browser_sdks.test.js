// LaunchDarkly's browser SDKs in a real browser, on a page of another origin than Sluice: CORS and preflights are the browser's own.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import { openPage } from './lib/browser_page.js';
import { assertExactlyOnce, eventOf } from './lib/events.js';
import { startFlagServer, TRACKED_FLAGS, UNTRACKED_FLAGS } from './lib/flag_server.js';
import { Kinesim } from './lib/kinesim.js';
import { nameOf } from './lib/sdks.js';
import { ENVIRONMENT_ID, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const require = createRequire(import.meta.url);
const distOf = (name) => path.dirname(require.resolve(name));

const GOALS = [
  { key: 'saw-shop', kind: 'pageview', urls: [{ kind: 'substring', substring: 'localhost' }] },
  { key: 'bought', kind: 'click', selector: '#buy', urls: [{ kind: 'substring', substring: 'localhost' }] },
];

// Runs in the page. SDK 3 and SDK 4 name some things differently.
async function start({ version, environmentId, intakeUri, flagsUri, key }) {
  const context = { kind: 'user', key, country: 'NL' };
  if (version === 3) {
    window.client = window.sdk.initialize(environmentId, context, {
      baseUrl: flagsUri, streamUrl: flagsUri, eventsUrl: intakeUri, flushInterval: 3_600_000,
    });
  } else {
    window.client = window.sdk.createClient(environmentId, context, {
      baseUri: flagsUri, streamUri: flagsUri, eventsUri: intakeUri, flushInterval: 3600,
    });
    window.client.start();
  }
  await window.client.waitForInitialization(version === 3 ? 10 : { timeout: 10 });
}

async function evaluateAndTrack({ flags, quiet, keys }) {
  for (const key of keys) {
    await window.client.identify({ kind: 'user', key, country: 'NL' });
    for (const flag of [...flags, ...quiet]) window.client.variation(flag, null);
    window.client.track('order-placed', { items: 2 }, 9.5);
  }
  document.querySelector('#buy').click();
  await window.client.flush();
}

for (const { version, file } of [
  { version: 3, file: path.join(distOf('launchdarkly-js-client-sdk'), 'ldclient.es.js') },
  { version: 4, file: path.join(distOf('@launchdarkly/js-client-sdk'), 'index.js') },
]) {
  test(`browser SDK ${version}, from a page of another origin`, async (t) => {
    const kinesim = await Kinesim.start(t);
    const kinds = ['feature', 'identify', 'custom', 'click', 'pageview'];
    const sluice = await Sluice.start(t, { destinations: [{ ...kinesim.destination(), kinds }] });
    const flags = await startFlagServer(t, { goals: GOALS });
    const page = await openPage(t, file);
    const answers = [];
    page.on('response', (response) => response.url().startsWith(sluice.uri) && answers.push(`${response.request().method()} ${response.status()}`));

    const [first, ...keys] = ['anna', 'bob', 'carol'].map((name) => `${name}-${version}`);
    const last = keys.at(-1);
    const flagKeys = Object.keys(TRACKED_FLAGS);
    await page.evaluate(start, { version, environmentId: ENVIRONMENT_ID, intakeUri: sluice.uri, flagsUri: flags.uri, key: first });
    await page.evaluate(evaluateAndTrack, { keys, flags: flagKeys, quiet: Object.keys(UNTRACKED_FLAGS) });

    const expected = [
      `pageview saw-shop ${first}`,
      `click bought ${last}`,
      ...[first, ...keys].map((key) => `identify  ${key}`),
      ...keys.flatMap((key) => [`custom order-placed ${key}`, ...flagKeys.map((flag) => `feature ${flag} ${key}`)]),
      // SDK 4 looks at the page anew for every context.
      ...(version > 3 ? keys.map((key) => `pageview saw-shop ${key}`) : []),
    ];
    await waitFor(`${expected.length} records`, async () => {
      const names = (await kinesim.texts()).map((text) => nameOf(eventOf(text)));
      if (names.length < expected.length) throw new Error(`only ${names.sort().join(', ')}`);
      return (await sluice.destination()).backlog.events === 0;
    });
    const events = (await kinesim.texts()).map((text) => eventOf(text, 2));
    assertExactlyOnce(events, expected);
    assert.ok(answers.every((answer) => /^POST 202$|^OPTIONS 204$/.test(answer)), answers.join(', '));
  });
}
