// What has to be set up at a destination's far end: each document with a button to copy it.
import type { SetupHelp } from '../api/types';
import { Code } from './copy';
import { documentsOf, type SetupDocument } from './documents';
import { PolicyBox } from './policies';

export function DocumentBox({ document, help, roleArn }: { document: SetupDocument; help: SetupHelp; roleArn: string }) {
  const { value, what, policy } = document;
  return (
    <>
      {policy === 'trust' && help['principalKnown'] === false && <p className="small dim">Sluice does not know its own AWS identity yet. Put it in place of the placeholder.</p>}
      {policy && typeof value === 'object' ? (
        <PolicyBox kind={policy} policy={value} roleArn={roleArn} name={what} />
      ) : (
        <Code text={typeof value === 'string' ? value.trimEnd() : JSON.stringify(value, null, 2)} what={what} maxHeight={300} />
      )}
    </>
  );
}

export function DocumentList({ help }: { help: SetupHelp }) {
  const documents = documentsOf(help);
  if (documents.length === 0) return <p className="dim" style={{ margin: 0 }}>Nothing has to be set up at the destination.</p>;
  const roleArn = roleOf(help['assumeRolePolicy']);
  return (
    <div className="form">
      {documents.map((document) => (
        <div key={document.name}>
          <h3 style={{ marginBottom: 6 }}>{document.title}</h3>
          <DocumentBox document={document} help={help} roleArn={roleArn} />
        </div>
      ))}
    </div>
  );
}

// The policy that lets Sluice assume the role names it.
function roleOf(policy: unknown): string {
  return /arn:[\w-]+:iam::\d+:role\/[\w+=,.@/-]+/.exec(JSON.stringify(policy ?? {}))?.[0] ?? '';
}
