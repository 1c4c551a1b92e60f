// Events that the destination can never accept, with the reason.
import { Button } from '@mantine/core';
import { useCallback, useState } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { useAction } from '../api/use_action';
import { useLoad } from '../api/use_load';
import { bytes } from '../format/bytes';
import { counted, grouped } from '../format/numbers';
import { Callout, Fault } from '../parts/callout';
import { Icon } from '../parts/icons';
import { JsonView } from '../parts/json_view';
import { Shown } from '../parts/loading';
import { Section } from '../parts/page';
import { Time } from '../parts/time';

export function DeadLetterBox({ of, total, mayWrite }: { of: DestinationRef; total: number; mayWrite: boolean }) {
  // Loaded again when there are more.
  const load = useCallback((signal: AbortSignal) => destinations.deadLetters(of, signal), [of, total]); // eslint-disable-line react-hooks/exhaustive-deps
  const letters = useLoad(load);
  const [retryResult, setRetryResult] = useState('');
  const retry = useAction(async () => {
    const { retried, delivered, kept } = await destinations.retryDeadLetters(of);
    setRetryResult(`${counted(retried, 'event')} retried: ${grouped(delivered)} delivered, ${grouped(kept)} kept.`);
    letters.reload();
  });
  const some = (letters.data?.totalCount ?? 0) > 0;
  return (
    <Section title="Dead letters" actions={some && (
      <>
        <Button size="xs" variant="default" component="a" href={destinations.deadLettersFile(of)} download={`dead-letters-${of.id}.ndjson`} leftSection={<Icon name="down" size={14} />}>Download</Button>
        {mayWrite && <Button size="xs" variant="light" loading={retry.running} onClick={() => void retry.run()}>Retry</Button>}
      </>
    )}>
      <div className="form" style={{ gap: 10 }}>
        {retryResult && <Callout tone="green" title={retryResult} live />}
        <Fault error={retry.error} />
        <div className="card">
          <Shown loaded={letters} what="dead letters">
            {(data) => data.totalCount === 0 ? <p className="dim" style={{ margin: 0 }}>None. Events that the destination can never accept, such as one larger than its limit, are kept here.</p> : (
              <div className="form" style={{ gap: 8 }}>
                <p className="small dim" style={{ margin: 0 }}>{counted(data.totalCount, 'event')}, {bytes(data.bytes)}. Newest {grouped(data.items.length)}:</p>
                {data.items.map((letter, index) => (
                  <details key={`${letter.position}-${index}`} className="fold" style={{ borderBottom: 0 }}>
                    <summary><Time at={letter.time} /> · <span className="mono">{letter.code}</span> · {letter.reason}</summary>
                    {letter.recordBytes === undefined
                      ? <JsonView value={letter.record} what="dead letter" maxHeight={300} />
                      : <p className="small dim">The record has {bytes(letter.recordBytes)}. The download holds it.</p>}
                  </details>
                ))}
              </div>
            )}
          </Shown>
        </div>
      </div>
    </Section>
  );
}
