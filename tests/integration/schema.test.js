// docs/schema/record.schema.json says what is exported: every golden record is valid by it, and what breaks it is refused.
import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { repository } from './lib/paths.js';
import { faultsOf, validated } from './lib/schema.js';

const golden = path.join(repository, 'tests/fixtures/golden');

test('every golden record is valid by the published schema', async () => {
  const files = (await readdir(golden, { recursive: true })).filter((name) => name.endsWith('.ndjson'));
  let records = 0;
  for (const file of files) {
    for (const line of (await readFile(path.join(golden, file), 'utf8')).split('\n')) {
      if (!line.startsWith('{"project":')) continue;
      validated(`${line}\n`);
      ++records;
    }
  }
  assert.ok(records > 100, `${records} records`);
  console.log(`${records} golden records of ${files.length} files are valid`);
});

const ID = '6745e9c2a1b2c3d4e5f60718';
const RECORD = {
  project: '5744c96707c9900708000004',
  environment: '578d1e02d2943862c52b9686',
  event: { kind: 'feature', id: ID, creationDate: 1, key: 'flag', variation: 0, value: true, default: false, contextKeys: { user: 'u' } },
  version: 2,
};
const withEvent = (fields) => ({ ...RECORD, event: { ...RECORD.event, ...fields } });
const { project: _, ...WITHOUT_PROJECT } = RECORD;

const BROKEN = [
  ['no project', WITHOUT_PROJECT, /required property 'project'/],
  ['a project that is no id', { ...RECORD, project: 'default' }, /\/project must match pattern/],
  ['a version that is not 1 or 2', { ...RECORD, version: 4 }, /\/version must be equal to one of/],
  ['a member beside the envelope', { ...RECORD, receivedAt: 1 }, /additional properties/],
  ['an event without id', withEvent({ id: undefined }), /\/event must have required property 'id'/],
  ['an id of another form', withEvent({ id: ID.toUpperCase() }), /\/event\/id must match pattern/],
  ['housekeeping left in: trackEvents', withEvent({ trackEvents: true }), /\/event\/trackEvents boolean schema is false/],
  ['housekeeping left in: debugEventsUntilDate', withEvent({ debugEventsUntilDate: 1 }), /debugEventsUntilDate/],
  ['housekeeping left in: excludeFromSummaries', withEvent({ excludeFromSummaries: true }), /excludeFromSummaries/],
  ['a feature without its flag', withEvent({ key: undefined }), /\/event must have required property 'key'/],
  ['a date that is text', withEvent({ creationDate: '2026-11-23' }), /\/event\/creationDate must be number,null/],
  ['a variation that is text', withEvent({ variation: '0' }), /\/event\/variation must be number/],
  ['context keys that are a list', withEvent({ contextKeys: ['u'] }), /\/event\/contextKeys must be object,null/],
  ['an alias without the previous key', withEvent({ kind: 'alias' }), /required property 'previousKey'/],
  ['sdk without a name', { ...RECORD, sdk: { version: '1' } }, /\/sdk must have required property 'name'/],
];

for (const [name, record, fault] of BROKEN) {
  test(`the schema refuses ${name}`, () => {
    const faults = faultsOf(JSON.parse(JSON.stringify(record))).join('; ');
    assert.match(faults, fault);
  });
}

test('the schema takes the record that the broken ones are made of', () => assert.deepEqual(faultsOf(RECORD), []));

test('two records in one, a record without its newline, and what is no JSON, are refused', () => {
  const line = JSON.stringify(RECORD);
  assert.throws(() => validated(line), /it is not one line/);
  assert.throws(() => validated(`${line}\n${line}\n`), /it is not one line/);
  assert.throws(() => validated('record a\n'), /it is no JSON/);
});
