// The server in the sandboxes of deploy/: a read-only root, nobody's user, one directory to write, no privilege.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { eventOf } from './lib/events.js';
import { Kinesim } from './lib/kinesim.js';
import { repository, sluiceBinary } from './lib/paths.js';
import { temporaryFolder } from './lib/process.js';
import { customEvent, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const NOBODY = 65534;
const MOST_EXPOSED = 2.0; // of 10, as systemd-analyze counts
const deploy = (name) => path.join(repository, 'deploy', name);
const has = (program) => spawnSync('sh', ['-c', `command -v ${program}`]).status === 0;
const said = ({ stdout, stderr }) => `${stdout}${stderr}`;

test('as nobody, without a capability, on a read-only root with one directory to write: it takes, delivers, restarts', async (t) => {
  if (process.getuid() !== 0 || spawnSync('unshare', ['--mount', 'true']).status !== 0) return t.skip('needs root and mount namespaces');
  const kinesim = await Kinesim.start(t);
  const folder = await temporaryFolder(t);
  chmodSync(folder, 0o755);
  const [dataDir, binary] = [path.join(folder, 'data'), path.join(folder, 'sluice')];
  mkdirSync(dataDir, { mode: 0o700 });
  chownSync(dataDir, NOBODY, NOBODY);
  copyFileSync(sluiceBinary, binary);
  chmodSync(binary, 0o755);
  // What `docker run --read-only --user 65534 --cap-drop ALL --security-opt no-new-privileges` does.
  const sandbox = `mount --bind ${dataDir} ${dataDir} && mount -o remount,bind,ro / && exec setpriv --reuid ${NOBODY} --regid ${NOBODY} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`;
  const config = path.join(folder, 'sluice.toml');
  const sluice = new SandboxedSluice();
  Object.assign(sluice, { folder, dataDir, configFile: config });
  await sluice.begin(t, kinesim, ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', sandbox, 'sandbox', binary]);
  const status = readFileSync(`/proc/${sluice.process.pid}/status`, 'utf8');
  assert.match(status, new RegExp(`^Uid:\\s+${NOBODY}\\s+${NOBODY}`, 'm'));
  for (const set of ['CapPrm', 'CapEff', 'CapBnd', 'CapInh', 'CapAmb']) assert.match(status, new RegExp(`^${set}:\\s+0+$`, 'm'));
  assert.match(status, /^NoNewPrivs:\s+1$/m);
  const root = readFileSync(`/proc/${sluice.process.pid}/mountinfo`, 'utf8').split('\n').find((line) => line.split(' ')[4] === '/');
  assert.match(root.split(' ')[5], /^ro\b/, root);
  assert.equal(await sluice.post([customEvent('first')]), 202);
  assert.equal(await sluice.process.stop('SIGTERM'), 0, sluice.process.tail());
  await sluice.launch();
  assert.equal(await sluice.post([customEvent('second')]), 202);
  await waitFor('both events', async () => new Set((await kinesim.texts()).map((text) => eventOf(text, 2).key)).size === 2);
});

// One whose folder is readable for nobody.
class SandboxedSluice extends Sluice {
  async begin(t, kinesim, command) {
    const other = await Sluice.start(t, { destinations: [kinesim.destination()] });
    await other.process.stop('SIGTERM');
    for (const name of ['environment', 'port', 'adminPort', 'uri', 'adminUri']) this[name] = other[name];
    writeFileSync(this.configFile, readFileSync(other.configFile), { mode: 0o644 });
    this.command = command;
    t.after(() => this.process?.stop('SIGKILL'));
    await this.launch();
  }
}

test('the systemd unit is one that systemd takes, and its sandbox leaves little exposed', async (t) => {
  if (!has('systemd-analyze')) return t.skip('needs systemd-analyze');
  const folder = await temporaryFolder(t);
  const unit = path.join(folder, 'sluice.service');
  const text = readFileSync(deploy('sluice.service'), 'utf8');
  writeFileSync(unit, text.replace('/usr/bin/sluice', sluiceBinary));
  const verified = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
  assert.equal(said(verified).split('\n').filter((line) => line.includes('sluice.service')).join('\n'), '');
  const analysed = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', `--threshold=${MOST_EXPOSED * 10}`, unit], { encoding: 'utf8' });
  const [, level] = /exposure level for \S+: ([\d.]+)/.exec(said(analysed)) ?? assert.fail(said(analysed));
  t.diagnostic(`exposure ${level} of 10`);
  assert.ok(Number(level) <= MOST_EXPOSED, said(analysed));
  for (const line of ['DynamicUser=yes', 'ProtectSystem=strict', 'NoNewPrivileges=yes', 'CapabilityBoundingSet=', 'LimitCORE=0']) assert.ok(text.split('\n').includes(line), line);
});

test('the container file has every library that the server needs, runs as nobody and has one volume', async (t) => {
  const text = readFileSync(deploy('Containerfile'), 'utf8');
  const last = text.slice(text.lastIndexOf('\nFROM '));
  assert.match(last, /^USER 65534:65534$/m);
  assert.deepEqual(last.match(/^VOLUME .*/gm), ['VOLUME /var/lib/sluice']);
  if (!has('dpkg') || !has('readelf')) return t.skip('needs dpkg and readelf');
  const needed = [...spawnSync('readelf', ['-d', sluiceBinary], { encoding: 'utf8' }).stdout.matchAll(/NEEDED.*\[(.+)\]/g)].map(([, name]) => name);
  assert.ok(needed.length > 5);
  const inEveryImage = ['libc6', 'libgcc-s1'];
  for (const name of needed) {
    const found = spawnSync('dpkg', ['-S', `*/${name}`], { encoding: 'utf8' }).stdout;
    const packages = [...new Set(found.split('\n').filter((line) => !line.includes('-dev') && line.includes(':')).map((line) => line.split(':')[0]))];
    assert.ok(packages.some((each) => inEveryImage.includes(each) || last.split(/\s+/).includes(each)), `${name} of ${packages}`);
  }
});
