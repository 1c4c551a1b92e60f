// SDKs of other languages as a test talks to them (../integration/relay/tables.js): a program each, which is told and answers line by line.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

// `command`: the program. `place`: the first line that it is told; it answers when its SDK has flags.
async function openProgram(t, [command, ...args], place) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  t.after(() => child.kill('SIGKILL'));
  const waiting = [];
  let said = '', ended;
  child.stderr.on('data', (data) => (said += data));
  child.stdin.on('error', () => {}); // it has ended: told below
  const fail = (reason) => {
    ended = new Error(`${command} ended (${reason}): ${said}`);
    for (const { reject } of waiting.splice(0)) reject(ended);
  };
  child.on('error', (error) => fail(error.message)).on('close', fail);
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift()?.resolve(JSON.parse(line)));
  const ask = (what) => new Promise((resolve, reject) => {
    if (ended) return void reject(ended);
    waiting.push({ resolve, reject });
    child.stdin.write(`${JSON.stringify(what)}\n`);
  });
  await ask(place);
  return {
    evaluate: async (flag, context) => (await ask({ do: 'evaluate', flag, context })).value,
    details: (context, flags) => ask({ do: 'details', flags, context }),
    track: (event, context) => ask({ do: 'track', event, context }),
    flush: () => ask({ do: 'flush' }),
    close: () => child.stdin.end(),
  };
}

// A toolchain (toolchains.js) whose program, told to hold a session, is one.
// `secondProtocol`: how its program is told to speak that, as people write it.
export function programSession(toolchain, { secondProtocol } = {}) {
  let command;
  return {
    name: toolchain.name,
    users: toolchain.users,
    secondProtocol,
    missing: toolchain.missing,
    open: (t, { sdkKey, flagsUri, eventsUri, secondProtocol: speak = false }) =>
      openProgram(t, (command ??= toolchain.prepare()), { session: true, sdkKey, flagsUri, intakeUri: eventsUri, secondProtocol: speak }),
  };
}
