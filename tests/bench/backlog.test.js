// A restart with a backlog: ready at once, in little memory, and the backlog goes out while live traffic is answered as ever.
// SLUICE_BACKLOG_GIB says how much waits; 20 takes some minutes and 25 GiB of disk.
import assert from 'node:assert/strict';
import test from 'node:test';
import { LIVE_EVENTS_PER_S, measureBacklog } from './backlog_case.js';

const GIB = Number(process.env.SLUICE_BACKLOG_GIB ?? 1);

test(`a restart with ${GIB} GiB of backlog: ready in 5 s, flat memory, drained at twice the live rate`, { timeout: 1_800_000 }, async (t) => {
  const found = await measureBacklog(t, GIB);
  t.diagnostic(JSON.stringify(found));
  assert.ok(found.readyS < 5, `ready after ${found.readyS} s`);
  assert.ok(found.peakMiB < 300, `${found.peakMiB.toFixed(0)} MiB at the peak`);
  assert.ok(found.deliveredPerS > 2 * LIVE_EVENTS_PER_S, `${found.deliveredPerS.toFixed(0)} events/s delivered`);
  assert.ok(found.liveP99Ms < 1000, `live payloads were answered in ${found.liveP99Ms} ms at the 99th percentile`);
});
