// A policy that AWS needs, as JSON, Terraform or AWS CLI, with a button to copy.
import { Tabs } from '@mantine/core';
import { useState } from 'react';
import { policyText, roleNameOf, type PolicyForm, type PolicyKind } from '../form/policy_forms';
import { Code } from './copy';

const FORMS: { value: PolicyForm; name: string }[] = [
  { value: 'json', name: 'JSON' },
  { value: 'terraform', name: 'Terraform' },
  { value: 'cli', name: 'AWS CLI' },
];

export function PolicyBox({ kind, policy, roleArn, name }: { kind: PolicyKind; policy: object; roleArn: string; name: string }) {
  const [form, setForm] = useState<PolicyForm>('json');
  return (
    <Tabs value={form} onChange={(value) => value && setForm(value as PolicyForm)} keepMounted={false}>
      <Tabs.List aria-label={`Forms of the ${name}`}>
        {FORMS.map((each) => (
          <Tabs.Tab key={each.value} value={each.value} size="sm">{each.name}</Tabs.Tab>
        ))}
      </Tabs.List>
      {FORMS.map((each) => (
        <Tabs.Panel key={each.value} value={each.value} pt={8}>
          <Code text={policyText(each.value, kind, policy, roleNameOf(roleArn))} what={name} maxHeight={300} />
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
