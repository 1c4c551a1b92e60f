// Events as they arrive, less than a second after they were accepted.
import { Button, Select, TextInput } from '@mantine/core';
import { useMemo, useState } from 'react';
import { useLive } from '../api/use_live';
import { usePlaceChoice } from '../api/use_place_choice';
import type { Environment, ExportedEvent, Project } from '../api/types';
import { grouped } from '../format/numbers';
import { EVENT_KINDS } from '../form/common_fields';
import { Fault } from '../parts/callout';
import { Icon } from '../parts/icons';
import { Empty, Loading } from '../parts/loading';
import { Page } from '../parts/page';
import { PlacePicker, WithPlace } from '../parts/place_picker';
import { Time } from '../parts/time';
import { Link } from '../router';
import { LiveEvent } from './live_event';

const SHOWN = 200;

export default function LivePage() {
  const choice = usePlaceChoice('live');
  return (
    <Page title="Live events" lead="Events that arrive in an environment, in their exported form." docs="events" actions={<PlacePicker choice={choice} />}>
      <WithPlace choice={choice}>{(project, environment) => <Live key={environment._id} project={project} environment={environment} />}</WithPlace>
    </Page>
  );
}

function contextText(event: ExportedEvent): string {
  const inner = (event.record?.['event'] ?? {}) as Record<string, unknown>;
  return JSON.stringify([inner['contextKeys'], inner['context'], inner['userKey'], inner['user']]).toLowerCase();
}

function Live({ project, environment }: { project: Project; environment: Environment }) {
  const [paused, setPaused] = useState(false);
  const [kind, setKind] = useState<string | null>(null);
  const [key, setKey] = useState('');
  const [context, setContext] = useState('');
  const [selected, setSelected] = useState<ExportedEvent>();
  const live = useLive(project.key, environment.key, paused);
  const found = useMemo(() => {
    const wantedKey = key.trim().toLowerCase();
    const wantedContext = context.trim().toLowerCase();
    return live.events.filter((event) => (!kind || event.kind === kind) && (!wantedKey || (event.key ?? '').toLowerCase().includes(wantedKey)) && (!wantedContext || contextText(event).includes(wantedContext)));
  }, [live.events, kind, key, context]);
  const filtered = Boolean(kind || key.trim() || context.trim());
  const shown = found.slice(0, SHOWN);

  return (
    <>
      <div className="section-head">
        <Button variant={paused ? 'filled' : 'default'} leftSection={<Icon name={paused ? 'play' : 'pause'} size={16} />} onClick={() => setPaused(!paused)}>{paused ? 'Go on' : 'Pause'}</Button>
        <Select aria-label="Kind" placeholder="All kinds" data={EVENT_KINDS} value={kind} clearable w={160} onChange={setKind} clearButtonProps={{ 'aria-label': 'All kinds' }} />
        <TextInput aria-label="Flag or event key" placeholder="Flag or event key" value={key} w={190} onChange={(event) => setKey(event.currentTarget.value)} />
        <TextInput aria-label="Context" placeholder="Context: key or attribute" value={context} w={210} onChange={(event) => setContext(event.currentTarget.value)} />
        <span className="small dim" role="status">{paused ? 'Paused. ' : ''}{filtered ? `${grouped(found.length)} of ${grouped(live.events.length)}` : grouped(live.events.length)} shown</span>
      </div>
      <Fault error={live.error} title="Could not load the events." />
      {!live.loaded && !live.error && <Loading what="events" />}
      {live.loaded && (
        <div className="live">
          <div className="card flush">
            {shown.length === 0 ? (
              filtered ? <Empty icon="search" title="No recent event matches">New events appear here as they arrive.</Empty> : (
                <Empty icon="live" title="Waiting for the first event …" action={<Link to={`/environments/${project.key}/${environment.key}`}>Set up SDKs</Link>}>Next: point an SDK&apos;s events address at Sluice and evaluate a flag.</Empty>
              )
            ) : (
              <div className="event-list" role="group" aria-label="Events, newest first">
                {shown.map((event) => (
                  <button key={event.position} type="button" className="event-button" aria-pressed={selected?.position === event.position} onClick={() => setSelected(event)}>
                    <span className="kind">{event.kind}</span>
                    <span className="cut">{event.key ?? <span className="dim">{contextOf(event)}</span>}</span>
                    <span className="small dim right"><Time at={event.receivedAt} /></span>
                  </button>
                ))}
              </div>
            )}
          </div>
          <div className="card" style={{ position: 'sticky', top: 72 }}>
            {selected ? <LiveEvent key={selected.position} event={selected} project={project.key} environment={environment.key} /> : <Empty icon="eye" title="Select an event">It is shown in full, with the destinations that receive it.</Empty>}
          </div>
        </div>
      )}
    </>
  );
}

function contextOf(event: ExportedEvent): string {
  const inner = (event.record?.['event'] ?? {}) as { context?: { kind?: string; key?: string }; user?: { key?: string } };
  if (inner.context?.key) return `${inner.context.kind ?? 'context'} ${inner.context.key}`;
  return inner.user?.key ? `user ${inner.user.key}` : '';
}
