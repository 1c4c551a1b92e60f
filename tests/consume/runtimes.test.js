// The recipes of examples/consume by AWS's own runtime clients for Lambda, and in Python. The same for Node.js without them is in
// tests/integration/consume.test.js.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
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
