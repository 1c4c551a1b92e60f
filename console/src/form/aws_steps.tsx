// The steps in AWS, with the policies filled in while the user types.
import { useDebouncedValue } from '@mantine/hooks';
import { useCallback, useEffect, useState } from 'react';
import { destinations } from '../api/calls';
import { ApiError, messageOf } from '../api/http';
import type { Policies } from '../api/types';
import { useLoad } from '../api/use_load';
import { DocsLink } from '../parts/callout';
import { PolicyBox } from '../parts/policies';
import { draftOf, EMPTY, type DestinationValues } from './destination_values';

const SETTLE_MS = 200;

// `anyEnvironment`: used for the request before an environment is selected; the policies do not depend on it.
export function AwsSteps({ values, anyEnvironment }: { values: DestinationValues; anyEnvironment?: { project: string; environment: string } | undefined }) {
  const project = values.project || anyEnvironment?.project || '';
  const environment = values.environment || anyEnvironment?.environment || '';
  const { region, stream, roleArn, externalId } = values;
  // Only what the policies need: an error in another field must not hide them.
  const wanted = JSON.stringify({ project, environment, region, stream, roleArn, externalId });
  const [settled] = useDebouncedValue(wanted, SETTLE_MS);
  const load = useCallback(
    (signal: AbortSignal) => {
      const part = JSON.parse(settled) as Partial<DestinationValues>;
      const { config } = draftOf({ ...EMPTY, ...part });
      return destinations.policiesOf(part.project ?? '', part.environment ?? '', { kind: 'kinesis', config }, signal);
    },
    [settled],
  );
  // Of the request, not of what is shown: an environment may have been selected a moment ago.
  const requested = JSON.parse(settled) as Partial<DestinationValues>;
  const policies = useLoad(load, { when: Boolean(requested.project && requested.environment) });
  const [last, setLast] = useState<Policies>();
  useEffect(() => {
    if (policies.data) setLast(policies.data);
  }, [policies.data]);
  const shown = policies.data ?? last;
  const missing = policies.error instanceof ApiError && policies.error.notThere;

  return (
    <section aria-label="Steps in AWS" className="aws-steps">
      <h3>In AWS</h3>
      <ol>
        <li>
          <strong>Create the data stream</strong>
          <p>In Kinesis, in the region selected here. On-demand capacity is a good start.</p>
        </li>
        <li>
          <strong>Create the role with this trust policy</strong>
          <p>It allows only Sluice to use the role.</p>
          {shown?.trustPolicy && <PolicyBox kind="trust" policy={shown.trustPolicy} roleArn={roleArn} name="trust policy" />}
          {shown?.trustPolicy && !shown.principalKnown && <p className="small dim">Sluice does not know its own AWS identity yet. Replace the placeholder with it. <DocsLink page="aws-credentials">AWS credentials</DocsLink></p>}
          {shown && !shown.trustPolicy && <p className="small dim">Enter a role ARN to see the policy. Without a role, Sluice uses its own identity and needs no trust policy.</p>}
        </li>
        <li>
          <strong>Attach this permission policy to the role</strong>
          <p>It allows writing to this stream only.</p>
          {shown && <PolicyBox kind="permission" policy={shown.permissionPolicy} roleArn={roleArn} name="permission policy" />}
        </li>
        {shown?.assumeRolePolicy && (
          <li>
            <strong>Allow Sluice's identity to assume the role</strong>
            <p>Needed when the role is in another account, or when the identity has no such policy yet.</p>
            <PolicyBox kind="assume" policy={shown.assumeRolePolicy} roleArn={roleArn} name="policy of Sluice's identity" />
          </li>
        )}
        <li>
          <strong>Check, then save</strong>
          <p>The check calls AWS step by step and puts one test event into the stream.</p>
        </li>
      </ol>
      {!project && <p className="small dim">The policies appear once an environment exists.</p>}
      {missing && <p className="small dim">This server does not fill in policies before a destination is saved. <DocsLink page="aws-credentials">AWS credentials</DocsLink> has them.</p>}
      {policies.error && !missing && !policies.loading ? <p className="small dim" role="status">The policies could not be updated: {messageOf(policies.error)}</p> : null}
    </section>
  );
}

