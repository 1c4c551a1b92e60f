// Some rows of matrix.js, short: that they run, that no event is lost or doubled, and that none costs a multiple of what it did.
import assert from 'node:assert/strict';
import test from 'node:test';
import { measure, ROWS } from './matrix_rows.js';

// µs of CPU an event; docs/benchmarks.md has what they cost. These catch what went wrong by a factor.
const MOST = { 'TLS from SDKs': 15, 'gzip from SDKs': 15, '10,000 events a payload': 15, 'ndjson+zstd': 15, '3 destinations': 30 };

for (const [name, most] of Object.entries(MOST)) {
  test(`an event: ${name}`, { timeout: 120_000 }, async (t) => {
    const { cpu, ...rest } = await measure(t, ROWS.find((row) => row.name === name), 1);
    t.diagnostic(JSON.stringify({ cpu, ...rest }));
    assert.ok(cpu < most, `${cpu.toFixed(2)} µs of CPU an event`);
  });
}
