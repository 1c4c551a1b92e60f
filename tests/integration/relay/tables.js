// The two tables of docs/relay.md, over any SDKs: what a switch does under each, and that evaluation is the same through Sluice. With
// SLUICE_RELAY_TABLE=docs/relay.md, what is measured is written there.
//
// An SDK here has a name, missing(): what its toolchain lacks, or null; users: it knows no contexts of other kinds; client: it does not evaluate
// itself; alwaysAsksWhy: its plain call asks for the reason, too; keepsContext: it is opened anew for each; secondProtocol: the option with which it speaks LaunchDarkly's second protocol
// of flag delivery, if it can; and open(t, place) -> session, one open client:
//   evaluate(flag, context) -> value        the plain call: what its event says is up to the flag's data
//   details(context, flags) -> {flag: {value, variation, reason}}
//   track(event, context), flush(), close()
// `place`: flagsUri, eventsUri, sdkKey, environmentId; for client-side SDKs also `first`, the context they begin with, and `reasons`, whether
// they ask for them; `secondProtocol`: speak that; `typeOf(flag)` for APIs with a call for each type.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EvaluatingUpstream } from '../lib/evaluating_upstream.js';
import { ENVIRONMENT_ID } from '../lib/sluice.js';
import { machineText, tableText, writePart } from '../lib/page_part.js';
import { corpusFlags, corpusSegments } from './corpus.js';
import { changeUnder, evaluateUnder, eventSaysWhy } from './evaluating.js';
import { EventTap } from './event_tap.js';
import { RelayPlace } from './place.js';
import { evaluateOnce, experimentStraight, switchFlags, switchUnder } from './switching.js';

const slugOf = ({ name }) => name.toLowerCase().replace(/[^a-z0-9]+/g, '-');
const inSeconds = (ms) => `${(ms / 1000).toFixed(2)} s`;
const reasonsOf = ({ client, alwaysAsksWhy }, added) =>
  client ? `events and ${added} details of exported flags` : alwaysAsksWhy ? 'nothing: its events have them anyway' : 'events of exported flags';

function tell(name, header, rows, before = '') {
  const table = tableText(header, rows);
  console.log(`\n${table}\n`);
  if (process.env.SLUICE_RELAY_TABLE) writePart(process.env.SLUICE_RELAY_TABLE, name, before + table);
}

export function testSwitches(sdks) {
  test('a switch reaches every SDK within two seconds; experiments and versions stay as they are', async (t) => {
    const upstream = await EvaluatingUpstream.start(t, { flags: switchFlags() });
    const place = await RelayPlace.start(t, { upstream });
    await place.declare(...Object.keys(switchFlags()));
    const rows = [];
    for (const sdk of sdks) {
      await t.test(sdk.name, { skip: sdk.missing?.() ?? false, timeout: 120_000 }, async (t) => {
        const user = slugOf(sdk);
        const straight = await experimentStraight(t, sdk, { upstream, tap: await EventTap.start(t), user, session: place.session });
        const { onMs, offMs, experiments, version } = await switchUnder(t, sdk, { place, user, straight });
        rows.push([sdk.name, inSeconds(onMs), inSeconds(offMs), `${experiments} of ${experiments} as without Sluice`, `${version}, as upstream has it`]);
      });
    }
    await place.settled();
    const header = ['SDK', 'switch on: first `feature` event in the stream after', 'switch off: only counters after', 'experiment', 'version in the event'];
    tell('switch', header, rows, `${machineText()}:\n\n`);
  });
}

export function testEvaluations(sdks) {
  test('evaluation is the same through Sluice: value, variation and reason of every flag for every context', async (t) => {
    const upstream = await EvaluatingUpstream.start(t, { flags: corpusFlags(), segments: corpusSegments() });
    const all = await RelayPlace.start(t, { upstream });
    await all.exportAll();
    const half = await RelayPlace.start(t, { upstream, reasons: true });
    const selected = new Set(Object.keys(corpusFlags()).filter((key, i) => i % 2 === 0));
    await half.declare(...selected);
    for (const flag of selected) await half.export(flag, true);
    const places = [
      { session: all.session, selects: () => true, reasons: false },
      { session: half.session, selects: (flag) => selected.has(flag), reasons: true },
    ];
    const rows = [];
    let changes = 0;
    for (const sdk of sdks) {
      await t.test(sdk.name, { skip: sdk.missing?.() ?? false, timeout: 120_000 }, async (t) => {
        const straight = { ...all.session, flagsUri: upstream.uri, eventsUri: (await EventTap.start(t)).uri };
        const { compared, reasonsAdded } = await evaluateUnder(t, sdk, { straight, places });
        const changedMs = await changeUnder(t, sdk, { upstream, place: half, straight, n: ++changes });
        const [flag] = selected;
        const user = `why-${slugOf(sdk)}`;
        assert.equal(await eventSaysWhy(t, sdk, { place: all, flag, user }), sdk.alwaysAsksWhy ?? false);
        assert.equal(await eventSaysWhy(t, sdk, { place: half, flag, user }), true);
        rows.push([sdk.name, compared.toLocaleString('en-US'), '0', inSeconds(changedMs), reasonsOf(sdk, reasonsAdded)]);
      });
    }
    tell('evaluation', ['SDK', 'evaluations compared', 'different', 'a change of upstream is there after', 'with `flagReasons`, a reason more in'], rows);
  });
}

export function testSecondProtocol(sdks) {
  test('SDKs that speak the second protocol of flag delivery are sent back to the first, and work', async (t) => {
    const upstream = await EvaluatingUpstream.start(t, { flags: switchFlags() });
    const place = await RelayPlace.start(t, { upstream });
    await place.exportAll();
    const rows = [];
    for (const sdk of sdks.filter(({ secondProtocol }) => secondProtocol)) {
      await t.test(sdk.name, { skip: sdk.missing?.() ?? false, timeout: 120_000 }, async (t) => {
        const tap = await EventTap.start(t, place.sluice.uri);
        await evaluateOnce(t, sdk, { place, user: `second-${slugOf(sdk)}`, session: { ...place.session, flagsUri: tap.uri, secondProtocol: true } });
        const paths = tap.asked.filter((request) => !request.startsWith('OPTIONS') && !request.includes('/goals/'))
          .map((request) => request.replace(/\?.*/, '').replace(/[^/]{24,}$/, '{context}').replace(ENVIRONMENT_ID, '{id}'));
        assert.match(paths[0], /^GET \/sdk\/(stream|poll)/);
        rows.push([sdk.name, sdk.secondProtocol, ...[paths[0], paths.at(-1)].map((path) => `\`${path}\``)]);
      });
    }
    tell('second-protocol', ['SDK', 'asks so with', 'asks first', 'then'], rows);
  });
}
