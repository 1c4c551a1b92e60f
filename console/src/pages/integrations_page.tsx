// Home: what can be added, and every destination with its state.
import { Button, TextInput } from '@mantine/core';
import { useCallback, useDeferredValue, useMemo } from 'react';
import { projects } from '../api/calls';
import { useServerStatus } from '../api/server_status';
import { useSession } from '../api/session';
import { useLoad } from '../api/use_load';
import type { DestinationLine } from '../api/types';
import { CreateDrawer } from '../form/create_drawer';
import { EditDrawer } from '../form/edit_drawer';
import { grouped } from '../format/numbers';
import { Icon, StreamMark } from '../parts/icons';
import { Empty, Shown } from '../parts/loading';
import { Page, Section } from '../parts/page';
import { Link, go, goQuery, pathTo, usePlace } from '../router';
import { DestinationRows } from './destination_rows';
import { Losses } from './losses';

const KINESIS = 'amazon kinesis aws stream data export';

function matches(line: DestinationLine, words: string[]): boolean {
  const text = `${line.name} ${line.project} ${line.environment} ${line.stream} ${line.region} ${line.state} amazon kinesis`.toLowerCase();
  return words.every((word) => text.includes(word) || word === line.id);
}

export function IntegrationsPage() {
  const { query } = usePlace();
  const { mayWrite } = useSession();
  const status = useServerStatus();
  const text = query.get('q') ?? '';
  const words = useDeferredValue(text).toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = words.join(' ');
  const lines = status.data?.destinations;
  const found = useMemo(() => {
    const terms = wanted.split(' ').filter(Boolean);
    return terms.length === 0 ? lines : lines?.filter((line) => matches(line, terms));
  }, [lines, wanted]);
  const showsKinesis = words.every((word) => KINESIS.includes(word));
  const editing = query.get('edit')?.split('/').map(decodeURIComponent);
  const editRef = useMemo(() => (editing?.length === 3 ? { project: editing[0]!, environment: editing[1]!, id: editing[2]! } : null), [editing?.join('/')]); // eslint-disable-line react-hooks/exhaustive-deps
  const nothing = wanted !== '' && !showsKinesis && found?.length === 0;

  return (
    <Page title="Integrations" lead="Send feature flag events to the systems where you analyse them." docs="delivery">
      {status.data && <Losses status={status.data} />}
      <TextInput type="search" aria-label="Search integrations and destinations" placeholder="Search integrations and destinations" leftSection={<Icon name="search" size={16} />} value={text} maw={460}
        onChange={(event) => goQuery({ q: event.currentTarget.value }, { replace: true })} />
      {nothing ? (
        <div className="card section">
          <Empty icon="search" title={`No results for “${text}”`} action={<Button variant="default" onClick={() => goQuery({ q: null }, { replace: true })}>Clear search</Button>}>
            No integration or destination has this in its name, environment, stream or region.
          </Empty>
        </div>
      ) : (
        <>
          {showsKinesis && (
            <Section title="Data export">
              <div className="grid">
                <KinesisCard mayAdd={mayWrite} />
              </div>
            </Section>
          )}
          <Section title="Your data export destinations" actions={found && <span className="small dim" role="status">{wanted ? `${grouped(found.length)} of ${grouped(lines?.length ?? 0)}` : grouped(found.length)}</span>}>
            <div className="card flush">
              <Shown loaded={status} what="destinations">
                {() =>
                  !lines?.length ? <NoDestinations mayAdd={mayWrite} /> : found?.length ? <DestinationRows lines={found} mayWrite={mayWrite} changed={status.reload} /> : (
                    <Empty icon="search" title={`No results for “${text}” among your destinations`} />
                  )
                }
              </Shown>
            </div>
          </Section>
        </>
      )}
      {mayWrite && query.get('add') === 'kinesis' && (
        <CreateDrawer close={() => goQuery({ add: null })}
          created={({ project, environment, id }) => {
            status.reload();
            go(`${pathTo('destinations', project, environment, id)}?new=1`);
          }} />
      )}
      {mayWrite && editRef && (
        <EditDrawer of={editRef} close={() => goQuery({ edit: null })} changed={status.reload}
          deleted={() => {
            status.reload();
            goQuery({ edit: null });
          }} />
      )}
    </Page>
  );
}

function KinesisCard({ mayAdd }: { mayAdd: boolean }) {
  return (
    <article className="card integration" aria-label="Amazon Kinesis">
      <div style={{ display: 'flex', gap: 14, alignItems: 'center' }}>
        <StreamMark size={44} />
        <h3>Amazon Kinesis</h3>
      </div>
      <p className="dim">Stream every evaluation, identify and track call into an Amazon Kinesis data stream.</p>
      {mayAdd ? (
        <Button leftSection={<Icon name="plus" size={16} />} onClick={() => goQuery({ add: 'kinesis' })}>Add integration</Button>
      ) : (
        <span className="small dim">Your token is read-only. To add a destination, sign in with a writer token.</span>
      )}
    </article>
  );
}

function NoDestinations({ mayAdd }: { mayAdd: boolean }) {
  const loaded = useLoad(useCallback((signal: AbortSignal) => projects.list(signal), []));
  const hasEnvironment = loaded.data?.items.some((project) => project.environments?.totalCount);
  return (
    <Empty icon="integrations" title="No destinations yet"
      action={mayAdd && <Button onClick={() => goQuery({ add: 'kinesis' })} leftSection={<Icon name="plus" size={16} />}>Add destination</Button>}>
      {hasEnvironment === false ? (
        <>Next: create an environment with your applications' SDK key. The destination form can create it, or start at <Link to="/environments">Environments</Link>.</>
      ) : (
        <>Next: select a stream for the events of an environment. You need a stream name, a region and a role.</>
      )}
    </Empty>
  );
}
