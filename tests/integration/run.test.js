// ./run, as a newcomer starts it: sample events are visible in the stream, a flag's switch decides what its SDK sends,
// Ctrl-C stops everything, and the next run resumes where it was.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { integrationFolder, repository } from './lib/paths.js';
import { freePort, Process, runToEnd, temporaryFolder } from './lib/process.js';
import { waitFor } from './lib/wait.js';

async function runArguments(t) {
  const ports = { port: await freePort(), admin: await freePort(), kinesis: await freePort() };
  const folder = await temporaryFolder(t);
  return {
    ports, folder,
    list: ['--port', ports.port, '--admin-port', ports.admin, '--kinesis-port', ports.kinesis, '--dir', folder].map(String),
  };
}

test('./run --once shows the sample events in the stream, and again the second time', async (t) => {
  const { list, folder } = await runArguments(t);
  for (const time of ['first', 'second']) {
    const { status, output } = await runToEnd(path.join(repository, 'run'), ['--once', ...list]);
    assert.equal(status, 0, output);
    const records = output.split('\n').filter((line) => line.includes('"event":{'));
    assert.equal(records.length, 4, `the ${time} run: ${output}`);
    for (const part of ['SDK key', 'curl', 'eventsUri']) assert.ok(output.includes(part), output);
  }
  assert.match(await readFile(path.join(folder, 'sluice.log'), 'utf8'), /server\.stopped/);
});

test('what ./run prints to try works, and Ctrl-C stops everything that ./run started', async (t) => {
  const { list, ports } = await runArguments(t);
  const run = new Process('run', path.join(repository, 'run'), list);
  t.after(() => run.stop('SIGKILL'));
  await waitFor('records', () => run.requireAlive() ?? run.output.split('"event":{').length > 4);
  assert.equal((await fetch(`http://127.0.0.1:${ports.admin}/healthz`)).status, 200);

  // What it prints to try works as printed.
  const snippet = /^ {2}const \{ init \}.*\n.*\n.*$/m.exec(run.output)[0];
  const program = await runToEnd(process.execPath, ['--eval', `${snippet}; setTimeout(() => client.close(), 100)`], { cwd: integrationFolder });
  assert.equal(program.status, 0, program.output);
  const curl = await runToEnd('bash', ['-c', /^ {2}curl -i.*\n.*$/m.exec(run.output)[0]]);
  assert.match(curl.output, / 202 Accepted/);
  await waitFor('both events', () => run.output.split('"key":"checkout"').length > 3);

  // Its SDK takes its flags from Sluice: the switch of a flag decides what is in the stream.
  const evaluationsOf = (flag) => run.output.split('\n').filter((line) => line.includes('"kind":"feature"') && line.includes(`"key":"${flag}"`)).length;
  await waitFor('evaluations of a flag that is on', () => run.requireAlive() ?? evaluationsOf('banner') > 1);
  assert.equal(evaluationsOf('dark-mode'), 0, 'its switch is off');
  const switched = await fetch(`http://127.0.0.1:${ports.admin}/api/v2/flags/demo/dark-mode`, {
    method: 'PATCH', headers: { Authorization: 'api-demo-of-this-machine', 'Content-Type': 'application/json' },
    body: JSON.stringify({ environmentKey: 'production', instructions: [{ kind: 'updateTrackEvents', trackEvents: true }] }),
  });
  assert.equal(switched.status, 200, await switched.text());
  await waitFor('evaluations of the flag that was switched on', () => run.requireAlive() ?? evaluationsOf('dark-mode') > 0);

  assert.equal(await run.stop('SIGINT'), 0, run.tail());
  for (const port of Object.values(ports)) {
    await assert.rejects(fetch(`http://127.0.0.1:${port}/`), 'nobody listens any more');
  }
});

test('./run says when its server is killed, stops the rest and fails', async (t) => {
  const { list, ports } = await runArguments(t);
  const run = new Process('run', path.join(repository, 'run'), list);
  t.after(() => run.stop('SIGKILL'));
  await waitFor('records', () => run.requireAlive() ?? run.output.split('"event":{').length > 4);
  const servers = (await readFile(`/proc/${run.child.pid}/task/${run.child.pid}/children`, 'utf8')).trim().split(' ');
  for (const pid of servers) {
    if ((await readFile(`/proc/${pid}/cmdline`, 'utf8')).includes('sluice\0serve')) process.kill(Number(pid), 'SIGKILL');
  }
  assert.equal(await run.ended, 1);
  assert.match(run.output, /run: sluice was ended by the signal KILL; the rest is stopped\nrun: the last lines of .*sluice\.log:/);
  for (const port of Object.values(ports)) await assert.rejects(fetch(`http://127.0.0.1:${port}/`), 'nobody listens any more');
});

test('./run tells what it does not understand', async () => {
  const { status, output } = await runToEnd(path.join(repository, 'run'), ['--frobnicate']);
  assert.equal(status, 2);
  assert.match(output, /--frobnicate.*--help/);
});
