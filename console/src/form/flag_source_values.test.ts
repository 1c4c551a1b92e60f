import { expect, it } from 'vitest';
import type { Environment } from '../api/types';
import { changeOf, valuesOf } from './flag_source_values';

const ENVIRONMENT: Environment = { _id: '1', key: 'production', name: 'Production', apiKey: '', mobileKey: '', defaultTrackEvents: true, featureEvents: 'as sent', flagSource: 'none' };
const NOTHING = { flagSite: null, flagStreamUri: null, flagBaseUri: null, flagFiles: null, flagReasons: null };

it('saves what it showed', () => {
  const all: Partial<Environment>[] = [
    { flagSource: 'none' }, { flagSource: 'launchdarkly' }, { flagSource: 'launchdarkly', flagSite: 'launchdarkly.us', flagReasons: true },
    { flagSource: 'launchdarkly', flagStreamUri: 'http://relay:8030' }, { flagSource: 'launchdarkly', flagStreamUri: 'http://a', flagBaseUri: 'http://b' },
    { flagSource: 'files', flagFiles: ['flags.yaml'] },
  ];
  for (const fields of all) expect(changeOf(valuesOf({ ...ENVIRONMENT, ...fields })), JSON.stringify(fields)).toEqual({ ...NOTHING, ...fields });
});

it('removes what belongs to another source', () => {
  const before = valuesOf({ ...ENVIRONMENT, flagSource: 'launchdarkly', flagStreamUri: 'http://relay:8030', flagReasons: true });
  expect(changeOf({ ...before, source: 'files', files: ['flags.json'] })).toEqual({ ...NOTHING, flagSource: 'files', flagFiles: ['flags.json'], flagReasons: true });
  expect(changeOf({ ...before, source: 'none' })).toEqual({ ...NOTHING, flagSource: 'none' });
});
