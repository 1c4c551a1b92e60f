import { expect, it } from 'vitest';
import { intakeAddress } from './intake_address';
import { SDKS } from './snippets';

it('is where the server listens', () => expect(intakeAddress('127.0.0.1:8030', 'sluice.example')).toBe('http://127.0.0.1:8030'));
it('is this host when the server listens everywhere', () => {
  expect(intakeAddress('0.0.0.0:8030', 'sluice.example')).toBe('http://sluice.example:8030');
  expect(intakeAddress('[::]:8030', 'sluice.example')).toBe('http://sluice.example:8030');
});
it('is empty when it is not known', () => expect(intakeAddress(undefined, 'x')).toBe(''));
it('is in the snippet of every SDK', () => {
  for (const sdk of SDKS) expect(sdk.code('http://sluice:8030', 'the-key'), sdk.name).toContain('http://sluice:8030');
});
