// What the destination's stream costs a month with each encoding and capacity mode: for what arrives, or for figures that
// are typed in. The server computes it (docs/rest-api.md); docs/cost.md explains it.
import { Button, TextInput } from '@mantine/core';
import { useCallback, useState, type FormEvent } from 'react';
import { server } from '../api/calls';
import type { Shards } from '../api/types';
import { useLoad } from '../api/use_load';
import { bytes } from '../format/bytes';
import { grouped, money, rate } from '../format/numbers';
import { Shown } from '../parts/loading';

interface KinesisCostItem {
  encoding: string;
  mode: 'PROVISIONED' | 'ON_DEMAND';
  eventsPerRecord: number;
  bytesPerRecord: number;
  shards: number | null;
  capacityPerMonthUsd: number;
  volumePerMonthUsd: number;
  perMonthUsd: number;
}

interface KinesisCost {
  eventsPerMonth: number;
  peakEventsPerSecond: number;
  bytesPerEvent: number;
  compressionRatio: number;
  items: KinesisCostItem[];
  asOf: string;
  source: string;
  note: string;
}

// As typed: the server checks it.
type CostTraffic = Record<'eventsPerMonth' | 'peakEventsPerSecond' | 'bytesPerEvent', string>;

const FIELDS: { name: keyof CostTraffic; label: string; assumed: string }[] = [
  { name: 'eventsPerMonth', label: 'Events a month', assumed: '' },
  { name: 'peakEventsPerSecond', label: 'Peak, events/s', assumed: '3 times the mean' },
  { name: 'bytesPerEvent', label: 'Bytes per event', assumed: '400' },
];

function measured(shards: Shards): CostTraffic {
  return {
    eventsPerMonth: String(shards.eventsPerMonth),
    peakEventsPerSecond: String(shards.peakEventsPerSecond),
    bytesPerEvent: shards.bytesPerEvent === null ? '' : String(shards.bytesPerEvent),
  };
}

// The figures stay as measured when the page was opened: they do not change while somebody reads or types.
export function CostBox({ kind, shards }: { kind: string; shards: Shards }) {
  const [draft, setDraft] = useState(() => measured(shards));
  const [traffic, setTraffic] = useState(draft);
  const loaded = useLoad(useCallback((signal: AbortSignal) => server.cost<KinesisCost>(kind, traffic, signal), [kind, traffic]));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTraffic(draft);
  };
  const reset = () => {
    setDraft(measured(shards));
    setTraffic(measured(shards));
  };
  return (
    <div className="card" style={{ marginTop: 16 }}>
      <h3 style={{ marginBottom: 8 }}>Cost with each encoding</h3>
      <form className="section-head" style={{ alignItems: 'end' }} onSubmit={submit}>
        {FIELDS.map(({ name, label, assumed }) => (
          <TextInput key={name} label={label} placeholder={assumed} value={draft[name]} inputMode="decimal" w={170} onChange={(event) => setDraft({ ...draft, [name]: event.currentTarget.value.trim() })} />
        ))}
        <Button type="submit">Compute</Button>
        <Button variant="default" onClick={reset}>As measured</Button>
      </form>
      <Shown loaded={loaded} what="the cost">{(cost) => <CostTable cost={cost} />}</Shown>
    </div>
  );
}

function CostTable({ cost }: { cost: KinesisCost }) {
  const onDemand = new Map(cost.items.filter(({ mode }) => mode === 'ON_DEMAND').map((item) => [item.encoding, item]));
  return (
    <>
      <p className="small dim">{grouped(cost.eventsPerMonth)} events a month of {bytes(cost.bytesPerEvent)}, peak {rate(cost.peakEventsPerSecond)} events/s; compressed {cost.compressionRatio} times.</p>
      <div className="card flush scroll-x" tabIndex={0} role="region" aria-label="Cost by encoding, as a table">
        <table className="plain">
          <thead><tr><th scope="col">Encoding</th><th scope="col" className="right">Events a record</th><th scope="col" className="right">Shards</th><th scope="col" className="right">Provisioned, a month</th><th scope="col" className="right">On-demand, a month</th></tr></thead>
          <tbody>
            {cost.items.filter(({ mode }) => mode === 'PROVISIONED').map((item) => (
              <tr key={item.encoding}>
                <td className="mono">{item.encoding}</td>
                <td className="num right">{grouped(item.eventsPerRecord)}</td>
                <td className="num right">{item.shards !== null && grouped(item.shards)}</td>
                <Price item={item} />
                <Price item={onDemand.get(item.encoding)} />
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      <p className="small dim">List prices as of {cost.asOf}, {cost.source}; other regions differ. {cost.note}</p>
    </>
  );
}

function Price({ item }: { item: KinesisCostItem | undefined }) {
  if (!item) return <td />;
  return <td className="num right" title={`${money(item.capacityPerMonthUsd)} for capacity, ${money(item.volumePerMonthUsd)} for the data volume`}>{money(item.perMonthUsd)}</td>;
}
