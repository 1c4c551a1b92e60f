// Numbers for people: 1,234,567; rates with as many digits as matter.
const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 });

export function grouped(value: number): string {
  return whole.format(value);
}

// 1.2K, 3.4M: for narrow columns; the exact number goes into the title.
export function short(value: number): string {
  return Math.abs(value) < 10_000 ? whole.format(value) : compact.format(value);
}

// Events a second: 0, 0.02, 3.4, 128, 12,345.
export function rate(perSecond: number): string {
  if (!Number.isFinite(perSecond) || perSecond <= 0) return '0';
  if (perSecond < 0.01) return '<0.01';
  if (perSecond < 1) return perSecond.toFixed(2);
  if (perSecond < 10) return perSecond.toFixed(1);
  return whole.format(perSecond);
}

export function percent(fraction: number): string {
  const clamped = Math.min(Math.max(fraction, 0), 1);
  if (clamped > 0 && clamped < 0.01) return '<1%';
  return `${Math.floor(clamped * 100)}%`;
}

// $10.95, $2,966: as `sluice cost` shows it.
export function money(usd: number): string {
  return new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD', maximumFractionDigits: usd < 100 ? 2 : 0 }).format(usd);
}

// "1 event", "2 events".
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${grouped(count)} ${count === 1 ? one : many}`;
}
