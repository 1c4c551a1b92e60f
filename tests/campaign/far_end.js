// The far end of a tee or a webhook, as a server of its own: it keeps what it took, and fails, is slow and loses answers as it is told.
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';

export class FarEnd {
  static async start(t) {
    const farEnd = new FarEnd();
    farEnd.taken = [];  // headers and body of each request that was taken
    farEnd.fair();
    farEnd.server = createServer(async (request, response) => {
      try {
        const body = Buffer.concat(await request.toArray());
        await farEnd.answer({ headers: request.headers, body }, response);
      } catch { /* Sluice was killed while it sent */ }
    });
    await new Promise((resolve) => { farEnd.server.listen(0, '127.0.0.1', resolve); });
    farEnd.uri = `http://127.0.0.1:${farEnd.server.address().port}`;
    t.after(() => { farEnd.server.closeAllConnections(); farEnd.server.close(); });
    return farEnd;
  }

  fair() {
    this.weather = null;
  }

  // From now on a part of the requests each: refused for a time, too many, broken before and after they are taken, slow. `random` decides.
  storm(random) {
    this.weather = random;
  }

  async answer(request, response) {
    const fate = this.weather === null ? 1 : this.weather();
    if (fate < 0.1) return response.writeHead(503).end();
    if (fate < 0.2) return response.writeHead(429, { 'Retry-After': '1' }).end();
    if (fate < 0.3) return response.destroy();
    if (fate < 0.35) await pause(2000);
    this.taken.push(request);
    if (fate < 0.5) return response.destroy();
    return response.writeHead(202).end();
  }
}
