import { expect, it } from 'vitest';
import { documentsOf, titleOf } from './documents';

it('makes a title of a name', () => {
  expect(['verifySignature', 'trust_policy', 'node'].map(titleOf)).toEqual(['Verify signature', 'Trust policy', 'Node']);
});

it('shows policies as such, other objects and texts as they are, and no facts', () => {
  const help = { permissionPolicy: { Statement: [] }, trustPolicy: 'a text', verifySignature: 'one\ntwo', principalKnown: false, nothing: null, empty: '' };
  expect(documentsOf(help).map(({ name, title, policy }) => [name, title, policy])).toEqual([
    ['permissionPolicy', 'Permission policy of the role', 'permission'], ['trustPolicy', 'Trust policy', undefined], ['verifySignature', 'Verify signature', undefined],
  ]);
});
