// Headers with bytes that are not UTF-8, through the whole built program: what reaches a record or a JSON log line is
// valid JSON with U+FFFD, whatever an SDK or a stranger sends.
import assert from 'node:assert/strict';
import http from 'node:http';
import { test } from 'node:test';
import { Kinesim } from './lib/kinesim.js';
import { SDK_KEY, Sluice } from './lib/sluice.js';
import { waitFor } from './lib/wait.js';

const ODD = 'caf\xe9\xff\xfe'; // as bytes: node writes header values in latin1

// Answers the status. Header values go out byte by byte.
function post(sluice, path, headers, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${sluice.uri}${path}`, { method: 'POST', headers }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    request.on('error', reject);
    request.end(Buffer.from(body)); // a text would make node write the headers as UTF-8, too
  });
}

const EVENT = { kind: 'custom', creationDate: 1700000000000, key: 'checkout', context: { kind: 'user', key: 'anna' } };

test('headers that are not UTF-8 become valid JSON in records and in the log', async (t) => {
  const kinesim = await Kinesim.start(t);
  const sluice = await Sluice.start(t, { destinations: [kinesim.destination({ add_fields: ['sdk', 'application'] })], settings: { log: { format: 'json' } } });
  const odd = {
    'User-Agent': `NodeJSClient/${ODD}`,
    'X-LaunchDarkly-User-Agent': `NodeJSClient/${ODD}`,
    'X-LaunchDarkly-Tags': `application-id/${ODD}`,
    'X-LaunchDarkly-Wrapper': `react/${ODD}`,
    'X-LaunchDarkly-Instance-Id': ODD,
    'X-LaunchDarkly-Payload-ID': ODD,
    'X-LaunchDarkly-Event-Schema': '4',
  };
  const reader = await kinesim.reader();
  assert.equal(await post(sluice, '/bulk', { ...odd, Authorization: SDK_KEY }, JSON.stringify([EVENT])), 202);
  const records = [];
  await waitFor('the record', async () => {
    records.push(...(await reader.next()));
    return records.length > 0;
  });
  assert.equal(records.length, 1);
  const record = JSON.parse(records[0]); // next() has checked it by the published schema
  assert.ok(!records[0].includes('caf\u00e9'), 'the byte is not taken for latin1');
  assert.match(JSON.stringify(record.sdk), /caf\uFFFD/, JSON.stringify(record));

  // What is refused is logged, with the headers.
  assert.equal(await post(sluice, '/bulk', { ...odd, Authorization: `sdk-${ODD}` }, '[]'), 401);
  assert.equal(await post(sluice, '/bulk', { ...odd, Authorization: SDK_KEY, 'Content-Encoding': ODD }, '[]'), 400);
  assert.equal(await post(sluice, `/events/bulk/${'%FF'.repeat(3)}`, odd, '[]'), 404);
  await waitFor('three log lines', async () => ['intake.unknown_key', 'intake.payload_refused', 'intake.unknown_environment']
    .filter((happening) => sluice.process.output.includes(happening)).length >= 2);
  const lines = sluice.process.output.split('\n').filter((line) => line.startsWith('{'));
  assert.ok(lines.length >= 3, sluice.process.output);
  for (const line of lines) assert.doesNotThrow(() => JSON.parse(line), line);
  assert.ok(lines.some((line) => JSON.parse(line).sdk?.includes('caf\uFFFD')), 'the SDK is named as far as it can be read');
});
