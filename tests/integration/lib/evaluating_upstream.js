// LaunchDarkly's flag delivery for tests: servers get flag data, mobile apps and browsers what LaunchDarkly's own Node SDK evaluates of it.
//
// Flags and segments are told as JSON texts by key, so that what is served is what a test wrote, digit for digit.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const CORS = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*', 'Access-Control-Allow-Methods': 'GET,REPORT,OPTIONS' };
// A client's `version` is the environment's, `flagVersion` the flag's own, and they differ.
const ENVIRONMENT_VERSION = 100;

const textOf = (item) => (typeof item === 'string' ? item : JSON.stringify(item));
const objectText = (items) => `{${Object.entries(items).map(([key, item]) => `${JSON.stringify(key)}:${textOf(item)}`).join(',')}}`;
const eventText = (name, data) => `event: ${name}\ndata: ${data}\n\n`;

// Which requests get which answer: the first pattern that matches. `context`: the group that has the encoded context.
const CLIENT_STREAM = /^\/(?:eval\/[^/]+|meval)(?:\/(?<context>.+))?$/;
const CLIENT_POLL = /^\/(?:sdk\/evalx\/[^/]+|msdk\/evalx)\/(?:(?:contexts|users)\/(?<context>.+)|context|user)$/;

async function bodyOf(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts).toString();
}

export class EvaluatingUpstream {
  // `evaluates`: whether mobile apps and browsers are answered.
  static async start(t, { flags, segments = {}, port = 0, evaluates = true }) {
    const upstream = new EvaluatingUpstream();
    Object.assign(upstream, { flags, segments, asked: [], streams: new Set() });
    upstream.server = createServer({ maxHeaderSize: 256 << 10 }, (request, response) => upstream.#serve(request, response));
    await new Promise((resolve, reject) => { upstream.server.once('error', reject).listen(port, '127.0.0.1', resolve); });
    upstream.uri = `http://127.0.0.1:${upstream.server.address().port}`;
    t.after(() => {
      upstream.client?.close();
      upstream.server.closeAllConnections();
      upstream.server.close();
    });
    if (!evaluates) return upstream;
    const options = { streamUri: upstream.uri, baseUri: upstream.uri, eventsUri: upstream.uri, sendEvents: false, logger: quiet };
    upstream.client = require('@launchdarkly/node-server-sdk').init('sdk-evaluator', options);
    await upstream.client.waitForInitialization({ timeout: 10 });
    return upstream;
  }

  // The answers of other statuses and bodies: `answer(request, response)` returns true when it answered.
  answer = () => false;

  put() {
    return `{"path":"/","data":${this.latest()}}`;
  }

  latest() {
    return `{"flags":${objectText(this.flags)},"segments":${objectText(this.segments)}}`;
  }

  // An event to all streams of servers, as it is.
  send(name, data) {
    for (const stream of this.streams) stream.write(eventText(name, textOf(data)));
  }

  // `kind`: "flags" or "segments".
  patch(kind, key, item) {
    this[kind] = { ...this[kind], [key]: item };
    this.send('patch', `{"path":${JSON.stringify(`/${kind}/${key}`)},"data":${textOf(item)}}`);
  }

  remove(kind, key, version) {
    const { [key]: gone, ...rest } = this[kind];
    void gone;
    this[kind] = rest;
    this.send('delete', { path: `/${kind}/${key}`, version });
  }

  // As when it restarts: SDKs and relays connect again.
  endStreams() {
    for (const stream of this.streams) stream.destroy();
  }

  async evaluated(context, withReasons) {
    const state = (await this.client.allFlagsState(context, { withReasons })).toJSON();
    return Object.fromEntries(Object.entries(state.$flagsState).map(([key, { version, ...facts }]) =>
      [key, { value: state[key] ?? null, version: ENVIRONMENT_VERSION + version, flagVersion: version, ...facts }]));
  }

  async #serve(request, response) {
    const body = await bodyOf(request);
    const url = new URL(request.url, 'http://upstream');
    const path = url.pathname.replace(/^\/+/, '/');
    this.asked.push({ method: request.method, path, query: url.search, authorization: request.headers.authorization, body });
    if (await this.answer(request, response)) return;
    const json = (text) => response.writeHead(200, { ...CORS, 'Content-Type': 'application/json' }).end(text);
    const stream = (name, data) => response.writeHead(200, { ...CORS, 'Content-Type': 'text/event-stream' }).write(eventText(name, data));
    if (request.method === 'OPTIONS') return void response.writeHead(204, CORS).end();
    if (path === '/all') {
      this.streams.add(response.on('close', () => this.streams.delete(response)));
      return void stream('put', this.put());
    }
    if (path === '/flags') return void stream('put', objectText(this.flags));
    if (path === '/sdk/latest-all') return void json(this.latest());
    if (path.startsWith('/sdk/goals/')) return void json('[]');
    const client = CLIENT_STREAM.exec(path) ?? CLIENT_POLL.exec(path);
    if (!client) return void response.writeHead(404, CORS).end();
    const context = JSON.parse(request.method === 'REPORT' ? body : Buffer.from(decodeURIComponent(client.groups.context), 'base64').toString());
    const evaluated = JSON.stringify(await this.evaluated(context, url.searchParams.get('withReasons') === 'true'));
    if (CLIENT_STREAM.test(path)) stream('put', evaluated);
    else json(evaluated);
  }
}
