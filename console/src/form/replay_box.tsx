// Delivers the events of a time range again, as far as the journal still has them.
import { Button, Group, Progress, TextInput } from '@mantine/core';
import { useCallback, useState } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { useAction } from '../api/use_action';
import { useLoad } from '../api/use_load';
import { inWords } from '../format/durations';
import { counted, grouped, percent } from '../format/numbers';
import { exact, localInput, toMs } from '../format/times';
import { useServerStatus } from '../api/server_status';
import { Callout, DocsLink, Fault, ProblemBox } from '../parts/callout';
import { Time } from '../parts/time';

const HOUR = 3_600_000;

export function ReplayBox({ of }: { of: DestinationRef }) {
  const status = useLoad(useCallback((signal: AbortSignal) => destinations.status(of, signal), [of]), { everyMs: 1_000 });
  const server = useServerStatus();
  const [from, setFrom] = useState(() => localInput(Date.now() - HOUR));
  const [to, setTo] = useState('');
  const begin = useAction(async () => {
    const start = toMs(from);
    if (start === null) throw new Error('Select the start of the range.');
    await destinations.replay(of, start, toMs(to) ?? undefined);
    status.reload();
  });
  const cancel = useAction(async () => {
    await destinations.cancelReplay(of);
    status.reload();
  });
  if (status.data && status.data.replay === undefined) return <p className="dim">This server does not offer replays yet.</p>;
  const replay = status.data?.replay;
  const refused = replay?.deadLetteredEvents ?? 0;
  const running = replay?.state === 'running';
  const oldest = server.data?.journal.oldestAgeMs;
  const times = replay ? [toMs(replay.from), toMs(replay.to)] : [];
  return (
    <div className="form">
      <p className="dim" style={{ margin: 0 }}>
        Delivers the events of a time range again, with the same ids, in parallel to new events. Consumers that deduplicate by id see each event once.
        {oldest ? ` The journal starts ${inWords(oldest)} ago.` : ''} <DocsLink page="delivery">About duplicates</DocsLink>
      </p>
      {replay && (
        <Callout tone={running ? 'blue' : replay.state !== 'done' ? 'grey' : refused > 0 ? 'amber' : 'green'} live
          title={running ? `Replaying: ${percent(replay.fraction)}` : replay.state !== 'done' ? 'Replay cancelled.'
            : refused > 0 ? `Replay finished. ${counted(refused, 'event')} not delivered.` : 'Replay finished.'}>
          <p className="small">
            {times[0] ? exact(times[0]) : 'the beginning'} to {times[1] ? exact(times[1]) : 'its start'} · {grouped(replay.deliveredEvents)} delivered{refused > 0 && `, ${grouped(refused)} refused by the destination, in the dead letters`} · started <Time at={replay.startedAt} />
          </p>
          {running && <Progress value={replay.fraction * 100} mt={8} aria-label="Progress of the replay" />}
          {running && <Button size="xs" mt={10} variant="default" loading={cancel.running} onClick={() => void cancel.run()}>Cancel replay</Button>}
        </Callout>
      )}
      {replay?.problem && <ProblemBox problem={replay.problem} />}
      <Fault error={begin.error ?? cancel.error} />
      <Group align="end">
        <TextInput type="datetime-local" label="From" value={from} onChange={(event) => setFrom(event.currentTarget.value)} disabled={running} />
        <TextInput type="datetime-local" label="To (empty: now)" value={to} onChange={(event) => setTo(event.currentTarget.value)} disabled={running} />
        <Button onClick={() => void begin.run()} loading={begin.running} disabled={running || !from}>Start replay</Button>
      </Group>
    </div>
  );
}
