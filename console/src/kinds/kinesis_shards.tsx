// How many shards the stream has, how many it needs, and what it costs. Every figure is the server's.
import type { DestinationKind, DestinationStatus, Shards } from '../api/types';
import { bytes } from '../format/bytes';
import { counted, grouped, money, rate } from '../format/numbers';
import { Callout } from '../parts/callout';
import { Section } from '../parts/page';
import { CostBox } from './kinesis_cost';

export function ShardPanel({ kind, status }: { kind: DestinationKind; status: DestinationStatus }) {
  const { shards, openShards } = status;
  if (shards === undefined) return null;
  return (
    <Section title={kind.supports.cost ? 'Shards and cost' : 'Shards'}>
      <div className="card">{shards ? <Advice shards={shards} /> : <NoAdvice openShards={openShards} />}</div>
      {shards && kind.supports.cost && <CostBox kind={kind.kind} shards={shards} />}
    </Section>
  );
}

function NoAdvice({ openShards }: { openShards: number | null | undefined }) {
  return <p style={{ margin: 0 }} className="dim">{openShards ? `The stream has ${counted(openShards, 'open shard')}.` : 'Not known yet. Sluice reads them at the first delivery, if the role allows kinesis:DescribeStreamSummary and kinesis:ListShards.'}</p>;
}

function Advice({ shards }: { shards: Shards }) {
  const few = shards.mode !== 'ON_DEMAND' && shards.open !== null && shards.open < shards.advised;
  const { cost } = shards;
  return (
    <div className="form">
      {few && <Callout tone="amber" title={`The stream has ${counted(shards.open ?? 0, 'shard')}; ${grouped(shards.advised)} recommended.`}><p>With too few shards, AWS throttles and events queue up. No events are lost.</p></Callout>}
      <dl className="facts">
        <dt>Open</dt><dd>{shards.open === null ? 'not known: the role may not describe the stream' : grouped(shards.open)}{shards.mode === 'ON_DEMAND' ? ' (on-demand: AWS scales it)' : ''}</dd>
        <dt>Advised</dt><dd><b>{counted(shards.advised, 'shard')}</b>, for the peak that arrived: {rate(shards.peakEventsPerSecond)} events/s, {bytes(shards.peakBytesPerSecond)}/s{shards.bytesPerEvent === null ? ' (the size of events is assumed until the first delivery)' : ''}</dd>
        <dt>Rule of thumb</dt><dd>{counted(shards.byRule, 'shard')}: one for each 50 million events a month, at {grouped(shards.eventsPerMonth)} a month as in the last day</dd>
        {cost && <><dt>Cost at AWS</dt><dd>about {money(cost.perMonthUsd)} a month: {money(cost.capacityPerMonthUsd)} for the stream&apos;s capacity, {money(cost.volumePerMonthUsd)} for the data volume. <span className="dim">List prices as of {cost.asOf}, {cost.source}. {cost.note}</span></dd></>}
      </dl>
    </div>
  );
}
