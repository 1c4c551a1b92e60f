// What an SDK sends and asks, read on the way to the server that is meant, as far as its answers have an end; or kept, when there is none.
import { createServer } from 'node:http';
import { gunzipSync } from 'node:zlib';

const CORS = { 'Access-Control-Allow-Origin': '*', 'Access-Control-Allow-Headers': '*', 'Access-Control-Allow-Methods': 'POST,OPTIONS' };
// Of one connection, or of what fetch has decoded.
const NOT_PASSED_ON = new Set(['connection', 'content-encoding', 'content-length', 'host', 'keep-alive', 'transfer-encoding']);

export class EventTap {
  static async start(t, target = null) {
    const tap = new EventTap();
    Object.assign(tap, { events: [], asked: [], target });
    const server = createServer((request, response) => tap.#serve(request, response).catch(() => response.destroy()));
    await new Promise((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    tap.uri = `http://127.0.0.1:${server.address().port}`;
    t.after(() => {
      server.closeAllConnections();
      server.close();
    });
    return tap;
  }

  async #serve(request, response) {
    const parts = [];
    for await (const part of request) parts.push(part);
    const body = Buffer.concat(parts);
    this.asked.push(`${request.method} ${request.url}`);
    if (request.method === 'POST' && !request.url.includes('diagnostic')) {
      const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      this.events.push(...JSON.parse(plain));
    }
    if (!this.target) {
      const headers = request.headers['access-control-request-headers'];
      return void response.writeHead(request.method === 'OPTIONS' ? 204 : 202, { ...CORS, ...(headers && { 'Access-Control-Allow-Headers': headers }) }).end();
    }
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !NOT_PASSED_ON.has(name) || name === 'content-encoding'));
    const answer = await fetch(this.target + request.url, { method: request.method, headers, ...(body.length > 0 && { body }) });
    response.writeHead(answer.status, Object.fromEntries([...answer.headers].filter(([name]) => !NOT_PASSED_ON.has(name))));
    response.end(Buffer.from(await answer.arrayBuffer()));
  }
}
