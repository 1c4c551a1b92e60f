// Sends one event with the destination's own credentials and client, and shows where it is.
import { Button } from '@mantine/core';
import { useState } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import type { TestEventResult } from '../api/types';
import { useAction } from '../api/use_action';
import { duration } from '../format/durations';
import { Callout, Fault, ProblemBox } from './callout';
import { Copy } from './copy';

export function TestEvent({ of }: { of: DestinationRef }) {
  const [result, setResult] = useState<TestEventResult>();
  const action = useAction(async () => {
    setResult(undefined);
    setResult(await destinations.testEvent(of));
  });
  return (
    <div className="form" style={{ gap: 10 }}>
      <p style={{ margin: 0 }} className="small dim">
        Sends one event with the flag key <span className="mono">LaunchDarklyDataExportTestEvent</span> to the saved destination. Works while the destination is off.
      </p>
      <div>
        <Button variant="light" loading={action.running} onClick={() => void action.run()}>Send event</Button>
      </div>
      <Fault error={action.error} />
      {result?.delivered && (
        <Callout tone="green" title={`Delivered in ${duration(result.tookMs)}.`} live>
          <dl className="facts" style={{ marginTop: 8 }}>
            {result.where && <><dt>Where</dt><dd className="mono">{result.where} <Copy text={result.where} what="where it is" /></dd></>}
            <dt>Event id</dt><dd className="mono">{result.eventId} <Copy text={result.eventId} what="event id" /></dd>
          </dl>
        </Callout>
      )}
      {result && !result.delivered && (
        <div role="alert">
          <ProblemBox problem={result.problem ?? { code: '', message: 'The event was not delivered.' }} />
        </div>
      )}
    </div>
  );
}
