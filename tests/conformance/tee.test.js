// LaunchDarkly's Python SDK through the tee: what the recorder in LaunchDarkly's place gets is, byte for byte, what the SDK sends it
// directly. An SDK whose toolchain is missing is skipped by name.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startFlagServer } from '../integration/lib/flag_server.js';
import { Recorder, shapeOf, tee } from '../integration/lib/recorder.js';
import { SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { scenario, scenarioFlags, stepsOf } from './scenario.js';
import { drive, python, PYTHON_VERSIONS } from './toolchains.js';

for (const version of PYTHON_VERSIONS) {
  const sdk = python(version);
  const lacking = sdk.missing();
  test(`${sdk.name}: LaunchDarkly gets the same through the tee as directly`, { skip: lacking ?? false, timeout: 300_000 }, async (t) => {
    const command = sdk.prepare();
    const { uri: flagsUri } = await startFlagServer(t, { flags: scenarioFlags() });
    const direct = await Recorder.start(t);
    const through = await Recorder.start(t);
    const sluice = await Sluice.start(t, { destinations: [tee(through)] });
    for (const intakeUri of [direct.uri, sluice.uri]) {
      // Two runs put the members of a set in one order.
      const env = { ...process.env, PYTHONHASHSEED: '0' };
      await drive(command, { sdkKey: SDK_KEY, flagsUri, intakeUri, scenario: { ...scenario, steps: stepsOf(sdk) } }, { env });
    }
    await waitFor('the payloads', () => direct.payloads().length > 0 && through.payloads().length >= direct.payloads().length);
    await waitFor('all to be forwarded', async () => (await sluice.destination('launchdarkly')).backlog.events === 0);
    assert.deepEqual(through.payloads().map(shapeOf), direct.payloads().map(shapeOf));
    const ids = through.payloads().map(({ headers }) => headers['x-launchdarkly-payload-id']);
    assert.equal(new Set(ids).size, ids.length);
    for (const { headers } of through.payloads()) assert.equal(headers.authorization, SDK_KEY);
    const diagnostics = ({ requests }) => requests.filter(({ url }) => url.includes('diagnostic')).map(shapeOf);
    await waitFor('diagnostic events', () => diagnostics(through).length >= diagnostics(direct).length);
    assert.deepEqual(diagnostics(through), diagnostics(direct));
    const bytes = through.payloads().reduce((sum, { body }) => sum + body.length, 0);
    t.diagnostic(`${ids.length} payloads, ${bytes} bytes, and ${diagnostics(through).length} diagnostic events`);
  });
}
