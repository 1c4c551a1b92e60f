import { expect, it } from 'vitest';
import { intakeAddress } from './intake_address';
import { addressesOf, SDKS } from './snippets';

it('is where the server listens', () => expect(intakeAddress('127.0.0.1:8030', 'sluice.example')).toBe('http://127.0.0.1:8030'));
it('is this host when the server listens everywhere', () => {
  expect(intakeAddress('0.0.0.0:8030', 'sluice.example')).toBe('http://sluice.example:8030');
  expect(intakeAddress('[::]:8030', 'sluice.example')).toBe('http://sluice.example:8030');
});
it('is empty when it is not known', () => expect(intakeAddress(undefined, 'x')).toBe(''));
it('is in the snippet of every SDK', () => {
  for (const sdk of SDKS) expect(sdk.code(addressesOf(sdk, 'http://sluice:8030', false), 'the-key'), sdk.name).toContain('http://sluice:8030');
});
it('stands for every address that the SDK has when flags come through Sluice', () => {
  for (const sdk of SDKS) {
    const code = sdk.code(addressesOf(sdk, 'http://sluice:8030', true), 'the-key');
    expect(code, sdk.name).not.toContain('launchdarkly.com');
    const addresses = sdk.id === 'curl' ? 2 : Object.keys(sdk.names).length;
    expect(code.split('http://sluice:8030').length - 1, sdk.name).toBe(addresses);
    if (sdk.id !== 'curl') for (const name of Object.values(sdk.names)) expect(code, sdk.name).toContain(name);
  }
});
