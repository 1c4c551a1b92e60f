// A TCP gate before a server: what goes to its port comes to the server, until the test has it refuse or hang.
import { connect, createServer } from 'node:net';

export class Gate {
  static async start(t, serverPort) {
    const gate = new Gate();
    gate.serverPort = serverPort;
    gate.port = 0;
    gate.sockets = new Set();
    gate.connections = 0; // how many were accepted
    await gate.open();
    gate.uri = `http://127.0.0.1:${gate.port}`;
    t.after(() => gate.refuse());
    return gate;
  }

  // Everything passes; what hung until now is cut off.
  async open() {
    this.hangs = false;
    this.#cut();
    if (this.server) return;
    this.server = createServer((socket) => this.#accept(socket));
    await new Promise((resolve, reject) => { this.server.once('error', reject).listen(this.port, '127.0.0.1', resolve); });
    this.port = this.server.address().port;
  }

  // Connections are cut off, and new ones refused.
  async refuse() {
    const { server } = this;
    this.server = undefined;
    const closed = server && new Promise((resolve) => { server.close(resolve); });
    this.#cut();
    await closed;
  }

  // Connections are accepted, and nothing comes through any more, either way.
  hang() {
    this.hangs = true;
    for (const socket of this.sockets) socket.unpipe().pause();
  }

  #cut() {
    for (const socket of this.sockets) socket.destroy();
  }

  #keep(socket) {
    this.sockets.add(socket);
    return socket.on('error', () => {}).once('close', () => this.sockets.delete(socket));
  }

  #accept(socket) {
    this.connections++;
    this.#keep(socket);
    if (this.hangs) return socket.pause();
    const onward = this.#keep(connect(this.serverPort, '127.0.0.1'));
    socket.pipe(onward).pipe(socket);
    socket.once('close', () => onward.destroy());
    onward.once('close', () => socket.destroy());
  }
}
