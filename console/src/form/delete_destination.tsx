// Deletes a destination, after saying what goes with it.
import { useCallback } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { useLoad } from '../api/use_load';
import { bytes } from '../format/bytes';
import { counted } from '../format/numbers';
import { Confirm } from '../parts/confirm';
import { tell } from '../parts/toasts';

export function DeleteDestination({ of, name, close, deleted }: { of: DestinationRef; name: string; close: () => void; deleted: () => void }) {
  const status = useLoad(useCallback((signal: AbortSignal) => destinations.status(of, signal), [of]));
  const backlog = status.data?.backlog;
  const dead = status.data?.deadLetteredEvents ?? 0;
  return (
    <Confirm title={`Delete “${name}”?`} verb="Delete destination" typed={name} close={close}
      act={async () => {
        await destinations.remove(of);
        tell(`“${name}” is deleted.`);
        deleted();
      }}>
      <p style={{ marginTop: 0 }}>This cannot be undone. What goes:</p>
      <ul>
        <li>{backlog ? `${counted(backlog.events, 'event')} of its backlog (${bytes(backlog.bytes)}), not delivered yet` : 'the events of its backlog that are not delivered yet'}</li>
        <li>{status.data ? counted(dead, 'dead letter') : 'its dead letters'}</li>
      </ul>
      <p>What was delivered stays in your stream. Other destinations are not touched.</p>
    </Confirm>
  );
}
