// Visitors of a shop, for ./run: a LaunchDarkly SDK that takes its flags from Sluice and sends its events there. What it
// sends of a flag in full is what the flag's switch in Sluice says.
//
// Usage: node traffic.js SDK_KEY ADDRESS
import { createRequire } from 'node:module';

const { init } = createRequire(import.meta.url)('@launchdarkly/node-server-sdk');
const [sdkKey, address] = process.argv.slice(2);
const FLUSH_SECONDS = 1;
const VISITOR_EVERY_MS = 3_000; // slow enough to read the records as they pass
const NAMES = ['anna', 'bob', 'carol', 'dave', 'erin', 'frank', 'grace', 'heidi'];

const client = init(sdkKey, { streamUri: address, baseUri: address, eventsUri: address, flushInterval: FLUSH_SECONDS, diagnosticOptOut: true });
const visit = async (number) => {
  const name = NAMES[number % NAMES.length];
  const context = { kind: 'user', key: name, country: number % 2 ? 'NL' : 'DE' };
  for (const flag of ['new-checkout', 'banner', 'dark-mode', 'search-limit']) await client.variation(flag, context, null);
};

// A catalog of an older demo may have no flag source: then there is nothing to evaluate, and nothing to stop for.
await client.waitForInitialization({ timeout: 60 }).catch((error) => console.error(String(error)));
let visits = 0;
const timer = setInterval(() => void visit(visits++), VISITOR_EVERY_MS);
process.on('SIGTERM', async () => {
  clearInterval(timer);
  await client.flush().catch(() => {}); // Sluice may be gone already
  client.close();
  process.exit();
});
