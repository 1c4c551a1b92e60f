// What to do at the far end, beside the form: the kind's documents, filled in while the user types.
import { useDebouncedValue } from '@mantine/hooks';
import { useCallback, useEffect, useState } from 'react';
import { destinations } from '../api/calls';
import { ApiError, messageOf } from '../api/http';
import type { DestinationDraft, DestinationKind, SetupHelp } from '../api/types';
import { useLoad } from '../api/use_load';
import { partsOf } from '../kinds';
import type { SetupStepsProps } from '../kinds/parts';
import { DocsLink } from '../parts/callout';
import { documentsOf } from '../parts/documents';
import { DocumentBox } from '../parts/setup_documents';
import { helpDraftOf, textOf, type DestinationValues } from './destination_values';

const SETTLE_MS = 200;

interface Props {
  kind: DestinationKind;
  values: DestinationValues;
  // Used for the request before an environment is selected; the documents do not depend on it.
  anyEnvironment?: { project: string; environment: string } | undefined;
}

interface Wanted {
  project: string;
  environment: string;
  draft: DestinationDraft;
}

export function SetupHelpBox({ kind, values, anyEnvironment }: Props) {
  const project = values.project || anyEnvironment?.project || '';
  const environment = values.environment || anyEnvironment?.environment || '';
  const [settled] = useDebouncedValue(JSON.stringify({ project, environment, draft: helpDraftOf(kind, values) } satisfies Wanted), SETTLE_MS);
  const load = useCallback(
    (signal: AbortSignal) => {
      const wanted = JSON.parse(settled) as Wanted;
      return destinations.setupHelpOf(wanted.project, wanted.environment, wanted.draft, signal);
    },
    [settled],
  );
  // Of the request, not of what is shown: an environment may have been selected a moment ago.
  const requested = JSON.parse(settled) as Wanted;
  const loaded = useLoad(load, { when: Boolean(requested.project && requested.environment) });
  const [last, setLast] = useState<SetupHelp>();
  useEffect(() => {
    if (loaded.data) setLast(loaded.data);
  }, [loaded.data]);
  const help = loaded.data ?? last;
  const missing = loaded.error instanceof ApiError && loaded.error.notThere;
  const Steps = partsOf(kind.kind).SetupSteps ?? DocumentSteps;

  return (
    <section aria-label="Set-up" className="setup-steps">
      <Steps kind={kind} values={values} help={help} />
      {!project && <p className="small dim">What has to be set up appears once an environment exists.</p>}
      {missing && <p className="small dim">This server shows what has to be set up only for saved destinations. <DocsLink page={kind.docs}>About {kind.title}</DocsLink></p>}
      {loaded.error && !missing && !loaded.loading ? <p className="small dim" role="status">This help could not be updated: {messageOf(loaded.error)}</p> : null}
    </section>
  );
}

// Of a kind without steps of its own: each document is one.
function DocumentSteps({ kind, values, help }: SetupStepsProps) {
  return (
    <>
      <h3>Set up {kind.title}</h3>
      <ol>
        {documentsOf(help).map((document) => (
          <li key={document.name}>
            <strong>{document.title}</strong>
            <DocumentBox document={document} help={help!} roleArn={textOf(values, 'roleArn')} />
          </li>
        ))}
        <li>
          <strong>Check, then save</strong>
          <p>The check calls the destination step by step and sends one test event.</p>
        </li>
      </ol>
    </>
  );
}
