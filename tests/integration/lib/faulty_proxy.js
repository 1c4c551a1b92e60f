// Stands before a server and passes requests on, until the test has it answer badly, or show a bad certificate.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import path from 'node:path';

export class FaultyProxy {
  // `tls`: {key, cert} for https.
  static async start(t, serverPort, { tls } = {}) {
    const proxy = new FaultyProxy();
    proxy.serverPort = serverPort;
    proxy.fault = undefined; // called with (response, pass, body) in place of passing on
    proxy.requests = 0;
    const serve = (request, response) => proxy.#serve(request, response);
    proxy.server = tls ? https.createServer(tls, serve) : http.createServer(serve);
    proxy.connections = 0;
    proxy.server.on('connection', () => proxy.connections++);
    await new Promise((resolve) => { proxy.server.listen(0, '127.0.0.1', resolve); });
    proxy.host = `127.0.0.1:${proxy.server.address().port}`;
    proxy.uri = `${tls ? 'https' : 'http'}://${proxy.host}`;
    t.after(() => {
      proxy.server.closeAllConnections();
      proxy.server.close();
    });
    return proxy;
  }

  // Shows another certificate to those who connect from now on.
  show(tls) {
    this.server.setSecureContext(tls);
    this.server.closeAllConnections();
  }

  async #serve(request, response) {
    response.on('error', () => {});
    const body = Buffer.concat(await request.toArray());
    this.requests++;
    const pass = () => new Promise((resolve, reject) => {
      const onward = http.request({ port: this.serverPort, host: '127.0.0.1', method: request.method, path: request.url, headers: request.headers }, async (answer) => {
        resolve({ status: answer.statusCode, headers: answer.headers, body: Buffer.concat(await answer.toArray()) });
      });
      onward.on('error', reject).end(body);
    });
    if (this.fault) return this.fault(response, pass, body);
    const { status, headers, body: answered } = await pass();
    response.writeHead(status, headers).end(answered);
  }
}

// What answers badly. Those that pass the request on have it done, and lose the answer.
export const FAULTS = {
  garbage: (response) => response.socket.end('SSH-2.0-OpenSSH_9.6\r\n'),
  truncated: async (response, pass) => {
    const { status, headers, body } = await pass();
    response.writeHead(status === 204 ? 200 : status, { 'content-type': headers['content-type'] ?? 'text/plain', 'content-length': body.length + 1000 });
    response.write(body.subarray(0, body.length / 2));
    response.write(' ');
    setTimeout(() => response.destroy(), 20);
  },
  redirect: (location) => (response) => response.writeHead(307, { Location: location }).end(),
  endless: (status) => (response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    const timer = setInterval(() => response.write('x'.repeat(65_536)), 10);
    response.once('close', () => clearInterval(timer));
  },
};

// Certificates for 127.0.0.1 of an authority of the test: `good`, `expired`, `of another host`, and `of another authority`.
export function certificates(folder) {
  const openssl = (...args) => execFileSync('openssl', args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'], encoding: 'utf8' });
  const at = (name) => path.join(folder, name);
  const authority = (name) => openssl('req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '30', '-subj', `/CN=${name}`, '-keyout', `${name}.key`, '-out', `${name}.pem`);
  writeFileSync(at('ca.conf'), `[ca]
default_ca = one
[one]
new_certs_dir = .
database = index
rand_serial = yes
default_md = sha256
policy = any
copy_extensions = copy
unique_subject = no
[any]
commonName = supplied
`);
  writeFileSync(at('index'), '');
  openssl('ecparam', '-name', 'prime256v1', '-genkey', '-noout', '-out', 'server.key');
  authority('trusted');
  authority('unknown');
  const pair = (name, { by = 'trusted', san = 'IP:127.0.0.1', from = '20200101000000Z', to = '20990101000000Z' }) => {
    openssl('req', '-new', '-key', 'server.key', '-subj', `/CN=${name}`, '-addext', `subjectAltName=${san}`, '-out', `${name}.csr`);
    openssl('ca', '-batch', '-notext', '-config', 'ca.conf', '-cert', `${by}.pem`, '-keyfile', `${by}.key`, '-startdate', from, '-enddate', to, '-in', `${name}.csr`, '-out', `${name}.pem`);
    return { key: readFileSync(at('server.key')), cert: readFileSync(at(`${name}.pem`)) };
  };
  return {
    bundle: at('trusted.pem'),
    good: pair('good', {}),
    expired: pair('expired', { to: '20210101000000Z' }),
    'of another host': pair('elsewhere', { san: 'DNS:elsewhere.example' }),
    'of another authority': pair('stranger', { by: 'unknown' }),
  };
}
