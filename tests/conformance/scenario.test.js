// SDKs of several languages through one scenario (scenario.json), into the built server: what each causes in the stream is compared
// event by event with what the scenario says, and so with one another. An SDK whose toolchain is missing is skipped by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventOf } from '../integration/lib/events.js';
import { startFlagServer } from '../integration/lib/flag_server.js';
import { Kinesim } from '../integration/lib/kinesim.js';
import { SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { scenario, scenarioFlags, stepsOf } from './scenario.js';
import { drive, toolchains } from './toolchains.js';

const KINDS = ['feature', 'debug', 'identify', 'custom', 'alias'];

// The context's keys by kind, from whichever form the SDK sends.
function whoOf(event) {
  const { context, user, userKey, contextKeys } = event;
  if (contextKeys) return contextKeys;
  if (context?.kind === 'multi') {
    return Object.fromEntries(Object.entries(context).filter(([kind]) => kind !== 'kind').map(([kind, { key }]) => [kind, key]));
  }
  if (context) return { [context.kind]: context.key };
  return { user: user?.key ?? userKey };
}

// An exported event, as the scenario writes it: what tells nothing of the scenario (id, times, the context's attributes) left out.
function asWritten(event) {
  const { kind, key, value, variation, version, prereqOf, reason, data, metricValue } = event;
  if (kind === 'alias') {
    const { contextKind, previousKey, previousContextKind } = event;
    return { kind, key, contextKind, previousKey, previousContextKind };
  }
  const written = { kind, who: whoOf(event) };
  if (kind !== 'identify') written.key = key;
  const redacted = event.context?._meta?.redactedAttributes ?? event.user?.privateAttrs;
  if (kind === 'identify' && redacted) written.redacted = redacted.map((name) => name.replace(/^\//, '')).sort();
  Object.assign(written, { value, variation, version, prereqOf, reason, data: data ?? undefined, metricValue: metricValue ?? undefined });
  // SDKs differ in whether a prerequisite, which has no default, says that it is null.
  if (!prereqOf) written.default = event.default;
  return JSON.parse(JSON.stringify(written));
}

// One text for equal events, whatever the order of their members.
const canonical = (value) => JSON.stringify(value, (_, member) => member && typeof member === 'object' && !Array.isArray(member)
  ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member);

for (const sdk of toolchains) {
  const lacking = sdk.missing();
  test(sdk.name, { skip: lacking ?? false }, async (t) => {
    const steps = stepsOf(sdk);
    const expected = steps.flatMap(({ events }) => events);
    const command = sdk.prepare();
    const kinesim = await Kinesim.start(t);
    const sluice = await Sluice.start(t, { destinations: [{ ...kinesim.destination(), kinds: KINDS }] });
    const { uri: flagsUri } = await startFlagServer(t, { flags: scenarioFlags() });
    await drive(command, { sdkKey: SDK_KEY, flagsUri, intakeUri: sluice.uri, scenario: { ...scenario, steps } });

    await waitFor('all of it to be delivered', async () => {
      const { backlog } = await sluice.destination();
      return backlog.events === 0 && (await kinesim.texts()).length >= expected.length;
    }, { timeoutMs: 5_000 }).catch(() => {});  // what is missing is told below
    const events = (await kinesim.texts()).map((text) => eventOf(text, sdk.users ? 1 : 2));
    assert.deepEqual(events.map((event) => canonical(asWritten(event))).sort(), expected.map(canonical).sort());
    assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'each with an id of its own');
    t.diagnostic(`${steps.length} steps, ${events.length} events, each as the scenario says`);
  });
}
