// Stands in LaunchDarkly's place: answers as its event service does, and keeps what it got.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';
import { destination } from './sluice.js';

// The service answers browsers of any origin.
const CORS = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*', 'Access-Control-Allow-Methods': 'POST,OPTIONS' };

// `answer(request)` gives the status; 0 breaks the connection.
export class Recorder {
  static async start(t, { port = 0 } = {}) {
    const recorder = new Recorder();
    recorder.requests = []; // those that were accepted
    recorder.attempts = 0;
    recorder.answer = () => 202;
    recorder.port = port;
    await recorder.listen();
    recorder.uri = `http://127.0.0.1:${recorder.port}`;
    t.after(() => recorder.refuse());
    return recorder;
  }

  async listen() {
    this.server = createServer((request, response) => this.#serve(request, response));
    await new Promise((resolve, reject) => { this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve); });
    this.port = this.server.address().port;
  }

  // Connections are refused until listen().
  async refuse() {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => { this.server.close(resolve); });
    this.server.closeAllConnections();
    await closed;
  }

  #serve(request, response) {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const { method, url, headers } = request;
      if (method === 'OPTIONS') return response.writeHead(204, { ...CORS, 'Access-Control-Allow-Headers': headers['access-control-request-headers'] ?? '*' }).end();
      const got = { method, url, headers, body: Buffer.concat(parts) };
      this.attempts++;
      const status = this.answer(got);
      if (status === 0) return response.destroy();
      if (status < 300) this.requests.push(got);
      response.writeHead(status, { 'Content-Type': 'application/json', ...CORS });
      response.end(status < 300 ? '' : '{"message":"as the test says"}');
    });
  }

  payloads() {
    return this.requests.filter(({ url }) => !url.includes('diagnostic'));
  }
}

// A [[destination]] that forwards to it.
export const tee = ({ uri }, fields = {}) => destination({
  name: 'launchdarkly', kind: 'launchdarkly-events', region: undefined, stream_name: undefined, events_uri: uri, ...fields,
});

// A request, with what differs between two runs of an SDK equalised.
const KEPT = ['user-agent', 'content-type', 'content-encoding', 'x-launchdarkly-event-schema', 'x-launchdarkly-user-agent', 'x-launchdarkly-wrapper', 'x-launchdarkly-tags'];
export function shapeOf({ method, url, headers, body }) {
  const plain = headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
  const text = plain.toString().replace(/\d{13}(\.\d+)?/g, 'TIME').replace(/localhost:\d+/g, 'localhost').replace(/"[0-9a-f]{8}-[0-9a-f-]{27}"/g, '"UUID"');
  return { method, url, headers: Object.fromEntries(KEPT.filter((name) => headers[name]).map((name) => [name, headers[name]])), text };
}
