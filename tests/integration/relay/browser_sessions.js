// LaunchDarkly's browser SDKs as a test talks to them (tables.js), on a page of another origin than their flags.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after } from 'node:test';
import { CHROMIUM, launchBrowser, openPage } from '../lib/browser_page.js';

const require = createRequire(new URL('../package.json', import.meta.url));
const distOf = (name) => path.dirname(require.resolve(name));

// In the page. SDK 3 and SDK 4 name some things differently.
async function begin({ version, environmentId, flagsUri, eventsUri, first, reasons, secondProtocol }) {
  const current = { text: JSON.stringify(first) };
  window.become = async (context) => {
    if (JSON.stringify(context) === current.text) return;
    await window.client.identify(context);
    current.text = JSON.stringify(context);
  };
  if (version === 3) {
    window.client = window.sdk.initialize(environmentId, first, {
      baseUrl: flagsUri, streamUrl: flagsUri, eventsUrl: eventsUri, flushInterval: 3_600_000, streaming: true, evaluationReasons: reasons, diagnosticOptOut: true,
    });
  } else {
    window.client = window.sdk.createClient(environmentId, first, {
      baseUri: flagsUri, streamUri: flagsUri, eventsUri, flushInterval: 3600, streaming: true, withReasons: reasons, diagnosticOptOut: true,
      ...(secondProtocol && { dataSystem: {} }),
    });
    window.client.start();
  }
  await window.client.waitForInitialization(version === 3 ? 10 : { timeout: 10 });
}

const inPage = {
  async evaluate({ flag, context }) {
    await window.become(context);
    return window.client.variation(flag, null);
  },
  async details({ flags, context }) {
    await window.become(context);
    return flags.map((flag) => {
      const { value, variationIndex, reason } = window.client.variationDetail(flag, null);
      return [flag, { value, variation: variationIndex ?? null, reason: reason ?? null }];
    });
  },
  async track({ event, context }) {
    await window.become(context);
    window.client.track(event);
  },
};

// One for all sessions; each has its own storage.
let browser;
after(async () => (await browser)?.close());

const open = (version, file) => async (t, { typeOf, ...place }) => {
  const page = await openPage(t, file, { browser: await (browser ??= launchBrowser()) });
  await page.evaluate(begin, { version, ...place });
  return {
    evaluate: (flag, context) => page.evaluate(inPage.evaluate, { flag, context }),
    details: async (context, flags) => Object.fromEntries(await page.evaluate(inPage.details, { flags, context })),
    track: (event, context) => page.evaluate(inPage.track, { event, context }),
    flush: () => page.evaluate(() => window.client.flush()),
    close: () => page.close(),
  };
};

const missing = () => (existsSync(CHROMIUM) ? null : 'Chromium is not installed');

export const browserSessions = [
  { name: 'browser SDK 3', client: true, missing, open: open(3, path.join(distOf('launchdarkly-js-client-sdk'), 'ldclient.es.js')) },
  { name: 'browser SDK 4', secondProtocol: '`dataSystem: {}`', client: true, missing, open: open(4, path.join(distOf('@launchdarkly/js-client-sdk'), 'index.js')) },
];
