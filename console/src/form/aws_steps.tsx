// What to do in AWS, with the policies filled in as one types.
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

// `somewhere`: an environment to ask with before one is chosen; the policies do not depend on it.
export function AwsSteps({ values, somewhere }: { values: DestinationValues; somewhere?: { project: string; environment: string } | undefined }) {
  const project = values.project || somewhere?.project || '';
  const environment = values.environment || somewhere?.environment || '';
  const { region, stream, roleArn, externalId } = values;
  // Only what the policies need: other fields must not hide them with a fault of their own.
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
  // Of what is asked, not of what is shown: an environment may have been chosen a moment ago.
  const asked = JSON.parse(settled) as Partial<DestinationValues>;
  const policies = useLoad(load, { when: Boolean(asked.project && asked.environment) });
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
          <p>In Kinesis, in the region that you choose here. On-demand is a good start.</p>
        </li>
        <li>
          <strong>Create the role with this trust policy</strong>
          <p>It lets Sluice, and nobody else, use the role.</p>
          {shown?.trustPolicy && <PolicyBox kind="trust" policy={shown.trustPolicy} roleArn={roleArn} name="trust policy" />}
          {shown?.trustPolicy && !shown.principalKnown && <p className="small dim">Sluice does not know its own AWS identity yet. Put it in place of the placeholder. <DocsLink page="aws-credentials">AWS credentials</DocsLink></p>}
          {shown && !shown.trustPolicy && <p className="small dim">Give a role ARN, and the policy is here. Without a role, Sluice writes as itself and needs no trust policy.</p>}
        </li>
        <li>
          <strong>Attach this permission policy to the role</strong>
          <p>It may write into this one stream, and nothing else.</p>
          {shown && <PolicyBox kind="permission" policy={shown.permissionPolicy} roleArn={roleArn} name="permission policy" />}
        </li>
        {shown?.assumeRolePolicy && (
          <li>
            <strong>Let the identity of Sluice assume the role</strong>
            <p>Needed when the role is in another account, or when the identity has no such policy yet.</p>
            <PolicyBox kind="assume" policy={shown.assumeRolePolicy} roleArn={roleArn} name="policy of Sluice's identity" />
          </li>
        )}
        <li>
          <strong>Check, then save</strong>
          <p>The check asks AWS step by step and puts one test event into the stream.</p>
        </li>
      </ol>
      {!project && <p className="small dim">The policies are here when there is an environment.</p>}
      {missing && <p className="small dim">This server does not fill in policies before a destination is saved. <DocsLink page="aws-credentials">AWS credentials</DocsLink> has them.</p>}
      {policies.error && !missing && !policies.loading ? <p className="small dim" role="status">The policies are as they were before: {messageOf(policies.error)}</p> : null}
    </section>
  );
}

