import { describe, expect, it } from 'vitest';
import type { Destination, Setting } from '../api/types';
import { configOf, draftOf, emptyValues, faultNames, helpDraftOf, holdsHidden, mergeOf, ownFaults, privateNames, shownOf, startValues, valuesOf } from './destination_values';
import { EVERY_TYPE as KIND, ORIGINALS } from './kind_fixture';

const EMPTY = emptyValues(KIND);
const saved = (config: Record<string, Setting>): Destination => ({
  _id: '1', _links: { self: { href: '/api/v2/destinations/web/production/1' } }, name: 'flags', kind: KIND.kind, version: 3, on: true, config,
});
const formOf = (destination: Destination) => valuesOf(KIND, destination, 'web', 'production');

const FULL: Record<string, Setting> = {
  address: 'https://a.example', token: '********abcd', parallel: 8, compress: false, strict: true, format: 'array', storage: 'cold', tags: ['a', 'b'],
  headers: ['X-Team: flags', 'X-Other: 1'], batchBytes: '2 MiB', linger: '5 s', region: 'eu-west-1', roleArn: 'arn', externalId: 'e', arrayLimit: 10,
  kinds: ['feature'], onlyFlags: ['checkout'], sampleOneIn: 10, hashAttributes: ['ip'], hashSecret: '********wxyz', addFields: ['sdk'], start: 'oldest',
};

describe('what is sent', () => {
  it('is nothing when nothing is set', () => {
    expect(configOf(KIND, EMPTY)).toEqual({});
    expect('name' in draftOf(KIND, EMPTY)).toBe(false);
  });
  it('is the setting of every type, and the form shows it again', () => {
    const values = {
      ...EMPTY, 'config.address': ' https://a.example ', 'config.token': '********abcd', 'config.parallel': '8', 'config.compress': 'false', 'config.strict': 'true',
      'config.format': 'array', 'config.storage': 'cold', 'config.tags': ['a', 'b'], 'config.headers': ' X-Team: flags\n\n X-Other: 1', 'config.batchBytes': '2 MiB',
      'config.linger': '5 s', 'config.region': 'eu-west-1', 'config.roleArn': 'arn', 'config.externalId': 'e', 'config.arrayLimit': '10', 'config.kinds': ['feature'],
      'config.onlyFlags': ['checkout'], 'config.sampleOneIn': '10', 'config.hashAttributes': ['ip'], 'config.hashSecret': '********wxyz', 'config.addFields': ['sdk'],
      'config.start': 'oldest',
    };
    expect(configOf(KIND, values)).toEqual(FULL);
    expect(configOf(KIND, formOf(saved(FULL)))).toEqual(FULL);
  });
  it('has a size of digits as a number, and other text unchanged, so that the server reports it', () => {
    expect(configOf(KIND, { ...EMPTY, 'config.batchBytes': '51200', 'config.parallel': 'ten' })).toEqual({ batchBytes: 51200, parallel: 'ten' });
  });
  it('omits a default, and has "no" where the server decides otherwise', () => {
    expect(configOf(KIND, { ...EMPTY, 'config.compress': 'true', 'config.format': 'lines', 'config.strict': 'false' })).toEqual({ strict: false });
  });
  it('omits what is not shown', () => {
    expect(configOf(KIND, { ...EMPTY, 'config.externalId': 'e', 'config.arrayLimit': '3' })).toEqual({});
  });
  it('has no common setting that the kind does not support', () => {
    const [wide, narrow] = [KIND, ORIGINALS].map((kind) => faultNames(kind));
    expect(wide).toContain('config.onlyFlags');
    expect(narrow!.filter((name) => name.startsWith('config.'))).toEqual(KIND.form.fields.map(({ key }) => `config.${key}`));
  });
});

describe('fields that depend on others', () => {
  const shown = (change: object) => shownOf(KIND, { ...EMPTY, ...change }).map(({ key }) => key);
  it('are shown for any value, for one of some, and for a switch that is on', () => {
    expect(shown({})).not.toContain('externalId');
    expect(shown({ 'config.roleArn': 'arn' })).toContain('externalId');
    expect(shown({})).not.toContain('arrayLimit');
    expect(shown({ 'config.format': 'array' })).toContain('arrayLimit');
    expect(shown({})).toContain('level');
    expect(shown({ 'config.compress': 'false' })).not.toContain('level');
  });
  it('are hidden with one that is hidden itself', () => {
    const chained = { ...KIND, form: { ...KIND.form, fields: KIND.form.fields.map((field) => (field.key === 'level' ? { ...field, dependsOn: 'externalId' } : field)) } };
    expect(shownOf(chained, { ...EMPTY, 'config.externalId': 'e' }).map(({ key }) => key)).not.toContain('level');
    expect(shownOf(chained, { ...EMPTY, 'config.externalId': 'e', 'config.roleArn': 'arn' }).map(({ key }) => key)).toContain('level');
  });
});

describe('a change', () => {
  it('is empty when nothing changed', () => {
    expect(mergeOf(KIND, formOf(saved(FULL)), saved(FULL))).toEqual({ version: 3 });
  });
  it('names only what changed, and leaves alone what the form does not show', () => {
    const before = saved({ ...FULL, notOfThisForm: 7 });
    expect(mergeOf(KIND, { ...formOf(before), name: 'orders', on: false, 'config.kinds': [], 'config.linger': '' }, before)).toEqual({
      version: 3, name: 'orders', on: false, config: { kinds: null, linger: null },
    });
  });
  it('leaves a hidden secret as it is, and sends a new one', () => {
    const before = saved(FULL);
    expect(mergeOf(KIND, { ...formOf(before), 'config.token': 'new' }, before).config).toEqual({ token: 'new' });
    expect(holdsHidden(KIND, formOf(before))).toBe(true);
    expect(holdsHidden(KIND, { ...formOf(saved({ address: 'https://a.example' })), 'config.headers': 'X-Key: ********' })).toBe(true);
    expect(holdsHidden(KIND, { ...formOf(before), 'config.token': 'new', 'config.hashSecret': '' })).toBe(false);
  });
  it('resets what another value hides', () => {
    const before = saved(FULL);
    expect(mergeOf(KIND, { ...formOf(before), 'config.format': 'lines' }, before).config).toEqual({ format: null, arrayLimit: null });
  });
});

describe('secrets', () => {
  it('are not in drafts, nor sent for set-up help', () => {
    expect(privateNames(KIND)).toEqual(['config.token', 'config.headers', 'config.hashSecret']);
    expect(helpDraftOf(KIND, formOf(saved(FULL))).config).not.toHaveProperty('token');
  });
});

it('generates an external id for a kind that has one, and asks help with it before there is a role', () => {
  const values = startValues(KIND);
  expect(values['config.externalId']).toMatch(/^[0-9a-f]{32}$/);
  expect(configOf(KIND, values)).toEqual({});
  expect(helpDraftOf(KIND, values).config).toEqual({ externalId: values['config.externalId'] });
});

describe('what the description finds wrong', () => {
  it('is what is missing and what does not match, with an example', () => {
    expect(ownFaults(KIND, EMPTY)).toEqual({ 'config.address': 'Required. Expected one such as https://hooks.example.' });
    expect(ownFaults(KIND, { ...EMPTY, 'config.address': 'ftp://x', 'config.tags': ['a', 'B'] })).toEqual({
      'config.address': '“ftp://x” is not valid. Expected one such as https://hooks.example.', 'config.tags': '“B” is not valid.',
    });
  });
  it('is nothing while the other of two fields is filled in', () => {
    expect(ownFaults(KIND, { ...EMPTY, 'config.linger': '1 s' }, { address: 'linger' })).toEqual({});
  });
});
