// One child process: started, watched, its output kept, stopped by its id.
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

const KEPT_OUTPUT_BYTES = 1 << 20;
const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

export class Process {
  constructor(name, command, args, { env = process.env, cwd } = {}) {
    this.name = name;
    this.output = '';
    this.child = spawn(command, args, { env, cwd, stdio: ['ignore', 'pipe', 'pipe'] });
    running.add(this.child);
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream.setEncoding('utf8').on('data', (text) => {
        this.output = (this.output + text).slice(-KEPT_OUTPUT_BYTES);
      });
    }
    // Resolves with the exit status, or the signal's name.
    this.ended = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.output += `\n${error.message}`;
        resolve(error.code);
      });
      this.child.once('close', (status, signal) => resolve(signal ?? status));
    }).then((result) => {
      running.delete(this.child);
      this.result = result;
      return result;
    });
  }

  get pid() {
    return this.child.pid;
  }

  get alive() {
    return this.result === undefined;
  }

  // For conditions: fails at once, with what the process said, when it has ended by itself.
  requireAlive() {
    if (this.alive) return;
    throw Object.assign(new Error(`${this.name} has ended (${this.result}):\n${this.tail()}`), { fatal: true });
  }

  tail(lines = 30) {
    return this.output.trimEnd().split('\n').slice(-lines).join('\n');
  }

  async stop(signal = 'SIGTERM', { timeoutMs = 20_000 } = {}) {
    if (!this.alive) return this.result;
    this.child.kill(signal);
    const timer = setTimeout(() => this.child.kill('SIGKILL'), timeoutMs);
    const result = await this.ended;
    clearTimeout(timer);
    return result;
  }
}

// Runs a program to its end.
export async function runToEnd(command, args, options) {
  const child = new Process(path.basename(command), command, args, options);
  const status = await child.ended;
  return { status, output: child.output };
}

const given = new Set();

// A port that nobody listens on, and that no other caller in this process was given.
export async function freePort() {
  for (;;) {
    const port = await new Promise((resolve, reject) => {
      const server = createServer().once('error', reject);
      server.listen(0, '127.0.0.1', () => {
        const { port } = server.address();
        server.close(() => resolve(port));
      });
    });
    if (!given.has(port)) {
      given.add(port);
      return port;
    }
  }
}

// A folder that is gone when the test is over.
export async function temporaryFolder(t) {
  const folder = await mkdtemp(path.join(tmpdir(), 'sluice-test-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 }));
  return folder;
}
