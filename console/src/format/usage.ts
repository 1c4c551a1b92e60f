// Usage as a series without gaps: an hour or day without deliveries is zero.
import type { Usage } from '../api/types';

export type FilledUsage = Usage;

const STEPS = { hourly: 3_600_000, daily: 86_400_000 } as const;

export function filled(usage: Usage, from: number, to: number, granularity: 'hourly' | 'daily' | 'monthly'): FilledUsage {
  const times = granularity === 'monthly' ? monthsBetween(from, to) : stepsBetween(from, to, STEPS[granularity]);
  const known = new Map(usage.series.map((point) => [point['time'], point]));
  return { ...usage, series: times.map((time) => known.get(time) ?? { time }) };
}

function stepsBetween(from: number, to: number, step: number): number[] {
  const first = Math.floor(from / step);
  return Array.from({ length: Math.floor(to / step) - first + 1 }, (_, index) => (first + index) * step);
}

function monthsBetween(from: number, to: number): number[] {
  const out: number[] = [];
  const start = new Date(from);
  for (let month = start.getUTCMonth(); ; ++month) {
    const time = Date.UTC(start.getUTCFullYear(), month, 1);
    if (time > to) return out;
    out.push(time);
  }
}
