// The policies that AWS needs, as JSON, Terraform or AWS CLI, each with a button to copy.
import { Tabs } from '@mantine/core';
import { useState } from 'react';
import type { Policies } from '../api/types';
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

export function PolicyList({ policies, roleArn }: { policies: Policies; roleArn: string }) {
  return (
    <div className="form">
      <div>
        <h3>Permission policy of the role</h3>
        <PolicyBox kind="permission" policy={policies.permissionPolicy} roleArn={roleArn} name="permission policy" />
      </div>
      {policies.trustPolicy && (
        <div>
          <h3>Trust policy of the role</h3>
          {!policies.principalKnown && <p className="small dim">Sluice does not know its own AWS identity yet. Put it in place of the placeholder.</p>}
          <PolicyBox kind="trust" policy={policies.trustPolicy} roleArn={roleArn} name="trust policy" />
        </div>
      )}
      {policies.assumeRolePolicy && (
        <div>
          <h3>For the identity that Sluice runs as</h3>
          <PolicyBox kind="assume" policy={policies.assumeRolePolicy} roleArn={roleArn} name="policy of Sluice's identity" />
        </div>
      )}
    </div>
  );
}
