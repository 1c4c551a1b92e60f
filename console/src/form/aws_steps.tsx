// The steps in AWS for a kind whose set-up help has AWS policies, with these filled in while the user types.
import type { ReactNode } from 'react';
import type { SetupHelp } from '../api/types';
import { DocsLink } from '../parts/callout';
import { PolicyBox } from '../parts/policies';

interface Props {
  help: SetupHelp | undefined;
  roleArn: string;
  // "It allows …", "The check calls AWS step by step and …".
  writes: string;
  tries: string;
  // The first step.
  children: ReactNode;
}

const policyOf = (value: unknown): object | undefined => (typeof value === 'object' && value !== null ? value : undefined);

export function AwsSteps({ help, roleArn, writes, tries, children }: Props) {
  const trust = policyOf(help?.['trustPolicy']);
  const permission = policyOf(help?.['permissionPolicy']);
  const assume = policyOf(help?.['assumeRolePolicy']);
  return (
    <>
      <h3>In AWS</h3>
      <ol>
        <li>{children}</li>
        <li>
          <strong>Create the role with this trust policy</strong>
          <p>It allows only Sluice to use the role.</p>
          {trust && <PolicyBox kind="trust" policy={trust} roleArn={roleArn} name="trust policy" />}
          {trust && help?.['principalKnown'] === false && <p className="small dim">Sluice does not know its own AWS identity yet. Replace the placeholder with it. <DocsLink page="aws-credentials">AWS credentials</DocsLink></p>}
          {help && !trust && <p className="small dim">Enter a role ARN to see the policy. Without a role, Sluice uses its own identity and needs no trust policy.</p>}
        </li>
        <li>
          <strong>Attach this permission policy to the role</strong>
          <p>It allows {writes}.</p>
          {permission && <PolicyBox kind="permission" policy={permission} roleArn={roleArn} name="permission policy" />}
        </li>
        {assume && (
          <li>
            <strong>Allow Sluice's identity to assume the role</strong>
            <p>Needed when the role is in another account, or when the identity has no such policy yet.</p>
            <PolicyBox kind="assume" policy={assume} roleArn={roleArn} name="policy of Sluice's identity" />
          </li>
        )}
        <li>
          <strong>Check, then save</strong>
          <p>The check calls AWS step by step and {tries}.</p>
        </li>
      </ol>
    </>
  );
}
