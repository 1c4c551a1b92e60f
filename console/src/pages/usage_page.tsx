// How many events were delivered, by day, as a chart and a table.
import { SegmentedControl, Select } from '@mantine/core';
import { useCallback, useMemo, useState } from 'react';
import { projects, usage, type UsageQuery } from '../api/calls';
import { useServerStatus } from '../api/server_status';
import { useLoad } from '../api/use_load';
import { filled, type FilledUsage } from '../format/usage';
import { counted, grouped, short } from '../format/numbers';
import Chart from '../parts/chart';
import { Empty, Shown } from '../parts/loading';
import { Page } from '../parts/page';

const RANGES: Record<string, { label: string; ms: number; granularity: UsageQuery['granularity'] }> = {
  day: { label: 'Day', ms: 86_400_000, granularity: 'hourly' },
  month: { label: '30 days', ms: 30 * 86_400_000, granularity: 'daily' },
  year: { label: 'Year', ms: 365 * 86_400_000, granularity: 'monthly' },
};
const GROUPS = [
  { value: '', label: 'Total' },
  { value: 'projectId', label: 'By project' },
  { value: 'environmentId', label: 'By environment' },
  { value: 'destinationId', label: 'By destination' },
  { value: 'eventKind', label: 'By event kind' },
];
const COLOURS = ['--accent', '--blue', '--amber', '--green', '--red', '--grey'];

export default function UsagePage() {
  const [range, setRange] = useState('month');
  const [group, setGroup] = useState('');
  const load = useCallback((signal: AbortSignal) => {
    const { ms, granularity } = RANGES[range]!;
    const to = Date.now();
    return usage.read({ from: to - ms, to, granularity, ...(group && { groupBy: group }) }, signal).then((data) => filled(data, to - ms, to, granularity));
  }, [range, group]);
  const loaded = useLoad(load, { everyMs: 30_000 });
  return (
    <Page title="Usage" lead="Events delivered to data export destinations." docs="rest-api">
      <div className="section-head">
        <SegmentedControl value={range} onChange={setRange} data={Object.entries(RANGES).map(([value, { label }]) => ({ value, label }))} aria-label="Span" />
        <Select aria-label="Group by" data={GROUPS} value={group} allowDeselect={false} w={210} onChange={(value) => setGroup(value ?? '')} />
      </div>
      <Shown loaded={loaded} what="usage">{(data) => <Shows data={data} />}</Shown>
    </Page>
  );
}

function useNames(): (id: string) => string {
  const { data } = useServerStatus();
  const loaded = useLoad(useCallback((signal: AbortSignal) => projects.list(signal), []));
  return useMemo(() => {
    const names = new Map<string, string>();
    for (const project of loaded.data?.items ?? []) {
      names.set(project._id, project.name);
      for (const environment of project.environments?.items ?? []) names.set(environment._id, `${project.name}: ${environment.name}`);
    }
    for (const destination of data?.destinations ?? []) names.set(destination.id, destination.name);
    return (id) => names.get(id) ?? id;
  }, [data?.destinations, loaded.data]);
}

function Shows({ data }: { data: FilledUsage }) {
  const nameOf = useNames();
  const columns = useMemo(() => {
    const many = data.metadata.length || 1;
    return Array.from({ length: many }, (_, index) => {
      const about = Object.values(data.metadata[index] ?? {})[0];
      return {
        name: about ? nameOf(about) : 'Events',
        total: data.series.reduce((sum, point) => sum + (point[String(index)] ?? 0), 0),
        values: data.series.map((point) => point[String(index)] ?? 0),
      };
    }).sort((one, other) => other.total - one.total);
  }, [data, nameOf]);
  const times = useMemo(() => data.series.map((point) => point['time'] ?? 0), [data]);
  const shown = useMemo(() => columns.slice(0, COLOURS.length).map((column, index) => ({ ...column, colour: COLOURS[index]! })), [columns]);
  const total = columns.reduce((sum, column) => sum + column.total, 0);
  if (total === 0) return <div className="card"><Empty icon="usage" title="No events delivered in this period">Next: switch a destination on and point SDKs at Sluice.</Empty></div>;
  return (
    <div className="form">
      <Chart label={counted(total, 'event')} times={times} series={shown} format={short} whole height={260} bars={shown.length === 1} />
      {columns.length > shown.length && <p className="small dim" style={{ margin: 0 }}>The chart shows the {shown.length} largest; the table shows all.</p>}
      <div className="card flush scroll-x" tabIndex={0} role="region" aria-label="Usage, as a table">
        <table className="plain">
          <thead><tr><th scope="col">{columns.length === 1 ? 'What' : 'Group'}</th><th scope="col" className="right">Events</th><th scope="col" className="right">Share</th></tr></thead>
          <tbody>
            {columns.map((column, index) => (
              <tr key={`${column.name}${index}`}>
                <td>{column.name}</td><td className="num right">{grouped(column.total)}</td><td className="num right">{total ? `${((column.total / total) * 100).toFixed(1)}%` : '–'}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </div>
  );
}
