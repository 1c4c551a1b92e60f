// A managed server beside simulated AWS, with a project, an environment and events, as the tests of the console need it.
import { Kinesim, EXTERNAL_ID, ROLE } from '../../integration/lib/kinesim.js';
import { SDK_KEY, Sluice } from '../../integration/lib/sluice.js';

export { EXTERNAL_ID, ROLE, SDK_KEY };
export const PROJECT = { key: 'web', name: 'Web shop' };
export const ENVIRONMENT = { key: 'production', name: 'Production', apiKey: SDK_KEY };

// Sluice goes to the simulator by AWS's own variables: the form needs no endpoint.
export async function startBoth(t, { streams = { 'flag-events': 2 }, settings } = {}) {
  const kinesim = await Kinesim.start(t, { streams });
  const sluice = await Sluice.start(t, { managed: true, settings, env: { AWS_ENDPOINT_URL_KINESIS: kinesim.uri, AWS_ENDPOINT_URL_STS: kinesim.uri } });
  return { kinesim, sluice };
}

export async function must(answer) {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`${status}: ${JSON.stringify(body)}`);
  return body;
}

export async function makePlace(sluice) {
  await must(sluice.api('POST', 'projects', { ...PROJECT, environments: [ENVIRONMENT] }));
}

export function makeDestination(sluice, fields = {}, config = {}) {
  return must(
    sluice.api('POST', 'destinations/web/production', {
      kind: 'kinesis', on: true, name: 'flags to the lake', ...fields,
      config: { region: 'us-east-1', streamName: 'flag-events', roleArn: ROLE, externalId: EXTERNAL_ID, ...config },
    }),
  );
}

export function evaluation(key, user, value = true, fields = {}) {
  return { kind: 'feature', key, version: 7, variation: value ? 1 : 0, value, default: false, creationDate: Date.now(), context: { kind: 'user', key: user, name: user[0].toUpperCase() + user.slice(1) }, ...fields };
}

export function counters(key, count) {
  const now = Date.now();
  return { kind: 'summary', startDate: now - 1_000, endDate: now, features: { [key]: { default: false, contextKinds: ['user'], counters: [{ value: true, variation: 1, version: 7, count }] } } };
}
