import { describe, expect, it } from 'vitest';
import type { Destination } from '../api/types';
import { byField, configOf, draftOf, EMPTY, mergeOf, regionOfArn, valuesOf } from './destination_values';

const saved: Destination = {
  _id: '1', _links: { self: { href: '/api/v2/destinations/web/production/1' } }, name: 'flags', kind: 'kinesis', version: 3, on: true,
  config: { region: 'us-east-1', streamName: 'flags', roleArn: 'arn:aws:iam::123456789012:role/x', maxCallsInFlight: 8, kinds: ['feature'] },
};
const form = valuesOf(saved, 'web', 'production');

describe('what is sent', () => {
  it('holds only what is set', () => {
    expect(configOf({ ...EMPTY, region: ' us-east-1 ', stream: 'flags' })).toEqual({ region: 'us-east-1', streamName: 'flags' });
  });
  it('distinguishes an ARN from a name', () => {
    const arn = 'arn:aws:kinesis:eu-west-1:123456789012:stream/flags';
    expect(configOf({ ...EMPTY, stream: arn })).toEqual({ streamArn: arn });
    expect([regionOfArn(arn), regionOfArn('flags')]).toEqual(['eu-west-1', '']);
  });
  it('sends a number as a number, and other text unchanged, so that the server reports it', () => {
    expect(configOf({ ...EMPTY, sampleOneIn: '10' })).toEqual({ sampleOneIn: 10 });
    expect(configOf({ ...EMPTY, sampleOneIn: 'ten' })).toEqual({ sampleOneIn: 'ten' });
  });
  it('omits an empty name', () => expect('name' in draftOf(EMPTY)).toBe(false));
});

describe('a change', () => {
  it('is empty when nothing changed', () => expect(mergeOf(form, saved)).toEqual({ version: 3 }));
  it('names only what changed, and leaves alone what the form does not show', () => {
    expect(mergeOf({ ...form, name: 'orders', kinds: [], externalId: 'e' }, saved)).toEqual({ version: 3, name: 'orders', config: { kinds: null, externalId: 'e' } });
  });
  it('removes the name when the stream becomes an ARN', () => {
    const arn = 'arn:aws:kinesis:us-east-1:123456789012:stream/flags';
    expect(mergeOf({ ...form, stream: arn }, saved).config).toEqual({ streamArn: arn, streamName: null });
  });
});

describe('an encoding', () => {
  it('is sent unless it is the default, and resets to it', () => {
    expect(configOf({ ...EMPTY, encoding: 'kpl' })).toEqual({ encoding: 'kpl' });
    const packed = { ...saved, config: { ...saved.config, encoding: 'ndjson+zstd', recordBytes: 51200 } };
    const values = valuesOf(packed, 'web', 'production');
    expect(values.encoding).toBe('ndjson+zstd');
    expect(mergeOf(values, packed)).toEqual({ version: 3 });
    expect(mergeOf({ ...values, encoding: 'json' }, packed).config).toEqual({ encoding: null, recordBytes: null });
  });
});

it('shows errors of both stream fields at one field', () => {
  expect(byField({ 'config.streamName': 'It is missing.', 'config.roleArn': 'Odd.' })).toEqual({ stream: 'It is missing.', roleArn: 'Odd.' });
});
