// Both listeners speak TLS; a certificate is renewed without a restart, and a bad one changes nothing.
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import path from 'node:path';
import { test } from 'node:test';
import { connect } from 'node:tls';
import { kinesimBinary, sluiceBinary } from './lib/paths.js';
import { freePort, Process, runToEnd, temporaryFolder } from './lib/process.js';
import { ADMIN_TOKEN } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

// kinesim makes a pair for localhost and ends.
async function makePair(t, folder) {
  const kinesim = new Process('kinesim', kinesimBinary, ['--listen', '127.0.0.1:0', '--tls-listen', '127.0.0.1:0', '--tls-dir', folder]);
  t.after(() => kinesim.stop('SIGKILL'));
  await waitFor('the certificate', () => existsSync(path.join(folder, 'kinesim-key.pem')) && existsSync(path.join(folder, 'kinesim-cert.pem')) && readFileSync(path.join(folder, 'kinesim-key.pem')).length > 0);
  await kinesim.stop('SIGTERM');
  return { certificate: path.join(folder, 'kinesim-cert.pem'), key: path.join(folder, 'kinesim-key.pem') };
}

const call = (port, requestPath, { ca, method = 'GET', body, headers } = {}) => new Promise((resolve, reject) => {
  const request = https.request({ host: '127.0.0.1', port, path: requestPath, method, ca, headers, agent: false }, (response) => {
    let text = '';
    response.setEncoding('utf8').on('data', (piece) => { text += piece; }).on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
  });
  request.on('error', reject).end(body);
});
const fingerprintOf = (port) => new Promise((resolve, reject) => {
  const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false }, () => {
    resolve(socket.getPeerCertificate().fingerprint256);
    socket.destroy();
  }).on('error', reject);
});

test('TLS for SDKs and for the admin port; SIGHUP takes a renewed certificate up', async (t) => {
  const folder = await temporaryFolder(t);
  const first = await makePair(t, path.join(folder, 'first'));
  const second = await makePair(t, path.join(folder, 'second'));
  const [certificate, key] = [path.join(folder, 'tls.crt'), path.join(folder, 'tls.key')];
  const use = (pair) => {
    copyFileSync(pair.certificate, certificate);
    copyFileSync(pair.key, key);
  };
  use(first);
  const ca = readFileSync(first.certificate);
  const [port, adminPort] = [await freePort(), await freePort()];
  const sluice = new Process('sluice', sluiceBinary, ['serve', '--data-dir', path.join(folder, 'data'), '--listen', `127.0.0.1:${port}`, '--admin-listen', `127.0.0.1:${adminPort}`,
    '--tls-certificate', certificate, '--tls-key', key, '--admin-tls-certificate', certificate, '--admin-tls-key', key], { env: { PATH: process.env.PATH, SLUICE_ADMIN_TOKEN: ADMIN_TOKEN } });
  t.after(() => sluice.stop('SIGKILL'));
  await waitFor('sluice to be ready', async () => {
    sluice.requireAlive();
    return (await call(port, '/readyz', { ca })).status === 200;
  });
  assert.equal((await call(adminPort, '/api/v2/projects', { ca, headers: { authorization: ADMIN_TOKEN } })).status, 200);
  const session = await call(adminPort, '/api/session', { ca, method: 'POST', headers: { 'content-type': 'application/json', 'x-sluice-console': '1' }, body: JSON.stringify({ token: ADMIN_TOKEN }) });
  assert.match(session.headers['set-cookie'][0], /; Secure/);
  await assert.rejects(fetch(`http://127.0.0.1:${port}/readyz`), 'plain HTTP gets nothing');

  const before = await fingerprintOf(port);
  use(second);
  sluice.child.kill('SIGHUP');
  await waitFor('the renewed certificate', async () => (await fingerprintOf(port)) !== before && (await fingerprintOf(adminPort)) !== before);
  const renewed = await fingerprintOf(port);
  writeFileSync(certificate, 'not a certificate');
  sluice.child.kill('SIGHUP');
  await waitFor('the fault to be told', () => sluice.output.includes('tls.not_renewed'));
  assert.equal(await fingerprintOf(port), renewed);
});

test('half of a pair is a fault of the configuration', async () => {
  const { status, output } = await runToEnd(sluiceBinary, ['serve', '--check-config', '--tls-key', '/etc/sluice/tls.key'], { env: { PATH: process.env.PATH } });
  assert.equal(status, 2);
  assert.match(output, /intake\.tls_certificate[\s\S]*Give both, or neither/);
});
