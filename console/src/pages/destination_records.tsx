// The latest records that the destination delivered, as consumers read them.
import { useCallback } from 'react';
import { events, type DestinationRef } from '../api/calls';
import { useLoad } from '../api/use_load';
import { JsonView } from '../parts/json_view';
import { Shown } from '../parts/loading';
import { Section } from '../parts/page';
import { Time } from '../parts/time';
import { Link, pathTo } from '../router';

const SHOWN = 5;

export function LatestRecords({ of }: { of: DestinationRef }) {
  const { project, environment, id } = of;
  const load = useCallback((signal: AbortSignal) => events.after(project, environment, { destination: id, limit: SHOWN }, signal), [project, environment, id]);
  const latest = useLoad(load, { everyMs: 5_000 });
  return (
    <Section title="Latest delivered records" actions={<Link className="small" to={pathTo('live', project, environment)}>Live events</Link>}>
      <div className="card">
        <Shown loaded={latest} what="delivered records">
          {({ items }) => items.length === 0 ? <p className="dim" style={{ margin: 0 }}>No delivered events in the journal. Test events are not stored there.</p> : (
            <div>
              {items.slice(-SHOWN).reverse().map((event) => (
                <details key={event.position} className="fold">
                  <summary><span className="kind">{event.kind}</span> <b>{event.key}</b> <span className="small dim">received <Time at={event.receivedAt} /></span></summary>
                  <JsonView value={event.record} what={`record ${event.id}`} maxHeight={320} />
                </details>
              ))}
            </div>
          )}
        </Shown>
      </div>
    </Section>
  );
}
