// One event in full, and as each destination's consumers read it.
import { useCallback } from 'react';
import { events } from '../api/calls';
import { useServerStatus } from '../api/server_status';
import type { DestinationLine, ExportedEvent } from '../api/types';
import { useLoad } from '../api/use_load';
import { bytes } from '../format/bytes';
import { JsonView } from '../parts/json_view';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import { Link, pathTo } from '../router';

const LOOKED_THROUGH = 20;

export function LiveEvent({ event, project, environment }: { event: ExportedEvent; project: string; environment: string }) {
  const { data } = useServerStatus();
  const from = placeBefore(String(event.position));
  const mine = (data?.destinations ?? []).filter((line) => line.project === project && line.environment === environment);
  return (
    <div className="form" style={{ gap: 12 }}>
      <div>
        <h2><span className="kind" style={{ fontSize: 15 }}>{event.kind}</span> {event.key}</h2>
        <div className="small dim">received <Time at={event.receivedAt} /> · <span className="mono">{event.id}</span></div>
      </div>
      <Recorded event={event} what="event" maxHeight={380} />
      <div>
        <h3 style={{ marginBottom: 6 }}>Destinations</h3>
        {mine.length === 0 && <p className="small dim" style={{ margin: 0 }}>This environment has no destinations. <Link to="/">Add one</Link></p>}
        {mine.map((line) => <Taken key={line.id} line={line} event={event} from={from} />)}
      </div>
    </div>
  );
}

// A request from there returns the event first.
function placeBefore(position: string): string {
  const [entry = '', index = '0'] = position.split('.');
  return index === '0' ? entry : `${entry}.${Number(index) - 1}`;
}

function Recorded({ event, what, maxHeight }: { event: ExportedEvent; what: string; maxHeight: number }) {
  if (event.record) return <JsonView value={event.record} what={what} maxHeight={maxHeight} />;
  return (
    <p className="small">
      This event has {bytes(event.eventBytes ?? 0)}, too many to show here. <a href={event.whole?.href} target="_blank" rel="noreferrer">Open it whole</a>
    </p>
  );
}

function Taken({ line, event, from }: { line: DestinationLine; event: ExportedEvent; from: string }) {
  const { project, environment, id } = line;
  const load = useCallback(
    (signal: AbortSignal) => events.after(project, environment, { destination: id, limit: LOOKED_THROUGH, after: from }, signal),
    [project, environment, id, from],
  );
  const loaded = useLoad(load, { everyMs: 2_000 });
  const taken = loaded.data?.items.find((each) => each.id === event.id);
  return (
    <details className="fold" style={{ borderBottom: 0 }}>
      <summary>
        <b>{line.name}</b> <State state={line.state} />{' '}
        <span className="small dim">{loaded.error ? 'unknown' : taken ? 'delivered' : loaded.data ? 'not delivered: queued, or filtered out by the destination' : '…'}</span>
      </summary>
      {taken ? <Recorded event={taken} what={`record for ${line.name}`} maxHeight={260} /> : <p className="small dim">{line.summary}</p>}
      <Link className="small" to={pathTo('destinations', project, environment, id)}>Open destination</Link>
    </details>
  );
}

