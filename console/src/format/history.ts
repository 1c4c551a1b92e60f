// A destination's history, step by step: absent points are zero, and unknown before the server's start.
import type { History, HistoryPoint } from '../api/types';

export interface Steps {
  times: number[];
  of: (pick: (point: HistoryPoint) => number | null, perSecond?: boolean) => (number | null)[];
}

const SPANS = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 };

export function stepsOf(history: History, startedMs: number | null): Steps {
  const { stepMs, endMs } = history;
  const count = Math.min(Math.round(SPANS[history.span] / stepMs), 2_100);
  const lastStep = Math.floor(endMs / stepMs);
  const byStep = new Map(history.points.map((point) => [Math.floor(point.t / stepMs), point]));
  const steps = Array.from({ length: count }, (_, index) => lastStep - count + 1 + index);
  return {
    times: steps.map((step) => step * stepMs),
    of: (pick, perSecond = false) =>
      steps.map((step) => {
        const point = byStep.get(step);
        if (!point) return startedMs !== null && (step + 1) * stepMs <= startedMs ? null : pick(NOTHING);
        const value = pick(point);
        return value === null || !perSecond ? value : value / (stepMs / 1_000);
      }),
  };
}

const NOTHING: HistoryPoint = { t: 0, accepted: 0, delivered: 0, retried: 0, failedCalls: 0, backlogEvents: 0, backlogBytes: 0, latencyP50Ms: null, latencyP99Ms: null };
