import { expect, it } from 'vitest';
import { regionOfArn } from './kinesis_arn';

it('reads the region from an ARN, and none from a name', () => {
  expect(regionOfArn('arn:aws:kinesis:eu-west-1:123456789012:stream/flags')).toBe('eu-west-1');
  expect(regionOfArn('flags')).toBe('');
});
