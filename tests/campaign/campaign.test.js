// Faults against the real binary under load, with a ledger: every event that was acknowledged must come out of the simulated Kinesis, however the
// server, its disk, its journal or AWS is hurt meanwhile. SLUICE_CAMPAIGN_SCALE makes it longer (1: a few minutes; 100: 1,000 kills and an hour);
// SLUICE_CAMPAIGN_SEED repeats the moments of a run; SLUICE_CAMPAIGN_TABLE is where the table of docs/reliability.md is written.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { Kinesim } from '../integration/lib/kinesim.js';
import { Load } from '../integration/lib/load.js';
import { repository, sluiceBinary } from '../integration/lib/paths.js';
import { Process, temporaryFolder } from '../integration/lib/process.js';
import { randomOf } from '../integration/lib/random.js';
import { Sluice } from '../integration/lib/sluice.js';
import { waitFor } from '../integration/lib/wait.js';
import { kindCampaigns } from './kinds.js';
import { addRow, compare, table, writeTable } from './ledger.js';
import { relayCampaigns } from './relay.js';

const SCALE = Number(process.env.SLUICE_CAMPAIGN_SCALE ?? 1);
const SEED = Number(process.env.SLUICE_CAMPAIGN_SEED ?? Math.floor(Math.random() * 1e9));
const times = (count) => Math.max(1, Math.round(count * SCALE));

console.log(`campaign: seed ${SEED}, scale ${SCALE}`);
after(() => {
  console.log(table());
  if (process.env.SLUICE_CAMPAIGN_TABLE) writeTable(process.env.SLUICE_CAMPAIGN_TABLE, { seed: SEED, scale: SCALE, repository });
});

// One row: `hurt` is done `runs` times under load, each at a random moment; then all that was acknowledged has to be there.
function campaign(fault, { runs, note, setUp, hurt, lostAtMost = 0, mayBeTwice = true, load: loadOptions, timeoutMs = 120_000 }) {
  test(`${fault}, ${runs} times: nothing that was acknowledged is lost`, { timeout: timeoutMs + runs * 30_000 }, async (t) => {
    const random = randomOf(SEED + fault.length * 7919);
    const kinesim = await Kinesim.start(t, { streams: { 'flag-events': 16 }, rateLimits: false });
    const context = { t, kinesim, random, ...(await setUp?.(t, kinesim)) };
    const sluice = context.sluice ?? await Sluice.start(t, { destinations: [kinesim.destination()], settings: context.settings, env: context.env });
    context.sluice = sluice;
    const load = new Load(sluice, { pauseMs: 2, paddingBytes: 40, ...loadOptions });
    context.load = load;
    t.after(() => load.stop());
    let recoveredMs = 0;
    let lostAllowed = 0;
    for (let run = 0; run < runs; ++run) {
      const target = load.acknowledged.size + 200 + Math.floor(random() * 800);
      await waitFor('more acknowledged events', () => load.acknowledged.size >= target, { timeoutMs: 60_000 });
      lostAllowed += (await hurt(context)) ?? 0;
      const begun = performance.now();
      const before = load.acknowledged.size;
      await waitFor('events to be acknowledged again', () => load.acknowledged.size > before, { timeoutMs: 60_000, everyMs: 5 });
      recoveredMs = Math.max(recoveredMs, performance.now() - begun);
    }
    await load.stop();
    await waitFor('all to be delivered', async () => (await sluice.destination()).backlog.events === 0, { timeoutMs });
    const { lost, twice } = await compare(kinesim.eachText(), load.acknowledged);
    addRow({ fault, runs, accepted: load.acknowledged.size, lost: lost.length, twice, recoveredMs, note });
    assert.ok(lost.length <= Math.max(lostAtMost, lostAllowed), `${lost.length} of ${load.acknowledged.size} lost, as ${lost.slice(0, 5)}`);
    if (!mayBeTwice) assert.equal(twice, 0);
    const { acceptedEvents, deliveredEvents, deadLetteredEvents, missingEvents, filteredEvents, backlog } = await sluice.destination();
    assert.equal(acceptedEvents, deliveredEvents + deadLetteredEvents + missingEvents + filteredEvents + backlog.events, 'the balance holds');
  });
}

campaign('kill -9 at a random moment', {
  runs: times(10), note: 'a restart finds the torn tail, and resumes at the cursors',
  async hurt({ sluice }) {
    await sluice.process.stop('SIGKILL');
    await sluice.launch();
  },
});

campaign('kill -9 while it starts', {
  runs: times(10), note: 'recovery itself is cut short, at any point',
  async hurt({ sluice, random }) {
    await sluice.process.stop('SIGKILL');
    const args = sluice.process.child.spawnargs.slice(1);
    for (let i = 0; i < 3; ++i) {
      sluice.process = new Process('sluice', sluiceBinary, args, { env: sluice.environment });
      await pause(random() * 60);
      await sluice.process.stop('SIGKILL');
    }
    await sluice.launch();
  },
});

campaign('stopped for a while (SIGSTOP)', {
  runs: Math.max(2, times(0.1)), note: 'as a frozen machine: sockets stay, clocks jump', mayBeTwice: true,
  async hurt({ sluice, random }) {
    sluice.process.child.kill('SIGSTOP');
    await pause(1000 + random() * (SCALE >= 10 ? 60_000 : 3000));
    sluice.process.child.kill('SIGCONT');
  },
});

// Each rule draws for itself: with the same seed all of them would strike at the same calls.
const seedOf = (random) => Math.floor(random() * 2 ** 31);

campaign('30 % of records throttled', {
  runs: Math.max(3, times(0.3)), note: 'only what failed is sent again', mayBeTwice: false,
  async hurt({ kinesim, random }) {
    await kinesim.addFaults({ kind: 'record_error', operation: 'PutRecords', probability: 0.3, code: 'ProvisionedThroughputExceededException', seed: seedOf(random) });
    await pause(1500 + random() * 1500);
    await kinesim.clearFaults();
  },
});

campaign('calls fail, are cut short, and lose their answer', {
  runs: Math.max(3, times(0.3)), note: 'made again; only what was stored unheard comes twice, under its one id',
  async hurt({ kinesim, random }) {
    await kinesim.addFaults(
      { kind: 'call_error', operation: 'PutRecords', probability: 0.15, status: 500, code: 'InternalFailure', seed: seedOf(random) },
      { kind: 'reset_before', operation: 'PutRecords', probability: 0.1, seed: seedOf(random) },
      { kind: 'reset_after', operation: 'PutRecords', probability: 0.1, seed: seedOf(random) },
      { kind: 'truncate', operation: 'PutRecords', probability: 0.1, seed: seedOf(random) },
      { kind: 'garbage', operation: 'PutRecords', probability: 0.1, seed: seedOf(random) },
    );
    await pause(1500 + random() * 1500);
    await waitFor('a call to be struck by each of them', async () => (await kinesim.faults()).every(({ hits }) => hits > 0), { timeoutMs: 60_000 });
    await kinesim.clearFaults();
  },
});

campaign('credentials expire, all sessions at once', {
  runs: times(5), note: 'assumed anew; nothing is given up',
  async hurt({ kinesim }) { await kinesim.expireSessions(); },
});

campaign('Kinesis is gone, with the journal at its cap', {
  runs: 1, note: 'full: 503, and SDKs send again; room comes with delivery',
  setUp: () => ({ settings: { journal: { segment_bytes: 1 << 20, max_bytes: 12 << 20, min_free_bytes: 0, retention: '0s' } } }),
  load: { paddingBytes: 2000, pauseMs: 0 },
  async hurt({ kinesim, load }) {
    await kinesim.addFaults({ kind: 'gone' });
    await waitFor('payloads to be refused', () => (load.statuses.get(503) ?? 0) > 50, { timeoutMs: 60_000 });
    await kinesim.clearFaults();
  },
});

// A small disk of its own; null where none can be mounted (it needs root). Lazily unmounted: the server may still run.
function smallDisk(t, megabytes) {
  const folder = mkdtempSync(path.join(tmpdir(), 'sluice-disk-'));
  const gone = () => {
    try { execFileSync('umount', ['-l', folder], { stdio: 'pipe' }); } catch { /* it was not mounted */ }
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' });
  } catch {
    gone();
    return null;
  }
  if (t) t.after(gone);
  else gone();
  return folder;
}

if (smallDisk(null, 1)) {
  campaign('the disk is full, and room comes back', {
    runs: Math.max(2, times(0.5)), note: '503 while it is full; the journal takes up again by itself',
    setUp: async (t, kinesim) => {
      const folder = smallDisk(t, 48);
      const sluice = await Sluice.start(t, { destinations: [kinesim.destination()], settings: { journal: { segment_bytes: 1 << 20, max_bytes: 1 << 30, min_free_bytes: 0, retention: '0s' } }, dataDir: folder });
      return { sluice, disk: folder };
    },
    load: { paddingBytes: 2000, pauseMs: 0 },
    async hurt({ kinesim, load, disk }) {
      await kinesim.addFaults({ kind: 'gone' });
      const refused = load.statuses.get(503) ?? 0;
      let size = 46;
      const filler = path.join(disk, 'filler');
      for (; size > 0; --size) {
        try {
          writeFileSync(filler, Buffer.alloc(size << 20));
          break;
        } catch { rmSync(filler, { force: true }); }
      }
      await waitFor('payloads to be refused', () => (load.statuses.get(503) ?? 0) > refused + 20, { timeoutMs: 60_000 });
      rmSync(filler, { force: true });
      await kinesim.clearFaults();
    },
  });
} else {
  test('the disk is full, and room comes back', { skip: 'a tmpfs cannot be mounted here: it needs root' }, () => {});
}

const shim = path.join(tmpdir(), `sluice-eio-${process.pid}.so`);
after(() => rmSync(shim, { force: true }));
execFileSync('cc', ['-shared', '-fPIC', '-O1', '-o', shim, path.join(repository, 'tests/campaign/eio_shim.c'), '-ldl']);
for (const callName of ['fdatasync', 'pwrite']) {
  campaign(`the disk answers EIO to ${callName}`, {
    runs: times(3), note: 'the process ends at once, acknowledging nothing more; restarted it has all',
    setUp: async (t) => {
      const folder = await temporaryFolder(t);
      return { env: { LD_PRELOAD: shim, SLUICE_FAULT_FILE: path.join(folder, 'fault') }, faultFile: path.join(folder, 'fault') };
    },
    async hurt({ sluice, faultFile }) {
      writeFileSync(faultFile, callName);
      await waitFor('the process to end', () => !sluice.process.alive, { timeoutMs: 30_000 });
      rmSync(faultFile);
      await sluice.launch();
    },
  });
}

campaign('the disk answers EIO to pread', {
  runs: times(3), note: 'delivery waits at what cannot be read, and says so; a start is refused; nothing is taken for lost',
  setUp: async (t) => {
    const folder = await temporaryFolder(t);
    return { env: { LD_PRELOAD: shim, SLUICE_FAULT_FILE: path.join(folder, 'fault') }, faultFile: path.join(folder, 'fault') };
  },
  async hurt({ sluice, faultFile }) {
    writeFileSync(faultFile, 'pread');
    await waitFor('the destination to say so', async () => (await sluice.destination()).problem?.code === 'journal_read_failed', { timeoutMs: 30_000 });
    await sluice.process.stop('SIGKILL');
    const args = sluice.process.child.spawnargs.slice(1);
    const refused = new Process('sluice', sluiceBinary, args, { env: sluice.environment });
    await waitFor('the start to be refused', () => !refused.alive, { timeoutMs: 30_000 });
    rmSync(faultFile);
    await sluice.launch();
    assert.equal((await sluice.destination()).missingEvents, 0);
  },
});

campaign('a byte of the journal rots while it is stopped', {
  runs: times(5), note: 'only the payload that held it is gone, and that is counted and told',
  async hurt({ sluice, kinesim, random }) {
    await kinesim.addFaults({ kind: 'gone' });
    await pause(300);
    await sluice.process.stop('SIGKILL');
    const folder = path.join(sluice.folder, 'data/journal/segments');
    const segments = readdirSync(folder).filter((name) => name.endsWith('.segment')).sort();
    const file = path.join(folder, segments.at(-1));
    const bytes = readFileSync(file);
    // Within what is written: the newest entry's text is the last that is there.
    const end = bytes.lastIndexOf('"load-');
    const at = 4096 + Math.floor(random() * Math.max(1, end - 4096));
    bytes[at] ^= 1 << Math.floor(random() * 8);
    assert.equal(bytes.length, statSync(file).size);
    writeFileSync(file, bytes);
    await kinesim.clearFaults();
    await sluice.launch();
    return 50; // events of the one payload that held the byte
  },
});

campaign('out of file descriptors', {
  runs: 1, note: 'new connections are refused for a while, open ones stay in use',
  setUp: async (t, kinesim) => {
    const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
    execFileSync('prlimit', ['--pid', String(sluice.process.pid), '--nofile=48:48']);
    return { sluice };
  },
  async hurt({ sluice }) {
    const sockets = Array.from({ length: 120 }, () => createConnection(sluice.port, '127.0.0.1').on('error', () => {}));
    await pause(1500);
    for (const socket of sockets) socket.destroy();
  },
});

campaign('a slow destination in 256 MiB of memory', {
  runs: 1, note: 'what waits is on disk, not in memory',
  setUp: async (t, kinesim) => {
    await kinesim.addFaults({ kind: 'latency', operation: 'PutRecords', latency_ms: 400 });
    const sluice = await Sluice.start(t, { destinations: [kinesim.destination()] });
    return { sluice };
  },
  load: { pauseMs: 0, connections: 8 },
  async hurt({ sluice, kinesim }) {
    await pause(5000);
    const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${sluice.process.pid}/status`, 'utf8'))[1]) / 1024;
    assert.ok(peak < 256, `${peak} MiB`);
    console.log(`campaign: a slow destination: ${peak.toFixed(0)} MiB at most`);
    await kinesim.clearFaults();
  },
});

kindCampaigns({ times, seed: SEED, randomOf });
relayCampaigns({ times, seed: SEED, randomOf });
