import { expect, it } from 'vitest';
import { faultsOf } from './field_faults';

const KNOWN = ['name', 'config.region', 'config.roleArn', 'config.streamName'];

it('splits errors by field', () => {
  expect(faultsOf('config.region: It is missing; expected one such as "us-east-1". config.roleArn: "x" is no role ARN: expected arn:aws:iam::….', KNOWN)).toEqual({
    fields: { 'config.region': 'It is missing; expected one such as "us-east-1".', 'config.roleArn': '"x" is no role ARN: expected arn:aws:iam::….' },
    rest: '',
  });
});

it('keeps what belongs to no field', () => {
  expect(faultsOf('The body is not an object.', KNOWN)).toEqual({ fields: {}, rest: 'The body is not an object.' });
  expect(faultsOf('Something. name: It is taken.', KNOWN)).toEqual({ fields: { name: 'It is taken.' }, rest: 'Something.' });
});

it('joins two errors of one field', () => {
  expect(faultsOf('name: Too long. name: Odd.', KNOWN).fields).toEqual({ name: 'Too long. Odd.' });
});

it('leaves a colon within a sentence alone', () => {
  expect(faultsOf('config.streamName: expected name:value here.', KNOWN).fields).toEqual({ 'config.streamName': 'expected name:value here.' });
});
