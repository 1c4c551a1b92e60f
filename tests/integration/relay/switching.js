// One SDK, a flag's switch turned on and off under it, and an experiment beside it: when its events are full, and what they say.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { serverFlag } from '../lib/flag_server.js';

export const REACHES_STREAM_MS = 2000;
// The slowest of this many switches is told.
const SWITCHES = 3;
const FLAG = 'checkout', EXPERIMENT = 'button-colour';
const VERSIONS = { [FLAG]: 7, [EXPERIMENT]: 9 };

export const switchFlags = () => ({
  [FLAG]: serverFlag(FLAG, { version: VERSIONS[FLAG], variations: [true, false] }),
  [EXPERIMENT]: serverFlag(EXPERIMENT, {
    version: VERSIONS[EXPERIMENT], variations: ['green', 'orange'], trackEventsFallthrough: true,
    fallthrough: { rollout: { kind: 'experiment', contextKind: 'user', seed: 61, variations: [{ variation: 0, weight: 40_000 }, { variation: 1, weight: 60_000 }] } },
  }),
});
export const typeOfSwitchFlags = (flag) => (flag === FLAG ? 'boolean' : 'string');

const isOf = (flag, user) => ({ kind, key, contextKeys, context, userKey, user: inside }) =>
  kind === 'feature' && key === flag && (contextKeys?.user ?? context?.key ?? userKey ?? inside?.key) === user;
// What an experiment's analysis reads of an event.
const shapeOf = ({ key, value, variation, version, reason, default: fallback }) => ({ key, value, variation, version, reason, default: fallback ?? null });

// How the SDK's events of the experiment are without Sluice.
export async function experimentStraight(t, sdk, { upstream, tap, user, session }) {
  const context = { kind: 'user', key: user };
  const client = await sdk.open(t, { ...session, flagsUri: upstream.uri, eventsUri: tap.uri, first: context, typeOf: typeOfSwitchFlags });
  await client.evaluate(EXPERIMENT, context);
  await client.flush();
  const arrived = () => tap.events.find(isOf(EXPERIMENT, user));
  for (const deadline = performance.now() + 10_000; !arrived() && performance.now() < deadline;) await sleep(20);
  await client.close();
  const [event, ...more] = tap.events.filter(isOf(EXPERIMENT, user));
  assert.ok(event, 'straight from upstream, the experiment is sent in full');
  assert.deepEqual(more, []);
  assert.ok(!tap.events.some(isOf(FLAG, user)));
  return shapeOf(event);
}

export async function switchUnder(t, sdk, { place, user, straight }) {
  const context = { kind: 'user', key: user };
  const client = await sdk.open(t, { ...place.session, first: context, typeOf: typeOfSwitchFlags });
  let evaluations = 0;
  const sentIn = (from) => place.tap.events.slice(from).filter(isOf(FLAG, user));
  const arrivedIn = (from) => place.events.slice(from).filter(({ event }) => isOf(FLAG, user)(event));

  // One evaluation of each flag, to its arrival in the stream: when it was done, what was sent and what arrived of the switched flag.
  async function evaluate() {
    const [sentBefore, arrivedBefore] = [place.tap.events.length, place.events.length];
    const atMs = performance.now();
    assert.equal(await client.evaluate(FLAG, context), true);
    await client.evaluate(EXPERIMENT, context);
    const mark = `${user}-${++evaluations}`;
    await client.track(mark, context);
    await client.flush();
    await place.arrival(`the event ${mark}`, ({ kind, key }) => kind === 'custom' && key === mark);
    return { atMs, sent: sentIn(sentBefore).length, arrived: arrivedIn(arrivedBefore) };
  }
  async function until(what, fits, beganMs) {
    for (;;) {
      const seen = await evaluate();
      if (fits(seen)) return seen;
      assert.ok(performance.now() - beganMs < REACHES_STREAM_MS, `${what} within ${REACHES_STREAM_MS} ms of the switch`);
    }
  }
  async function isQuiet() {
    const { sent, arrived } = await evaluate();
    assert.equal(sent, 0, 'the flag is off, and the SDK sends no evaluations of it');
    assert.deepEqual(arrived, []);
  }

  await isQuiet();
  const row = { onMs: 0, offMs: 0 };
  for (let i = 0; i < SWITCHES; ++i) {
    let switchedMs = performance.now();
    await place.export(FLAG, true);
    const { arrived } = await until('a full evaluation arrives', (seen) => seen.arrived.length > 0, switchedMs);
    row.onMs = Math.max(row.onMs, arrived[0].atMs - switchedMs);
    assert.ok(row.onMs <= REACHES_STREAM_MS);
    switchedMs = performance.now();
    await place.export(FLAG, false);
    const { atMs } = await until('the SDK sends counters again', ({ sent }) => sent === 0, switchedMs);
    row.offMs = Math.max(row.offMs, atMs - switchedMs);
    await isQuiet();
  }
  await client.close();

  const experiments = place.tap.events.filter(isOf(EXPERIMENT, user));
  assert.equal(experiments.length, evaluations, 'each evaluation of the experiment is sent, whatever is switched');
  for (const event of experiments) assert.deepEqual(shapeOf(event), straight);
  const full = place.events.filter(({ event }) => isOf(FLAG, user)(event));
  assert.ok(full.length >= SWITCHES);
  for (const { event } of full) assert.equal(event.version, VERSIONS[FLAG]);
  return { ...row, experiments: experiments.length, version: VERSIONS[FLAG] };
}

// With the flag's export on: the SDK has its flags, and its evaluation arrives in full.
export async function evaluateOnce(t, sdk, { place, user, session }) {
  const context = { kind: 'user', key: user };
  const client = await sdk.open(t, { ...session, first: context, typeOf: typeOfSwitchFlags });
  assert.equal(await client.evaluate(FLAG, context), true);
  await client.flush();
  const { event } = await place.arrival('a full evaluation', isOf(FLAG, user));
  assert.equal(event.version, VERSIONS[FLAG]);
  await client.close();
}
