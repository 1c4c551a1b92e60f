// The recipes of examples/consume by AWS's own runtime clients for Lambda, and in Python. The same for Node.js without them is in
// tests/integration/consume.test.js.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { run } from '../conformance/toolchains.js';
import { assertApplication, PROMISES } from '../integration/lib/recipe_application.js';
import { runEventSource } from '../integration/lib/lambda_event_source.js';
import { assertAliens, assertComplete, copyOfRecipe, ENCODINGS, mapping, Streams } from '../integration/lib/recipes.js';
import { LambdaRuntime } from './lambda_runtime.js';
import { lambdaRic, python } from './toolchains.js';

const EVENTS = 3_000;

async function assertLambda(t, recipe, command, folder) {
  const streams = await Streams.start(t);
  await streams.send(EVENTS / 2);
  await streams.putAliens();
  await streams.send(EVENTS / 2);
  for (const encoding of ENCODINGS) {
    const runtime = await LambdaRuntime.start(t, command, folder);
    const { givenUp, invocations } = await runEventSource({ client: streams.client, stream: streams.nameOf(encoding), mapping: mapping(), invoke: (event) => runtime.invoke(event) });
    await runtime.stop();
    t.diagnostic(`${encoding}: ${invocations} invocations`);
    assertAliens(givenUp.map(({ kinesis }) => kinesis.data));
    assert.match(runtime.said, /Record cannot be read/);
    await assertComplete(t, recipe, streams, encoding, runtime.lines);
  }
}

test('Lambda, Node.js, by aws-lambda-ric 3.3.0: every encoding gives every event once by its id', { skip: lambdaRic.missing() ?? false, timeout: 900_000 }, async (t) => {
  await assertLambda(t, 'Lambda, Node.js (aws-lambda-ric)', [...lambdaRic.prepare(), 'lambda.handler'], await copyOfRecipe(t, 'node'));
});

test('Lambda, Python, by awslambdaric 4.2.2: every encoding gives every event once by its id', { skip: python.missing() ?? false, timeout: 300_000 }, async (t) => {
  await assertLambda(t, 'Lambda, Python (awslambdaric)', [python.prepare(), '-m', 'awslambdaric', 'lambda_function.handler'], await copyOfRecipe(t, 'python'));
});

test('own application, Python: killed and resharded, it processes every event of every encoding at least once, and once by its id', { skip: python.missing() ?? false, timeout: 300_000 }, async (t) => {
  const command = [python.prepare(), path.join(await copyOfRecipe(t, 'python'), 'application.py')];
  await assertApplication(t, 'own application, Python', command, EVENTS);
});

for (const [promise, assertion] of Object.entries(PROMISES)) {
  test(`own application, Python: ${promise}`, { skip: python.missing() ?? false, timeout: 300_000 }, async (t) => assertion(t, [python.prepare(), path.join(await copyOfRecipe(t, 'python'), 'application.py')]));
}

test('Python: ids are remembered up to the window, and only of events that were stored', { skip: python.missing() ?? false, timeout: 300_000 }, async (t) => {
  run(python.prepare(), ['-c', `
from recent_ids import RecentIds
from records import Event
recent, events = RecentIds(2), lambda *ids: [Event(id, "", {}) for id in ids]
assert recent.fresh(events("a", "b", "a")) == events("a", "b")
assert recent.fresh(events("a")) == events("a"), "it was not stored"
recent.add(events("a", "b"))
recent.add(events("a"))
assert recent.fresh(events("a", "b", "c")) == events("c")
recent.add(events("c"))
assert recent.fresh(events("a", "b", "c")) == events("a"), "the oldest left the window"
`], { cwd: await copyOfRecipe(t, 'python') });
});

for (const [name, module] of [['node', './stream.mjs'], ['duckdb', '@duckdb/node-api']]) {
  test(`the packages that examples/consume/${name} locks are found by their hashes, and load`, { timeout: 300_000 }, async (t) => {
    const cwd = await copyOfRecipe(t, name, { packages: false });
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd });
    run(process.execPath, ['--input-type=module', '-e', `await import('${module}')`], { cwd });
  });
}
