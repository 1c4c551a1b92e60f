// A managed server that delivers an upstream's flags and exports into a stream in simulated AWS; what SDKs send it is read on the way.
import { setTimeout as sleep } from 'node:timers/promises';
import { eventOf } from '../lib/events.js';
import { Kinesim } from '../lib/kinesim.js';
import { ENVIRONMENT_ID, PROJECT_ID, SDK_KEY, Sluice } from '../lib/sluice.js';
import { waitFor } from '../lib/wait.js';
import { EventTap } from './event_tap.js';

async function must(answer) {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}

export class RelayPlace {
  // `reasons`: the environment's flagReasons. `awaitFlags`: whether it is ready only when flags came.
  static async start(t, { upstream, reasons = false, awaitFlags = true }) {
    const place = new RelayPlace();
    // Read as fast as events come: a real stream allows five reads a second.
    place.kinesim = await Kinesim.start(t, { streams: { 'flag-events': 1 }, rateLimits: false });
    const env = { AWS_ENDPOINT_URL_KINESIS: place.kinesim.uri, AWS_ENDPOINT_URL_STS: place.kinesim.uri };
    const sluice = await Sluice.start(t, { managed: true, env });
    place.sluice = sluice;
    const environment = { key: 'production', name: 'Production', _id: ENVIRONMENT_ID, apiKey: SDK_KEY };
    await must(sluice.api('POST', 'projects', { key: 'test', name: 'Test', _id: PROJECT_ID, environments: [environment] }));
    const { role_arn: roleArn, external_id: externalId } = place.kinesim.destination();
    await must(sluice.api('POST', 'destinations/test/production', {
      kind: 'kinesis', on: true, name: 'stream', config: { region: 'us-east-1', streamName: 'flag-events', roleArn, externalId },
    }));
    const set = (path, value) => ({ op: 'add', path, value });
    await must(sluice.api('PATCH', 'projects/test/environments/production', [
      set('/flagSource', 'launchdarkly'), set('/flagStreamUri', upstream.uri), set('/flagReasons', reasons),
      set('/featureEvents', 'chosen flags'), set('/defaultTrackEvents', false),
    ]));
    if (awaitFlags) await waitFor('flags to be served', async () => (await fetch(`${sluice.uri}/sdk/latest-all`, { headers: { Authorization: SDK_KEY } })).status === 200);
    place.reader = await place.kinesim.reader();
    place.events = [];
    place.tap = await EventTap.start(t, sluice.uri);
    return place;
  }

  // What an SDK is told of this place.
  get session() {
    return { sdkKey: SDK_KEY, environmentId: ENVIRONMENT_ID, flagsUri: this.sluice.uri, eventsUri: this.tap.uri };
  }

  // Flags are known once an event or somebody names them.
  async declare(...flags) {
    for (const key of flags) await must(this.sluice.api('POST', 'flags/test', { key, name: key }));
  }

  // The switch, as the console's and other clients' call.
  async export(flag, on) {
    const instructions = [{ kind: 'updateTrackEvents', trackEvents: on }];
    await must(this.sluice.api('PATCH', `flags/test/${encodeURIComponent(flag)}`, { environmentKey: 'production', instructions }));
  }

  async exportAll() {
    const patch = [{ op: 'add', path: '/exportAllFlags', value: true }];
    await must(this.sluice.api('PATCH', 'projects/test/environments/production', patch));
  }

  // Reads the stream until an event fits; all events that came are kept, with the time at which they were read.
  async arrival(what, fits, { timeoutMs = 20_000 } = {}) {
    const deadline = performance.now() + timeoutMs;
    for (let looked = 0; ;) {
      for (; looked < this.events.length; ++looked) if (fits(this.events[looked].event)) return this.events[looked];
      if (performance.now() > deadline) throw new Error(`waited ${timeoutMs} ms for ${what}`);
      const texts = await this.reader.next();
      const atMs = performance.now();
      this.events.push(...texts.map((text) => ({ event: eventOf(text), atMs })));
      if (texts.length === 0) await sleep(10);
    }
  }

  async settled() {
    await waitFor('all to be delivered', async () => (await this.sluice.status()).destinations.every(({ backlog }) => backlog.events === 0));
  }
}
