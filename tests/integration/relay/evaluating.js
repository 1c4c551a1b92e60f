// One SDK over the whole corpus, straight at upstream and through Sluice: what it evaluates is the same.
import assert from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { setTimeout as sleep } from 'node:timers/promises';
import { waitFor } from '../lib/wait.js';
import { changeCorpus, corpusContexts, corpusKeys, typeOfCorpusFlags } from './corpus.js';

const contextsOf = (sdk) => corpusContexts.filter(({ kind }) => !sdk.users || kind === 'user');

// What each flag is to each context: [context, flag, detail].
async function evaluateAll(t, sdk, session, reasons) {
  const open = (first) => sdk.open(t, { ...session, first, reasons, typeOf: typeOfCorpusFlags });
  const contexts = contextsOf(sdk);
  let client = await open(contexts[0]);
  const found = [];
  for (const context of contexts) {
    if (sdk.keepsContext && context !== contexts[0]) {
      await client.close();
      client = await open(context);
    }
    const details = await client.details(context, corpusKeys);
    found.push(...corpusKeys.map((flag) => ({ context: context.key ?? JSON.stringify(context), flag, ...details[flag] })));
  }
  await client.close();
  return found;
}

const withoutReason = ({ reason, ...rest }) => rest;
const hasReason = ({ reason }) => reason !== null && reason !== undefined;

// `straight`, `places`: sessions, the latter with `selects(flag)` and whether its environment asks for `reasons`.
// Returns how many evaluations were compared, and how many had a reason only through Sluice.
export async function evaluateUnder(t, sdk, { straight, places }) {
  let compared = 0, reasonsAdded = 0;
  for (const asks of sdk.client ? [true, false] : [true]) {
    const before = await evaluateAll(t, sdk, straight, asks);
    // It is a corpus only if something happens in it.
    assert.ok(new Set(before.map(({ value }) => JSON.stringify(value))).size > 10);
    for (const { session, selects, reasons } of places) {
      const behind = await evaluateAll(t, sdk, session, asks);
      assert.equal(behind.length, before.length);
      for (const [i, now] of behind.entries()) {
        const mayGetReason = sdk.client && !asks && reasons && selects(now.flag) && !hasReason(before[i]) && hasReason(now);
        reasonsAdded += Number(mayGetReason);
        assert.deepEqual(mayGetReason ? withoutReason(now) : now, mayGetReason ? withoutReason(before[i]) : before[i]);
      }
      compared += behind.length;
    }
  }
  return { compared, reasonsAdded };
}

// The n-th change of the corpus under an open client: it then evaluates as one that is opened straight at upstream afterwards. Returns after how
// many ms.
export async function changeUnder(t, sdk, { upstream, place, straight, n }) {
  // Clients may be late, and get a second ping after 5 s.
  const CHANGES_MS = 8000;
  const [context] = contextsOf(sdk);
  const options = { first: context, reasons: true, typeOf: typeOfCorpusFlags };
  const client = await sdk.open(t, { ...place.session, ...options });
  const before = await client.details(context, corpusKeys);
  const began = performance.now();
  changeCorpus(upstream, n);
  let tookMs;
  const news = await waitFor('the change to reach the SDK', async () => {
    const now = await client.details(context, corpusKeys);
    tookMs = performance.now() - began;
    return !['rollout', 'on', 'op-segment'].some((flag) => isDeepStrictEqual(now[flag], before[flag])) && now;
  }, { timeoutMs: CHANGES_MS });
  const fresh = await sdk.open(t, { ...straight, ...options });
  assert.deepEqual(news, await fresh.details(context, corpusKeys));
  await fresh.close();
  await client.close();
  return tookMs;
}

// Whether the event of a plain evaluation says why, with this environment's settings.
export async function eventSaysWhy(t, sdk, { place, flag, user }) {
  const context = { kind: 'user', key: user };
  const client = await sdk.open(t, { ...place.session, first: context, reasons: false, typeOf: typeOfCorpusFlags });
  const from = place.tap.events.length;
  await client.evaluate(flag, context);
  await client.flush();
  const event = () => place.tap.events.slice(from).find(({ kind, key }) => kind === 'feature' && key === flag);
  for (const deadline = performance.now() + 10_000; !event() && performance.now() < deadline;) await sleep(20);
  await client.close();
  assert.ok(event(), `an evaluation of ${flag} is sent`);
  return event().reason !== undefined && event().reason !== null;
}
