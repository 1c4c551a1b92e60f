// Drives LaunchDarkly's Node server SDK through the steps on standard input.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(new URL('../../integration/package.json', import.meta.url));
const ld = require('@launchdarkly/node-server-sdk');
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

const { sdkKey, flagsUri, intakeUri, scenario } = JSON.parse(readFileSync(0, 'utf8'));
const client = ld.init(sdkKey, {
  streamUri: flagsUri, baseUri: flagsUri, eventsUri: intakeUri, flushInterval: 3600, logger: quiet,
  privateAttributes: scenario.privateAttributes,
});
await client.waitForInitialization({ timeout: 10 });
for (const step of scenario.steps) {
  const context = scenario.contexts[step.context];
  if (step.do === 'identify') client.identify(context);
  if (step.do === 'variation') await client.variation(step.flag, context, step.default);
  if (step.do === 'detail') await client.variationDetail(step.flag, context, step.default);
  if (step.do === 'track') client.track(step.event, context, step.data, step.metric);
}
await client.flush();
client.close();
