// Drives real LaunchDarkly SDKs through one scenario, and says which events it must have caused.
//
// Every event is told apart by its kind, its key, and the key of its context, which is unique for each run.
import { createRequire } from 'node:module';
import { TRACKED_FLAGS, UNTRACKED_FLAGS } from './flag_server.js';

const require = createRequire(import.meta.url);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

// What one exported event is told apart by; the same for what a scenario expects.
export function nameOf(event) {
  const contextKey =
    event.contextKeys?.user ?? event.context?.key ?? event.userKey ?? event.user?.key ?? event.context?.user?.key;
  const key = event.kind === 'identify' ? '' : event.key;  // user-based SDKs repeat the user's key there
  return [event.kind, key, contextKey].join(' ');
}

async function runServerSide(packageName, { sdkKey, intakeUri, flagsUri, run, contexts }) {
  const ld = require(packageName);
  const client = ld.init(sdkKey, {
    streamUri: flagsUri, baseUri: flagsUri, eventsUri: intakeUri, logger: quiet, flushInterval: 3600,
  });
  try {
    await client.waitForInitialization();
    const expected = [];
    for (let i = 0; i < contexts; i++) {
      const key = `${run}-${i}`;
      const context = packageName.endsWith('-5') ? { key, country: 'NL' } : { kind: 'user', key, country: 'NL' };
      for (const flag of Object.keys(TRACKED_FLAGS)) {
        await client.variation(flag, context, null);
        expected.push(`feature ${flag} ${key}`);
      }
      for (const flag of Object.keys(UNTRACKED_FLAGS)) await client.variation(flag, context, null);
      client.track('order-placed', context, { items: i }, 9.5 + i);
      client.track('page-left', context);
      client.identify(context);
      expected.push(`custom order-placed ${key}`, `custom page-left ${key}`, `identify  ${key}`);
    }
    await client.flush();
    return expected;
  } finally {
    client.close();
  }
}

async function runClientSide(packageName, { environmentId, intakeUri, flagsUri, run, contexts }) {
  const ld = require(packageName);
  const context = (i) => ({ kind: 'user', key: `${run}-${i}`, country: 'NL' });
  const client = ld.initialize(environmentId, context(0), {
    baseUrl: flagsUri, streamUrl: flagsUri, eventsUrl: intakeUri, logger: quiet, flushInterval: 3_600_000,
    streaming: false,
  });
  try {
    await client.waitForInitialization();
    const expected = [];
    for (let i = 0; i < contexts; i++) {
      const { key } = context(i);
      if (i > 0) await client.identify(context(i));
      expected.push(`identify  ${key}`);
      for (const flag of Object.keys(TRACKED_FLAGS)) {
        client.variation(flag, null);
        expected.push(`feature ${flag} ${key}`);
      }
      for (const flag of Object.keys(UNTRACKED_FLAGS)) client.variation(flag, null);
      client.track('order-placed', { items: i }, 9.5 + i);
      expected.push(`custom order-placed ${key}`);
    }
    await client.flush();
    return expected;
  } finally {
    await client.close();
  }
}

// The OpenFeature API, with LaunchDarkly's provider under it.
async function runOpenFeature({ sdkKey, intakeUri, flagsUri, run, contexts }) {
  const { OpenFeature } = require('@openfeature/server-sdk');
  const { LaunchDarklyProvider } = require('@launchdarkly/openfeature-node-server');
  const provider = new LaunchDarklyProvider(sdkKey, {
    streamUri: flagsUri, baseUri: flagsUri, eventsUri: intakeUri, logger: quiet, flushInterval: 3600,
  });
  await OpenFeature.setProviderAndWait(provider);
  try {
    const client = OpenFeature.getClient();
    const expected = [];
    for (let i = 0; i < contexts; i++) {
      const key = `${run}-${i}`;
      const context = { targetingKey: key, country: 'NL' };
      await client.getBooleanValue('new-checkout', false, context);
      await client.getStringValue('banner', '', context);
      await client.getObjectValue('limits', {}, context);
      await client.getNumberValue('quiet-flag', 0, context);
      client.track('order-placed', context, { value: 9.5 + i, items: i });
      expected.push(...Object.keys(TRACKED_FLAGS).map((flag) => `feature ${flag} ${key}`), `custom order-placed ${key}`);
    }
    await provider.getClient().flush();
    return expected;
  } finally {
    await OpenFeature.close();
  }
}

// name: for people; version: what the envelope must say; drive: runs the scenario.
export const sdks = [
  { name: 'Node server SDK 9', version: 2, drive: (o) => runServerSide('@launchdarkly/node-server-sdk', o) },
  { name: 'Node server SDK 7', version: 2, drive: (o) => runServerSide('launchdarkly-node-server-sdk-7', o) },
  { name: 'Node server SDK 5', version: 1, drive: (o) => runServerSide('launchdarkly-node-server-sdk-5', o) },
  { name: 'OpenFeature, Node server provider 1', version: 2, drive: runOpenFeature },
  { name: 'Node client SDK 3', version: 2, drive: (o) => runClientSide('launchdarkly-node-client-sdk', o) },
];
