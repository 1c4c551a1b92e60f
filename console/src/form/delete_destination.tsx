// Deletes a destination, after listing what is deleted with it.
import { useCallback } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { useLoad } from '../api/use_load';
import { bytes } from '../format/bytes';
import { counted } from '../format/numbers';
import { Confirm } from '../parts/confirm';
import { notify } from '../parts/toasts';

export function DeleteDestination({ of, name, close, deleted }: { of: DestinationRef; name: string; close: () => void; deleted: () => void }) {
  const status = useLoad(useCallback((signal: AbortSignal) => destinations.status(of, signal), [of]));
  const backlog = status.data?.backlog;
  const dead = status.data?.deadLetterBytes === 0 ? 0 : (status.data?.deadLetteredEvents ?? 0);
  return (
    <Confirm title={`Delete “${name}”?`} verb="Delete destination" typed={name} close={close}
      act={async () => {
        await destinations.remove(of);
        notify(`“${name}” deleted.`);
        deleted();
      }}>
      <p style={{ marginTop: 0 }}>This cannot be undone. It also deletes:</p>
      <ul>
        <li>{backlog ? `${counted(backlog.events, 'event')} in its backlog (${bytes(backlog.bytes)}), not delivered yet` : 'events in its backlog, not delivered yet'}</li>
        <li>{status.data ? counted(dead, 'dead letter') : 'its dead letters'}</li>
      </ul>
      <p>Events already delivered stay where they are. Other destinations are not affected.</p>
    </Confirm>
  );
}
