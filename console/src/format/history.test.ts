import { expect, it } from 'vitest';
import { stepsOf } from './history';

const point = { t: 3_590_000, accepted: 20, delivered: 10, retried: 0, failedCalls: 0, backlogEvents: 5, backlogBytes: 50, latencyP50Ms: 3, latencyP99Ms: 9 };
const history = { span: 'hour' as const, stepMs: 10_000, endMs: 3_599_999, points: [point] };

it('fills absent points with zero rates', () => {
  const steps = stepsOf(history, 3_500_000);
  const delivered = steps.of((each) => each.delivered, true);
  expect([steps.times.length, delivered.length, delivered.at(-1), delivered.at(-2)]).toEqual([360, 360, 1, 0]);
});
it('does not know what was before the start', () => expect(stepsOf(history, 3_500_000).of((each) => each.delivered)[0]).toBe(null));
it('has no latency where nothing was delivered', () => expect(stepsOf(history, null).of((each) => each.latencyP50Ms).slice(-2)).toEqual([null, 3]));
