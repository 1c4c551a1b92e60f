// What the catalog does not know any more, what the disk lost, and what is wrong with the server itself: shown where
// destinations are listed, since it concerns them all, or some that are not in the list.
import type { ServerStatus } from '../api/types';
import { counted } from '../format/numbers';
import { exact, toMs } from '../format/times';
import { Callout, ProblemBox } from '../parts/callout';
import { Time } from '../parts/time';
import { Link } from '../router';

export function Losses({ status }: { status: ServerStatus }) {
  const missing = status.journal.missingEntries ?? 0;
  const setAside = status.setAside ?? [];
  const notes = status.notes ?? [];
  if (missing === 0 && setAside.length === 0 && notes.length === 0) return null;
  const one = setAside.length === 1;
  return (
    <div style={{ display: 'grid', gap: 16, marginBottom: 20 }}>
      {notes.map((note) => (
        <ProblemBox key={note.code} problem={note} tone="amber" />
      ))}
      {missing > 0 && (
        <Callout tone="red" title={`The journal has lost ${counted(missing, 'entry', 'entries')}.`}>
          <p>
            Files of the journal were removed or cut. Each entry is a payload, or a part of a large one, that was acknowledged. Where it is known
            which events a destination misses, its page counts them. Check the disk, and whatever else removes files in the data directory:{' '}
            <Link to="/docs/delivery">Delivery</Link>.
          </p>
        </Callout>
      )}
      {setAside.length > 0 && (
        <Callout tone="amber" title={`${counted(setAside.length, 'destination')} of this data directory ${one ? 'is' : 'are'} not in the catalog.`}>
          <p>
            {one
              ? 'Its place and its dead letters are set aside, not deleted. It continues where it was when the catalog has it again: check '
              : 'Their places and dead letters are set aside, not deleted. They continue where they were when the catalog has them again: check '}
            <code>--config</code>, or restore the catalog: <Link to="/docs/operating">Operating</Link>.
          </p>
          <ul aria-label="Destinations set aside">
            {setAside.map((each) => (
              <li key={each.id}>
                <strong>{each.name || each.id}</strong>
                <span className="mono small dim">{each.id}</span>
                <br />
                Set aside <Time at={each.since} />. The journal keeps its events until {exact(toMs(each.eventsKeptUntil) ?? 0)}, unless it needs the room.
                {each.payloadsKept === false && ' Payloads that come now are not kept for it: how many it misses is told when it is back.'}
              </li>
            ))}
          </ul>
        </Callout>
      )}
    </div>
  );
}
