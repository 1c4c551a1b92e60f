// A Redis of the test's own. Debian's redis-tools has the server under the name of its checker: it is one program that goes by its name.
import { existsSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { freePort } from '../lib/process.js';
import { waitFor } from '../lib/wait.js';

const PROGRAM = '/usr/bin/redis-check-rdb';

export class Redis {
  static missing = () => (existsSync(PROGRAM) ? null : 'redis-tools is not installed');

  static async start(t) {
    const redis = new Redis();
    redis.port = await freePort();
    const child = spawn(PROGRAM, ['--port', String(redis.port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'], { argv0: 'redis-server', stdio: 'ignore' });
    t.after(() => child.kill('SIGKILL'));
    await waitFor('Redis to answer', async () => (await redis.ask('PING')).startsWith('+PONG'));
    return redis;
  }

  // The first bytes of its answer, in Redis's own form.
  ask(command) {
    return new Promise((resolve, reject) => {
      const socket = connect(this.port, '127.0.0.1', () => socket.write(`${command}\r\n`));
      socket.on('data', (data) => { socket.destroy(); resolve(data.toString()); }).on('error', reject);
    });
  }
}
