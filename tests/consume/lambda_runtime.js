// Lambda's runtime API, served to one of AWS's runtime clients, which runs a function's handler. One invocation at a time, as Lambda.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

const ARN = 'arn:aws:lambda:us-east-1:123456789012:function:flag-events';
const TIMEOUT_MS = 60_000;

export class LambdaRuntime {
  // `command`: a runtime client and the handler's name; `folder`: the function's code.
  static async start(t, command, folder) {
    const runtime = new LambdaRuntime();
    runtime.lines = [];  // the events that the function wrote
    runtime.said = '';   // what it, and the runtime client, said beside them
    runtime.server = createServer((request, response) => runtime.#answer(request, response)).listen(0, '127.0.0.1');
    await once(runtime.server, 'listening');
    const [program, ...args] = command;
    runtime.child = spawn(program, args, {
      cwd: folder, stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH, AWS_LAMBDA_RUNTIME_API: `127.0.0.1:${runtime.server.address().port}`, LAMBDA_TASK_ROOT: folder, _HANDLER: args.at(-1),
        AWS_LAMBDA_FUNCTION_NAME: 'flag-events', AWS_LAMBDA_FUNCTION_VERSION: '$LATEST', AWS_LAMBDA_FUNCTION_MEMORY_SIZE: '256', AWS_REGION: 'us-east-1',
      },
    });
    runtime.ended = once(runtime.child, 'close').then(([status, signal]) => {
      runtime.#fail(new Error(`the runtime client ended (${signal ?? status}): ${runtime.said.slice(-2000)}`));
    });
    createInterface({ input: runtime.child.stdout }).on('line', (line) => {
      if (line.startsWith('{"project"')) runtime.lines.push(line);
      else runtime.said += `${line}\n`;
    });
    runtime.child.stderr.setEncoding('utf8').on('data', (text) => { runtime.said += text; });
    t.after(() => runtime.stop());
    return runtime;
  }

  // Resolves to what the handler returned.
  async invoke(event) {
    const answered = new Promise((resolve, reject) => { this.invocation = { id: randomUUID(), event, resolve, reject }; });
    if (this.failed) this.#fail(this.failed);
    this.#give();
    return answered;
  }

  // The lines are all there afterwards.
  async stop() {
    this.child.kill('SIGKILL');
    await this.ended;
    this.server.close();
    this.server.closeAllConnections();
  }

  #give() {
    if (!this.waiting || !this.invocation || this.invocation.given) return;
    this.invocation.given = true;
    this.waiting.writeHead(200, {
      'Content-Type': 'application/json', 'Lambda-Runtime-Aws-Request-Id': this.invocation.id, 'Lambda-Runtime-Invoked-Function-Arn': ARN,
      'Lambda-Runtime-Deadline-Ms': `${Date.now() + TIMEOUT_MS}`, 'Lambda-Runtime-Trace-Id': 'Root=1-00000000-000000000000000000000000;Sampled=0',
    }).end(JSON.stringify(this.invocation.event));
    this.waiting = undefined;
  }

  #fail(error) {
    this.failed = error;
    this.invocation?.reject(error);
  }

  async #answer(request, response) {
    const body = Buffer.concat(await request.toArray()).toString('utf8');
    if (request.url.endsWith('/runtime/invocation/next')) {
      this.waiting = response;
      return this.#give();
    }
    const { invocation } = this;
    response.writeHead(202, { 'Content-Type': 'application/json' }).end('{"status":"OK"}');
    if (request.url.endsWith(`/runtime/invocation/${invocation?.id}/response`)) invocation.resolve(JSON.parse(body));
    else this.#fail(new Error(`the runtime client reports to ${request.url}: ${body}`));
  }
}
