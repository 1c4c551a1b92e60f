// Durations in their two largest units: 340 ms, 12 s, 3 min 20 s, 2 h 5 min, 4 d 3 h.
const UNITS: [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
];

export function duration(ms: number): string {
  if (!Number.isFinite(ms) || ms < 0) return '0 s';
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const seconds = Math.round(ms / 1_000);
  const largest = UNITS.findIndex(([, size]) => seconds >= size);
  const [unit, size] = UNITS[largest]!;
  const first = `${Math.floor(seconds / size)} ${unit}`;
  const next = UNITS[largest + 1];
  if (!next) return first;
  const rest = Math.floor((seconds % size) / next[1]);
  return rest > 0 ? `${first} ${rest} ${next[0]}` : first;
}

// "1 hour", "3 days": for settings and spans.
export function inWords(ms: number): string {
  const names: [string, number][] = [['day', 86_400_000], ['hour', 3_600_000], ['minute', 60_000], ['second', 1_000]];
  for (const [name, size] of names) {
    if (ms < size) continue;
    const count = Math.round(ms / size);
    return `${count} ${name}${count === 1 ? '' : 's'}`;
  }
  return `${Math.round(ms)} ms`;
}
