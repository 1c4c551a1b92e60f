import { expect, it } from 'vitest';
import { policyText, roleNameOf } from './policy_forms';

const policy = { Statement: [{ Effect: 'Allow', Resource: "it's ${x}" }] };

it('reads the name from the role', () => {
  expect(roleNameOf('arn:aws:iam::123456789012:role/path/sluice')).toBe('sluice');
  expect(roleNameOf('')).toBe('sluice-export');
});
it('quotes for the shell', () => expect(policyText('cli', 'permission', policy, 'r')).toContain(`it'\\''s`));
it('keeps Terraform from expanding', () => {
  const text = policyText('terraform', 'trust', policy, 'a.b');
  expect(text).toContain('$${x}');
  expect(text).toContain('"Effect" = "Allow"');
  expect(text).toContain('resource "aws_iam_role" "a_b"');
});
it('is plain JSON', () => expect(JSON.parse(policyText('json', 'trust', policy, 'r'))).toEqual(policy));
