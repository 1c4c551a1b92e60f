import { expect, it } from 'vitest';
import { filled } from './usage';

const at = (text: string) => Date.parse(`${text}Z`);

it('has days without events as zero', () => {
  const { series } = filled({ metadata: [{}], series: [{ time: at('2026-05-02T00:00'), '0': 5 }] }, at('2026-05-01T12:00'), at('2026-05-03T01:00'), 'daily');
  expect(series.map((point) => [point['time'], point['0'] ?? 0])).toEqual([[at('2026-05-01T00:00'), 0], [at('2026-05-02T00:00'), 5], [at('2026-05-03T00:00'), 0]]);
});
it('counts months as the calendar does', () => {
  expect(filled({ metadata: [], series: [] }, at('2025-11-15T00:00'), at('2026-02-01T00:00'), 'monthly').series.map((point) => new Date(point['time']!).toISOString().slice(0, 7)))
    .toEqual(['2025-11', '2025-12', '2026-01', '2026-02']);
});
