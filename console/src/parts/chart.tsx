// A chart of time series, with a legend, a sentence and a table of the same data.
import { Button } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { useMantineColorScheme } from '@mantine/core';

export interface Series {
  name: string;
  values: (number | null)[];
  // A CSS variable of a colour.
  colour: string;
}

interface Props {
  label: string;
  // Epoch milliseconds.
  times: number[];
  series: Series[];
  format: (value: number) => string;
  height?: number;
  bars?: boolean;
  // Counts: no ticks between whole numbers.
  whole?: boolean;
}

const TABLE_ROWS = 60;
const clock = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit' });
const hours = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const days = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const TWELVE_HOURS = 43_200;
const SPARSE = 30;
const WHOLE_STEPS = Array.from({ length: 13 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

// Hours, or days where the ticks are that far apart.
function tickText(tick: number, ticks: number[]): string {
  const apart = (ticks[1] ?? tick) - (ticks[0] ?? tick);
  return (apart >= TWELVE_HOURS ? days : hours).format(tick * 1_000);
}

// A line through few values may be invisible: they are drawn as dots too.
function isSparse(values: ArrayLike<number | null | undefined> | undefined): boolean {
  let known = 0;
  for (let index = 0; index < (values?.length ?? 0) && known <= SPARSE; ++index) if (values![index] != null) ++known;
  return known <= SPARSE;
}

const stepOf = (data: uPlot.AlignedData) => (data[0].length > 1 ? (data[0][1]! - data[0][0]!) / 2 : 1_800);
const colourOf = (name: string) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

export default function Chart({ label, times, series, format, height = 190, bars = false, whole = false }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot>(undefined);
  const [at, setAt] = useState<number | null>(null);
  const [table, setTable] = useState(false);
  const { colorScheme } = useMantineColorScheme();
  const shape = series.map((each) => each.name).join('|');
  const formatRef = useRef(format);
  formatRef.current = format;
  const data = useMemo(() => [times.map((ms) => ms / 1_000), ...series.map((each) => each.values)] as uPlot.AlignedData, [times, series]);
  const dataRef = useRef(data);
  dataRef.current = data;

  useEffect(() => {
    const host = box.current;
    if (!host) return;
    const ink = colourOf('--grey');
    const line = colourOf('--line');
    const axis = { stroke: ink, grid: { stroke: line, width: 1 }, ticks: { stroke: line, width: 1 }, font: '12px system-ui, sans-serif' };
    const created = new uPlot(
      {
        width: Math.max(host.clientWidth, 200),
        height,
        legend: { show: false },
        cursor: { y: false, drag: { x: false, y: false } },
        // Room for a bar's half at both ends.
        scales: { x: { time: true, ...(bars && { range: (_: uPlot, min: number, max: number): [number, number] => [min - stepOf(dataRef.current), max + stepOf(dataRef.current)] }) }, y: { range: (_, __, max) => [0, max > 0 ? max * 1.12 : 1] } },
        axes: [{ ...axis, size: 34, space: 70, values: (_, ticks) => ticks.map((tick) => tickText(tick, ticks)) }, { ...axis, size: 68, ...(whole && { incrs: WHOLE_STEPS }), values: (_, ticks) => ticks.map((tick) => formatRef.current(tick)) }],
        series: [
          {},
          ...series.map((each) => ({
            label: each.name, stroke: colourOf(each.colour), width: 2, points: { show: (u: uPlot, index: number) => isSparse(u.data[index]), size: 5, fill: colourOf(each.colour) }, spanGaps: false,
            ...(bars && { paths: uPlot.paths.bars!({ size: [0.7, 60] }), fill: `${colourOf(each.colour)}55` }),
          })),
        ],
        hooks: { setCursor: [(u) => setAt(u.cursor.idx ?? null)] },
      },
      dataRef.current,
      host,
    );
    plot.current = created;
    const watch = new ResizeObserver(() => created.setSize({ width: Math.max(host.clientWidth, 200), height }));
    watch.observe(host);
    return () => {
      watch.disconnect();
      created.destroy();
    };
    // A new set of series is a new chart; new values are not.
  }, [shape, height, colorScheme, bars, whole]); // eslint-disable-line react-hooks/exhaustive-deps

  useEffect(() => plot.current?.setData(data), [data]);

  const last = times.length - 1;
  const shown = at ?? last;
  const sentence = series.map((each) => {
    const known = each.values.filter((value): value is number => value !== null);
    return known.length ? `${each.name}: highest ${format(Math.max(...known))}, latest ${format(known[known.length - 1]!)}.` : `${each.name}: nothing yet.`;
  }).join(' ');
  const step = Math.max(Math.ceil(times.length / TABLE_ROWS), 1);
  const rows = times.map((_, index) => index).filter((index) => (last - index) % step === 0);

  return (
    <figure className="card" style={{ margin: 0 }}>
      <figcaption className="section-head" style={{ marginBottom: 6 }}>
        <strong>{label}</strong>
        <span style={{ flex: 1 }} />
        <Button size="compact-xs" variant="subtle" onClick={() => setTable(!table)} aria-expanded={table} aria-label={`${label}: ${table ? 'show as chart' : 'show as table'}`}>{table ? 'As chart' : 'As table'}</Button>
      </figcaption>
      <div className="legend" aria-hidden="true">
        {series.map((each) => (
          <span key={each.name}>
            <i style={{ background: `var(${each.colour})` }} />
            {each.name} <b className="num">{each.values[shown] == null ? '–' : format(each.values[shown])}</b>
          </span>
        ))}
        <span className="dim">{times[shown] ? clock.format(times[shown]) : ''}</span>
      </div>
      <div className="chart" role="img" aria-label={`${label}. ${sentence}`} hidden={table} ref={box} style={{ minHeight: height }} />
      {table && (
        <div className="scroll-x" tabIndex={0} role="region" aria-label={`${label}, as a table`} style={{ maxHeight: height + 40, overflowY: 'auto' }}>
          <table className="plain">
            <thead>
              <tr>
                <th scope="col">Time</th>
                {series.map((each) => <th key={each.name} scope="col">{each.name}</th>)}
              </tr>
            </thead>
            <tbody>
              {rows.reverse().map((index) => (
                <tr key={times[index]}>
                  <td>{clock.format(times[index])}</td>
                  {series.map((each) => <td key={each.name} className="num">{each.values[index] == null ? '–' : format(each.values[index])}</td>)}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </figure>
  );
}
