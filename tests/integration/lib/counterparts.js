// Two Kinesis of other hands, from npm. Neither verifies signatures nor throttles: that is kinesim's part
// (docs/kinesis-counterparts.md).
import { createRequire } from 'node:module';
import path from 'node:path';
import { freePort, Process } from './process.js';
import { kinesisClient } from './aws.js';
import { waitFor } from './wait.js';
import { ListStreamsCommand } from '@aws-sdk/client-kinesis';

const require = createRequire(import.meta.url);
const credentials = { accessKeyId: 'AKIDCOUNTERPART00001', secretAccessKey: 'any-secret' };

async function answering(t, child, endpoint) {
  t.after(() => child.stop('SIGKILL'));  // they keep nothing, and kinesis-local takes long to end politely
  const client = kinesisClient({ endpoint, credentials });
  t.after(() => client.destroy());
  await waitFor(
    `${child.name} to answer`,
    async () => {
      child.requireAlive();
      return client.send(new ListStreamsCommand({}));
    },
    { timeoutMs: 60_000 },
  );
  return { uri: endpoint, credentials, client, process: child };
}

export async function startKinesalite(t) {
  const port = await freePort();
  const script = path.join(path.dirname(require.resolve('kinesalite')), 'cli.js');
  const args = [script, '--port', String(port), '--createStreamMs', '50', '--shardLimit', '100'];
  return answering(t, new Process('kinesalite', process.execPath, args), `http://127.0.0.1:${port}`);
}

export async function startKinesisLocal(t) {
  const [plain, tls] = [await freePort(), await freePort()];
  const folder = path.dirname(require.resolve('kinesis-local/package.json'));
  const env = {
    ...process.env,
    KINESIS_MOCK_CERT_PATH: path.join(folder, 'server.json'),
    KINESIS_MOCK_PLAIN_PORT: String(plain),
    KINESIS_MOCK_TLS_PORT: String(tls),
    LOG_LEVEL: 'WARN',
  };
  const child = new Process('kinesis-local', process.execPath, ['main.js'], { cwd: folder, env });
  return { ...(await answering(t, child, `http://127.0.0.1:${plain}`)), tlsEndpoint: `https://localhost:${tls}` };
}
