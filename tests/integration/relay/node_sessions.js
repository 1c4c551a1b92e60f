// LaunchDarkly's SDKs for Node.js as a test talks to them (tables.js), in the test's own process.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { Redis } from './redis.js';

const require = createRequire(new URL('../package.json', import.meta.url));
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const READY_S = 10;

// What SDKs that know no contexts read: what is not built in is custom.
const BUILT_IN = new Set(['key', 'secondary', 'ip', 'country', 'email', 'firstName', 'lastName', 'avatar', 'name', 'anonymous']);
function userOf({ kind, _meta, ...context }) {
  const fields = Object.entries(context);
  const custom = fields.filter(([name]) => !BUILT_IN.has(name));
  return { ...Object.fromEntries(fields.filter(([name]) => BUILT_IN.has(name))), ...(custom.length > 0 && { custom: Object.fromEntries(custom) }) };
}

const detailOf = ({ value, variationIndex, reason }) => ({ value, variation: variationIndex ?? null, reason: reason ?? null });

function serverSession(client, whoOf) {
  return {
    evaluate: (flag, context) => client.variation(flag, whoOf(context), null),
    async details(context, flags) {
      const found = {};
      for (const flag of flags) found[flag] = detailOf(await client.variationDetail(flag, whoOf(context), null));
      return found;
    },
    track: (event, context) => client.track(event, whoOf(context)),
    flush: () => client.flush(),
    close: () => client.close(),
  };
}

const endpointsOf = ({ flagsUri, eventsUri }) => ({ streamUri: flagsUri, baseUri: flagsUri, eventsUri });
const SERVER_OPTIONS = { flushInterval: 3600, logger: quiet, diagnosticOptOut: true };

const openServer = (packageName, { users = false, more = {} } = {}) => async (t, place) => {
  const options = { ...SERVER_OPTIONS, ...endpointsOf(place), ...(place.secondProtocol && { dataSystem: {} }), ...more };
  const client = require(packageName).init(place.sdkKey, options);
  t.after(() => client.close());
  // The old ones take no timeout; what hangs is the test's to end.
  await client.waitForInitialization(users ? undefined : { timeout: READY_S });
  return serverSession(client, users ? userOf : (context) => context);
};

async function openWithRedis(t, place) {
  const redis = await Redis.start(t);
  const { RedisFeatureStore } = require('@launchdarkly/node-server-sdk-redis');
  const featureStore = RedisFeatureStore({ redisOpts: { host: '127.0.0.1', port: redis.port }, prefix: 'relay', cacheTTL: 30 });
  const session = await openServer('@launchdarkly/node-server-sdk', { more: { featureStore } })(t, place);
  assert.match(await redis.ask('HLEN relay:features'), /^:[1-9]/, 'the flags are in Redis');
  return session;
}

// OpenFeature has a call for each type of value.
const OPEN_FEATURE_TYPES = {
  boolean: { name: 'Boolean', fallback: false },
  string: { name: 'String', fallback: '' },
  number: { name: 'Number', fallback: -1 },
  object: { name: 'Object', fallback: null },
};
let openFeatureDomains = 0;
async function openOpenFeature(t, place) {
  const { OpenFeature } = require('@openfeature/server-sdk');
  const { LaunchDarklyProvider } = require('@launchdarkly/openfeature-node-server');
  const provider = new LaunchDarklyProvider(place.sdkKey, { ...SERVER_OPTIONS, ...endpointsOf(place) });
  t.after(() => provider.onClose());
  const domain = `relay-${++openFeatureDomains}`;
  await OpenFeature.setProviderAndWait(domain, provider);
  const client = OpenFeature.getClient(domain);
  const whoOf = ({ kind, key, ...rest }) => (kind === 'multi' ? { kind, ...rest } : { kind, targetingKey: key, ...rest });
  const ask = (flag, context, what) => {
    const { name, fallback } = OPEN_FEATURE_TYPES[place.typeOf(flag)];
    return client[`get${name}${what}`](flag, fallback, whoOf(context));
  };
  const detail = async (flag, context) => {
    const { value, variant, reason, errorCode } = await ask(flag, context, 'Details');
    return { value, variation: variant ?? null, reason: { reason, errorCode } };
  };
  return {
    evaluate: (flag, context) => ask(flag, context, 'Value'),
    async details(context, flags) {
      const found = {};
      for (const flag of flags) found[flag] = await detail(flag, context);
      return found;
    },
    track: (event, context) => client.track(event, whoOf(context), {}),
    flush: () => provider.getClient().flush(),
    close: () => provider.onClose(),
  };
}

const openNodeClient = ({ useReport }) => async (t, { environmentId, flagsUri, eventsUri, first, reasons }) => {
  const client = require('launchdarkly-node-client-sdk').initialize(environmentId, first, {
    baseUrl: flagsUri, streamUrl: flagsUri, eventsUrl: eventsUri, flushInterval: 3_600_000, logger: quiet,
    streaming: true, evaluationReasons: reasons, diagnosticOptOut: true, useReport,
  });
  t.after(() => client.close());
  await client.waitForInitialization(READY_S);
  let current = first;
  const become = async (context) => {
    if (context === current) return;
    await client.identify(context);
    current = context;
  };
  return {
    async evaluate(flag, context) {
      await become(context);
      return client.variation(flag, null);
    },
    async details(context, flags) {
      await become(context);
      return Object.fromEntries(flags.map((flag) => [flag, detailOf(client.variationDetail(flag, null))]));
    },
    async track(event, context) {
      await become(context);
      client.track(event);
    },
    flush: () => client.flush(),
    close: () => client.close(),
  };
};

export const nodeSessions = [
  { name: 'Node server SDK 9', secondProtocol: '`dataSystem: {}`', open: openServer('@launchdarkly/node-server-sdk') },
  { name: 'Node server SDK 9 with Redis as its store', missing: Redis.missing, open: openWithRedis },
  { name: 'Node server SDK 7', open: openServer('launchdarkly-node-server-sdk-7') },
  { name: 'Node server SDK 5', users: true, open: openServer('launchdarkly-node-server-sdk-5', { users: true }) },
  { name: 'OpenFeature, Node server provider 1', alwaysAsksWhy: true, open: openOpenFeature },
  { name: 'Node client SDK 3', client: true, open: openNodeClient({ useReport: false }) },
  // Its requests of one address share the latest answer, whoever's context it is: docs/relay.md.
  { name: 'Node client SDK 3 with `useReport`', client: true, keepsContext: true, open: openNodeClient({ useReport: true }) },
];
