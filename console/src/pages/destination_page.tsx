// One destination: its state, and everything that helps to fix it.
import { Button, Switch } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { messageOf } from '../api/http';
import { useKind } from '../api/kinds';
import { useServerStatus } from '../api/server_status';
import { useSession } from '../api/session';
import type { DestinationKind, DestinationStatus } from '../api/types';
import { useAction } from '../api/use_action';
import { useLoad } from '../api/use_load';
import { EditDrawer } from '../form/edit_drawer';
import { bytes } from '../format/bytes';
import { duration } from '../format/durations';
import { counted, grouped, rate } from '../format/numbers';
import { partsOf } from '../kinds';
import { Callout, DocsLink, Fault, ProblemBox } from '../parts/callout';
import { CheckSteps } from '../parts/check_steps';
import { Icon } from '../parts/icons';
import { Shown } from '../parts/loading';
import { Page, Section } from '../parts/page';
import { DocumentList } from '../parts/setup_documents';
import { State } from '../parts/state';
import { TestEvent } from '../parts/test_event';
import { Time } from '../parts/time';
import { notify } from '../parts/toasts';
import { go, goQuery, Link, usePlace } from '../router';
import { DeadLetterBox } from './destination_dead_letters';
import { HistoryCharts } from './destination_charts';
import { LatestRecords } from './destination_records';

export default function DestinationPage({ project, environment, id }: { project: string; environment: string; id: string }) {
  const ref = useMemo(() => ({ project, environment, id }), [project, environment, id]);
  const status = useLoad(useCallback((signal: AbortSignal) => destinations.status(ref, signal), [ref]), { everyMs: 2_000 });
  const server = useServerStatus();
  const { mayWrite } = useSession();
  const { query } = usePlace();
  const data = status.data;
  const kind = useKind(data?.kind);
  const { StatusPanel } = partsOf(data?.kind ?? '');
  return (
    <Page title={data?.name ?? 'Destination'} docs="states-and-remedies" lead={data && <>{kind?.title ?? data.kind}: {data.target}, from {project} / {environment}.</>}
      crumbs={<Link to="/">Integrations</Link>}
      actions={mayWrite && data && <Actions of={ref} data={data} changed={status.reload} />}>
      <Shown loaded={status} what="the destination">
        {(shown) => (
          <>
            {query.has('new') && mayWrite && (
              <div style={{ marginBottom: 16 }}>
                <Callout tone="green" title="Destination saved.">
                  <p>Next: send a test event below. Then point your SDKs at Sluice: <Link to={`/environments/${project}/${environment}`}>set up SDKs</Link>.</p>
                </Callout>
              </div>
            )}
            <Health data={shown} />
            <Tiles data={shown} />
            <HistoryCharts of={ref} />
            {mayWrite && (
              <Section title="Test" id="test">
                <div className="columns">
                  <div className="card"><h3 style={{ marginBottom: 8 }}>Send a test event</h3><TestEvent of={ref} /></div>
                  <div className="card"><h3 style={{ marginBottom: 8 }}>Check</h3><CheckSaved of={ref} /></div>
                </div>
              </Section>
            )}
            <SetupSection of={ref} kind={kind} open={shown.state === 'blocked'} />
            {kind && StatusPanel && <StatusPanel kind={kind} status={shown} />}
            <DeadLetterBox of={ref} total={shown.deadLetteredEvents} mayWrite={mayWrite} />
            <LatestRecords of={ref} />
          </>
        )}
      </Shown>
      {mayWrite && query.get('edit') && (
        <EditDrawer of={ref} close={() => goQuery({ edit: null })}
          changed={() => {
            status.reload();
            server.reload();
          }}
          deleted={() => {
            server.reload();
            go('/');
          }} />
      )}
    </Page>
  );
}

function Actions({ of, data, changed }: { of: DestinationRef; data: DestinationStatus; changed: () => void }) {
  const [wanted, setWanted] = useState<boolean>();
  const flip = async (on: boolean) => {
    setWanted(on);
    try {
      await destinations.change(of, { on });
      notify(`“${data.name}” switched ${on ? 'on' : 'off'}.`);
      changed();
    } catch (error) {
      notify(`“${data.name}” was not changed. ${messageOf(error)}`);
    }
    setWanted(undefined);
  };
  return (
    <div style={{ display: 'flex', gap: 16, alignItems: 'center', flexWrap: 'wrap' }}>
      <Switch label="On" checked={wanted ?? data.on} onChange={(event) => void flip(event.currentTarget.checked)} />
      <Button variant="default" leftSection={<Icon name="edit" size={16} />} onClick={() => goQuery({ edit: '1' })}>Edit</Button>
    </div>
  );
}

function Health({ data }: { data: DestinationStatus }) {
  const tone = ({ delivering: 'green', idle: 'grey', behind: 'amber', waiting: 'blue', blocked: 'red', off: 'grey' } as const)[data.state] ?? 'grey';
  return (
    <div className="form" style={{ gap: 12 }}>
      <Callout tone={tone} title={<span style={{ display: 'flex', gap: 12, alignItems: 'center', flexWrap: 'wrap' }}><State state={data.state} /> {data.since && <span className="small dim">since <Time at={data.since} /></span>}</span>} live>
        <p>{data.summary}</p>
      </Callout>
      {data.problem && <ProblemBox problem={data.problem} tone={data.state === 'waiting' ? 'blue' : 'red'} />}
      {data.notes.map((note) => <ProblemBox key={note.code + note.message} problem={note} tone="amber" />)}
    </div>
  );
}

// Letters that were retried are no more, and still count among those that there ever were.
function deadLettersLeft({ deadLetteredEvents, deadLetterBytes }: DestinationStatus) {
  if (deadLetteredEvents === 0 || deadLetterBytes === undefined || deadLetterBytes === null) return '';
  return deadLetterBytes === 0 ? `${grouped(deadLetteredEvents)} in the past, none kept` : `in total, ${bytes(deadLetterBytes)} kept`;
}

function Tiles({ data }: { data: DestinationStatus }) {
  const { backlog } = data;
  return (
    <dl className="tiles" style={{ margin: '16px 0 0' }}>
      <div className="tile"><dt>Delivered</dt><dd>{rate(data.deliveredPerSecond)}/s<small>{grouped(data.deliveredEvents)} total, {bytes(data.deliveredBytes)}</small></dd></div>
      <div className="tile"><dt>Received</dt><dd>{rate(data.acceptedPerSecond)}/s<small>{grouped(data.acceptedEvents)} total</small></dd></div>
      <div className="tile"><dt>Backlog</dt><dd>{grouped(backlog.events)}<small>{bytes(backlog.bytes)}{backlog.events > 0 ? `, oldest ${duration(backlog.oldestAgeMs)}` : ''}</small></dd></div>
      <div className="tile"><dt>Last success</dt><dd style={{ fontSize: 18 }}><Time at={data.lastDelivery} /></dd></div>
      <div className="tile"><dt>Filtered out</dt><dd>{grouped(data.filteredEvents)}<small>{data.missingEvents ? `${counted(data.missingEvents, 'event')} missing` : 'none missing'}</small></dd></div>
      {data.cutEvents !== undefined && data.cutEvents > 0 && (
        <div className="tile"><dt>Cut</dt><dd>{grouped(data.cutEvents)}<small>events that LaunchDarkly would not have got</small></dd></div>
      )}
      <div className="tile"><dt>Dead letters</dt><dd>{data.deadLetterBytes === 0 ? 'None' : grouped(data.deadLetteredEvents)}<small>{deadLettersLeft(data)}</small></dd></div>
    </dl>
  );
}

function CheckSaved({ of }: { of: DestinationRef }) {
  const [result, setResult] = useState<Awaited<ReturnType<typeof destinations.checkSaved>>>();
  const action = useAction(async () => {
    setResult(undefined);
    setResult(await destinations.checkSaved(of));
  });
  return (
    <div className="form" style={{ gap: 10 }}>
      <p className="small dim" style={{ margin: 0 }}>Calls the destination step by step, and sends one test event.</p>
      <div><Button variant="light" loading={action.running} onClick={() => void action.run()}>Check again</Button></div>
      <Fault error={action.error} />
      {result && <CheckSteps result={result} roleArn="" />}
    </div>
  );
}

function SetupSection({ of, kind, open }: { of: DestinationRef; kind: DestinationKind | undefined; open: boolean }) {
  const [expanded, setExpanded] = useState(false);
  const shown = open || expanded;
  const help = useLoad(useCallback((signal: AbortSignal) => destinations.setupHelp(of, signal), [of]), { when: shown });
  return (
    <Section title="Set-up" actions={!open && <Button size="xs" variant="default" onClick={() => setExpanded(!expanded)} aria-expanded={shown} aria-label={`${expanded ? 'Hide' : 'Show'} the set-up`}>{expanded ? 'Hide' : 'Show'}</Button>}>
      {shown ? (
        <div className="card"><Shown loaded={help} what="the set-up">{(data) => <DocumentList help={data} />}</Shown></div>
      ) : (
        <p className="dim small" style={{ margin: 0 }}>What has to be set up at the far end, filled in for this destination. {kind && <DocsLink page={kind.docs}>About {kind.title}</DocsLink>}</p>
      )}
    </Section>
  );
}
