// How many instructions one event costs, counted by valgrind and therefore the same on a busy machine and on an idle one: for
// comparing two builds when the noise of the machine is larger than their difference.
//
//     SLUICE_COMPARE=/path/to/one/sluice,/path/to/another/sluice node --test tests/bench/instructions.js
//
// 50,000 events of the load generator's shape over 4 connections, TLS to kinesim, less what 10,000 take. What is not counted: the
// kernel's work. OpenSSL falls back to code that a processor of today does not run, so it is told apart.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import test from 'node:test';
import { EXTERNAL_ID, ROLE } from '../integration/lib/kinesim.js';
import { kinesimBinary, sluiceBinary } from '../integration/lib/paths.js';
import { Process, runToEnd, temporaryFolder } from '../integration/lib/process.js';
import { CREDENTIALS, destination, SDK_KEY, Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';

const loadgen = path.join(path.dirname(kinesimBinary), 'loadgen');
const binaries = process.env.SLUICE_COMPARE?.split(',') ?? [sluiceBinary];

// Instructions by library, of callgrind's file: lines `ob=(1) /path/of/library`, then `line cost`; the line after `calls=` is the
// callee's, counted there.
function instructionsByLibrary(text) {
  const names = new Map();
  const sums = new Map();
  let library = '?';
  let ofCallee = false;
  for (const line of text.split('\n')) {
    const named = /^(c?ob)=\((\d+)\)(?: (.*))?$/.exec(line);
    if (named) {
      if (named[3]) names.set(named[2], path.basename(named[3]));
      if (named[1] === 'ob') library = names.get(named[2]);
    } else if (line.startsWith('calls=')) {
      ofCallee = true;
    } else {
      const cost = /^[-+*\d]\S* (\d+)$/.exec(line);
      if (cost && !ofCallee) sums.set(library, (sums.get(library) ?? 0) + Number(cost[1]));
      if (cost) ofCallee = false;
    }
  }
  return sums;
}

// Of a whole life: started, this many payloads of 100 events taken and delivered, stopped in order.
async function instructionsOf(t, binary, payloads) {
  const folder = await temporaryFolder(t);
  const ready = path.join(folder, 'ready.json');
  const kinesim = new Process('kinesim', kinesimBinary, [
    '--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0', '--tls-dir', path.join(folder, 'tls'), '--ready-file', ready,
    '--identity', `${CREDENTIALS.accessKeyId}:${CREDENTIALS.secretAccessKey}`, '--role', `${ROLE},${EXTERNAL_ID}`,
    '--create-stream', 'flag-events:1000', '--no-rate-limits',
  ]);
  t.after(() => kinesim.stop('SIGKILL'));
  const sink = await waitFor('kinesim to be ready', async () => JSON.parse(await readFile(ready, 'utf8')));
  const counted = path.join(folder, 'counted');
  const sluice = await Sluice.start(t, {
    destinations: [destination({ endpoint: `https://${sink.https}`, sts_endpoint: `http://${sink.http}`, role_arn: ROLE, external_id: EXTERNAL_ID })],
    env: { AWS_CA_BUNDLE: sink.certificate },
    command: ['valgrind', '--tool=callgrind', `--callgrind-out-file=${counted}`, binary],
  });
  const { status, output } = await runToEnd(loadgen, [
    '--address', `127.0.0.1:${sluice.port}`, '--sdk-key', SDK_KEY, '--connections', '4', '--payloads', `${payloads}`, '--events', '100', '--seconds', '0',
  ]);
  assert.equal(status, 0, output);
  const events = JSON.parse(output).events_acknowledged;
  assert.equal(events, payloads * 100);
  await waitFor('everything to be delivered', async () => (await (await sluice.page('/status')).json()).destinations[0].backlog.events === 0, { timeoutMs: 120_000 });
  await sluice.process.stop();
  const sums = instructionsByLibrary(await readFile(counted, 'utf8'));
  const all = [...sums.values()].reduce((one, other) => one + other, 0);
  const crypto = [...sums].filter(([name]) => name.startsWith('libcrypto')).reduce((sum, [, count]) => sum + count, 0);
  return { events, own: all - crypto, crypto };
}

// The start and the stop are in both, and not in their difference.
for (const binary of binaries) {
  test(`instructions an event: ${binary}`, async (t) => {
    const few = await instructionsOf(t, binary, 100);
    const many = await instructionsOf(t, binary, 500);
    const events = many.events - few.events;
    t.diagnostic(`${Math.round((many.own - few.own) / events)} instructions an event, and ${Math.round((many.crypto - few.crypto) / events)} of OpenSSL (${events} events)`);
  });
}
