// What tests ask of exported records: each is an envelope, each event has an id of its own, none comes twice.
import assert from 'node:assert/strict';
import { ENVIRONMENT_ID, PROJECT_ID } from './sluice.js';
import { nameOf } from './sdks.js';

// A record's text, checked to be one envelope on one line; returns the event.
export function eventOf(text, version) {
  assert.ok(text.endsWith('}\n') && !text.slice(0, -1).includes('\n'), `one line of JSON, not ${text}`);
  const envelope = JSON.parse(text);
  assert.deepEqual(Object.keys(envelope), ['project', 'environment', 'event', 'version']);
  assert.equal(envelope.project, PROJECT_ID);
  assert.equal(envelope.environment, ENVIRONMENT_ID);
  if (version) assert.equal(envelope.version, version, text);
  const { event } = envelope;
  assert.match(event.id, /^[0-9a-f]{24}$/);
  for (const housekeeping of ['trackEvents', 'debugEventsUntilDate', 'excludeFromSummaries', 'trackReason']) {
    assert.ok(!(housekeeping in event), `${housekeeping} is SDK housekeeping: ${text}`);
  }
  return event;
}

// The events are exactly the expected ones, each once, each with its own id.
export function assertExactlyOnce(events, expectedNames) {
  assert.deepEqual(events.map(nameOf).sort(), [...expectedNames].sort());
  assert.equal(new Set(events.map(({ id }) => id)).size, events.length, 'every event has an id of its own');
}
