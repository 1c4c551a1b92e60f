// The campaign's rows of the kinds of destinations beside Kinesis: what was acknowledged is there, and comes twice only as the kind's page says.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Kinesim } from '../integration/lib/kinesim.js';
import { Load } from '../integration/lib/load.js';
import { Bucket } from '../integration/lib/objects.js';
import { destination, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { isSigned, SECRET } from '../integration/lib/webhook_receiver.js';
import { FarEnd } from './far_end.js';
import { addRow, compare } from './ledger.js';

const BUCKET = 'flag-events';

// Each kind: where it delivers to, its trouble, and what came, as lost keys of events and how many came twice.
const KINDS = {
  'launchdarkly-events': async (t, random) => {
    const farEnd = await FarEnd.start(t);
    return {
      fields: { region: undefined, stream_name: undefined, events_uri: farEnd.uri },
      storm: () => farEnd.storm(random),
      fair: () => farEnd.fair(),
      // Twice comes a whole payload, under one id.
      compare(acknowledged) {
        const bodies = new Map();
        for (const { headers, body } of farEnd.taken) {
          const id = headers['x-launchdarkly-payload-id'];
          assert.ok(id && body.equals(bodies.get(id) ?? body), `payload ${id} came with other bytes the second time`);
          bodies.set(id, body);
        }
        const times = new Map();
        for (const body of bodies.values()) for (const { key } of JSON.parse(body)) times.set(key, (times.get(key) ?? 0) + 1);
        const doubled = [...times].filter(([, count]) => count > 1);
        assert.deepEqual(doubled, [], 'an event is in one payload');
        return { lost: [...acknowledged].filter((key) => !times.has(key)), twice: farEnd.taken.length - bodies.size };
      },
    };
  },
  s3: async (t, random) => {
    const kinesim = await Kinesim.start(t, { streams: {} });
    await kinesim.apply({ buckets: [{ name: BUCKET, region: 'us-east-1' }] });
    const bucket = new Bucket(kinesim, BUCKET);
    return {
      fields: { ...kinesim.destination({ stream_name: undefined }), bucket: BUCKET, prefix: 'p', roll_bytes: '64 KiB', roll_age: '1 s', node: 'node-1' },
      storm: () => kinesim.addFaults(...['reset_before', 'reset_after'].map((kind) =>
        ({ kind, operation: 'PutObject', probability: 0.3, seed: Math.floor(random() * 2 ** 31) }))),
      fair: () => kinesim.clearFaults(),
      async compare(acknowledged) {
        const lines = [];
        for (const { key } of await bucket.list('p')) for (const line of await bucket.lines(key)) lines.push(line);
        const result = await compare(lines, acknowledged);
        assert.equal(result.twice, 0, 'an event lies in one object');
        return result;
      },
    };
  },
  webhook: async (t, random) => {
    const farEnd = await FarEnd.start(t);
    return {
      fields: { region: undefined, stream_name: undefined, url: farEnd.uri, auth: 'signature', signing_secrets: [SECRET], max_events: 100, linger: '50 ms' },
      storm: () => farEnd.storm(random),
      fair: () => farEnd.fair(),
      async compare(acknowledged) {
        const lines = [];
        for (const { headers, body } of farEnd.taken) {
          assert.ok(isSigned({ headers, bytes: body }, SECRET), 'a batch is signed');
          lines.push(...body.toString().trimEnd().split('\n'));
        }
        return compare(lines, acknowledged);
      },
    };
  },
};

function campaignOf(kind, { fault, runs, note, seed, randomOf, hurt }) {
  test(`${kind}: ${fault}, ${runs} times: nothing that was acknowledged is lost`, { timeout: 180_000 + runs * 30_000 }, async (t) => {
    const random = randomOf(seed + (kind.length + fault.length) * 7919);
    const target = await KINDS[kind](t, random);
    const sluice = await Sluice.start(t, { destinations: [{ ...destination({ kind }), ...target.fields, name: 'far end', kind }] });
    const load = new Load(sluice, { pauseMs: 10, paddingBytes: 40 });
    t.after(() => load.stop());
    let recoveredMs = 0;
    for (let run = 0; run < runs; ++run) {
      const enough = load.acknowledged.size + 200 + Math.floor(random() * 800);
      await waitFor('more acknowledged events', () => load.acknowledged.size >= enough, { timeoutMs: 60_000 });
      await hurt({ sluice, target, random });
      const begun = performance.now();
      const before = load.acknowledged.size;
      await waitFor('events to be acknowledged again', () => load.acknowledged.size > before, { timeoutMs: 60_000, everyMs: 5 });
      recoveredMs = Math.max(recoveredMs, performance.now() - begun);
    }
    await load.stop();
    await waitFor('all to be delivered', async () => (await sluice.destination('far end')).backlog.events === 0, { timeoutMs: 120_000 });
    const { acceptedEvents, deliveredEvents, deadLetteredEvents, missingEvents, filteredEvents, backlog } = await sluice.destination('far end');
    assert.equal(acceptedEvents, deliveredEvents + deadLetteredEvents + missingEvents + filteredEvents + backlog.events, 'the balance holds');
    const { lost, twice } = await target.compare(load.acknowledged);
    addRow({ fault: `${kind}: ${fault}`, runs, accepted: load.acknowledged.size, lost: lost.length, twice, recoveredMs, note });
    assert.equal(lost.length, 0, `${lost.length} of ${load.acknowledged.size} lost, as ${lost.slice(0, 5)}`);
  });
}

// `times`: how many runs a count comes to at this scale.
export function kindCampaigns({ times, seed, randomOf }) {
  const notes = {
    'launchdarkly-events': 'twice: whole payloads, under one id',
    s3: 'each event in one object',
    webhook: 'twice: under one event id',
  };
  for (const [kind, note] of Object.entries(notes)) {
    campaignOf(kind, {
      fault: 'kill -9 at a random moment', runs: times(5), note, seed, randomOf,
      async hurt({ sluice }) {
        await sluice.process.stop('SIGKILL');
        await sluice.launch();
      },
    });
    campaignOf(kind, {
      fault: 'its far end fails, breaks off and loses answers, with kill -9', runs: Math.max(2, times(0.3)), note, seed, randomOf,
      async hurt({ sluice, target, random }) {
        await target.storm();
        await pause(1000 + random() * 1500);
        await sluice.process.stop('SIGKILL');
        await sluice.launch();
        await pause(random() * 1500);
        await target.fair();
      },
    });
  }
}
