// Rates, backlog, errors and latency over an hour, a day or a week.
import { SegmentedControl } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { destinations, type DestinationRef } from '../api/calls';
import { useServerStatus } from '../api/server_status';
import type { History, Span } from '../api/types';
import { useLoad } from '../api/use_load';
import { duration } from '../format/durations';
import { stepsOf } from '../format/history';
import { rate, short } from '../format/numbers';
import { toMs } from '../format/times';
import Chart from '../parts/chart';
import { Shown } from '../parts/loading';
import { Section } from '../parts/page';

export function HistoryCharts({ of }: { of: DestinationRef }) {
  const [span, setSpan] = useState<Span>('hour');
  const history = useLoad(useCallback((signal: AbortSignal) => destinations.history(of, span, signal), [of, span]), { everyMs: span === 'hour' ? 5_000 : 30_000 });
  return (
    <Section title="History" actions={
      <SegmentedControl size="xs" value={span} onChange={(value) => setSpan(value as Span)} aria-label="Span of the charts"
        data={[{ value: 'hour', label: 'Hour' }, { value: 'day', label: 'Day' }, { value: 'week', label: 'Week' }]} />
    }>
      <Shown loaded={history} what="the history">{(data) => <Charts history={data} />}</Shown>
    </Section>
  );
}

function Charts({ history }: { history: History }) {
  const { data } = useServerStatus();
  const started = toMs(data?.started);
  const all = useMemo(() => {
    const steps = stepsOf(history, started);
    return {
      times: steps.times,
      rates: [
        { name: 'Delivered', colour: '--green', values: steps.of((point) => point.delivered, true) },
        { name: 'Received', colour: '--blue', values: steps.of((point) => point.accepted, true) },
      ],
      backlog: [{ name: 'Queued events', colour: '--amber', values: steps.of((point) => point.backlogEvents) }],
      errors: [
        { name: 'Retried records', colour: '--amber', values: steps.of((point) => point.retried) },
        { name: 'Failed calls', colour: '--red', values: steps.of((point) => point.failedCalls) },
      ],
      latency: [
        { name: 'p50', colour: '--accent', values: steps.of((point) => point.latencyP50Ms) },
        { name: 'p99', colour: '--blue', values: steps.of((point) => point.latencyP99Ms) },
      ],
    };
  }, [history, started]);
  return (
    <>
      <div className="charts">
        <Chart label="Events per second" times={all.times} series={all.rates} format={rate} />
        <Chart label="Backlog" times={all.times} series={all.backlog} format={short} whole />
        <Chart label="Throttles and errors" times={all.times} series={all.errors} format={short} whole />
        <Chart label="Latency from receipt to delivery" times={all.times} series={all.latency} format={duration} />
      </div>
      <p className="small dim">Kept for a week, over restarts.</p>
    </>
  );
}
