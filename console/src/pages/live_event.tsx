// One event in full, and as each destination's consumers read it.
import { useCallback } from 'react';
import { events } from '../api/calls';
import { useServerStatus } from '../api/server_status';
import type { DestinationLine, ExportedEvent } from '../api/types';
import { useLoad } from '../api/use_load';
import { JsonView } from '../parts/json_view';
import { State } from '../parts/state';
import { Time } from '../parts/time';
import { Link, pathTo } from '../router';

const LOOKED_THROUGH = 20;

export function LiveEvent({ event, project, environment }: { event: ExportedEvent; project: string; environment: string }) {
  const { data } = useServerStatus();
  // Its payload's position in the journal: a request from there returns it among the first.
  const [from = ''] = String(event.position).split('.');
  const mine = (data?.destinations ?? []).filter((line) => line.project === project && line.environment === environment);
  return (
    <div className="form" style={{ gap: 12 }}>
      <div>
        <h2><span className="kind" style={{ fontSize: 15 }}>{event.kind}</span> {event.key}</h2>
        <div className="small dim">received <Time at={event.receivedAt} /> · <span className="mono">{event.id}</span></div>
      </div>
      <JsonView value={event.record} what="event" maxHeight={380} />
      <div>
        <h3 style={{ marginBottom: 6 }}>Destinations</h3>
        {mine.length === 0 && <p className="small dim" style={{ margin: 0 }}>This environment has no destinations. <Link to="/?add=kinesis">Add one</Link></p>}
        {mine.map((line) => <Taken key={line.id} line={line} event={event} from={from} />)}
      </div>
    </div>
  );
}

function Taken({ line, event, from }: { line: DestinationLine; event: ExportedEvent; from: string }) {
  const { project, environment, id } = line;
  const load = useCallback(
    (signal: AbortSignal) => events.after(project, environment, { destination: id, limit: LOOKED_THROUGH, after: from }, signal),
    [project, environment, id, from],
  );
  const loaded = useLoad(load, { everyMs: 2_000 });
  const record = loaded.data?.items.find((each) => each.id === event.id)?.record;
  return (
    <details className="fold" style={{ borderBottom: 0 }}>
      <summary>
        <b>{line.name}</b> <State state={line.state} />{' '}
        <span className="small dim">{loaded.error ? 'unknown' : record ? 'delivered' : loaded.data ? 'not delivered: queued, or filtered out by the destination' : '…'}</span>
      </summary>
      {record ? <JsonView value={record} what={`record for ${line.name}`} maxHeight={260} /> : <p className="small dim">{line.summary}</p>}
      <Link className="small" to={pathTo('destinations', project, environment, id)}>Open destination</Link>
    </details>
  );
}

