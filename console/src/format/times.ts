// Times: relative to now, and exact with the zone for the title.
const exactFormat = new Intl.DateTimeFormat(undefined, {
  year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', second: '2-digit', timeZoneName: 'short',
});

// What the API sends: epoch milliseconds or ISO 8601. null: there is no time.
export type Instant = number | string | null | undefined;

export function toMs(instant: Instant): number | null {
  if (instant == null || instant === '' || instant === 0) return null;
  const ms = typeof instant === 'number' ? instant : Date.parse(instant);
  return Number.isFinite(ms) ? ms : null;
}

export function exact(ms: number): string {
  return exactFormat.format(ms);
}

// "just now", "12 s ago", "3 min ago", "in 5 min", never "yesterday": the exact time is on hover.
export function relative(ms: number, nowMs: number): string {
  const distance = nowMs - ms;
  const size = Math.abs(distance);
  if (size < 2_000) return 'just now';
  const words = largestUnit(size);
  return distance > 0 ? `${words} ago` : `in ${words}`;
}

function largestUnit(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3_600) return `${Math.round(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.round(seconds / 3_600)} h`;
  const days = Math.round(seconds / 86_400);
  return `${days} day${days === 1 ? '' : 's'}`;
}

// For <input type="datetime-local">, in local time.
export function localInput(ms: number): string {
  const date = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return date.toISOString().slice(0, 16);
}
