// Home: what can be added, and every destination with its state.
import { Button, TextInput } from '@mantine/core';
import { useCallback, useDeferredValue, useMemo } from 'react';
import { projects } from '../api/calls';
import { useKinds } from '../api/kinds';
import { useServerStatus } from '../api/server_status';
import { useSession } from '../api/session';
import { useLoad } from '../api/use_load';
import type { DestinationKind, DestinationLine } from '../api/types';
import { CreateDrawer } from '../form/create_drawer';
import { EditDrawer } from '../form/edit_drawer';
import { grouped } from '../format/numbers';
import { Icon, KindMark } from '../parts/icons';
import { Callout } from '../parts/callout';
import { Empty, Shown } from '../parts/loading';
import { Page, Section } from '../parts/page';
import { Link, go, goQuery, pathTo, usePlace } from '../router';
import { DestinationRows } from './destination_rows';
import { Losses } from './losses';

function cardMatches({ kind, title, keywords }: DestinationKind, words: string[]): boolean {
  const text = `${title} ${keywords} ${kind}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

function lineMatches(line: DestinationLine, words: string[], titles: ReadonlyMap<string, string>): boolean {
  const text = `${line.name} ${line.project} ${line.environment} ${line.target} ${line.state} ${titles.get(line.kind) ?? line.kind}`.toLowerCase();
  return words.every((word) => text.includes(word) || word === line.id);
}

export function IntegrationsPage() {
  const { query } = usePlace();
  const { mayWrite } = useSession();
  const status = useServerStatus();
  const text = query.get('q') ?? '';
  const words = useDeferredValue(text).toLowerCase().split(/\s+/).filter(Boolean);
  const wanted = words.join(' ');
  const loadedKinds = useKinds();
  const kinds = loadedKinds.data?.items;
  const lines = status.data?.destinations;
  const found = useMemo(() => {
    const terms = wanted.split(' ').filter(Boolean);
    const titles = new Map(kinds?.map(({ kind, title }) => [kind, title]));
    return terms.length === 0 ? lines : lines?.filter((line) => lineMatches(line, terms, titles));
  }, [lines, kinds, wanted]);
  const cards = kinds?.filter((kind) => cardMatches(kind, words));
  const add = query.get('add');
  const adding = kinds?.find(({ kind }) => kind === add);
  const editing = query.get('edit')?.split('/').map(decodeURIComponent);
  const editRef = useMemo(() => (editing?.length === 3 ? { project: editing[0]!, environment: editing[1]!, id: editing[2]! } : null), [editing?.join('/')]); // eslint-disable-line react-hooks/exhaustive-deps
  const nothing = wanted !== '' && cards?.length === 0 && found?.length === 0;

  return (
    <Page title="Integrations" lead="Send feature flag events to the systems where you analyse them." docs="delivery">
      {status.data && <Losses status={status.data} />}
      {add && kinds && !adding && <div style={{ marginBottom: 16 }}><Callout tone="amber" title={`This server has no integration “${add}”.`} /></div>}
      <TextInput type="search" aria-label="Search integrations and destinations" placeholder="Search integrations and destinations" leftSection={<Icon name="search" size={16} />} value={text} maw={460}
        onChange={(event) => goQuery({ q: event.currentTarget.value }, { replace: true })} />
      {nothing ? (
        <div className="card section">
          <Empty icon="search" title={`No results for “${text}”`} action={<Button variant="default" onClick={() => goQuery({ q: null }, { replace: true })}>Clear search</Button>}>
            No integration or destination has this in its name, environment or target.
          </Empty>
        </div>
      ) : (
        <>
          {cards?.length !== 0 && (
            <Section title="Data export">
              <Shown loaded={loadedKinds} what="integrations">
                {() => <div className="grid">{cards?.map((kind) => <KindCard key={kind.kind} kind={kind} mayAdd={mayWrite} />)}</div>}
              </Shown>
            </Section>
          )}
          <Section title="Your data export destinations" actions={found && <span className="small dim" role="status">{wanted ? `${grouped(found.length)} of ${grouped(lines?.length ?? 0)}` : grouped(found.length)}</span>}>
            <div className="card flush">
              <Shown loaded={status} what="destinations">
                {() =>
                  !lines?.length ? <NoDestinations only={kinds?.length === 1 && mayWrite ? kinds[0] : undefined} /> : found?.length ? <DestinationRows lines={found} mayWrite={mayWrite} changed={status.reload} /> : (
                    <Empty icon="search" title={`No results for “${text}” among your destinations`} />
                  )
                }
              </Shown>
            </div>
          </Section>
        </>
      )}
      {mayWrite && adding && (
        <CreateDrawer key={adding.kind} kind={adding} close={() => goQuery({ add: null })}
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

function KindCard({ kind, mayAdd }: { kind: DestinationKind; mayAdd: boolean }) {
  return (
    <article className="card integration" aria-label={kind.title}>
      <div style={{ display: 'flex', gap: 14, alignItems: 'center' }}>
        <KindMark icon={kind.icon} size={44} />
        <h3>{kind.title}</h3>
      </div>
      <p className="dim">{kind.summary}</p>
      {mayAdd ? (
        <Button leftSection={<Icon name="plus" size={16} />} aria-label={`Add integration: ${kind.title}`} onClick={() => goQuery({ add: kind.kind })}>Add integration</Button>
      ) : (
        <span className="small dim">Your token is read-only. To add a destination, sign in with a writer token.</span>
      )}
    </article>
  );
}

// `only`: the kind to add, when there is no choice.
function NoDestinations({ only }: { only: DestinationKind | undefined }) {
  const loaded = useLoad(useCallback((signal: AbortSignal) => projects.list(signal), []));
  const hasEnvironment = loaded.data?.items.some((project) => project.environments?.totalCount);
  return (
    <Empty icon="integrations" title="No destinations yet"
      action={only && <Button onClick={() => goQuery({ add: only.kind })} leftSection={<Icon name="plus" size={16} />}>Add destination</Button>}>
      {hasEnvironment === false ? (
        <>Next: create an environment with your applications' SDK key. The destination form can create it, or start at <Link to="/environments">Environments</Link>.</>
      ) : (
        <>Next: add an integration above, for the events of an environment.</>
      )}
    </Empty>
  );
}
